//! Where figures come from: commit, versions, date, machine.

use std::{env, fs, process::Command, thread};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{folder, plan::Kind};
use crate::command;

/// Crates whose versions make a difference.
const CRATES: [&str; 6] = ["bytes", "lapin", "rdkafka", "rdkafka-sys", "serde_json", "tokio"];

/// Looks once, before the first round.
pub(crate) fn look(kind: Kind) -> Result<Value> {
    let asked = |program: &str, arguments: &[&str]| said(program, arguments).unwrap_or_default();
    Ok(json!({
        "date": asked("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        "commit": asked("git", &["rev-parse", "HEAD"]),
        "changed since": !asked("git", &["status", "--porcelain"]).is_empty(),
        "rustc": asked("rustc", &["--version"]),
        "broker": broker(kind)?,
        "crates": crates(&fs::read_to_string(folder().join("Cargo.lock")).unwrap_or_default()),
        "machine": {
            "cores": thread::available_parallelism().map_or(0, usize::from),
            "processor": field("/proc/cpuinfo", "model name"),
            "memory": field("/proc/meminfo", "MemTotal"),
            "kernel": asked("uname", &["-sr"]),
        },
    }))
}

/// What `cargo xtask brokers status` says.
fn broker(kind: Kind) -> Result<Value> {
    if kind.broker().is_none() {
        return Ok(Value::Null);
    }
    let own = env::current_exe()?;
    let status = command::output(Command::new(own).args(["brokers", "status", kind.name()]))?;
    // The process id is nobody's business later.
    Ok(json!(status.split(", process").next().unwrap_or_default().trim()))
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let mut asked = Command::new(program);
    let output = asked.args(arguments).current_dir(command::repository()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The first value of a file of `name : value` lines.
fn field(file: &str, name: &str) -> Value {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
    json!(value)
}

fn crates(lock: &str) -> Value {
    let mut versions = Map::new();
    let mut name = "";
    for line in lock.lines() {
        let value = |key: &str| line.strip_prefix(key).map(|rest| rest.trim_matches(['"', ' ']));
        if let Some(found) = value("name = ") {
            name = found;
        } else if let Some(version) = value("version = ")
            && CRATES.contains(&name)
        {
            versions.insert(name.to_owned(), json!(version));
        }
    }
    Value::Object(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock() {
        let lock = "[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n\n\
                    [[package]]\nname = \"tokio\"\nversion = \"1.54.0\"\n";
        assert_eq!(crates(lock), json!({ "tokio": "1.54.0" }));
    }
}
