//! What one case plays on: a binder, and names that nobody else has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use binder_core::{
    Binder, BindingName, Capabilities, ConsumerSpec, DeadLetterSpec, DeadLetterStore, Destination,
    Group, Letters, Limit, ProducerSpec, Start, Topology, Unrouted,
};
use tokio::time::timeout;

use crate::contract::compare::{Failure, Verdict, equal};
use crate::contract::fixture::Fixture;
use crate::contract::reader::{Reader, first_assignment};
use crate::contract::writer::Writer;
use crate::evidence::Recorder;

/// A connected binder and what a case needs to bind to it.
#[derive(Clone)]
pub(crate) struct Scene {
    fixture: Arc<dyn Fixture>,
    binder: Arc<dyn Binder>,
    prefix: String,
}

impl Scene {
    pub(crate) async fn open(fixture: Arc<dyn Fixture>, case: &str) -> Verdict<Self> {
        static SCENES: AtomicUsize = AtomicUsize::new(0);
        let binder = connect(&*fixture).await?;
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let prefix = format!("contract.{case}.{now:x}-{}-{number}", std::process::id());
        Ok(Self { fixture, binder, prefix })
    }

    /// A second connection to the same names: another process, if the binder is shared.
    pub(crate) async fn another(&self) -> Verdict<Self> {
        let mut scene = self.clone();
        if self.capabilities().shared {
            scene.binder = connect(&*self.fixture).await?;
        }
        Ok(scene)
    }

    /// The binder itself.
    pub(crate) fn binder(&self) -> Arc<dyn Binder> {
        self.binder.clone()
    }

    /// The same names at a broker that cannot be reached.
    pub(super) async fn unreachable(&self) -> Verdict<Self> {
        let lacking = || Failure::new("the fixture has no broker that cannot be reached");
        let binder = self.fixture.unreachable().ok_or_else(lacking)?.await?;
        Ok(Self { binder, ..self.clone() })
    }

    /// The same names on a binder whose connections can be ended, and what ends them.
    pub(super) async fn breakable(&self) -> Verdict<(Self, Arc<dyn Fn() + Send + Sync>)> {
        let lacking = || Failure::new("the fixture cannot end connections");
        let breakable = self.fixture.breakable().ok_or_else(lacking)?.await?;
        Ok((Self { binder: breakable.binder, ..self.clone() }, breakable.end_connections))
    }

    /// The size of a payload that is refused.
    pub(super) fn too_large(&self) -> Verdict<usize> {
        let lacking = || Failure::new("the fixture names no size that is too large");
        self.fixture.too_large().ok_or_else(lacking)
    }

    /// Reads what the broker records, where that can be done.
    #[cfg_attr(not(feature = "runtime"), expect(dead_code, reason = "the runtime layer's"))]
    pub(crate) fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        self.fixture.recorder()
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.binder.capabilities()
    }

    pub(crate) fn patience(&self) -> Duration {
        self.fixture.patience()
    }

    pub(crate) fn group(&self, name: &str) -> Verdict<Group> {
        Ok(Group::new(format!("{}.{name}", self.prefix))?)
    }

    /// An input of a group from the earliest message on, at most 1,024 messages in flight.
    pub(crate) fn input(&self, destination: &str, group: &str) -> Verdict<ConsumerSpec> {
        Ok(ConsumerSpec {
            binding: BindingName::new("input")?,
            destination: Destination::new(format!("{}.{destination}", self.prefix))?,
            group: Some(self.group(group)?),
            start: Start::Earliest,
            partition_count: None,
            grow: false,
            instance: Default::default(),
            max_in_flight: Some(Limit { messages: 1_024, bytes: 64 << 20 }),
            drain: (self.patience() / 4).min(Duration::from_secs(1)),
            connect: self.patience(),
            native: Default::default(),
        })
    }

    /// An input with a copy of its own.
    pub(crate) fn anonymous(&self, destination: &str) -> Verdict<ConsumerSpec> {
        Ok(ConsumerSpec { group: None, start: Start::Latest, ..self.input(destination, "none")? })
    }

    /// An output that refuses what nobody can receive.
    pub(crate) fn output(&self, destination: &str) -> Verdict<ProducerSpec> {
        Ok(ProducerSpec {
            binding: BindingName::new("output")?,
            destination: Destination::new(format!("{}.{destination}", self.prefix))?,
            partition_count: None,
            grow: false,
            required_groups: Vec::new(),
            unrouted: Unrouted::Fail,
            connect: self.patience(),
            native: Default::default(),
        })
    }

    pub(crate) async fn provision(
        &self,
        consumers: &[&ConsumerSpec],
        producers: &[&ProducerSpec],
    ) -> Verdict {
        let topology = Topology {
            consumers: consumers.iter().map(|&spec| spec.clone()).collect(),
            producers: producers.iter().map(|&spec| spec.clone()).collect(),
            dead_letters: Vec::new(),
        };
        self.within("provisioning", self.binder.provision(&topology)).await
    }

    /// A dead-letter destination.
    pub(super) fn dead_letters(&self, destination: &str) -> Verdict<DeadLetterSpec> {
        Ok(DeadLetterSpec {
            grow: false,
            destination: Destination::new(format!("{}.{destination}", self.prefix))?,
            partition_count: None,
            connect: self.patience(),
        })
    }

    /// Makes its store.
    pub(super) async fn provision_letters(&self, spec: &DeadLetterSpec) -> Verdict {
        let topology = Topology { dead_letters: vec![spec.clone()], ..Topology::default() };
        self.within("provisioning", self.binder.provision(&topology)).await
    }

    /// Opens its store, if it is there.
    pub(super) async fn open_letters(
        &self,
        spec: &DeadLetterSpec,
    ) -> Verdict<Option<Box<dyn Letters>>> {
        self.within("opening a dead-letter store", self.store()?.open(spec)).await
    }

    /// Binds what reaches the group of an input.
    pub(super) async fn reach(&self, input: &ConsumerSpec) -> Verdict<Writer> {
        let output = self.within("binding a group", self.store()?.bind_group(input)).await?;
        Ok(Writer::new(output, self.patience()))
    }

    fn store(&self) -> Verdict<&dyn DeadLetterStore> {
        let store = self.binder.dead_letter_store();
        store.ok_or_else(|| Failure::new("`dead_letter_store` is said, and there is none"))
    }

    /// Binds an input and waits for its first assignment.
    pub(crate) async fn read(&self, spec: &ConsumerSpec) -> Verdict<Reader> {
        let mut readers = Vec::new();
        self.join(&mut readers, spec).await?;
        readers.pop().ok_or_else(|| Failure::new("no reader was bound"))
    }

    /// Binds one more input and waits for its first assignment, while the others listen to what
    /// that means for them.
    pub(crate) async fn join(&self, readers: &mut Vec<Reader>, spec: &ConsumerSpec) -> Verdict {
        self.enter(readers, spec).await?;
        first_assignment(readers, self.patience()).await
    }

    /// Binds one more input, which waits for its first assignment.
    pub(super) async fn enter(&self, readers: &mut Vec<Reader>, spec: &ConsumerSpec) -> Verdict {
        let input = self.within("binding an input", self.binder.bind_consumer(spec)).await?;
        readers.push(Reader::new(input, self.patience()));
        Ok(())
    }

    pub(crate) async fn write(&self, spec: &ProducerSpec) -> Verdict<Writer> {
        let output = self.within("binding an output", self.binder.bind_producer(spec)).await?;
        Ok(Writer::new(output, self.patience()))
    }

    /// An output and an input of one group on a destination, provisioned and bound.
    pub(crate) async fn pipe(&self, destination: &str) -> Verdict<(Writer, Reader, ConsumerSpec)> {
        let (input, output) = (self.input(destination, "group")?, self.output(destination)?);
        self.pipe_of(input, output).await
    }

    /// The same with specifications of one's own.
    pub(crate) async fn pipe_of(
        &self,
        input: ConsumerSpec,
        output: ProducerSpec,
    ) -> Verdict<(Writer, Reader, ConsumerSpec)> {
        self.provision(&[&input], &[&output]).await?;
        let writer = self.write(&output).await?;
        Ok((writer, self.read(&input).await?, input))
    }

    async fn within<T>(
        &self,
        what: &str,
        step: impl Future<Output = binder_core::Result<T>>,
    ) -> Verdict<T> {
        let patience = self.patience();
        match timeout(patience, step).await {
            Ok(result) => result.map_err(|error| Failure::new(format!("{what}: {error:?}"))),
            Err(_) => Err(Failure::new(format!("{what} took longer than {patience:?}"))),
        }
    }
}

async fn connect(fixture: &dyn Fixture) -> Verdict<Arc<dyn Binder>> {
    let patience = fixture.patience();
    let Ok(connected) = timeout(patience, fixture.connect()).await else {
        return Err(Failure::new(format!("connecting took longer than {patience:?}")));
    };
    let binder = connected?;
    equal(
        "what fixture and binder say of capabilities",
        &fixture.capabilities(),
        &binder.capabilities(),
    )?;
    Ok(binder)
}
