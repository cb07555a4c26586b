//! A broker in a container, published on loopback.

use std::process::Command;

use anyhow::Result;

use crate::command;

/// A container by its fixed name.
pub(crate) struct Container {
    pub(crate) name: &'static str,
    /// Image and tag; the tag pins the version.
    pub(crate) image: &'static str,
    /// What comes between `docker run -d --name NAME` and the image.
    pub(crate) options: Vec<String>,
}

impl Container {
    /// Whether an engine answers; the client alone runs nothing.
    pub(crate) fn engine_runs() -> bool {
        command::succeeds(Command::new("docker").arg("info"))
    }

    /// Start the container, made anew unless a stopped one is there.
    pub(crate) fn up(&self) -> Result<()> {
        if self.exists() {
            return command::run(Command::new("docker").args(["start", self.name]));
        }
        eprintln!("docker: starting {}", self.image);
        let mut command = Command::new("docker");
        command.args(["run", "-d", "--name", self.name]).args(&self.options).arg(self.image);
        command::run(&mut command)
    }

    pub(crate) fn stop(&self) -> Result<()> {
        command::run(Command::new("docker").args(["stop", self.name]))
    }

    /// End it where it stands.
    pub(crate) fn kill(&self) -> Result<()> {
        command::run(Command::new("docker").args(["kill", self.name]))
    }

    /// Delete the container and its data, if there is one.
    pub(crate) fn remove(&self) -> Result<()> {
        if self.exists() {
            command::run(Command::new("docker").args(["rm", "-f", "-v", self.name]))?;
        }
        Ok(())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.inspect().is_some_and(|running| running.trim() == "true")
    }

    /// The version that the tag names.
    pub(crate) fn tag(&self) -> &'static str {
        self.image.rsplit(':').next().unwrap_or(self.image)
    }

    fn exists(&self) -> bool {
        self.inspect().is_some()
    }

    fn inspect(&self) -> Option<String> {
        let done = Command::new("docker")
            .args(["inspect", "--type", "container", "--format", "{{.State.Running}}", self.name])
            .output()
            .ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    }
}
