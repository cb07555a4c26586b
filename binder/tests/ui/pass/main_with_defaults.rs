//! Configuration that is compiled in, from the package's directory.

use binder::prelude::*;

/// Compiled and not run: what stands in that file is no configuration.
#[allow(dead_code)]
mod program {
    use super::*;

    #[enable_binding(defaults = "Cargo.toml")]
    async fn main() -> Result<App> {
        Ok(App::new(()))
    }
}

fn main() {}
