//! `cargo xtask brokers`: real Apache Kafka and RabbitMQ on loopback, for tests and trials.

mod claim;
mod docker;
pub(crate) mod kafka;
mod packages;
mod probe;
mod process;
pub(crate) mod rabbitmq;
mod service;
mod witness;

use std::{net::SocketAddr, process::Command};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

pub(crate) use claim::Claim;
use service::Service;
pub(crate) use witness::{Seen, Witness};

/// The command line of `cargo xtask brokers`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
A broker runs in Docker where an engine answers `docker info`. Elsewhere Kafka runs from its jars \
(Maven and a Java runtime bring them) and RabbitMQ from the distribution's package. What is \
missing is installed when you are root on a Debian machine; otherwise the command is printed and \
nothing is changed.\n\n\
Kafka listens on 127.0.0.1:9092 and RabbitMQ on 127.0.0.1:5672 (guest, guest). Every other \
listener of theirs is on loopback too. Data, settings and logs stand in target/brokers/.\n\n\
A broker that answers already and was not started here is used as it is; `down` leaves it alone."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start what does not answer yet; returns when it answers.
    Up {
        /// One broker; both when left out.
        broker: Option<Kind>,
    },
    /// Stop what `up` started; the data stays for the next `up`.
    Down {
        /// One broker; both when left out.
        broker: Option<Kind>,
        /// Delete the data as well: topics, queues, offsets.
        #[arg(long)]
        wipe: bool,
    },
    /// Say for each broker whether it answers, how it was started, its process and version.
    Status {
        /// One broker; both when left out.
        broker: Option<Kind>,
    },
}

/// A broker that can be brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Apache Kafka, one node in KRaft mode.
    Kafka,
    /// RabbitMQ, one node.
    #[value(alias = "rabbitmq")]
    Amqp,
}

impl Kind {
    /// Every broker there is.
    pub(crate) const ALL: [Self; 2] = [Self::Kafka, Self::Amqp];

    /// The kind of its binder, which is also the cargo feature that compiles it in.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Amqp => "amqp",
        }
    }

    /// Where it answers.
    pub(crate) fn address(self) -> SocketAddr {
        self.service().address
    }

    /// Tells tests where it answers, as they ask for it.
    pub(crate) fn tell(self, tests: &mut Command) -> &mut Command {
        let variable = format!("BINDER_TEST_{}", self.name().to_uppercase());
        tests.env(variable, self.address().to_string())
    }

    fn service(self) -> Service {
        match self {
            Self::Kafka => kafka::service(),
            Self::Amqp => rabbitmq::service(),
        }
    }
}

/// Do what the command line asks for.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.action {
        Action::Up { broker } => each(broker, |service| service.up()),
        Action::Down { broker, wipe } => each(broker, |service| service.down(wipe)),
        Action::Status { broker } => each(broker, |service| {
            println!("{}", service.status());
            Ok(())
        }),
    }
}

/// Bring one broker up; returns when it answers.
pub(crate) fn up(kind: Kind) -> Result<()> {
    kind.service().up()
}

/// Say of one broker whether it answers, how it was started, its process and version.
pub(crate) fn status(kind: Kind) -> String {
    kind.service().status()
}

/// End a broker that was started here where it stands, by SIGKILL.
pub(crate) fn kill(kind: Kind) -> Result<()> {
    kind.service().kill()
}

/// What a broker has logged, where it was started here as a process.
pub(crate) fn log(kind: Kind) -> Option<String> {
    kind.service().log()
}

fn each(broker: Option<Kind>, act: impl Fn(&Service) -> Result<()>) -> Result<()> {
    let kinds = broker.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
    kinds.into_iter().try_for_each(|kind| act(&kind.service()))
}
