//! The broker's own control program, and the figures of a queue that only the broker knows.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use super::{name_server, service};
use crate::command;

/// An answer that is older is none: the broker answers five times a second.
const FRESH: Duration = Duration::from_secs(3);

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
        let printed = fs::read_to_string(&self.file).ok()?;
        // Clocks may be set back, which makes nothing old.
        let age = fs::metadata(&self.file).ok()?.modified().ok()?.elapsed().unwrap_or_default();
        last(&printed, age)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        // It ends by itself too, so an error here leaves nothing behind for long.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Erlang that prints `held N` five times a second, for at most five minutes.
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
         F(F, 1500)."
    )
}

/// The answer of the last whole line, which was printed so long ago.
fn last(printed: &str, age: Duration) -> Option<u64> {
    if age > FRESH {
        return None;
    }
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
        let last = |printed| last(printed, Duration::from_millis(200));
        assert_eq!(last("held 7\nheld 5\nhel"), Some(5));
        assert_eq!(last("held 7\nnone\n"), None);
        assert_eq!(last("held 7"), None);
    }

    #[test]
    fn an_answer_of_long_ago_does_not_count() {
        assert_eq!(last("held 0\n", FRESH), Some(0));
        assert_eq!(last("held 0\n", FRESH + Duration::from_millis(1)), None);
    }
}
