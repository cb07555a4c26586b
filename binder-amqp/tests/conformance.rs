//! The RabbitMQ binder keeps the contract, on the broker that `BINDER_TEST_AMQP` names.

#[path = "conformance/proxy.rs"]
mod proxy;

use std::process::ExitCode;
use std::sync::Arc;

use binder_amqp::{AmqpBinder, AmqpSettings};
use binder_core::{Binder, BoxFuture, Capabilities, Error, ErrorKind, Native, Result};
use binder_testkit::contract::{self, Breakable, Fixture};
use binder_testkit::evidence::{RabbitMq, Recorder};

use proxy::Proxy;

/// The largest payload in bytes: a broker's own limit is more than a test should send.
const LARGEST: usize = 1 << 20;

struct Amqp {
    server: Option<String>,
}

fn binder(server: &str) -> Result<Arc<dyn Binder>> {
    let mut native = Native::new();
    native.insert("max_message_size".to_owned(), LARGEST.to_string());
    let servers = vec![server.to_owned()];
    let settings = AmqpSettings { servers, native, ..AmqpSettings::default() };
    AmqpBinder::new(settings).map(|binder| Arc::new(binder) as Arc<dyn Binder>)
}

impl Fixture for Amqp {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        Box::pin(async { binder(self.server.as_deref().unwrap_or_default()) })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.durable = true;
        capabilities.shared = true;
        capabilities.partitions = true;
        capabilities.message_ids = true;
        capabilities.dead_letter_store = true;
        capabilities
    }

    fn unreachable(&self) -> Option<BoxFuture<'_, Result<Arc<dyn Binder>>>> {
        // The port of a service that nobody runs any more.
        Some(Box::pin(async { binder("127.0.0.1:9") }))
    }

    fn breakable(&self) -> Option<BoxFuture<'_, Result<Breakable>>> {
        let server = self.server.clone()?;
        Some(Box::pin(async move {
            let refused = |why| Error::new(ErrorKind::Connect, "the proxy").with_source(why);
            let proxy = Proxy::start(server).map_err(refused)?;
            let binder = binder(&proxy.address().to_string())?;
            Ok(Breakable { binder, end_connections: Arc::new(move || proxy.cut()) })
        }))
    }

    fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        Some(Arc::new(RabbitMq::at(self.server.clone()?)))
    }

    fn too_large(&self) -> Option<usize> {
        Some(LARGEST + 1)
    }

    fn exempt(&self, case: &str) -> Option<String> {
        if self.server.is_none() {
            return Some("needs a broker: BINDER_TEST_AMQP=127.0.0.1:5672".to_owned());
        }
        let reason = match case {
            "c02_send_receive_repeated_and_null_headers" => "AMQP's header table has no order",
            "c16_what_is_settled_in_time_is_not_repeated" | "c34_groups_share_and_copy" => {
                "one member reads all partition queues until it leaves: single active consumer"
            }
            "c43_partition_count_increase_seen" => {
                "an input reads the partition queues that were there when its channel was opened"
            }
            _ => return None,
        };
        Some(reason.to_owned())
    }
}

fn main() -> ExitCode {
    contract::run(Amqp { server: std::env::var("BINDER_TEST_AMQP").ok() })
}
