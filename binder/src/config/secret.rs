//! Values that are never printed.

use std::fmt;

/// What stands in the place of a secret.
const REDACTED: &str = "***";

/// A text that neither `Debug` nor any error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Whether a client option of that name is likely to hold a secret. Too many rather than too few.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "credential", "jaas", "pem", "oauth", "auth", "pwd"]
        .iter()
        .any(|word| name.contains(word))
}

/// The text with the user information of every URL in it hidden.
pub(crate) fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, tail) = rest.split_at(rest.find([',', ' ']).unwrap_or(rest.len()));
    // A password may hold a slash that should have been escaped: everything up to the last `@`.
    let shown = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{REDACTED}@{host}"),
        None => authority.to_owned(),
    };
    format!("{scheme}://{shown}{}", without_userinfo(tail))
}

/// Whether the text holds a URL with user information.
pub(crate) fn has_userinfo(text: &str) -> bool {
    without_userinfo(text) != text
}

/// The value of a client option as it may be printed.
pub(crate) fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if names_secret(name) || has_userinfo(value) { REDACTED } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn user_information_of_every_url_is_hidden() {
        for (text, safe) in [
            ("amqp://guest:hunter2@rabbit:5672/a", "amqp://***@rabbit:5672/a"),
            ("amqp://u:p@a,amqp://u:p@b", "amqp://***@a,amqp://***@b"),
            ("amqp://u:p/w@q@host", "amqp://***@host"),
            ("http://host/path", "http://host/path"),
            ("name@host", "name@host"),
        ] {
            assert_eq!(without_userinfo(text), safe);
        }
    }

    #[test]
    fn secret_options_are_known_by_name_or_value() {
        for (name, value) in [
            ("sasl.password", "x"),
            ("sasl.jaas.config", "x"),
            ("SSL.KEY.PEM", "x"),
            ("basic.auth.user.info", "x"),
            ("proxy", "http://u:p@h"),
        ] {
            assert_eq!(shown(name, value), "***", "{name}");
        }
        assert_eq!(shown("client.id", "shop"), "shop");
    }
}
