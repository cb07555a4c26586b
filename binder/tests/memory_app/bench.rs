//! Launches an application on a memory binder that the test can look into.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use binder::config::Sources;
use binder::{App, DeadLetters, Executor, Launch, MemoryBinder, Running};
use binder_core::{
    Binder, BindingName, Completed, Completion, Completions, Destination, Group, Message, Outbox,
    Outgoing, ProducerSpec, Unrouted,
};

/// An application named `shop`.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) memory: MemoryBinder,
    executor: Executor,
    set: Vec<String>,
}

impl Bench {
    /// An empty broker; everything on that executor.
    pub(crate) fn new(executor: Executor) -> Self {
        Self {
            memory: MemoryBinder::new(),
            executor,
            set: vec!["default_binder=memory".to_owned()],
        }
    }

    /// Sets one key of the configuration.
    pub(crate) fn set(mut self, assignment: &str) -> Self {
        self.set.push(assignment.to_owned());
        self
    }

    pub(crate) async fn start<S>(&self, app: App<S>) -> Running
    where
        S: Clone + Send + Sync + 'static,
    {
        let app = app.binder("memory", Arc::new(self.memory.clone()));
        self.launch().start(app).await.unwrap()
    }

    /// The dead letters of an application that need not run. Its binder is the bench's.
    pub(crate) fn dead_letters<S>(&self, app: App<S>) -> DeadLetters
    where
        S: Clone + Send + Sync + 'static,
    {
        self.dead_letters_on(app, self.memory.clone())
    }

    /// The same on another binder.
    pub(crate) fn dead_letters_on<S>(&self, app: App<S>, binder: impl Binder) -> DeadLetters
    where
        S: Clone + Send + Sync + 'static,
    {
        let app = app.binder("memory", Arc::new(binder));
        self.launch().dead_letters(&app).unwrap()
    }

    /// Sends to a destination as somebody else would.
    pub(crate) async fn send(
        &self,
        destination: &str,
        messages: impl IntoIterator<Item = Message>,
    ) {
        let spec = ProducerSpec {
            grow: false,
            binding: BindingName::new("others").unwrap(),
            destination: Destination::new(destination).unwrap(),
            partition_count: None,
            required_groups: Vec::new(),
            unrouted: Unrouted::Fail,
            connect: Duration::from_secs(1),
            native: Default::default(),
        };
        let publisher = self.memory.bind_producer(&spec).await.unwrap();
        let sink: Arc<dyn Completions> = Arc::new(Confirmed);
        let outgoing = messages
            .into_iter()
            .map(|message| Outgoing { message, completion: Completion::new(0, sink.clone()) });
        let mut outbox: Outbox = outgoing.collect();
        poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)).await;
    }

    /// The destination of a binding.
    #[allow(clippy::unused_self, reason = "a bench on a broker asks itself, and tests are shared")]
    pub(crate) fn destination(&self, binding: &str) -> String {
        let key = format!("bindings.{binding}.destination=");
        let set = self.set.iter().find_map(|set| set.strip_prefix(&key));
        set.unwrap_or(binding).to_owned()
    }

    /// The group of a function.
    pub(crate) fn group(&self, function: &str) -> String {
        format!("{}.{function}", self.launch().name)
    }

    fn launch(&self) -> Launch {
        let directory = env!("CARGO_TARGET_TMPDIR").into();
        Launch {
            name: "shop".to_owned(),
            sources: Sources { set: self.set.clone(), directory, ..Sources::default() },
            only: Vec::new(),
            executor: self.executor.clone(),
        }
    }

    /// How many messages are kept for a group.
    pub(crate) fn backlog(&self, destination: &str, group: &str) -> usize {
        let (destination, group) = (Destination::new(destination), Group::new(group));
        self.memory.backlog(&destination.unwrap(), &group.unwrap()).unwrap()
    }
}

/// Whoever sends expects every message to be confirmed.
struct Confirmed;

impl Completions for Confirmed {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        for (_, what) in batch.drain(..) {
            assert!(matches!(what, Completed::Confirmed(_)), "{what:?}");
        }
    }
}
