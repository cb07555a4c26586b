//! The reference of all keys, made of the table, so that it can not be behind.

use crate::config::schema::keys::{KEYS, Key, Side};

/// Every key with its type, default and meaning, as a Markdown table.
#[must_use]
pub fn reference() -> String {
    let mut text =
        String::from("| Key | Side | Value | Default | Meaning |\n|---|---|---|---|---|\n");
    for Key { path, side, kind, default, doc } in KEYS {
        let side = match side {
            Side::Neither => "",
            Side::Input => "input",
            Side::Output => "output",
            Side::Both => "both",
        };
        let expected = kind.expected();
        text += &format!("| `{path}` | {side} | {expected} | {default} | {doc} |\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented_in_one_row_of_five_cells() {
        let text = reference();
        let rows: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(rows.len(), KEYS.len());
        for (row, key) in rows.iter().zip(KEYS) {
            assert_eq!(row.matches('|').count(), 6, "{row}");
            assert!(row.starts_with(&format!("| `{}` |", key.path)), "{row}");
            assert!(key.doc.ends_with('.') && !key.default.is_empty(), "{row}");
        }
    }

    #[test]
    fn no_key_stands_twice() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| key.path).collect();
        paths.sort_unstable();
        let all = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
