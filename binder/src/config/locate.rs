//! Which files are read: a pure decision over what the command line and environment say.

use std::path::{Path, PathBuf};

use binder_core::{Error, ErrorKind, Result};

use crate::config::sources::Sources;

/// The file that is read where none is named, if it exists.
const DEFAULT_FILE: &str = "binder.toml";

/// A file to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) path: PathBuf,
    /// Who asked for it, if its absence is an error.
    pub(crate) required_by: Option<&'static str>,
}

/// The files to read and the profile in force.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) file: Candidate,
    pub(crate) twin: Option<(String, Candidate)>,
}

/// Decides which files to read.
///
/// # Errors
///
/// A profile that can not be a part of a file's name, a variable that is not UTF-8.
pub(crate) fn plan(sources: &Sources) -> Result<Plan> {
    let (path, required_by) = match (&sources.file, sources.variable("BINDER_CONFIG")) {
        (Some(path), _) => (path.clone(), Some("--config")),
        (None, Some(path)) => (path.into(), Some("environment variable BINDER_CONFIG")),
        (None, None) => (DEFAULT_FILE.into(), None),
    };
    let file = Candidate { path: sources.directory.join(path), required_by };
    let twin = profile(sources)?.map(|profile| {
        let path = twin_of(&file.path, &profile);
        (profile, Candidate { path, required_by: None })
    });
    Ok(Plan { file, twin })
}

fn profile(sources: &Sources) -> Result<Option<String>> {
    let profile = match (&sources.profile, sources.variable("BINDER_PROFILE")) {
        (Some(profile), _) => profile.clone(),
        (None, Some(profile)) => profile.to_string_lossy().into_owned(),
        (None, None) => return Ok(None),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if profile.is_empty() || !profile.chars().all(good) {
        let text = format!(
            "profile {profile:?}: expected letters, digits, `_` and `-`, because it is part of a \
             file's name"
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    Ok(Some(profile))
}

/// `binder.toml` and `prod` give `binder.prod.toml`.
fn twin_of(path: &Path, profile: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(profile);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(sources: &Sources) -> (String, Option<String>) {
        let plan = plan(sources).unwrap();
        let text = |candidate: &Candidate| candidate.path.to_str().unwrap().to_owned();
        (text(&plan.file), plan.twin.as_ref().map(|(_, twin)| text(twin)))
    }

    fn env(name: &str, value: &str) -> Sources {
        Sources::of_process([(name.into(), value.into())])
    }

    #[test]
    fn the_command_line_comes_before_the_environment_and_that_before_the_default() {
        assert_eq!(paths(&Sources::default()), ("binder.toml".into(), None));
        let mut sources = env("BINDER_CONFIG", "a.yaml");
        assert_eq!(paths(&sources).0, "a.yaml");
        sources.file = Some("b.toml".into());
        assert_eq!(paths(&sources).0, "b.toml");
        assert_eq!(paths(&env("BINDER_CONFIG", "")).0, "binder.toml");
    }

    #[test]
    fn a_twin_has_the_profile_before_the_extension() {
        let mut sources = env("BINDER_PROFILE", "prod");
        sources.directory = "conf".into();
        let twin = "conf/binder.prod.toml".to_owned();
        assert_eq!(paths(&sources), ("conf/binder.toml".into(), Some(twin)));
        assert_eq!(paths(&env("BINDER_PROFILE", "")).1, None);
        sources.profile = Some("test".into());
        sources.file = Some("/etc/shop.v2.yml".into());
        assert_eq!(paths(&sources).1.unwrap(), "/etc/shop.v2.test.yml");
    }

    #[test]
    fn a_profile_stays_in_its_directory() {
        let error = plan(&env("BINDER_PROFILE", "../x")).unwrap_err().to_string();
        assert_eq!(
            error,
            "profile \"../x\": expected letters, digits, `_` and `-`, because it is part of a \
             file's name"
        );
    }
}
