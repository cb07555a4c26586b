//! The Kafka binder keeps the contract: on librdkafka's mock cluster in this process, or on the
//! broker that `BINDER_TEST_KAFKA` names.

#[path = "conformance/mock.rs"]
mod mock;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use binder_core::{Binder, BoxFuture, Capabilities, Result};
use binder_kafka::{KafkaBinder, KafkaSettings};
use binder_testkit::contract::{self, Breakable, Fixture};
use binder_testkit::evidence::{self, Recorder};

use mock::{Mock, OnTheMock};

/// Where messages go.
enum Kafka {
    Broker(String),
    Mock(Mock),
}

impl Kafka {
    fn of(named: Option<String>) -> Self {
        match named {
            Some(servers) if servers != "mock" => Self::Broker(servers),
            _ => Self::Mock(Mock::start()),
        }
    }
}

fn binder(server: &str) -> Result<KafkaBinder> {
    KafkaBinder::new(KafkaSettings { servers: vec![server.into()], ..KafkaSettings::default() })
}

impl Fixture for Kafka {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        Box::pin(async move {
            Ok(match self {
                Self::Broker(servers) => Arc::new(binder(servers)?) as Arc<dyn Binder>,
                Self::Mock(mock) => Arc::new(OnTheMock::new(binder(mock.servers())?, mock.clone())),
            })
        })
    }

    fn capabilities(&self) -> Capabilities {
        KafkaBinder::new(KafkaSettings::default())
            .map(|binder| binder.capabilities())
            .unwrap_or_default()
    }

    fn unreachable(&self) -> Option<BoxFuture<'_, Result<Arc<dyn Binder>>>> {
        // The port of a service that nobody runs any more.
        Some(Box::pin(async { Ok(Arc::new(binder("127.0.0.1:9")?) as Arc<dyn Binder>) }))
    }

    fn breakable(&self) -> Option<BoxFuture<'_, Result<Breakable>>> {
        // A broker names its own address to its clients, so nothing can stand between the two.
        matches!(self, Self::Mock(_)).then(|| {
            Box::pin(async {
                let mock = Mock::start();
                let binder = Arc::new(OnTheMock::new(binder(mock.servers())?, mock.clone()));
                let end_connections = Arc::new(move || mock.disconnect());
                Ok(Breakable { binder, end_connections })
            }) as BoxFuture<'_, _>
        })
    }

    fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        let server = match self {
            Self::Broker(servers) => servers.as_str(),
            Self::Mock(mock) => mock.servers(),
        };
        Some(Arc::new(evidence::Kafka::at(server)))
    }

    fn too_large(&self) -> Option<usize> {
        Some(2_000_000)
    }

    fn patience(&self) -> Duration {
        // On the mock each change of a group's members takes three seconds.
        Duration::from_secs(if matches!(self, Self::Mock(_)) { 30 } else { 20 })
    }

    fn at_once(&self) -> Option<usize> {
        // Its cases spend nearly all their time waiting for members to join.
        matches!(self, Self::Mock(_)).then_some(8)
    }

    fn exempt(&self, case: &str) -> Option<String> {
        let on_the_mock = matches!(self, Self::Mock(_));
        let reason = match case.split_once('_')?.0 {
            "c05" if on_the_mock => "the mock has no requests that create topics",
            "c16" if on_the_mock => "the mock refuses commits from the moment a rebalance begins",
            "c43" if on_the_mock => "the mock cannot add partitions",
            _ => return None,
        };
        Some(reason.to_owned())
    }
}

fn main() -> ExitCode {
    contract::run(Kafka::of(std::env::var("BINDER_TEST_KAFKA").ok()))
}
