//! The README's example in an empty crate outside the workspace, as a stranger tries it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    brokers::Kind,
    command,
    test::steps::{Scope, Step, step},
    weblog::process::Process,
};

/// What the example prints first.
const FIRST: &str = "order 0: 450 cents";
const PATIENCE: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(20);

/// The same program on every binder: features and configuration are all that changes.
pub(crate) fn steps(scope: Scope) -> Vec<Step> {
    let memory = step("README in an empty crate, memory", || runs("memory", &[]));
    let brokers = Kind::ALL.map(|kind| {
        let name = kind.name();
        step(format!("README in an empty crate, {name}"), move || runs(name, &[name]))
            .needs_brokers(scope)
            .about(name)
    });
    [memory.about("memory")].into_iter().chain(brokers).collect()
}

fn runs(binder: &str, features: &[&str]) -> Result<()> {
    let folder = command::scratch("stranger")?;
    write(&folder, features)?;
    let mut build = command::cargo();
    build.current_dir(&folder).args(["build", "--quiet"]);
    // The versions that the workspace has checked; whatever else it locks is dropped.
    fs::copy(command::repository().join("Cargo.lock"), folder.join("Cargo.lock"))
        .context("cannot copy Cargo.lock")?;
    command::run(build.env("CARGO_TARGET_DIR", target()))?;
    let mut shop = std::process::Command::new(target().join("debug/stranger"));
    shop.current_dir(&folder).arg(format!("--set=default_binder={binder}"));
    let mut shop = Process::start(&mut shop, binder, &folder)?;
    let until = Instant::now() + PATIENCE;
    while !shop.output()?.contains(FIRST) {
        shop.go_on_waiting(&format!("to print `{FIRST}`"), until)?;
    }
    shop.terminate(GRACE)
}

fn target() -> PathBuf {
    command::repository().join("target/stranger/target")
}

fn write(folder: &Path, features: &[&str]) -> Result<()> {
    let binder = command::repository().join("binder");
    let manifest = format!(
        "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nstream-binder = {{ path = {binder:?}, features = {features:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n"
    );
    let readme = fs::read_to_string(command::repository().join("README.md"))
        .context("cannot read README.md")?;
    let program = example(&readme).context("README.md has no Rust example")?;
    fs::create_dir_all(folder.join("src")).context("cannot make a folder")?;
    fs::write(folder.join("Cargo.toml"), manifest).context("cannot write Cargo.toml")?;
    fs::write(folder.join("src/main.rs"), program).context("cannot write main.rs")
}

/// The first block of Rust.
fn example(readme: &str) -> Option<&str> {
    let (_, rest) = readme.split_once("```rust")?;
    let (_, code) = rest.split_once('\n')?;
    code.split_once("\n```").map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_first_block_of_rust() {
        let readme =
            "x\n```toml\na = 1\n```\n```rust,no_run\nfn main() {}\n```\n```rust\nno\n```\n";
        assert_eq!(example(readme), Some("fn main() {}"));
        assert_eq!(example("nothing"), None);
    }
}
