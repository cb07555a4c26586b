//! What `#[enable_binding]` calls.

use std::future::Future;
use std::io::IsTerminal;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Args;
use futures::FutureExt;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

use super::App;
use super::command::{Asked, parse};
use super::dlq;
use super::exit::Exit;
use super::launch::{Launch, LaunchError, Start};
use super::panicked::panicked;
use super::signals::Signals;
use crate::config::Sources;
use crate::function::error::Result;
use crate::runtime::spawn::Executor;

/// The application's package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// `CARGO_PKG_NAME`, which is part of default group names.
    pub name: &'static str,
    /// `CARGO_PKG_VERSION`.
    pub version: &'static str,
}

/// Configuration that was compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// The name of the file, for errors.
    pub path: &'static str,
    /// What stands in it.
    pub text: &'static str,
}

/// Reads the command line and the configuration, runs the application, drains it on a signal.
pub fn main<A, S, F, Fut>(package: Package, defaults: Option<Defaults>, application: F) -> ExitCode
where
    A: Args,
    S: Clone + Send + Sync + 'static,
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = Result<App<S>>>,
{
    let (args, asked) = match parse::<A>(&package, std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Nothing is left to tell anybody when standard error is gone.
            drop(error.print());
            let code = if error.use_stderr() { Exit::Refused } else { Exit::Drained };
            return code.into();
        }
    };
    log_to_stderr(match asked {
        Asked::Run(_) => "info",
        // Its output is for eyes and pipes.
        Asked::Dlq(_) => "warn",
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(package, Exit::Failed, &format!("no async runtime: {error}")),
    };
    let exit = runtime.block_on(run(package, defaults, asked, || application(args)));
    // A function that blocks its thread must not keep the process alive after the drain.
    runtime.shutdown_background();
    exit.into()
}

async fn run<S, F, Fut>(
    package: Package,
    defaults: Option<Defaults>,
    asked: Asked,
    application: F,
) -> Exit
where
    S: Clone + Send + Sync + 'static,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<App<S>>>,
{
    let fail = |exit: Exit, why: &dyn std::fmt::Display| {
        say(package, why);
        exit
    };
    let (signals, executor) = match (Signals::listen(), Executor::new()) {
        (Ok(signals), Ok(executor)) => (signals, executor),
        (Err(error), _) | (_, Err(error)) => return fail(Exit::Failed, &error),
    };
    let mut signals = signals;
    let making = AssertUnwindSafe(async { application().await }).catch_unwind();
    let app = tokio::select! {
        made = making => match made.unwrap_or_else(|panic| Err(panicked("main", panic.as_ref()))) {
            Ok(app) => app,
            Err(error) => return fail(Exit::Failed, &error),
        },
        name = signals.next() => {
            tracing::info!("{name} before the start: stopping");
            return Exit::Drained;
        }
    };
    let mut sources = Sources::of_process(std::env::vars_os());
    sources.defaults =
        defaults.map(|defaults| (defaults.path.to_owned(), defaults.text.to_owned()));
    let name = package.name.to_owned();
    let framework = match asked {
        Asked::Run(framework) => framework,
        Asked::Dlq(mut command) => {
            sources.file = command.config.take();
            sources.set = std::mem::take(&mut command.set);
            let launch = Launch { name, sources, only: Vec::new(), executor };
            return dead_letters(package, &launch, &app, command, signals).await;
        }
    };
    sources.file = framework.config;
    sources.set = framework.set;
    let launch = Launch { name, sources, only: framework.only, executor };
    let stop = async {
        let name = signals.next().await;
        tracing::info!("{name} while starting: stopping");
    };
    match launch.start_unless(app, stop).await {
        Ok(Start::Nothing) => Exit::Drained,
        Ok(Start::Part(running)) => running.stop_or_signal(signals).await,
        Ok(Start::Whole(running)) => running.ended_or_signal(signals).await,
        Err(LaunchError::Refused(error)) => fail(Exit::Refused, &error),
        Err(LaunchError::Failed(error)) => fail(Exit::Failed, &error),
    }
}

/// Does what `dlq` says; of the application nothing is called any more.
async fn dead_letters<S>(
    package: Package,
    launch: &Launch,
    app: &App<S>,
    command: dlq::Dlq,
    signals: Signals,
) -> Exit
where
    S: Clone + Send + Sync + 'static,
{
    let tell = |why: &dyn std::fmt::Display| say(package, why);
    let done = match launch.dead_letters(app) {
        Ok(letters) => dlq::run(command, &letters, signals, tell).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error: LaunchError| {
        say(package, &error);
        Exit::Refused
    })
}

/// Logs to standard error unless the application has set something up itself.
fn log_to_stderr(default: &str) {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| default.to_owned());
    let (filter, wrong) = match EnvFilter::try_new(&wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(default), Some(error)),
    };
    // This client logs payloads of returned messages, and at its finest level the login.
    let silent: Option<Directive> = "lapin=off".parse().ok();
    let filter = silent.into_iter().fold(filter, EnvFilter::add_directive);
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    if let Some(error) = wrong {
        tracing::warn!("RUST_LOG is not understood, `{default}` is taken: {error}");
    }
    if let Err(error) = logging {
        tracing::debug!("logging was set up by the application: {error}");
    }
}

#[expect(clippy::print_stderr, reason = "the one place where an application says why it ends")]
fn say(package: Package, why: &dyn std::fmt::Display) {
    eprintln!("{}: {why}", package.name);
}

fn end(package: Package, exit: Exit, why: &dyn std::fmt::Display) -> ExitCode {
    say(package, why);
    exit.into()
}
