//! Reads YAML: one document of mappings, lists and scalars, without anchors and tags.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::config::layer::{Document, Raw};
use crate::config::node::{Body, Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;

/// How deep a document may be nested: more than any key needs, less than a stack holds.
const DEPTH: usize = 32;

/// The tree of a document; an empty one when it does not parse.
pub(crate) fn read(document: &Document<'_>, problems: &mut Problems) -> Table<Raw> {
    let events = Parser::new_from_str(document.text);
    let mut reader = Reader { events, document, problems };
    match reader.root() {
        Ok(table) => table,
        Err((mark, why)) => {
            let origin = reader.place(mark);
            problems.at(&origin, "", format!("not YAML: {why}"));
            Table::default()
        }
    }
}

struct Reader<'a, 'p> {
    events: Parser<'a, StrInput<'a>>,
    document: &'a Document<'a>,
    problems: &'p mut Problems,
}

/// Where reading ended, and why.
type Refusal = (Marker, String);

impl<'a> Reader<'a, '_> {
    fn root(&mut self) -> Result<Table<Raw>, Refusal> {
        let mut root = Table::default();
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(_) => documents += 1,
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => continue,
                _ if documents > 1 => return Err((span.start, "a second document".into())),
                event => match self.node(event, span, self.place(span.start), 0)?.body {
                    Body::Table(table) => root = table,
                    Body::Leaf(Raw::Nothing) => {}
                    Body::Leaf(_) => return Err((span.start, "expected `key: value`".into())),
                },
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Refusal> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err((*error.marker(), ScanError::info(&error).to_owned())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Span,
        origin: Origin,
        depth: usize,
    ) -> Result<Node<Raw>, Refusal> {
        if depth > DEPTH {
            return Err((span.start, format!("nested more than {DEPTH} levels deep")));
        }
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (1, false),
        };
        if anchor != 0 || tag {
            return Err((span.start, "anchors, aliases and tags are not read".into()));
        }
        Ok(match event {
            Event::Scalar(text, style, ..) => Node::leaf(origin, scalar(&text, style)),
            Event::SequenceStart(..) => Node::leaf(origin, self.list(depth)?),
            _ => Node::table(origin, self.mapping(depth)?),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Raw, Refusal> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                return Ok(Raw::List(items));
            }
            items.push(self.node(event, span, self.place(span.start), depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Table<Raw>, Refusal> {
        let mut table = Table::default();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd | Event::StreamEnd => return Ok(table),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err((span.start, "a key that is no plain text".into())),
            };
            let (event, value) = self.next()?;
            let origin = self.place(span.start);
            let node = self.node(event, value, origin.clone(), depth + 1)?;
            if table.entries.contains_key(&key) {
                self.problems.at(&origin, &key, "not YAML: duplicate key");
            }
            table.entries.insert(key, node);
        }
    }

    fn place(&self, mark: Marker) -> Origin {
        // The parser counts columns from 0.
        self.document.at(mark.line(), mark.col() + 1)
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Raw {
    match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Raw::Nothing,
        (ScalarStyle::Plain, text) => Raw::Plain(text.to_owned()),
        (_, text) => Raw::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Table<Raw>, String) {
        let mut problems = Problems::default();
        let table = read(&Document::file("b.yaml", text), &mut problems);
        (table, problems.error().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn every_value_stands_at_its_key() {
        let text = "# comment\nbindings:\n  orders:\n    group: billing\n    start: 'latest'\n    \
                    required_groups:\n      - a\n      - \"b\"\n  audit:\n";
        let (table, errors) = parse(text);
        assert_eq!(errors, "");
        let node = |path: &[&str]| table.node(path).unwrap();
        assert_eq!(node(&["bindings"]).origin.to_string(), "b.yaml:2:1");
        let group = node(&["bindings", "orders", "group"]);
        assert_eq!(group.origin.to_string(), "b.yaml:4:5");
        assert_eq!(group.body, Body::Leaf(Raw::Plain("billing".into())));
        let start = node(&["bindings", "orders", "start"]);
        assert_eq!(start.body, Body::Leaf(Raw::Text("latest".into())));
        let Body::Leaf(Raw::List(items)) = &node(&["bindings", "orders", "required_groups"]).body
        else {
            panic!("no list")
        };
        assert_eq!(items[1].origin.to_string(), "b.yaml:8:9");
        assert_eq!(node(&["bindings", "audit"]).body, Body::Leaf(Raw::Nothing));
    }

    #[test]
    fn empty_documents_are_empty() {
        for text in ["", "# nothing\n", "---\n", "---\n...\n", "{}"] {
            assert_eq!(parse(text), (Table::default(), String::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_read_is_refused_with_its_place() {
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        for (text, error) in [
            ("a: 1\nb: &x 2\n", "b.yaml:2:4: not YAML: anchors, aliases and tags are not read"),
            ("a: !!str 1\n", "b.yaml:1:4: not YAML: anchors, aliases and tags are not read"),
            ("a: 1\na: 2\n", "b.yaml:2:1: a: not YAML: duplicate key"),
            ("a: 1\n---\nb: 2\n", "b.yaml:3:1: not YAML: a second document"),
            ("- a\n", "b.yaml:1:1: not YAML: expected `key: value`"),
            ("hunter2\n", "b.yaml:1:1: not YAML: expected `key: value`"),
            ("? [a]\n: b\n", "b.yaml:1:3: not YAML: a key that is no plain text"),
            (
                "a: 'hunter2\n",
                "b.yaml:1:4: not YAML: while scanning a quoted scalar, found unexpected end of stream",
            ),
            (&format!("a: {deep}"), "b.yaml:1:36: not YAML: nested more than 32 levels deep"),
        ] {
            assert_eq!(parse(text).1, error);
        }
    }
}
