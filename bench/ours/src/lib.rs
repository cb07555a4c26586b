//! The framework at its default settings, the same program on every broker: the function below is
//! all that a user writes.

#![forbid(unsafe_code)]

mod described;

use anyhow::{Result, bail};
use binder::config::Sources;
use binder::prelude::*;
use binder::{Executor, Exit, Launch};
use measure::{Meter, Order, Priced};
use tokio::sync::Notify;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

static METER: Meter = Meter::new();
static DONE: Notify = Notify::const_new();

/// Price an order.
#[stream_listener]
#[input("orders")]
#[output("prices")]
async fn price(order: Order) -> Out<Priced> {
    if METER.handled() {
        DONE.notify_one();
    }
    let (customer, priced) = order.price();
    Out::new(priced).key(customer)
}

/// What to read and write, and where.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The kind of binder, e.g. `kafka`.
    pub binder: &'static str,
    /// Its limit of deliveries that are not settled, in words: the configuration does not say it
    /// where it is left alone.
    pub max_in_flight: &'static str,
    /// Where the broker is, as HOST:PORT.
    pub server: String,
    /// The destination to read.
    pub input: String,
    /// The destination to write.
    pub output: String,
    /// The group that reads.
    pub group: String,
    /// Keys of the configuration to set beside these, as KEY=VALUE.
    pub set: Vec<String>,
}

impl Pipeline {
    /// Processes so many orders and gives the figures, as one line of JSON.
    ///
    /// # Errors
    ///
    /// When the application does not start, or ends otherwise than drained.
    pub async fn measure(&self, messages: u64) -> Result<String> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        registry().with(filter).with(fmt::layer().with_writer(std::io::stderr)).try_init()?;
        METER.expect(messages);
        self.run().await?;
        METER.stop();
        Ok(METER.finish("ours", &described::resolved(self)?)?.to_string())
    }

    /// Starts the application and stops it when it has started.
    ///
    /// # Errors
    ///
    /// As [`measure`](Self::measure).
    pub async fn start_and_stop(&self) -> Result<()> {
        DONE.notify_one();
        self.run().await
    }

    /// Runs until the last order is handled, then drains: its output is confirmed and every input
    /// settled when this is over.
    async fn run(&self) -> Result<()> {
        let app = App::new(()).bind(listeners![price]).until(async {
            DONE.notified().await;
            Ok(())
        });
        let (sources, only) = (self.sources(), Vec::new());
        let launch = Launch { name: "bench".to_owned(), sources, only, executor: Executor::new()? };
        match launch.start(app).await?.ended().await {
            Exit::Drained => Ok(()),
            other => bail!("the application ended with {other:?}"),
        }
    }

    fn sources(&self) -> Sources {
        let mut sources = Sources::of_process(std::env::vars_os());
        let Self { binder, server, input, output, group, .. } = self;
        sources.set = vec![
            format!("binders.{binder}.servers=[\"{server}\"]"),
            format!("bindings.orders.destination={input}"),
            format!("bindings.orders.group={group}"),
            format!("bindings.prices.destination={output}"),
        ];
        sources.set.extend(self.set.iter().cloned());
        sources
    }
}
