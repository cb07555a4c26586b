//! Reads the files: all input and output of the configuration.

use std::fs;
use std::io::{Error, ErrorKind};

use binder_core::Result;

use crate::config::assemble::{Layers, Text, assemble};
use crate::config::locate::{Candidate, plan};
use crate::config::problem::Problems;
use crate::config::{Config, Sources};

/// Reads and checks a configuration.
///
/// # Errors
///
/// One error of kind [`Config`](binder_core::ErrorKind::Config) with a line for everything that
/// is wrong: a file that is named and can not be read, text that is no TOML or YAML, unknown
/// keys, values of the wrong type. No secret is part of it.
pub fn load(sources: &Sources) -> Result<Config> {
    let plan = plan(sources)?;
    let mut problems = Problems::default();
    let mut files = Vec::new();
    files.extend(read(&plan.file, &mut problems));
    if let Some((profile, twin)) = &plan.twin {
        files.extend(read(twin, &mut problems));
        // With a file of its own the profile may be meant for others; with none it is a slip.
        if files.is_empty() && problems.error().is_none() {
            let paths = format!("{} nor {}", plan.file.path.display(), twin.path.display());
            problems.with(format!("profile `{profile}`"), format!("there is neither {paths}"));
        }
    }
    let layers = Layers {
        defaults: sources.defaults.as_ref().map(|(path, text)| (path.as_str(), text.as_str())),
        files: &files,
        env: &sources.env,
        set: &sources.set,
    };
    assemble(&layers, problems)
}

fn read(candidate: &Candidate, problems: &mut Problems) -> Option<Text> {
    let path = candidate.path.display().to_string();
    // Opening a directory succeeds on some systems and fails on others, each with a text of its
    // own.
    let read = fs::metadata(&candidate.path).and_then(|metadata| match metadata.is_dir() {
        true => Err(Error::new(ErrorKind::IsADirectory, "is a directory, not a file")),
        false => fs::read(&candidate.path),
    });
    match read {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(Text { path, text }),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
                problems.with(format!("{path}:{line}"), "not UTF-8");
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(who) = candidate.required_by {
                problems.with(path, format!("no such file ({who} names it)"));
            }
        }
        Err(error) => problems.with(path, error.to_string()),
    }
    None
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
