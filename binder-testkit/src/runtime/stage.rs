//! Where a case plays: applications on the fixture's binder, and a connection beside them.

use std::sync::Arc;
use std::time::Duration;

use binder::config::Sources;
use binder::{App, Executor, Exit, Launch, Running};
use tokio::time::timeout;

use crate::contract::compare::{Failure, Verdict, equal};
use crate::contract::reader::{Reader, room};
use crate::contract::scene::Scene;
use crate::contract::writer::Writer;
use crate::evidence::Ledger;
use crate::runtime::tap::Tap;

/// The kind under which an application is offered the binder.
pub(super) const KIND: &str = "tested";

/// Names, a configuration, a tapped binder for applications, and a connection that they know
/// nothing of.
#[derive(Clone)]
pub(super) struct Stage {
    scene: Scene,
    outside: Scene,
    pub(super) tap: Tap,
    set: Vec<String>,
}

impl Stage {
    /// A stage for applications with these bindings, each on a destination of that name.
    pub(super) async fn new(scene: Scene, bindings: &[&str]) -> Verdict<Self> {
        let outside = scene.another().await?;
        let tap = Tap::new(scene.binder()).watched_by(scene.recorder());
        let stage = Self { scene, outside, tap, set: vec![format!("default_binder={KIND}")] };
        bindings.iter().try_fold(stage, |stage, binding| {
            let destination = stage.destination(binding)?;
            Ok(stage.set(format!("bindings.{binding}.destination={destination}")))
        })
    }

    /// Several processes have one group: no one of them knows what all have settled.
    pub(super) fn shared(mut self) -> Self {
        self.tap = self.tap.watched_by(None);
        self
    }

    /// Sets one key of the configuration.
    pub(super) fn set(mut self, assignment: impl Into<String>) -> Self {
        self.set.push(assignment.into());
        self
    }

    /// Dead letters of a binding go to the destination `dead`, after so many attempts that follow
    /// each other closely.
    pub(super) fn dead_letters(self, binding: &str, attempts: u32) -> Verdict<Self> {
        let dead = self.destination("dead")?;
        Ok(self
            .set(format!("bindings.{binding}.dead_letter={dead}"))
            .set(format!("bindings.{binding}.retry.max_attempts={attempts}"))
            .set(format!("bindings.{binding}.retry.backoff.initial=5ms")))
    }

    /// The destination that has this name here.
    pub(super) fn destination(&self, name: &str) -> Verdict<String> {
        Ok(self.scene.output(name)?.destination.to_string())
    }

    /// Another process with the same configuration, on a connection of its own.
    pub(super) async fn another(&self) -> Verdict<Self> {
        let scene = self.scene.another().await?;
        Ok(Self { tap: Tap::new(scene.binder()), scene, ..self.clone() })
    }

    /// The configuration as an application gets it.
    pub(super) fn sources(&self) -> Sources {
        // A directory that is not there, so that no file of whoever runs the suite is read.
        let directory = std::env::temp_dir().join("binder-testkit-has-no-such-directory");
        Sources { set: self.set.clone(), directory, ..Sources::default() }
    }

    /// How an application of that name is launched.
    pub(super) fn launch(&self, name: &str) -> Verdict<Launch> {
        let failed = |error| Failure::new(format!("cannot start the pumps' thread: {error}"));
        Ok(Launch {
            name: self.scene.group(name)?.to_string(),
            sources: self.sources(),
            only: Vec::new(),
            executor: Executor::new().map_err(failed)?,
        })
    }

    /// Starts an application of that name.
    pub(super) async fn start<S>(&self, name: &str, app: App<S>) -> Verdict<Running>
    where
        S: Clone + Send + Sync + 'static,
    {
        let starting = self.launch(name)?.start(app.binder(KIND, Arc::new(self.tap.clone())));
        let started = self.within(&format!("starting `{name}`"), starting).await?;
        started.map_err(|error| Failure::new(format!("`{name}` does not start: {error}")))
    }

    /// Why an application does not start.
    pub(super) async fn refused<S>(&self, app: App<S>) -> Verdict<String>
    where
        S: Clone + Send + Sync + 'static,
    {
        let starting = self.launch("refused")?.start(app.binder(KIND, Arc::new(self.tap.clone())));
        match self.within("a refusal", starting).await? {
            Err(error) => Ok(error.to_string()),
            Ok(running) => {
                running.stop().await;
                Err(Failure::new(format!("it starts with {:?}", self.set)))
            }
        }
    }

    /// Stops an application, which has to drain.
    pub(super) async fn stop(&self, running: Running) -> Verdict {
        let exit = self.within("stopping", running.stop()).await?;
        equal("how it ended", &Exit::Drained, &exit)?;
        self.tap.is_never_ahead()
    }

    /// A client that writes to a destination, on the other connection.
    pub(super) async fn writer(&self, name: &str) -> Verdict<Writer> {
        let output = self.outside.output(name)?;
        self.outside.provision(&[], &[&output]).await?;
        let (tap, destination) = (self.tap.clone(), output.destination.to_string());
        let writer = self.outside.write(&output).await?;
        Ok(writer.counted_by(move |count| tap.sent(&destination, count)))
    }

    /// A client that reads a destination from its beginning, on the other connection.
    pub(super) async fn reader(&self, name: &str) -> Verdict<Reader> {
        let input = self.outside.input(name, "reader")?;
        self.outside.provision(&[&input], &[]).await?;
        self.outside.read(&input).await
    }

    /// Waits, no longer than patience lasts.
    pub(super) async fn within<T>(&self, what: &str, step: impl Future<Output = T>) -> Verdict<T> {
        let patience = self.scene.patience();
        let late = |_| Failure::new(format!("{what} took longer than {patience:?}"));
        timeout(patience, step).await.map_err(late)
    }

    /// How long to wait for what should not happen.
    pub(super) async fn quiet(&self) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    /// Reads outputs until `count` of the messages have come out.
    pub(super) async fn collect(
        &self,
        ledger: &mut Ledger,
        outputs: &mut Reader,
        count: usize,
    ) -> Verdict {
        while ledger.accounted() < count {
            let Ok(batch) = outputs.next(room(100)).await else { break };
            outputs.settle(&batch);
            ledger.out(&batch);
        }
        Ok(())
    }
}
