//! Reads `--set bindings.orders.group=billing`.

use crate::config::layer::Raw;
use crate::config::node::{Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;

/// The tree of all arguments; a later one wins over an earlier one.
pub(crate) fn read(arguments: &[String], problems: &mut Problems) -> Table<Raw> {
    arguments.iter().fold(Table::default(), |table, argument| table.under(one(argument, problems)))
}

fn one(argument: &str, problems: &mut Problems) -> Table<Raw> {
    let mut table = Table::default();
    match argument.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            let key = key.trim();
            let origin = Origin::Argument(key.into());
            let path: Vec<_> = key.split('.').collect();
            let leaf = Node::leaf(origin, Raw::Plain(value.to_owned()));
            // Nothing stands in a new table.
            drop(table.insert(&path, leaf));
        }
        _ => problems.with(format!("--set {}", key_part(argument)), "write KEY=VALUE"),
    }
    table
}

/// What can be a key: the rest may be a secret whose `=` was forgotten.
fn key_part(argument: &str) -> &str {
    let of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = argument.find(|c| !of_key(c));
    // Without any other character there is no telling where the key ends.
    end.map_or("", |end| &argument[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::node::Body;

    fn parse(arguments: &[&str]) -> (Table<Raw>, String) {
        let mut problems = Problems::default();
        let arguments: Vec<_> = arguments.iter().map(|&a| a.to_owned()).collect();
        let table = read(&arguments, &mut problems);
        (table, problems.error().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn the_first_equals_sign_separates_and_the_later_argument_wins() {
        let (table, errors) = parse(&["a.b=1", "a.c=x=y", "a.b=2"]);
        assert_eq!(errors, "");
        assert_eq!(table.node(&["a", "b"]).unwrap().body, Body::Leaf(Raw::Plain("2".into())));
        let node = table.node(&["a", "c"]).unwrap();
        assert_eq!(node.body, Body::Leaf(Raw::Plain("x=y".into())));
        assert_eq!(node.origin.to_string(), "--set a.c");
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        assert_eq!(
            parse(&["binders.kafka.password:hunter2"]).1,
            "--set binders.kafka.password: write KEY=VALUE"
        );
        assert_eq!(parse(&["hunter2"]).1, "--set : write KEY=VALUE");
        assert_eq!(parse(&["=hunter2"]).1, "--set : write KEY=VALUE");
    }
}
