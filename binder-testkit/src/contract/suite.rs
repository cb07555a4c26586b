//! Runs the cases as tests, each on a runtime of its own and under a deadline.

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::{Builder, Runtime};

use crate::contract::case::Case;
use crate::contract::cases;
use crate::contract::compare::{Failure, Verdict};
use crate::contract::fixture::Fixture;
use crate::contract::record::{Played, Record};
use crate::contract::scene::Scene;

/// Runs every case on binders of this fixture, as `cargo test` expects of a test program: takes
/// its arguments from the command line and prints what failed.
///
/// Where the environment variable `BINDER_CONFORMANCE_RECORD` names a file, each case that ends adds
/// a line to it, a JSON object: `name`, `result` (`passed`, `failed` or `ignored`), `reason` and
/// `seconds`. `cargo xtask conformance` reads it.
pub fn run(fixture: impl Fixture) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or_else(|| fixture.at_once());
    libtest_mimic::run(&arguments, Suite::new(fixture).trials()).exit_code()
}

/// The cases of the contract for one fixture.
#[derive(Clone)]
pub struct Suite(Arc<dyn Fixture>);

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Suite").finish()
    }
}

impl Suite {
    /// The suite for this fixture.
    #[must_use]
    pub fn new(fixture: impl Fixture) -> Self {
        Self(Arc::new(fixture))
    }

    /// The names of all cases, those included which this fixture will ignore.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        cases::all().iter().map(|case| case.name).collect()
    }

    /// The cases as tests, to run together with others.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        cases::all().into_iter().map(|case| self.trial(case)).collect()
    }

    /// Why a case will be ignored, if it will; also where there is no such case.
    #[must_use]
    pub fn ignored(&self, name: &str) -> Option<String> {
        match find(name) {
            None => Some(format!("there is no case `{name}`")),
            Some(case) => self.lacking(&case),
        }
    }

    /// Runs one case.
    ///
    /// # Errors
    ///
    /// What the binder did wrong, or that there is no such case.
    pub fn check(&self, name: &str) -> Result<(), Failure> {
        let case = find(name).ok_or_else(|| Failure::new(format!("there is no case `{name}`")))?;
        self.attempt(case)
    }

    fn trial(&self, case: Case) -> Trial {
        let suite = self.clone();
        Trial::ignorable_test(case.name, move || {
            let begun = Instant::now();
            let played = match suite.lacking(&case) {
                Some(reason) => Played::Ignored(reason),
                None => suite.attempt(case).map_or_else(Played::Failed, |()| Played::Passed),
            };
            Record::named()?.add(case.name, &played, begun.elapsed())?;
            match played {
                Played::Passed => Ok(Completion::Completed),
                Played::Ignored(reason) => Ok(Completion::ignored_with(reason)),
                Played::Failed(failure) => Err(Failed::from(failure)),
            }
        })
    }

    fn lacking(&self, case: &Case) -> Option<String> {
        let lacking = (case.lacking)(&*self.0).map(str::to_owned);
        lacking.or_else(|| self.0.exempt(case.name))
    }

    /// Waits on this thread, outside the runtime, so that even a binder that blocks it is late.
    fn attempt(&self, case: Case) -> Verdict {
        let deadline = self.0.patience() * 3;
        let runtime = runtime()?;
        let (tell, told) = mpsc::channel();
        let fixture = self.0.clone();
        let playing = runtime.spawn(async move {
            let scene = Scene::open(fixture, case.name).await?;
            (case.run)(scene).await
        });
        drop(runtime.spawn(async move {
            let verdict = playing.await.unwrap_or_else(|end| Err(Failure::new(ended(end))));
            // The receiver has given up when the deadline has passed.
            drop(tell.send(verdict));
        }));
        let verdict =
            told.recv_timeout(deadline).unwrap_or_else(|error| Err(late(error, deadline)));
        runtime.shutdown_background();
        verdict
    }
}

fn find(name: &str) -> Option<Case> {
    cases::all().into_iter().find(|case| case.name == name)
}

fn runtime() -> Verdict<Runtime> {
    let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::new(format!("cannot start a tokio runtime: {error}")))
}

fn ended(end: tokio::task::JoinError) -> String {
    let Ok(panic) = end.try_into_panic() else { return "the case was cancelled".into() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a text".into()))
}

fn late(error: RecvTimeoutError, deadline: Duration) -> Failure {
    Failure::new(match error {
        RecvTimeoutError::Timeout => format!("not done after {deadline:?}"),
        RecvTimeoutError::Disconnected => "the runtime went away".into(),
    })
}
