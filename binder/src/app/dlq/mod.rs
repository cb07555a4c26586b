//! Dead letters, read back and sent home: what `dlq list`, `show` and `redrive` do.
//!
//! Reading order: `stores`, `letter`, `tally`, `list`, `flight`, `redrive`; then `command`, with `text` and
//! `json` for what it prints.

mod command;
mod flight;
mod json;
mod letter;
mod list;
mod redrive;
mod stores;
mod tally;
mod text;

use std::future::Future;
use std::sync::Arc;

use binder_core::logic::redrive::Home;
use binder_core::{
    Binder, DeadLetterStore, Error, ErrorKind, Letters, ProducerSpec, Publisher, Result, Room,
};

use super::connect::{self, Connected};
use super::{App, Launch, LaunchError, specs};
use crate::config::{Resolved, ResolvedInput};

pub(super) use command::{Dlq, run};
pub use letter::Letter;
pub use list::StoreSummary;
pub use redrive::{RedriveEnd, RedriveOptions, Redriven};
use stores::Store;

/// How many letters are asked for at once, and about how many bytes.
const BATCH: Room = Room { messages: 256, bytes: 4 * 1024 * 1024 };

impl Launch {
    /// The dead-letter stores of the application's inputs, to read and to redrive. No function is
    /// called and no state made, and the application is not started.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong. A broker is reached only when a store is read.
    pub fn dead_letters<S>(&self, app: &App<S>) -> Result<DeadLetters, LaunchError>
    where
        S: Clone + Send + Sync + 'static,
    {
        let resolved = connect::resolve(self, app)?;
        let connected = Connected::new(&resolved, &app.binders)?;
        let stores = stores::of(&resolved);
        Ok(DeadLetters { resolved, connected, stores })
    }
}

/// The dead-letter stores of an application: see [`Launch::dead_letters`].
pub struct DeadLetters {
    resolved: Resolved,
    connected: Connected,
    stores: Vec<Store>,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeadLetters").field("stores", &self.stores).finish_non_exhaustive()
    }
}

impl DeadLetters {
    /// What waits in each store, which stays as it is.
    ///
    /// # Errors
    ///
    /// When a store cannot be read: [`ErrorKind::Unsupported`] where its binder has no such power.
    pub async fn list(&self) -> Result<Vec<StoreSummary>> {
        let mut all = Vec::new();
        for store in &self.stores {
            all.push(self.summary(store).await?);
        }
        Ok(all)
    }

    async fn summary(&self, store: &Store) -> Result<StoreSummary> {
        let summary = match self.open(store).await {
            Ok(None) => Ok(StoreSummary::absent(store)),
            Ok(Some(letters)) => list::summary(store, letters).await,
            Err(error) => Err(error),
        };
        summary.map_err(|error| located(error, store))
    }

    /// The oldest letters of a store, at most `limit`; the store stays as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a destination that is no such store, and when it cannot be read.
    pub async fn show(&self, destination: &str, limit: usize) -> Result<Vec<Letter>> {
        let mut all = Vec::new();
        self.look(destination, limit, |letter| all.push(letter)).await?;
        Ok(all)
    }

    /// The same letter by letter; no more than a batch is held at a time.
    async fn look(&self, destination: &str, limit: usize, each: impl FnMut(Letter)) -> Result<()> {
        let store = stores::find(&self.stores, destination)?;
        let Some(letters) = self.open(store).await.map_err(|error| located(error, store))? else {
            return Ok(());
        };
        letter::oldest(letters, limit, each).await.map_err(|error| located(error, store))
    }

    /// Sends the letters of a store back to the groups at which they failed, until everything that
    /// it holds now was looked at or `stop` is ready. `progress` hears of every step.
    ///
    /// A letter is taken out of the store when what it became is confirmed. What was on its way when
    /// the process dies is sent again by the next redrive, with the same ids.
    ///
    /// # Errors
    ///
    /// As [`show`](Self::show). What goes wrong later stands in the result.
    pub async fn redrive(
        &self,
        destination: &str,
        options: &RedriveOptions,
        stop: impl Future<Output = ()>,
        progress: impl FnMut(&Redriven),
    ) -> Result<Redriven> {
        let store = stores::find(&self.stores, destination)?;
        let Some(letters) = self.open(store).await.map_err(|error| located(error, store))? else {
            return Ok(Redriven::default());
        };
        let run = redrive::Run::new(self, store, letters, options, progress);
        Ok(run.go(stop).await)
    }

    /// The store where its binder keeps it; `None` where nothing was provisioned yet.
    async fn open(&self, store: &Store) -> Result<Option<Box<dyn Letters>>> {
        let specs = specs::dead_letters(&self.resolved, self.input(store)?);
        match specs.into_iter().find(|spec| spec.destination == store.destination) {
            Some(spec) => self.store(store)?.open(&spec).await,
            None => Ok(None),
        }
    }

    fn store(&self, store: &Store) -> Result<&dyn DeadLetterStore> {
        let binder = self.connected.binder(&store.binder)?;
        let power = binder.capabilities().dead_letter_store;
        binder.dead_letter_store().filter(|_| power).ok_or_else(|| {
            let why = "dead letters cannot be read back on this binder";
            Error::new(ErrorKind::Unsupported, why)
                .with_hint("let a function read the destination instead")
        })
    }

    /// One of the inputs whose dead letters the store keeps.
    fn input(&self, store: &Store) -> Result<&ResolvedInput> {
        self.inputs().find(|input| store.is_of(input)).ok_or_else(|| {
            Error::new(ErrorKind::Config, "no input has its dead letters there any more")
        })
    }

    fn inputs(&self) -> impl Iterator<Item = &ResolvedInput> {
        self.resolved.functions.iter().flat_map(|function| &function.inputs)
    }

    /// Where letters of this store may go back to.
    fn homes(&self, store: &Store) -> Vec<Home> {
        self.inputs().flat_map(|input| store.homes(input)).collect()
    }

    /// The inputs on the same binder whose letters this store does not keep.
    fn others(&self, store: &Store) -> Vec<Home> {
        let here = self.inputs().filter(|input| input.binder == store.binder);
        here.flat_map(|input| store.others(input)).collect()
    }

    /// Binds what reaches one of them.
    async fn bind_home(&self, store: &Store, home: &Home) -> Result<Arc<dyn Publisher>> {
        let input = self.inputs().find(|input| store.homes(input).any(|own| own == *home));
        let specs = input.into_iter().flat_map(|input| specs::consumers(&self.resolved, input));
        let spec = specs.into_iter().find(|spec| spec.destination == home.destination);
        let spec = spec.ok_or_else(|| Error::new(ErrorKind::Config, "the input is gone"))?;
        self.store(store)?.bind_group(&spec).await
    }

    /// Binds the end of the store, which is taken as it is.
    async fn bind_tail(&self, store: &Store) -> Result<Arc<dyn Publisher>> {
        let specs = specs::dead_producers(&self.resolved, self.input(store)?);
        let spec = specs.into_iter().find(|spec| spec.destination == store.destination);
        let spec = spec.ok_or_else(|| Error::new(ErrorKind::Config, "the store is gone"))?;
        let spec = ProducerSpec { partition_count: None, grow: false, ..spec };
        self.binder(store)?.bind_producer(&spec).await
    }

    fn binder(&self, store: &Store) -> Result<&Arc<dyn Binder>> {
        self.connected.binder(&store.binder)
    }

    /// Whether a store outlives this process, so that another process can read it.
    fn is_durable(&self, store: &Store) -> bool {
        self.binder(store).is_ok_and(|binder| binder.capabilities().durable)
    }
}

fn located(error: Error, store: &Store) -> Error {
    error.at_binder(store.binder.as_str()).at_destination(store.destination.as_str())
}
