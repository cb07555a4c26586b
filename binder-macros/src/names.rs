//! The names of bindings.

use std::collections::BTreeSet;

use syn::LitStr;

use crate::errors::Errors;

/// Reports names that cannot be a key of the configuration, and one output named twice.
pub(crate) fn check(names: &[LitStr], errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for name in names {
        let text = name.value();
        if let Some(why) = fault(&text) {
            errors.at(name, format!("binding name {text:?} {why}: names match `[a-z][a-z0-9_-]*`"));
        }
        if !seen.insert(text) {
            errors.at(
                name,
                format!(
                    "output {:?} is named twice: to send several messages to one output return \
                     a `Vec`",
                    name.value(),
                ),
            );
        }
    }
}

/// The longest name, with room for a group's suffix in what brokers take.
const LENGTH: usize = 240;

fn fault(name: &str) -> Option<String> {
    if name.len() > LENGTH {
        return Some(format!("is longer than {LENGTH} bytes"));
    }
    let mut chars = name.chars();
    match chars.next() {
        None => return Some("is empty".into()),
        Some('a'..='z') => {}
        Some(first) => return Some(format!("begins with {first:?}")),
    }
    let wrong = chars.find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'));
    wrong.map(|wrong| format!("has {wrong:?}"))
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn names_are_keys_of_the_configuration() {
        for name in ["a", "orders", "orders-2_x"] {
            assert_eq!(fault(name), None);
        }
        for (name, why) in [
            ("", "is empty"),
            ("Orders", "begins with 'O'"),
            ("1st", "begins with '1'"),
            ("shop.orders", "has '.'"),
            ("ordérs", "has 'é'"),
            (&"x".repeat(241), "is longer than 240 bytes"),
        ] {
            assert_eq!(fault(name).as_deref(), Some(why));
        }
    }
}
