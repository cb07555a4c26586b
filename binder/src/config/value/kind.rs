//! The types of values.

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Text that is not empty.
    Text,
    /// Text that is never printed.
    Secret,
    /// A name from the configuration: of a binder, a kind, a retry policy.
    Name,
    Group,
    Destination,
    /// One destination, or several.
    Destinations,
    Flag,
    /// A whole number in this range.
    Whole(u64, u64),
    /// A number in this range.
    Number(f64, f64),
    Duration,
    /// A duration above zero, or `"wait"`.
    Connect,
    /// A duration above zero, or `"off"`.
    Deadline,
    Size,
    Choice(&'static [&'static str]),
    /// Whether, or where to.
    DeadLetter,
    /// A name, or the table below the key.
    Retry,
    Servers,
    Groups,
    /// A table of options which the binder's client understands.
    Native,
}

impl Kind {
    /// What is expected, for an error and for the reference.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret => "text".into(),
            Self::Name => "a name of `a-z`, `0-9`, `_` and `-` that begins with a letter".into(),
            Self::Group => "a group".into(),
            Self::Destination => "a destination".into(),
            Self::Destinations => "a destination, or a list of them".into(),
            Self::Flag => "`true` or `false`".into(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Number(min, max) => format!("a number from {min} to {max}"),
            Self::Duration => "a duration such as \"10s\" or \"1m 30s\"".into(),
            Self::Connect => "a duration above zero such as \"10s\", or \"wait\"".into(),
            Self::Deadline => "a duration above zero such as \"5m\", or \"off\"".into(),
            Self::Size => "a size above zero such as \"64MiB\"".into(),
            Self::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(" or ")
            }
            Self::DeadLetter => "`true`, `false` or a destination".into(),
            Self::Retry => "the name of a retry policy, or a table".into(),
            Self::Servers => "a list of servers such as [\"127.0.0.1:9092\"]".into(),
            Self::Groups => "a list of groups".into(),
            Self::Native => "a table of texts, numbers and booleans".into(),
        }
    }
}
