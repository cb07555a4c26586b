use proptest::collection::btree_map;
use proptest::prelude::*;

use super::*;

fn origin(n: u16) -> Origin {
    Origin::Argument(n.to_string().into())
}

/// Trees over few names, so that layers meet; the value of a leaf is also its origin.
fn tree() -> impl Strategy<Value = Table<u16>> {
    let leaf = any::<u16>().prop_map(|n| Node::leaf(origin(n), n));
    let node = leaf.prop_recursive(3, 12, 3, |inner| {
        let origins = any::<u16>().prop_map(origin);
        (origins, entries(inner)).prop_map(|(origin, table)| Node::table(origin, table))
    });
    entries(node)
}

fn entries(node: impl Strategy<Value = Node<u16>>) -> impl Strategy<Value = Table<u16>> {
    btree_map("[abc]", node, 0..3).prop_map(|entries| Table { entries, replaces: false })
}

fn leaves(table: &Table<u16>, path: &str) -> BTreeMap<String, (u16, Origin)> {
    let mut all = BTreeMap::new();
    for (name, node) in &table.entries {
        let path = format!("{path}/{name}");
        match &node.body {
            Body::Leaf(n) => drop(all.insert(path, (*n, node.origin.clone()))),
            Body::Table(table) => all.extend(leaves(table, &path)),
        }
    }
    all
}

/// Whether one path is a beginning of the other, whole names only.
fn meet(a: &str, b: &str) -> bool {
    let (a, b) = (format!("{a}/"), format!("{b}/"));
    a.starts_with(&b) || b.starts_with(&a)
}

/// Every path at which something stands, tables included.
fn paths(table: &Table<u16>, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (name, node) in &table.entries {
        let path = format!("{path}/{name}");
        if let Some(table) = node.as_table() {
            all.extend(paths(table, &path));
        }
        all.push(path);
    }
    all
}

proptest! {
    #[test]
    fn merging_is_associative(a in tree(), b in tree(), c in tree()) {
        let left = a.clone().under(b.clone()).under(c.clone());
        let right = a.under(b.under(c));
        prop_assert_eq!(left, right);
    }

    #[test]
    fn the_upper_layer_wins_and_keeps_its_origins(a in tree(), b in tree()) {
        let merged = leaves(&a.under(b.clone()), "");
        for (path, leaf) in leaves(&b, "") {
            prop_assert_eq!(merged.get(&path), Some(&leaf));
        }
    }

    #[test]
    fn what_the_upper_layer_does_not_meet_stays(a in tree(), b in tree()) {
        let merged = leaves(&a.clone().under(b.clone()), "");
        let upper = leaves(&b, "");
        for (path, leaf) in leaves(&a, "") {
            let replaced = upper.keys().any(|other| meet(other, &path))
                || paths(&b, "").contains(&path);
            if !replaced {
                prop_assert_eq!(merged.get(&path), Some(&leaf));
            }
        }
        for (path, leaf) in &merged {
            prop_assert!(upper.get(path) == Some(leaf) || leaves(&a, "").get(path) == Some(leaf));
        }
    }
}

#[test]
fn a_table_over_a_leaf_hides_the_table_below_it() {
    let table = |name: &str, n| {
        let mut table = Table::default();
        table.insert(&["retry", name], Node::leaf(origin(n), n)).unwrap();
        table
    };
    let mut leaf = Table::default();
    leaf.insert(&["retry"], Node::leaf(origin(2), 2)).unwrap();
    let merged = table("a", 1).under(leaf.under(table("b", 3)));
    assert_eq!(leaves(&merged, "").into_keys().collect::<Vec<_>>(), ["/retry/b"]);
}

#[test]
fn what_is_taken_is_not_replaced_by_an_insert() {
    let mut table = Table::default();
    table.insert(&["a", "b"], Node::leaf(origin(1), 1)).unwrap();
    for path in [&["a", "b"][..], &["a"], &["a", "b", "c"]] {
        assert_eq!(table.insert(path, Node::leaf(origin(2), 2)), Err(origin(1)), "{path:?}");
    }
    assert_eq!(table.node(&["a", "b"]).unwrap().body, Body::Leaf(1));
}
