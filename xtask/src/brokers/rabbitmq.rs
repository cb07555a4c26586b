//! RabbitMQ: one node, all of its listeners on loopback.

mod caller;
mod control;
mod tap;
mod wire;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    brokers::{docker::Container, packages, probe, process::Daemon, service::Service},
    command,
};

pub(crate) use caller::{Caller, Headers, Life};
pub(crate) use control::{Gauge, tell};
pub(crate) use tap::Tap;

const PORT: u16 = 5672;
/// Erlang's name server on a port of its own: the usual one may belong to another node, and may
/// listen on every address.
const NAME_SERVER_PORT: &str = "24369";

/// RabbitMQ on its port.
pub(crate) fn service() -> Service {
    Service {
        name: "rabbitmq",
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
        probe: probe::amqp,
        container: Container {
            name: "stream-binder-rabbitmq",
            image: "rabbitmq:3.13.7",
            // The data folder is named after the host, so the host keeps its name.
            options: ["--hostname", "stream-binder-rabbitmq", "--publish", "127.0.0.1:5672:5672"]
                .map(String::from)
                .to_vec(),
        },
        native: start,
        afterwards: stop_name_server,
        native_version: None,
    }
}

fn start(daemon: &Daemon) -> Result<()> {
    let program = server()?;
    let folder = daemon.folder();
    fs::create_dir_all(daemon.data()).context("cannot make the data folder of RabbitMQ")?;
    for (name, text) in [
        ("rabbitmq.conf", format!("listeners.tcp.1 = 127.0.0.1:{PORT}\n")),
        ("enabled_plugins", String::from("[].\n")),
        // The machine's own settings of RabbitMQ must not reach this node.
        ("rabbitmq-env.conf", String::new()),
        ("advanced.config", String::from("[].\n")),
    ] {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    eprintln!("rabbitmq: starting {}", program.display());
    daemon.start(node(&mut Command::new(program), daemon))
}

/// The environment of the node: its name, its loopback addresses and its own folders.
fn node<'a>(command: &'a mut Command, daemon: &Daemon) -> &'a mut Command {
    let folder = daemon.folder();
    name_server(command)
        // Erlang keeps its cookie in the home folder.
        .env("HOME", daemon.data())
        .env("RABBITMQ_NODENAME", "binder@localhost")
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", PORT.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("rabbitmq-env.conf"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", folder.join("advanced.config"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_MNESIA_BASE", daemon.data())
        .env("RABBITMQ_LOG_BASE", folder.join("work"))
        .env("RABBITMQ_LOGS", "-")
        // The script then becomes the node instead of waiting for it: one process, one id.
        .env("RUNNING_UNDER_SYSTEMD", "true")
}

fn name_server(command: &mut Command) -> &mut Command {
    command.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("ERL_EPMD_PORT", NAME_SERVER_PORT)
}

/// The node leaves its name server running. It ends on request once it knows no node.
fn stop_name_server(_: &Daemon) -> Result<()> {
    if !command::succeeds(name_server(Command::new("epmd").arg("-kill"))) {
        eprintln!("rabbitmq: Erlang's name server stays, other nodes use it");
    }
    Ok(())
}

/// The server's own script. The one on Debian's search path changes the user and the folder.
fn server() -> Result<PathBuf> {
    let own = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let there =
        || own.exists().then(|| own.to_path_buf()).or_else(|| command::which("rabbitmq-server"));
    if there().is_none() {
        packages::install("RabbitMQ (`rabbitmq-server`)", &["rabbitmq-server"])?;
        stop_what_the_package_started()?;
    }
    there().context("the package was installed and has no `rabbitmq-server`")
}

/// Installing the package starts a node on every address, where the machine lets it.
fn stop_what_the_package_started() -> Result<()> {
    if command::succeeds(Command::new("service").args(["rabbitmq-server", "status"])) {
        eprintln!("rabbitmq: stopping the node that its package started");
        command::run(Command::new("service").args(["rabbitmq-server", "stop"]))?;
    }
    Ok(())
}
