//! Turns what was written into what its key takes.

use binder_core::{Destination, Group};

use crate::config::layer::{Raw, toml};
use crate::config::node::{Body, Node};
use crate::config::secret::Secret;
use crate::config::value::{Kind, Setting, list, quantity};

/// The value as its key takes it, or what is wrong with it.
pub(crate) fn convert(kind: Kind, node: &Node<Raw>) -> Result<Setting, String> {
    let raw = match &node.body {
        Body::Leaf(raw) => raw,
        Body::Table(_) => return Err(wrong(kind, "a table")),
    };
    if kind == Kind::Secret {
        let secret = raw.as_text().map(|text| Setting::Hidden(Secret::new(text)));
        return secret.ok_or_else(|| "expected text (its value is not shown)".to_owned());
    }
    // A quoted or bracketed variable, argument or YAML scalar is what TOML says it is.
    if let Raw::Plain(text) = raw
        && text.starts_with(['"', '['])
    {
        return match toml::value(text, &node.origin) {
            Some(node) => convert(kind, &node),
            None => Err(wrong(kind, &raw.found())),
        };
    }
    if let Raw::List(items) = raw {
        return list::of_nodes(kind, items);
    }
    match raw.as_text() {
        Some(text) => from_text(kind, text, raw),
        None => from_other(kind, raw),
    }
}

/// What is expected, and what was found instead.
pub(crate) fn wrong(kind: Kind, found: &str) -> String {
    format!("expected {}, found {found}", kind.expected())
}

fn from_text(kind: Kind, text: &str, raw: &Raw) -> Result<Setting, String> {
    let own = |text: &str| Setting::Text(text.to_owned());
    let core = |error: binder_core::Error| error.to_string();
    let plain = matches!(raw, Raw::Plain(_));
    let converted = match kind {
        Kind::Group => return Group::new(text).map(|_| own(text)).map_err(core),
        Kind::Destination => return Destination::new(text).map(|_| own(text)).map_err(core),
        Kind::Destinations if !text.contains(',') => {
            return from_text(Kind::Destination, text, raw);
        }
        Kind::Servers | Kind::Groups | Kind::Destinations => {
            return list::of_texts(
                kind,
                text.split(',').map(str::trim).filter(|item| !item.is_empty()),
            );
        }
        Kind::DeadLetter => return dead_letter(text, raw),
        Kind::Text => (!text.is_empty()).then(|| own(text)),
        Kind::Name | Kind::Retry => is_name(text).then(|| own(text)),
        Kind::Choice(words) => words.contains(&text).then(|| own(text)),
        Kind::Duration => quantity::duration(text).map(Setting::Span),
        Kind::Deadline if text == "off" => Some(Setting::Off),
        Kind::Connect if text == "wait" => Some(Setting::Wait),
        Kind::Connect | Kind::Deadline => {
            quantity::duration(text).filter(|span| !span.is_zero()).map(Setting::Span)
        }
        Kind::Size => quantity::size(text).map(Setting::Whole),
        Kind::Flag if plain => flag(text).map(Setting::Flag),
        Kind::Whole(min, max) if plain => whole(text.parse().ok(), min, max),
        Kind::Number(min, max) if plain => number(text, min, max),
        _ => None,
    };
    converted.ok_or_else(|| wrong(kind, &raw.found()))
}

fn from_other(kind: Kind, raw: &Raw) -> Result<Setting, String> {
    let converted = match (kind, raw) {
        (Kind::Flag | Kind::DeadLetter, Raw::Flag(flag)) => Some(Setting::Flag(*flag)),
        (Kind::Whole(min, max), Raw::Whole(n)) => whole(u64::try_from(*n).ok(), min, max),
        (Kind::Size, Raw::Whole(n)) => quantity::size(&n.to_string()).map(Setting::Whole),
        (Kind::Number(min, max), Raw::Whole(n)) => number(&n.to_string(), min, max),
        (Kind::Number(min, max), Raw::Number(text)) => number(text, min, max),
        (Kind::Duration | Kind::Connect | Kind::Deadline, Raw::Whole(n)) => {
            return Err(format!("{}, and the unit is part of it", wrong(kind, &format!("`{n}`"))));
        }
        _ => None,
    };
    converted.ok_or_else(|| wrong(kind, &raw.found()))
}

fn whole(number: Option<u64>, min: u64, max: u64) -> Option<Setting> {
    number.filter(|n| (min..=max).contains(n)).map(Setting::Whole)
}

fn number(text: &str, min: f64, max: f64) -> Option<Setting> {
    text.parse().ok().filter(|n| (min..=max).contains(n)).map(Setting::Number)
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn dead_letter(text: &str, raw: &Raw) -> Result<Setting, String> {
    if matches!(raw, Raw::Plain(_)) {
        if let Some(flag) = flag(text) {
            return Ok(Setting::Flag(flag));
        }
        // YAML 1.1 reads these as booleans, so they are rarely meant as a destination.
        if ["yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str()) {
            return Err(wrong(Kind::DeadLetter, &raw.found()));
        }
    }
    from_text(Kind::Destination, text, raw)
}

/// `[a-z][a-z0-9_-]*`, so that it can be written as an environment variable.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
