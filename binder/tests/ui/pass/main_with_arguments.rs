//! `main` with arguments of its own, under another name of the framework, with attributes.

use ::binder as other;
use binder::prelude::*;

#[derive(clap::Args)]
struct Arguments {
    path: Option<String>,
}

/// Compiled and not run: it would go on until a signal.
#[allow(dead_code)]
mod program {
    use super::*;

    /// The program.
    #[allow(clippy::unused_async)]
    #[enable_binding(crate = other)]
    async fn main(arguments: Arguments) -> Result<App> {
        Ok(App::new(drop(arguments.path)))
    }
}

fn main() {}
