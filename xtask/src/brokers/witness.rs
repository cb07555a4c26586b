//! An independent client that reads what an application published and counts it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::brokers::{
    Kind, kafka,
    rabbitmq::{self, Tap},
};

/// Will say what a destination was given.
pub(crate) enum Witness {
    /// A topic keeps everything; Kafka's own consumer reads it.
    Kafka { topic: &'static str },
    /// A queue of its own has collected everything since.
    Amqp(Tap),
}

/// What was seen of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Messages with its name in the header `run`.
    pub(crate) messages: u64,
    /// Different values of their header `line`.
    pub(crate) lines: u64,
}

impl Witness {
    /// Watch a destination from now on; it has to exist.
    pub(crate) fn of(kind: Kind, destination: &'static str) -> Result<Self> {
        match kind {
            Kind::Kafka => Ok(Self::Kafka { topic: destination }),
            Kind::Amqp => Tap::on(destination, rabbitmq::service().address)
                .map(Self::Amqp)
                .with_context(|| format!("cannot bind a queue to exchange {destination}")),
        }
    }

    /// Count what a run has published there.
    pub(crate) fn lines(&mut self, run: &str) -> Result<Seen> {
        match self {
            Self::Kafka { topic } => {
                let printed = kafka::headers(topic)?;
                Ok(count(printed.lines().map(printed_headers), run))
            }
            Self::Amqp(tap) => {
                let messages = tap.drain().context("cannot read the queue of the witness")?;
                let header = |message: &rabbitmq::Headers, name| message.get(name).cloned();
                let headers = messages.iter().map(|m| (header(m, "run"), header(m, "line")));
                Ok(count(headers, run))
            }
        }
    }
}

/// The headers `run` and `line` of one message.
type Mark = (Option<String>, Option<String>);

/// As Kafka's tools print headers: `NAME:VALUE,NAME:VALUE`.
fn printed_headers(message: &str) -> Mark {
    let value = |name: &str| {
        let mut headers = message.split(',');
        headers.find_map(|header| header.strip_prefix(name)?.strip_prefix(':')).map(str::to_owned)
    };
    (value("run"), value("line"))
}

fn count(messages: impl Iterator<Item = Mark>, run: &str) -> Seen {
    let mut seen = Seen::default();
    let mut lines = BTreeSet::new();
    for (_, line) in messages.filter(|(of, _)| of.as_deref() == Some(run)) {
        seen.messages += 1;
        lines.extend(line);
    }
    seen.lines = lines.len() as u64;
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_different_lines_of_one_run_are_counted() {
        let printed = "run:a,line:1\nline:2,run:a\nrun:a,line:2\nrun:b,line:3\nsomething else\n";
        let of = |run| count(printed.lines().map(printed_headers), run);
        assert_eq!(of("a"), Seen { messages: 3, lines: 2 });
        assert_eq!(of("c"), Seen::default());
    }
}
