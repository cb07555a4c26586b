//! Where the log comes from: the argument PATH.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

/// The source of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Input {
    /// The small log that is compiled in.
    #[default]
    Sample,
    /// Standard input.
    Standard,
    /// A file that can be read again from the start.
    File(PathBuf),
    /// A pipe or a device.
    Pipe(PathBuf),
}

/// Why there is nothing to read at a path.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is there, but no log.
    #[error("it is a directory; give the log file itself, or - for standard input")]
    Directory,
    /// It is not there.
    #[error("there is no such file; give a log file, or - for standard input")]
    Missing,
    /// The system says no.
    #[error("it cannot be read: {0}")]
    Refused(#[from] io::Error),
}

impl Input {
    /// The input at `path`, looked at so that a wrong one is refused before anything starts.
    ///
    /// # Errors
    ///
    /// When nothing can be read there.
    pub(crate) fn at(path: PathBuf) -> Result<Self, Unreadable> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard);
        }
        let found = fs::metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Refused(error),
        })?;
        if found.is_dir() {
            return Err(Unreadable::Directory);
        }
        if !found.is_file() {
            return Ok(Self::Pipe(path));
        }
        drop(File::open(&path)?);
        Ok(Self::File(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_path_is_refused_with_what_to_do() {
        let directory = Input::at(std::env::temp_dir()).unwrap_err().to_string();
        assert!(directory.starts_with("it is a directory"), "{directory}");
        let missing = Input::at("no/such.log".into()).unwrap_err().to_string();
        assert!(missing.starts_with("there is no such file"), "{missing}");
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Input::at("-".into()).unwrap(), Input::Standard);
    }
}
