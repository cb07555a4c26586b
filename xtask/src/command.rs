//! Running other programs: whether they are there, what they print, how they end.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    let own =
        env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| String::from(env!("CARGO_MANIFEST_DIR")));
    PathBuf::from(own).parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The file that `program` names on the search path.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Cargo, in the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(repository());
    cargo
}

/// Send a signal, by the name that `kill` knows it by.
pub(crate) fn signal(pid: u32, name: &str) -> Result<()> {
    // `kill` is a word of every shell and not everywhere a program.
    run(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]))
}

/// Run to the end with its output passed through; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Run to the end and take what it prints on standard output; its errors pass through.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    taken(command.stderr(Stdio::inherit()))
}

/// The same for one that says on standard error what nobody needs to read.
pub(crate) fn output_alone(command: &mut Command) -> Result<String> {
    taken(command.stderr(Stdio::null()))
}

fn taken(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot run `{}`", shown(command)))?;
    if !done.status.success() {
        let printed = String::from_utf8_lossy(&done.stdout);
        bail!("`{}` failed: {}\n{}", shown(command), done.status, printed.trim());
    }
    String::from_utf8(done.stdout)
        .with_context(|| format!("`{}` printed what is not UTF-8", shown(command)))
}

/// Whether the command can be run and succeeds; it prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Wait; chores have no runtime whose worker this could block.
#[expect(clippy::disallowed_methods, reason = "chores poll other processes from a plain thread")]
pub(crate) fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}

/// A folder for what chores leave behind: logs to read, copies of programs.
pub(crate) fn scratch(name: &str) -> Result<PathBuf> {
    let folder = repository().join("target").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
