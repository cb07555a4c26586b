//! What can be asked for: a binder, and for Kafka what stands in for the broker.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{
    brokers::{self, Kind},
    command,
    conformance::{numbers::Number, record::Played},
};

/// A binder of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Binder {
    /// The binder inside the process.
    Memory,
    /// The binder for Apache Kafka.
    Kafka,
    /// The binder for RabbitMQ.
    #[value(alias = "rabbitmq")]
    Amqp,
}

impl Binder {
    /// Its kind, as the configuration names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Kafka => "kafka",
            Self::Amqp => "amqp",
        }
    }

    /// The broker that it needs, if any.
    pub(crate) const fn broker(self) -> Option<Kind> {
        match self {
            Self::Memory => None,
            Self::Kafka => Some(Kind::Kafka),
            Self::Amqp => Some(Kind::Amqp),
        }
    }
}

/// A binder on one kind of broker; a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Memory,
    KafkaMock,
    Kafka,
    Amqp,
}

impl Target {
    /// The columns, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Memory, Self::KafkaMock, Self::Kafka, Self::Amqp];

    /// What a command line asks for.
    pub(crate) fn of(binder: Binder, mock: bool) -> Result<Self> {
        Ok(match (binder, mock) {
            (Binder::Memory, false) => Self::Memory,
            (Binder::Kafka, false) => Self::Kafka,
            (Binder::Kafka, true) => Self::KafkaMock,
            (Binder::Amqp, false) => Self::Amqp,
            (Binder::Memory | Binder::Amqp, true) => {
                bail!("`--mock` stands in for Kafka alone: use it with `--binder kafka`")
            }
        })
    }

    /// Its name in files and tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::KafkaMock => "kafka-mock",
            Self::Kafka => "kafka",
            Self::Amqp => "amqp",
        }
    }

    /// The kind of its binder.
    pub(crate) fn binder(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::KafkaMock | Self::Kafka => "kafka",
            Self::Amqp => "amqp",
        }
    }

    fn broker(self) -> Option<Kind> {
        match self {
            Self::Memory | Self::KafkaMock => None,
            Self::Kafka => Some(Kind::Kafka),
            Self::Amqp => Some(Kind::Amqp),
        }
    }

    /// The version of what the cases run on: the broker's, or `unknown` where it does not tell; the
    /// crate's own where the broker is inside the process.
    ///
    /// # Errors
    ///
    /// The broker is not up, and how to bring it up.
    pub(crate) fn version(self) -> Result<String> {
        let Some(kind) = self.broker() else { return Ok(env!("CARGO_PKG_VERSION").to_owned()) };
        let name = kind.name();
        let status = brokers::status(kind);
        version(&status).with_context(|| {
            let status = status.trim();
            format!("{status}; bring it up with `cargo xtask brokers up {name}`")
        })
    }

    /// Build and run the cases, of one number or all, and give what became of each.
    ///
    /// # Errors
    ///
    /// The program does not build, or ends without having recorded why.
    pub(crate) fn play(self, only: Option<Number>) -> Result<Vec<Played>> {
        let record = command::scratch("conformance")?.join(format!("{}.jsonl", self.name()));
        File::create(&record).with_context(|| format!("cannot write {}", record.display()))?;
        let mut program = self.program(only);
        program.env("BINDER_CONFORMANCE_RECORD", &record);
        // Standard output is for the table or the object alone.
        program.stdout(Stdio::from(std::io::stderr()));
        let status = program.status().context("cannot run cargo")?;
        let text = fs::read_to_string(&record).context("the record of the cases is gone")?;
        let played = text.lines().map(Played::read).collect::<Result<Vec<_>>>()?;
        if !status.success() && !played.iter().any(Played::has_failed) {
            bail!("`{}` failed: {status}", command::shown(&program));
        }
        Ok(played)
    }

    fn program(self, only: Option<Number>) -> Command {
        let mut cargo = command::cargo();
        let package = format!("binder-{}", self.binder());
        cargo.args(["test", "--quiet", "--package", &package, "--test", "conformance", "--"]);
        cargo.args(only.map(Number::prefix));
        match self.broker() {
            Some(kind) => kind.tell(&mut cargo),
            // Whatever the environment says, which may name a broker.
            None => cargo.env("BINDER_TEST_KAFKA", "mock"),
        };
        cargo
    }
}

impl From<Kind> for Target {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Kafka => Self::Kafka,
            Kind::Amqp => Self::Amqp,
        }
    }
}

/// What `cargo xtask brokers status` says of the version: `kafka 4.1.1: answers on …`; nothing where
/// the broker does not answer.
fn version(status: &str) -> Option<String> {
    let (broker, rest) = status.split_once(':')?;
    let version = broker.split_once(' ').map_or("unknown", |(_, version)| version.trim());
    rest.trim_start().starts_with("answers").then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_the_broker_says() {
        let said = |status| version(status);
        assert_eq!(said("kafka 4.1.1: answers on 127.0.0.1:9092, …"), Some("4.1.1".into()));
        assert_eq!(said("kafka: answers on 127.0.0.1:9092, …"), Some("unknown".into()));
        assert_eq!(said("kafka: not running"), None);
        assert_eq!(said("kafka: does not answer (refused), started here"), None);
    }

    #[test]
    fn only_kafka_has_a_mock() {
        assert_eq!(Target::of(Binder::Kafka, true).ok(), Some(Target::KafkaMock));
        assert!(Target::of(Binder::Memory, true).is_err());
        assert!(Target::of(Binder::Amqp, true).is_err());
    }
}
