//! Reads environment variables: `BINDER__BINDINGS__ORDERS__GROUP` is `bindings.orders.group`.

use std::ffi::{OsStr, OsString};

use crate::config::layer::Raw;
use crate::config::node::{Body, Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;

/// What the variables of the configuration begin with.
const PREFIX: &str = "BINDER__";

/// What stands between the parts of a key.
const SEPARATOR: &str = "__";

/// The tree of every variable that begins with `BINDER__`; others are none of ours.
pub(crate) fn read(variables: &[(OsString, OsString)], problems: &mut Problems) -> Table<Raw> {
    let mut ours: Vec<_> = variables.iter().filter_map(|(name, value)| ours(name, value)).collect();
    // The order of an environment says nothing; errors should not depend on it.
    ours.sort();
    let mut table = Table::default();
    for (name, value) in ours {
        let origin = Origin::Environment(name.as_str().into());
        let Some(value) = value else {
            problems.with(origin.to_string(), "not UTF-8");
            continue;
        };
        let key = name[PREFIX.len()..].to_lowercase();
        let path: Vec<_> = key.split(SEPARATOR).collect();
        let leaf = Node::leaf(origin.clone(), Raw::Plain(value.to_owned()));
        if let Err(other) = table.insert(&path, leaf) {
            let text = format!("also set, or set in part, by {other}; remove one of the two");
            problems.at(&origin, &key.replace(SEPARATOR, "."), text);
        }
    }
    table
}

fn ours<'a>(name: &OsStr, value: &'a OsStr) -> Option<(String, Option<&'a str>)> {
    let name = name.to_string_lossy();
    name.starts_with(PREFIX).then(|| (name.into_owned(), value.to_str()))
}

/// Gives keys of `table` the spelling that `known` has: a variable can not write the `-` of
/// `my-orders`, and `my_orders` stands for it.
pub(crate) fn respell<V>(table: Table<V>, known: &Table<V>) -> Table<V> {
    let mut respelled = Table::default();
    for (name, node) in table.entries {
        let name = if known.entries.contains_key(&name) {
            name
        } else {
            known.entries.keys().find(|k| written(k) == name).cloned().unwrap_or(name)
        };
        let body = match (node.body, known.table(&name)) {
            (Body::Table(table), Some(known)) => Body::Table(respell(table, known)),
            (body, _) => body,
        };
        respelled.entries.insert(name, Node { origin: node.origin, body });
    }
    respelled
}

/// A name as a variable writes it, in lower case.
pub(crate) fn written(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> (Table<Raw>, String) {
        let mut problems = Problems::default();
        let variables: Vec<_> = variables.iter().map(|(n, v)| (n.into(), v.into())).collect();
        let table = read(&variables, &mut problems);
        (table, problems.error().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn double_underscores_separate_and_single_ones_stay() {
        let (table, errors) = parse(&[
            ("BINDER__RETRY__SLOW__MAX_ATTEMPTS", "9"),
            ("BINDER_CONFIG", "x"),
            ("PATH", "y"),
        ]);
        assert_eq!(errors, "");
        assert_eq!(table.entries.len(), 1);
        let node = table.node(&["retry", "slow", "max_attempts"]).unwrap();
        assert_eq!(node.body, Body::Leaf(Raw::Plain("9".into())));
        assert_eq!(
            node.origin.to_string(),
            "environment variable BINDER__RETRY__SLOW__MAX_ATTEMPTS"
        );
    }

    #[test]
    fn two_variables_for_one_key_are_refused_in_any_order() {
        let a = ("BINDER__BINDINGS__A__RETRY", "slow");
        let b = ("BINDER__BINDINGS__A__RETRY__MAX_ATTEMPTS", "3");
        let expected = "environment variable BINDER__BINDINGS__A__RETRY__MAX_ATTEMPTS: \
                        bindings.a.retry.max_attempts: also set, or set in part, by environment \
                        variable BINDER__BINDINGS__A__RETRY; remove one of the two";
        assert_eq!(parse(&[a, b]).1, expected);
        assert_eq!(parse(&[b, a]).1, expected);
    }

    #[cfg(unix)]
    #[test]
    fn only_our_own_variables_must_be_utf8() {
        use std::os::unix::ffi::OsStringExt;

        let mut problems = Problems::default();
        let bad = || OsString::from_vec(vec![0xff]);
        read(&[("BINDER__GRACE".into(), bad()), ("OTHER".into(), bad())], &mut problems);
        let error = problems.error().unwrap().to_string();
        assert_eq!(error, "environment variable BINDER__GRACE: not UTF-8");
    }

    #[test]
    fn names_take_the_spelling_of_the_other_layers() {
        let table = |path: &[&str]| {
            let mut table = Table::default();
            let origin = Origin::Argument("x".into());
            table.insert(path, Node::leaf(origin, 1)).unwrap();
            table
        };
        let known = table(&["bindings", "my-orders", "group"]);
        let spelled = respell(table(&["bindings", "my_orders", "start"]), &known);
        assert!(spelled.node(&["bindings", "my-orders", "start"]).is_some());
        let spelled = respell(table(&["bindings", "other_one", "start"]), &known);
        assert!(spelled.node(&["bindings", "other_one", "start"]).is_some());
    }
}
