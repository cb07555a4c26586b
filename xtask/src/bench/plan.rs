//! What is run where.

use clap::ValueEnum;

use crate::brokers;

/// A messaging system to measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Topic to topic on Apache Kafka.
    Kafka,
    /// Within one process.
    Memory,
    /// Durable queue to durable queue on RabbitMQ.
    #[value(alias = "rabbitmq")]
    Amqp,
}

/// A program to measure.
#[derive(Debug)]
pub(crate) struct Program {
    /// What it calls itself in its figures.
    pub(crate) name: &'static str,
    /// The binary, behind the name of its kind and a hyphen.
    pub(crate) binary: &'static str,
    /// What it is told beside the work.
    pub(crate) arguments: &'static [&'static str],
    /// What the framework has to reach, as a part of this program's rate.
    pub(crate) goal: Option<f64>,
}

/// The framework's program, which every other is compared with.
pub(crate) const OURS: &str = "ours";

const fn program(name: &'static str, goal: Option<f64>) -> Program {
    Program { name, binary: name, arguments: &[], goal }
}

const fn channel(name: &'static str, arguments: &'static [&'static str]) -> Program {
    Program { name, binary: "channel", arguments, goal: None }
}

const KAFKA: &[Program] =
    &[program(OURS, None), program("window", Some(1.2)), program("batch", None)];
const MEMORY: &[Program] = &[
    program(OURS, None),
    channel("batched", &["--handing", "batched"]),
    channel("plain", &["--handing", "plain"]),
];
const AMQP: &[Program] = &[
    program(OURS, None),
    program("window", Some(0.8)),
    Program { name: "bare", binary: "window", arguments: &["--bare"], goal: None },
];

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Memory => "memory",
            Self::Amqp => "amqp",
        }
    }

    pub(crate) const fn programs(self) -> &'static [Program] {
        match self {
            Self::Kafka => KAFKA,
            Self::Memory => MEMORY,
            Self::Amqp => AMQP,
        }
    }

    /// What has to be up.
    pub(crate) const fn broker(self) -> Option<brokers::Kind> {
        match self {
            Self::Kafka => Some(brokers::Kind::Kafka),
            Self::Memory => None,
            Self::Amqp => Some(brokers::Kind::Amqp),
        }
    }

    /// Two to ten seconds of work on two cores.
    pub(crate) const fn default_messages(self) -> u64 {
        match self {
            Self::Kafka => 2_000_000,
            Self::Memory => 1_000_000,
            Self::Amqp => 100_000,
        }
    }

    pub(crate) const fn warm_up(self) -> u64 {
        self.default_messages() / 10
    }
}
