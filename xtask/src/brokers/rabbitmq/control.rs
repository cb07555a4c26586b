//! The broker's own control program, and the figures of a queue that only the broker knows.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

use super::{name_server, service};
use crate::command;

/// The control program with its environment, in the container if the broker runs in one.
pub(crate) fn control() -> Command {
    let service = service();
    if service.container.is_running() {
        let mut docker = Command::new("docker");
        docker.args(["exec", service.container.name, "rabbitmqctl"]);
        return docker;
    }
    let own = Path::new("/usr/lib/rabbitmq/bin/rabbitmqctl");
    let mut control = Command::new(if own.exists() { own } else { Path::new("rabbitmqctl") });
    let daemon = service.daemon();
    name_server(&mut control)
        .env("HOME", daemon.data())
        .env("RABBITMQ_NODENAME", "binder@localhost")
        .env("RABBITMQ_CONF_ENV_FILE", daemon.folder().join("rabbitmq-env.conf"));
    control
}

/// Asks the broker five times a second how many messages a queue holds, delivered ones included.
pub(crate) struct Gauge {
    child: Child,
    file: PathBuf,
}

impl Gauge {
    /// Ask from now on; answers go to `file`.
    pub(crate) fn of(queue: &str, file: PathBuf) -> Result<Self> {
        let printed =
            File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        let errors = printed.try_clone().context("cannot share a file")?;
        let child = control()
            .args(["-q", "eval", &expression(queue)])
            .stdin(Stdio::null())
            .stdout(printed)
            .stderr(errors)
            .spawn()
            .context("cannot start rabbitmqctl")?;
        Ok(Self { child, file })
    }

    /// The last answer; none yet, or none any more.
    pub(crate) fn messages(&self) -> Option<u64> {
        last(&fs::read_to_string(&self.file).ok()?)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        // It ends by itself too, so an error here leaves nothing behind for long.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Erlang that prints `held N` five times a second, for at most three minutes.
fn expression(queue: &str) -> String {
    format!(
        "Q = rabbit_misc:r(<<\"/\">>, queue, <<\"{queue}\">>), \
         F = fun(_, 0) -> ok; (F, N) -> \
           case rabbit_amqqueue:lookup(Q) of \
             {{ok, X}} -> \
               [{{_, R}}, {{_, U}}] = \
                 rabbit_amqqueue:info(X, [messages_ready, messages_unacknowledged]), \
               io:format(\"held ~p~n\", [R + U]); \
             _ -> io:format(\"none~n\") \
           end, \
           timer:sleep(200), F(F, N - 1) end, \
         F(F, 900)."
    )
}

/// The answer of the last whole line.
fn last(printed: &str) -> Option<u64> {
    let (whole, _) = printed.rsplit_once('\n')?;
    whole.lines().next_back()?.strip_prefix("held ")?.parse().ok()
}

/// Let the control program do something.
pub(crate) fn tell(arguments: &[&str]) -> Result<()> {
    command::output_alone(control().arg("-q").args(arguments)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_answer_counts() {
        assert_eq!(last("held 7\nheld 5\nhel"), Some(5));
        assert_eq!(last("held 7\nnone\n"), None);
        assert_eq!(last("held 7"), None);
    }
}
