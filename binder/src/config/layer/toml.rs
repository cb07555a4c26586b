//! Reads TOML.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use crate::config::layer::{Document, Raw};
use crate::config::node::{Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;

/// Where a range of bytes stands.
type Place<'a> = &'a dyn Fn(Range<usize>) -> Origin;

/// The tree of a document; an empty one when it does not parse.
pub(crate) fn read(document: &Document<'_>, problems: &mut Problems) -> Table<Raw> {
    let (root, errors) = DeTable::parse_recoverable(document.text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        // The message names what was expected; the key is not named by the parser, and it is the
        // whole of the span where a key is given twice.
        let key = match error.message() {
            "duplicate key" => document.text.get(span.clone()).unwrap_or_default(),
            _ => "",
        };
        problems.at(&document.at_byte(span.start), key, format!("not TOML: {}", error.message()));
    }
    if errors.is_empty() {
        table(root.into_inner(), &|span| document.at_byte(span.start))
    } else {
        Table::default()
    }
}

/// One value, such as `["a", "b"]`, which stands at `origin`.
pub(crate) fn value(text: &str, origin: &Origin) -> Option<Node<Raw>> {
    let value = DeValue::parse(text).ok()?;
    Some(node(origin.clone(), value.into_inner(), &|_| origin.clone()))
}

fn table(entries: DeTable<'_>, place: Place<'_>) -> Table<Raw> {
    let mut table = Table::default();
    for (key, value) in entries {
        let origin = place(key.span());
        table.entries.insert(key.into_inner().into(), node(origin, value.into_inner(), place));
    }
    table
}

fn node(origin: Origin, value: DeValue<'_>, place: Place<'_>) -> Node<Raw> {
    let raw = match value {
        DeValue::Table(entries) => return Node::table(origin, table(entries, place)),
        DeValue::String(text) => Raw::Text(text.into()),
        DeValue::Boolean(flag) => Raw::Flag(flag),
        DeValue::Float(number) => Raw::Number(number.as_str().to_owned()),
        DeValue::Datetime(_) => Raw::Date,
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Raw::Number(number.to_string()), Raw::Whole),
        DeValue::Array(items) => {
            let items = items.into_iter();
            Raw::List(items.map(|i| node(place(i.span()), i.into_inner(), place)).collect())
        }
    };
    Node::leaf(origin, raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::node::Body;

    fn parse(text: &str) -> (Table<Raw>, String) {
        let mut problems = Problems::default();
        let table = read(&Document::file("b.toml", text), &mut problems);
        (table, problems.error().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn every_value_stands_at_its_key() {
        let (table, errors) = parse("[a.b]\nc = 0x10\nd.e = [\n  1.5,\n  true ]\nf = 1979-05-27\n");
        assert_eq!(errors, "");
        let origin = |path: &[&str]| table.node(path).unwrap().origin.to_string();
        assert_eq!(origin(&["a"]), "b.toml:1:2");
        assert_eq!(origin(&["a", "b"]), "b.toml:1:4");
        assert_eq!(origin(&["a", "b", "d", "e"]), "b.toml:3:3");
        assert_eq!(table.node(&["a", "b", "c"]).unwrap().body, Body::Leaf(Raw::Whole(16)));
        assert_eq!(table.node(&["a", "b", "f"]).unwrap().body, Body::Leaf(Raw::Date));
        let Body::Leaf(Raw::List(items)) = &table.node(&["a", "b", "d", "e"]).unwrap().body else {
            panic!("no list")
        };
        assert_eq!(items[1].origin.to_string(), "b.toml:5:3");
    }

    #[test]
    fn what_is_no_toml_is_reported_with_its_place_and_without_its_content() {
        let (table, errors) = parse("[app]\nname = \"a\"\nname = \"b\"\n");
        assert_eq!(table, Table::default());
        assert_eq!(errors, "b.toml:3:1: name: not TOML: duplicate key");
        let (_, errors) = parse("[app]\npassword = \"hunter2\n");
        assert!(errors.starts_with("b.toml:2:"), "{errors}");
        assert!(!errors.contains("hunter2"), "{errors}");
    }
}
