//! The Kafka binder keeps the contract, on the broker that `BINDER_TEST_KAFKA` names.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use binder_core::{Binder, BoxFuture, Capabilities, Result};
use binder_kafka::{KafkaBinder, KafkaSettings};
use binder_testkit::contract::{self, Fixture};

struct Kafka {
    servers: Option<String>,
}

impl Kafka {
    fn binder(&self) -> Result<KafkaBinder> {
        let servers = self.servers.iter().cloned().collect();
        KafkaBinder::new(KafkaSettings { servers, ..KafkaSettings::default() })
    }
}

impl Fixture for Kafka {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        Box::pin(async { Ok(Arc::new(self.binder()?) as Arc<dyn Binder>) })
    }

    fn capabilities(&self) -> Capabilities {
        KafkaBinder::new(KafkaSettings::default())
            .map(|binder| binder.capabilities())
            .unwrap_or_default()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn exempt(&self, _: &str) -> Option<String> {
        let missing = self.servers.is_none();
        missing.then(|| "needs a broker: BINDER_TEST_KAFKA=127.0.0.1:9092".to_owned())
    }
}

fn main() -> ExitCode {
    contract::run(Kafka { servers: std::env::var("BINDER_TEST_KAFKA").ok() })
}
