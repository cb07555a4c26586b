//! Launches an application on the broker that the environment names.

use std::time::{SystemTime, UNIX_EPOCH};

use binder::config::Sources;
use binder::{App, Executor, Launch, Running};

/// An application with destinations and groups that no other run has.
#[derive(Clone)]
pub(crate) struct Bench {
    name: String,
    set: Vec<String>,
}

impl Bench {
    /// For an application with these bindings.
    pub(crate) fn new(bindings: &[&str]) -> Self {
        let (kind, address) = broker();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("shop-{now:x}");
        let mut set =
            vec![format!("default_binder={kind}"), format!("binders.{kind}.servers={address}")];
        let own = |binding: &&str| format!("bindings.{binding}.destination={name}.{binding}");
        set.extend(bindings.iter().map(own));
        Self { name, set }
    }

    /// Sets one key of the configuration.
    pub(crate) fn set(mut self, assignment: &str) -> Self {
        self.set.push(assignment.to_owned());
        self
    }

    pub(crate) fn destination(&self, binding: &str) -> String {
        format!("{}.{binding}", self.name)
    }

    pub(crate) async fn start<S>(&self, app: App<S>) -> Running
    where
        S: Clone + Send + Sync + 'static,
    {
        let directory = env!("CARGO_TARGET_TMPDIR").into();
        let launch = Launch {
            name: self.name.clone(),
            sources: Sources { set: self.set.clone(), directory, ..Sources::default() },
            only: Vec::new(),
            executor: Executor::new().unwrap(),
        };
        launch.start(app).await.unwrap()
    }
}

/// Whether the broker's destinations have partitions.
pub(crate) fn has_partitions() -> bool {
    broker().0 == "kafka"
}

/// Its kind and its address.
pub(crate) fn broker() -> (&'static str, String) {
    let named = |kind: &'static str, variable| Some((kind, std::env::var(variable).ok()?));
    let kafka = if cfg!(feature = "kafka") { named("kafka", "BINDER_TEST_KAFKA") } else { None };
    let amqp = if cfg!(feature = "amqp") { named("amqp", "BINDER_TEST_AMQP") } else { None };
    kafka.or(amqp).expect("BINDER_TEST_KAFKA=127.0.0.1:9092 or BINDER_TEST_AMQP=127.0.0.1:5672")
}
