//! Which of several instances of the application this process is.

use std::num::NonZeroU32;

use binder_core::Instance;

use crate::config::Config;
use crate::config::problem::Problems;

/// The instance that `app.instance` describes; the only one where nothing is said.
pub(crate) fn of(config: &Config, problems: &mut Problems) -> Instance {
    let root = config.root();
    let count = root.whole::<u32>("app.instance.count").map_or(1, |found| found.value);
    let index = root.whole::<u32>("app.instance.index");
    if let Some(found) = index.as_ref().filter(|found| found.value >= count) {
        let text = format!(
            "found `{}`, and `app.instance.count` is {count}: instances count from 0",
            found.value
        );
        problems.at(found.origin, &found.key, text);
    }
    Instance {
        index: index.map_or(0, |found| found.value),
        count: NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN),
    }
}
