//! Brokers that cannot be reached: one clear error in time, nothing half-started.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    brokers::Kind,
    command,
    test::{
        binders,
        steps::{Step, step},
    },
    weblog::process::Process,
};

/// The binder tries for 10 s, and then says so.
const LIMIT: Duration = Duration::from_secs(15);

/// Nobody listens; somebody listens and never answers.
pub(crate) fn steps(kind: Kind) -> [Step; 2] {
    let name = kind.name();
    [
        step(format!("weblog on {name}: a closed port is refused"), move || {
            let listener = listen()?;
            let address = listener.local_addr()?;
            drop(listener);
            is_refused(kind, address, &format!("servers={address}"))
        }),
        step(format!("weblog on {name}: a server that never answers is refused"), move || {
            let listener = listen()?;
            let address = listener.local_addr()?;
            is_refused(kind, address, &format!("servers={address}"))
        }),
    ]
}

fn listen() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")
}

/// A password that is none; Kafka's test broker asks for no credentials.
pub(crate) fn wrong_password(kind: Kind) -> Option<Step> {
    let name = kind.name();
    let what = format!("weblog on {name}: a wrong password is refused");
    let refused = move || is_refused(kind, kind.address(), "password=wrong");
    (kind == Kind::Amqp).then(|| step(what, refused))
}

fn is_refused(kind: Kind, server: SocketAddr, setting: &str) -> Result<()> {
    let (name, folder) = (kind.name(), command::scratch("weblog")?);
    let mut command = binders::weblog(name)?.command(&folder);
    command.arg(format!("--set=binders.{name}.{setting}"));
    let mut weblog = Process::start(&mut command, "refused", &folder)?;
    let status = weblog.wait(Instant::now() + LIMIT)?;
    let log = weblog.log_so_far();
    ensure!(status.code() == Some(2), "{status} instead of exit code 2:\n{log}");
    ensure!(weblog.output()?.is_empty(), "something is on standard output");
    says_why(&log, name, &server.to_string())
}

/// One error, which names binder and server; before it nothing was ready.
fn says_why(log: &str, binder: &str, server: &str) -> Result<()> {
    let errors: Vec<&str> = log.lines().filter(|line| line.starts_with("weblog: ")).collect();
    let [error] = errors[..] else { bail!("{} errors instead of one:\n{log}", errors.len()) };
    ensure!(error.contains(&format!("binder `{binder}`")), "no binder is named: {error}");
    ensure!(error.contains(server), "{server} is not named: {error}");
    ensure!(!log.contains("ready"), "it was ready:\n{log}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_one_and_names_binder_and_server() {
        let good = "WARN refused\nweblog: binder `b`: cannot reach 127.0.0.1:7\n";
        assert!(says_why(good, "b", "127.0.0.1:7").is_ok());
        for bad in [
            "",
            "weblog: cannot reach 127.0.0.1:7",
            "weblog: binder `b`: cannot reach it",
            "ready\nweblog: binder `b`: cannot reach 127.0.0.1:7",
            "weblog: binder `b`: cannot reach 127.0.0.1:7\nweblog: and so on",
        ] {
            assert!(says_why(bad, "b", "127.0.0.1:7").is_err(), "{bad}");
        }
    }
}
