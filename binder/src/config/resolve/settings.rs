//! The settings of one binder, by its kind.

use std::time::Duration;

use crate::config::problem::Problems;
use crate::config::resolve::kind::{Choice, MEMORY};
use crate::config::resolve::{Native, ResolvedBinder};
use crate::config::secret::Secret;
use crate::config::section::Section;

/// The time for reaching a broker where nothing is said.
const CONNECT: Duration = Duration::from_secs(10);

/// Refuses keys that this kind does not read.
pub(crate) fn refuse_foreign(section: &Section<'_>, kind: &str, problems: &mut Problems) {
    let foreign: &[&str] = match kind {
        MEMORY => &["servers", "username", "password", "vhost", "native"],
        "kafka" => &["vhost"],
        _ => &[],
    };
    for key in foreign {
        if let Some(found) = section.node(key) {
            problems.at(
                found.origin,
                &found.key,
                format!("a binder of kind `{kind}` has no `{key}`"),
            );
        }
    }
}

/// The settings of a binder in use.
pub(crate) fn settings(
    choice: &Choice,
    section: &Section<'_>,
    problems: &mut Problems,
) -> ResolvedBinder {
    let username = section.text("username");
    let password = section.secret("password");
    match (&username, &password) {
        (Some(found), None) => {
            problems.at(found.origin, &found.key, "there is no `password` beside it");
        }
        (None, Some(found)) if choice.kind != "amqp" => {
            problems.at(found.origin, &found.key, "there is no `username` beside it");
        }
        _ => {}
    }
    let (server, user, vhost) = match choice.kind.as_str() {
        "kafka" => (Some("127.0.0.1:9092"), None, None),
        "amqp" => (Some("127.0.0.1:5672"), Some("guest"), Some("/")),
        _ => (None, None, None),
    };
    let text = |key: &str, default: Option<&str>| {
        section.text(key).map(|found| found.value).or(default).map(str::to_owned)
    };
    ResolvedBinder {
        name: choice.name.clone(),
        kind: choice.kind.clone(),
        servers: section.list("servers").map_or_else(
            || server.map(str::to_owned).into_iter().collect(),
            |found| found.value.to_vec(),
        ),
        username: text("username", user),
        password: password.map(|found| found.value.clone()).or_else(|| user.map(Secret::new)),
        vhost: text("vhost", vhost),
        connect: section.duration("connect").map_or(CONNECT, |found| found.value),
        waits: section.is_wait("connect"),
        native: Native::of_binder(section),
    }
}
