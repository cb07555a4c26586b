//! Counts by texts of strangers, in bounded memory.

use std::collections::BTreeMap;

/// How many different texts are counted one by one.
pub(super) const KEYS: usize = 100;
/// What is counted together beyond that.
pub(super) const OTHERS: &str = "others";
/// The most of a text that tells it from another, in bytes.
pub(super) const KEY: usize = 1_100;

/// Counts one more of that text, or of the others once there are [`KEYS`].
pub(super) fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, others: impl FnOnce() -> K) {
    let key = match counts.contains_key(&key) || counts.len() < KEYS {
        true => key,
        false => others(),
    };
    *counts.entry(key).or_default() += 1;
}

/// A text that is too long, cut between two characters to [`KEY`] bytes.
pub(super) fn key(mut text: String) -> String {
    const CUT: char = '…';
    if text.len() > KEY {
        let mut end = KEY - CUT.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.shrink_to_fit();
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_end_are_a_hundred_and_the_others() {
        let mut counts = BTreeMap::new();
        for round in 0..3 {
            for text in 0..1_000 {
                count(&mut counts, format!("{text:04}"), || OTHERS.to_owned());
            }
            assert_eq!(counts.len(), KEYS + 1, "in round {round}");
        }
        assert_eq!(counts["0099"], 3);
        assert_eq!(counts[OTHERS], 3 * 900);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(key("é".repeat(KEY / 2)), "é".repeat(KEY / 2));
        for start in ["", "a"] {
            let cut = key(format!("{start}{}", "é".repeat(KEY)));
            assert!(cut.ends_with("é…") && (KEY - 1..=KEY).contains(&cut.len()), "{}", cut.len());
        }
    }
}
