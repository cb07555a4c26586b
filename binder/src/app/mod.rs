//! An application: functions, their state, and how to run them.

mod bindings;
mod command;
mod connect;
mod dlq;
mod exit;
mod launch;
mod main;
mod panicked;
mod patience;
mod running;
mod select;
mod signals;
mod specs;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use binder_core::Binder;
use futures::future::BoxFuture;

use crate::function::classes::Classes;
use crate::function::definition::Registered;
use crate::function::error::Result;
use crate::function::failure::Class;

pub use bindings::{Bindings, InputCounts, InputState, InputStatus, LastError, StopReason};
pub use command::NoArgs;
pub use dlq::{DeadLetters, Letter, RedriveEnd, RedriveOptions, Redriven, StoreSummary};
pub use exit::Exit;
pub use launch::{Launch, LaunchError};
pub use main::{Defaults, Package, main};
pub use running::Running;

/// Functions bound to streams of messages, with the state they share.
///
/// ```no_run
/// use binder::prelude::*;
///
/// /// Greets whoever is named.
/// #[stream_listener]
/// #[input("names")]
/// #[output("greetings")]
/// fn greet(name: String) -> String {
///     format!("hello {name}")
/// }
///
/// #[enable_binding]
/// async fn main() -> Result<App> {
///     Ok(App::new(()).bind(listeners![greet]))
/// }
/// ```
pub struct App<S = ()> {
    pub(crate) state: MakeState<S>,
    pub(crate) functions: Vec<Registered<S>>,
    pub(crate) together: Vec<Vec<String>>,
    pub(crate) until: Option<BoxFuture<'static, Result<()>>>,
    pub(crate) binders: BTreeMap<String, Arc<dyn Binder>>,
    pub(crate) bindings: Bindings,
    pub(crate) classes: Classes,
}

/// The state, or how to make it once the application runs.
pub(crate) type MakeState<S> = Box<dyn FnOnce() -> BoxFuture<'static, Result<S>> + Send>;

impl<S: Clone + Send + Sync + 'static> App<S> {
    /// An application with state at hand.
    #[must_use]
    pub fn new(state: S) -> Self {
        Self::from_fn(move || std::future::ready(Ok(state)))
    }

    /// An application that makes its state when it runs, and not for `--help`.
    #[must_use]
    pub fn from_fn<F, Fut>(make: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<S>> + Send + 'static,
    {
        Self {
            state: Box::new(|| Box::pin(make())),
            functions: Vec::new(),
            together: Vec::new(),
            until: None,
            binders: BTreeMap::new(),
            bindings: Bindings::default(),
            classes: Classes::default(),
        }
    }

    /// Adds listeners: `.bind(listeners![orders::enrich, audit])`.
    #[must_use]
    pub fn bind(mut self, listeners: Vec<Registered<S>>) -> Self {
        self.functions.extend(listeners);
        self
    }

    /// Adds emitters: `.emit(emitters![beat])`.
    #[must_use]
    pub fn emit(mut self, emitters: Vec<Registered<S>>) -> Self {
        self.functions.extend(emitters);
        self
    }

    /// Drains the application when `future` is ready; its `Err` is exit code 1.
    #[must_use]
    pub fn until<F>(mut self, future: F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.until = Some(Box::pin(future));
        self
    }

    /// Says once which errors of one type trying again can mend, for every function:
    /// [`Class::Transient`] ones are tried again with back-off, as long as there are attempts left,
    /// [`Class::Permanent`] ones go to the dead letters at once.
    ///
    /// `.permanent()` or `.transient()` at the place where an error came up goes before it, and an
    /// error about which nobody says anything is transient. Causes are looked through too (by
    /// [`source`](std::error::Error::source)): the outermost error of which something is said
    /// decides, and what was said last about a type counts. Should `class` panic, nothing is said.
    ///
    /// ```
    /// use binder::{App, Class};
    ///
    /// let app: App = App::new(()).classify(|error: &std::io::Error| match error.kind() {
    ///     std::io::ErrorKind::InvalidData => Class::Permanent,
    ///     _ => Class::Transient,
    /// });
    /// ```
    #[must_use]
    pub fn classify<E>(mut self, class: impl Fn(&E) -> Class + Send + Sync + 'static) -> Self
    where
        E: std::error::Error + 'static,
    {
        self.classes.add(class);
        self
    }

    /// Functions that share memory run in one process: `--only` with one of them means them all.
    #[must_use]
    pub fn together<const N: usize>(mut self, functions: [&str; N]) -> Self {
        self.together.push(functions.map(str::to_owned).into());
        self
    }

    /// The inputs of this application while it runs, to look at, to pause, to stop and to start.
    #[must_use]
    pub fn bindings(&self) -> Bindings {
        self.bindings.clone()
    }

    /// Offers a binder of your own under that kind, beside those that features compile in.
    #[must_use]
    pub fn binder(mut self, kind: &str, binder: Arc<dyn Binder>) -> Self {
        self.binders.insert(kind.to_owned(), binder);
        self
    }
}

impl<S> fmt::Debug for App<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions: Vec<_> = self.functions.iter().map(|f| f.definition.name).collect();
        f.debug_struct("App").field("functions", &functions).finish_non_exhaustive()
    }
}
