//! The RabbitMQ binder keeps the contract, on the broker that `BINDER_TEST_AMQP` names.

use std::process::ExitCode;
use std::sync::Arc;

use binder_amqp::{AmqpBinder, AmqpSettings};
use binder_core::{Binder, BoxFuture, Capabilities, Result};
use binder_testkit::contract::{self, Fixture};

struct Amqp {
    server: Option<String>,
}

impl Fixture for Amqp {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        Box::pin(async {
            let settings = AmqpSettings {
                servers: self.server.clone().into_iter().collect(),
                ..AmqpSettings::default()
            };
            AmqpBinder::new(settings).map(|binder| Arc::new(binder) as Arc<dyn Binder>)
        })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.durable = true;
        capabilities.shared = true;
        capabilities.partitions = true;
        capabilities.message_ids = true;
        capabilities
    }

    fn exempt(&self, case: &str) -> Option<String> {
        if self.server.is_none() {
            return Some("needs a broker: BINDER_TEST_AMQP=127.0.0.1:5672".to_owned());
        }
        let reason = match case {
            "c02_send_receive_repeated_and_null_headers" => "AMQP's header table has no order",
            "c34_groups_share_and_copy" => {
                "one member reads all partition queues until it leaves: single active consumer"
            }
            _ => return None,
        };
        Some(reason.to_owned())
    }
}

fn main() -> ExitCode {
    contract::run(Amqp { server: std::env::var("BINDER_TEST_AMQP").ok() })
}
