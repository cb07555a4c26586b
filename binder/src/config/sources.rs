//! What a configuration is made of.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Where values come from. Later ones win: the application's defaults, the file, its profile's
/// twin, the environment, `--set`.
#[derive(Clone, Default)]
pub struct Sources {
    /// The application's own defaults: path and text, compiled in. TOML, or YAML if the path says
    /// so. Default: none.
    pub defaults: Option<(String, String)>,
    /// The file named by `--config`. Default: the one named by the variable `BINDER_CONFIG`, else
    /// `binder.toml` if there is one, else none.
    pub file: Option<PathBuf>,
    /// The profile: `prod` reads `binder.prod.toml` over `binder.toml`, if there is one. Default:
    /// the variable `BINDER_PROFILE`, else none.
    pub profile: Option<String>,
    /// The environment: `BINDER__BINDINGS__ORDERS__GROUP` sets `bindings.orders.group`. Default:
    /// empty; a program passes [`std::env::vars_os`].
    pub env: Vec<(OsString, OsString)>,
    /// The arguments of `--set`, each `KEY=VALUE`. Default: none.
    pub set: Vec<String>,
    /// Where relative paths begin. Default: empty, which is the current directory.
    pub directory: PathBuf,
}

impl Sources {
    /// The sources of a program: its environment, and nothing else yet.
    pub fn of_process(env: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { env: env.into_iter().collect(), ..Self::default() }
    }

    /// The last value of a variable, unless it is empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsString> {
        let found = self.env.iter().rev().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }
}

/// Names, but no values: there may be secrets among them.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("defaults", &self.defaults.as_ref().map(|(path, _)| path))
            .field("file", &self.file)
            .field("profile", &self.profile)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}
