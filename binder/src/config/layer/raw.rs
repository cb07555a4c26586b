//! A value as it was written, before anything is known about its key.

use crate::config::node::Node;
use crate::config::secret::without_userinfo;

/// What a source can say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// Text in quotes.
    Text(String),
    /// Text whose type its key decides: a variable, an argument, a YAML scalar without quotes.
    Plain(String),
    Flag(bool),
    Whole(i128),
    /// A number with a fraction or an exponent, as written.
    Number(String),
    List(Vec<Node<Self>>),
    /// A date or time, which no key takes.
    Date,
    /// Nothing was written behind the key.
    Nothing,
}

/// How much of a wrong value an error shows.
const SHOWN: usize = 60;

impl Raw {
    /// What was found, for an error.
    pub(crate) fn found(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", short(text)),
            Self::Plain(text) => format!("`{}`", short(text)),
            Self::Flag(flag) => format!("`{flag}`"),
            Self::Whole(number) => format!("`{number}`"),
            Self::Number(text) => format!("`{text}`"),
            Self::List(_) | Self::Date | Self::Nothing => self.sort().to_owned(),
        }
    }

    /// What was found, without the value itself.
    pub(crate) fn sort(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Plain(_) => "text",
            Self::Flag(_) => "a boolean",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Date => "a date",
            Self::Nothing => "nothing",
        }
    }

    /// The text, in quotes or not.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Plain(text) => Some(text),
            _ => None,
        }
    }
}

fn short(text: &str) -> String {
    let text = without_userinfo(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text[..end].escape_debug()),
        None => text.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_short_and_holds_no_credentials() {
        assert_eq!(Raw::Text("a\nb".into()).found(), r#""a\nb""#);
        assert_eq!(Raw::Plain("http://u:hunter2@h".into()).found(), "`http://***@h`");
        assert_eq!(Raw::Text("x".repeat(100)).found().chars().count(), SHOWN + 3);
    }
}
