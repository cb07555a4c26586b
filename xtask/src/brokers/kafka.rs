//! Apache Kafka: one node, broker and controller in one, in KRaft mode.

mod client;
mod jars;
mod records;
mod settings;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    brokers::{docker::Container, probe, process::Daemon, service::Service},
    command,
};

pub(crate) use client::Client;
pub(crate) use settings::{PROXIED_PORT, PROXY_PORT, SASL_PORT, USER};

const VERSION: &str = "4.1.1";
/// Any 16 bytes in base64; a fixed one makes formatting repeatable.
const CLUSTER: &str = "c3RyZWFtLWJpbmRlci0wMQ";
/// Kafka's default is 1 GiB; half of it carries every test and leaves room for the tests.
const HEAP: &str = "-Xmx512m";

/// Kafka on its port.
pub(crate) fn service() -> Service {
    Service {
        name: "kafka",
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, settings::PORT)),
        probe: probe::kafka,
        container: container(),
        native: start,
        afterwards: |_| Ok(()),
        native_version: Some(VERSION),
    }
}

fn container() -> Container {
    let mut options = vec![
        String::from("--env"),
        format!("KAFKA_HEAP_OPTS={HEAP}"),
        String::from("--env"),
        format!("CLUSTER_ID={CLUSTER}"),
    ];
    for port in [settings::PORT, PROXIED_PORT, SASL_PORT] {
        options.extend([String::from("--publish"), format!("127.0.0.1:{port}:{port}")]);
    }
    for (key, value) in settings::in_a_container() {
        options.push(String::from("--env"));
        options.push(format!("{}={value}", settings::as_variable(&key)));
    }
    // The tag is `VERSION`.
    Container { name: "stream-binder-kafka", image: "apache/kafka:4.1.1", options }
}

fn start(daemon: &Daemon) -> Result<()> {
    let class_path = jars::class_path(daemon.folder(), VERSION)?;
    let properties = daemon.folder().join("server.properties");
    let logging = daemon.folder().join("log4j2.xml");
    write(&properties, &settings::as_file(&settings::on_this_machine(&daemon.data())))?;
    write(&logging, LOGGING)?;
    let java = || {
        let mut java = Command::new("java");
        java.arg(HEAP)
            .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
            .args(["-cp", &class_path]);
        java
    };
    let format = ["kafka.tools.StorageTool", "format", "--ignore-formatted"];
    command::output(
        java().args(format).args(["--cluster-id", CLUSTER, "--config"]).arg(&properties),
    )?;
    eprintln!("kafka: starting {VERSION} from its jars");
    daemon.start(java().arg("kafka.Kafka").arg(&properties))
}

/// The headers of every message that the topic keeps, as Kafka's own consumer prints them.
pub(crate) fn headers(topic: &str) -> Result<String> {
    let mut consumer = consumer()?;
    let server = format!("127.0.0.1:{}", settings::PORT);
    consumer.args(["--bootstrap-server", &server, "--topic", topic, "--from-beginning"]);
    // It ends when nothing more has come for that long.
    consumer.args(["--timeout-ms", "8000"]);
    consumer.args(["--property", "print.headers=true", "--property", "print.value=false"]);
    command::output_alone(&mut consumer)
}

fn consumer() -> Result<Command> {
    if container().is_running() {
        let mut docker = Command::new("docker");
        docker.args(["exec", container().name, "/opt/kafka/bin/kafka-console-consumer.sh"]);
        return Ok(docker);
    }
    let daemon = service().daemon();
    let mut java = Command::new("java");
    java.args([HEAP, "-cp"]).arg(jars::class_path(daemon.folder(), VERSION)?);
    java.arg("org.apache.kafka.tools.consumer.ConsoleConsumer");
    Ok(java)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

const LOGGING: &str = r#"<Configuration status="WARN">
  <Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %p %m (%c)%n"/></Console></Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"#;
