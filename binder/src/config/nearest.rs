//! The word that was probably meant.

/// How alike two words must be to be taken for each other, by Jaro and Winkler's measure.
const ALIKE: f64 = 0.8;

/// The candidate most like `word`, if any is like it.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// What to say after "unknown …": the nearest name, else all of them.
pub(crate) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return format!("the nearest is `{candidate}`");
    }
    let all: Vec<_> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    if all.is_empty() { "there is none".to_owned() } else { format!("there is {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word_and_strangers_find_none() {
        let keys = ["group", "destination", "dead_letter", "max_attempts", "order"];
        for (word, meant) in [
            ("grup", "group"),
            ("Group", "group"),
            ("deadLetter", "dead_letter"),
            ("maxAttempts", "max_attempts"),
            ("orders", "order"),
            ("dest", "destination"),
        ] {
            assert_eq!(nearest(word, keys), Some(meant), "{word}");
        }
        assert_eq!(nearest("zzz", keys), None);
        assert_eq!(suggestion("zzz", ["a", "b"]), "there is `a`, `b`");
        assert_eq!(suggestion("zzz", []), "there is none");
    }
}
