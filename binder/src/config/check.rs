//! Holds a layer against the schema: every key exists and every value is of its type.

use std::collections::BTreeMap;

use crate::config::layer::{Raw, environment, toml};
use crate::config::node::{Body, Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;
use crate::config::schema::Schema;
use crate::config::schema::keys::Key;
use crate::config::secret::{Secret, has_userinfo, names_secret};
use crate::config::value::convert::{convert, is_name};
use crate::config::value::{Kind, Setting};

/// The layer with checked values; what is wrong with it is left out and reported.
pub(crate) fn check(layer: Table<Raw>, problems: &mut Problems) -> Table<Setting> {
    let mut found = Problems::default();
    let table = Walk { path: Vec::new(), problems: &mut found }.table(&Schema::new(), layer);
    problems.append_sorted(found);
    table
}

struct Walk<'a> {
    path: Vec<String>,
    problems: &'a mut Problems,
}

impl Walk<'_> {
    fn table(&mut self, schema: &Schema, table: Table<Raw>) -> Table<Setting> {
        let mut checked = Table::default();
        for (name, node) in table.entries {
            match schema.child(&name) {
                None => {
                    let text = schema.unknown(&self.path, &name);
                    self.report(&node.origin, &name, text);
                }
                Some(_) if schema.named.is_some() && !is_name(&name) => {
                    let text = format!("not a name: expected {}", Kind::Name.expected());
                    self.report(&node.origin, &name, text);
                }
                Some(child) => {
                    self.path.push(name.clone());
                    if let Some(node) = self.node(child, node) {
                        checked.entries.insert(name, node);
                    }
                    self.path.pop();
                }
            }
        }
        checked
    }

    fn node(&mut self, schema: &Schema, node: Node<Raw>) -> Option<Node<Setting>> {
        let native = schema.key.is_some_and(|key| key.kind == Kind::Native);
        let node = if schema.is_table() || native { expanded(node) } else { node };
        match (node.body, schema.key) {
            (Body::Table(table), _) if native => Some(self.native(node.origin, table)),
            (Body::Table(table), _) if schema.is_table() => {
                let table = self.table(schema, table);
                Some(Node::table(node.origin, table))
            }
            // What was written instead of a table may hold a secret of it, and is not shown.
            (Body::Leaf(raw), Some(key)) if native => {
                let text = format!("expected {}, found {}", key.kind.expected(), raw.sort());
                self.problems.at(&node.origin, &self.key(""), text);
                None
            }
            (body, Some(key)) => self.leaf(key, Node { origin: node.origin, body }),
            (Body::Leaf(raw), None) => {
                let text = format!("expected a table, found {}", raw.sort());
                self.problems.at(&node.origin, &self.key(""), text);
                None
            }
            (Body::Table(_), None) => None,
        }
    }

    fn leaf(&mut self, key: &Key, node: Node<Raw>) -> Option<Node<Setting>> {
        match convert(key.kind, &node) {
            Ok(setting) => Some(Node::leaf(node.origin, setting)),
            Err(text) => {
                self.problems.at(&node.origin, &self.key(""), text);
                None
            }
        }
    }

    /// Options by their whole names: `client.id` is one, however it was nested.
    fn native(&mut self, origin: Origin, table: Table<Raw>) -> Node<Setting> {
        let mut options = Table::default();
        self.options("", table, &mut options.entries);
        Node::table(origin, options)
    }

    fn options(
        &mut self,
        prefix: &str,
        table: Table<Raw>,
        options: &mut BTreeMap<String, Node<Setting>>,
    ) {
        for (name, node) in table.entries {
            let name = format!("{prefix}{name}");
            match node.body {
                Body::Table(table) => self.options(&format!("{name}."), table, options),
                Body::Leaf(raw) => match option(&name, &raw) {
                    _ if options.contains_key(&name) => {
                        self.report(&node.origin, &name, "given twice".into());
                    }
                    Some(value) => {
                        options.insert(name, Node::leaf(node.origin, value));
                    }
                    None => {
                        let text =
                            format!("expected text, a number or a boolean, found {}", raw.found());
                        self.report(&node.origin, &name, text);
                    }
                },
            }
        }
    }

    fn report(&mut self, origin: &Origin, name: &str, text: String) {
        self.problems.at(origin, &self.key(name), text);
    }

    /// The dotted key of where the walk is, or of a name below it.
    fn key(&self, name: &str) -> String {
        let own = self.path.iter().map(String::as_str);
        let parts: Vec<_> = own.chain((!name.is_empty()).then_some(name)).collect();
        parts.join(".")
    }
}

/// A table that was written as text, `{ a = 1 }`, or as nothing behind a key of YAML.
fn expanded(node: Node<Raw>) -> Node<Raw> {
    match &node.body {
        Body::Leaf(Raw::Nothing) => Node::table(node.origin, Table::default()),
        Body::Leaf(Raw::Plain(text)) if text.starts_with('{') => {
            toml::value(text, &node.origin).unwrap_or(node)
        }
        _ => node,
    }
}

fn option(name: &str, raw: &Raw) -> Option<Setting> {
    let text = match raw {
        Raw::Text(text) | Raw::Plain(text) | Raw::Number(text) => text.clone(),
        Raw::Flag(flag) => flag.to_string(),
        Raw::Whole(number) => number.to_string(),
        Raw::List(_) | Raw::Date | Raw::Nothing => return None,
    };
    let hidden = names_secret(name) || has_userinfo(&text);
    Some(if hidden { Setting::Hidden(Secret::new(text)) } else { Setting::Text(text) })
}

/// Refuses names that one environment variable would stand for.
pub(crate) fn collisions(root: &Table<Setting>, problems: &mut Problems) {
    for kind in ["binders", "bindings", "retry"] {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (name, node) in root.table(kind).into_iter().flat_map(|table| &table.entries) {
            if let Some(other) = seen.insert(environment::written(name), name) {
                let text = format!(
                    "`{name}` and `{other}` are the same in an environment variable; rename one"
                );
                problems.at(&node.origin, &format!("{kind}.{name}"), text);
            }
        }
    }
}
