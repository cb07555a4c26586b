//! Programs that a broker needs: installed where one may, otherwise the command is printed.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command;

/// Install Debian's packages when `missing`; without the right to, say what to run.
pub(crate) fn install(what: &str, packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    let line = format!("apt-get update && apt-get install -y --no-install-recommends {names}");
    if command::which("apt-get").is_none() {
        bail!("{what} is missing and this machine has no apt-get: install it, or start Docker");
    }
    if !is_root() {
        bail!("{what} is missing and installing it needs root; run\n\n    sudo sh -c '{line}'\n");
    }
    eprintln!("installing {names}");
    command::run(Command::new("sh").args(["-c", &line]).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    command::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
