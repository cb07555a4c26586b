//! What Rust files must and must not have.

use crate::File;

const FORBID: &str = "#![forbid(unsafe_code)]";
/// The one member with an unsafe module.
const UNSAFE: &str = "binder-kafka/";
/// Endings of names that say nothing about the thing.
const EMPTY: [&str; 7] = ["Manager", "Helper", "Helpers", "Util", "Utils", "Impl", "Factory"];
const DECLARES: [&str; 7] = ["struct", "enum", "union", "trait", "type", "mod", "fn"];

/// Declared names that end in an empty word, and functions named `get_…`.
pub(crate) fn empty_names(file: &File) -> Vec<String> {
    let declared = file.text.lines().zip(1..).flat_map(|(line, number)| {
        declarations(line).into_iter().map(move |(what, name)| (number, what, name))
    });
    declared
        .filter(|(_, what, name)| is_empty(name) || (*what == "fn" && name.starts_with("get_")))
        .map(|(number, what, name)| format!("{}:{number}: {what} {name}", file.path))
        .collect()
}

fn declarations(line: &str) -> Vec<(&str, &str)> {
    let code = line.split("//").next().unwrap_or_default();
    let words: Vec<&str> = code.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0]));
    pairs.map(|pair| (pair[0], identifier(pair[1]))).collect()
}

fn identifier(word: &str) -> &str {
    word.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// `OrderManager` and `order_manager`, but neither `Implied` nor `refactory`.
fn is_empty(name: &str) -> bool {
    EMPTY.iter().any(|word| {
        let low = word.to_lowercase();
        name.ends_with(word) || name == low || name.ends_with(&format!("_{low}"))
    })
}

/// A crate root that does not forbid unsafe code before its first item.
pub(crate) fn without_forbid_unsafe(file: &File) -> Vec<String> {
    let is_root = file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
    let mut head = file
        .text
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("//") || line.starts_with("#!"));
    if !is_root || file.path.starts_with(UNSAFE) || head.any(|line| line == FORBID) {
        return Vec::new();
    }
    vec![format!("{}: no {FORBID} at its head", file.path)]
}

/// A call of `sleep` in a test without a comment on its line or the line above.
pub(crate) fn sleeps_without_reason(file: &File) -> Vec<String> {
    if !file.path.split('/').any(|folder| folder == "tests") {
        return Vec::new();
    }
    let mut above = "";
    let mut found = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        let explained = line.contains("// ") || above.trim_start().starts_with("//");
        if line.contains("sleep(") && !explained {
            found.push(format!("{}:{number}: {}", file.path, line.trim()));
        }
        above = line;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file;

    #[test]
    fn names_that_say_nothing_are_found() {
        for line in [
            "pub struct OrderManager {",
            "enum Factory {",
            "pub(crate) trait BindingUtils: Send {",
            "mod util;",
            "mod order_helper {",
            "pub async fn get_name(&self) -> &str {",
            "type BinderImpl<T> = Box<T>;",
        ] {
            assert_eq!(empty_names(&file("a.rs", line)).len(), 1, "{line}");
        }
        assert_eq!(empty_names(&file("a.rs", "\nmod util;")), ["a.rs:2: mod util"]);
    }

    #[test]
    fn names_that_say_something_are_not() {
        for line in [
            "struct Implied;",
            "fn get(&self) {}",
            "fn budget_of(&self) {}",
            "// mod util is not code",
            "impl OtherCrateManager for Order {",
            "mod refactory;",
        ] {
            assert!(empty_names(&file("a.rs", line)).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_root_must_forbid_before_its_first_item() {
        let good = "//! Words.\n\n#![forbid(unsafe_code)]\n\nmod a;";
        assert!(without_forbid_unsafe(&file("binder/src/lib.rs", good)).is_empty());
        let late = "mod a;\n#![forbid(unsafe_code)]";
        assert_eq!(without_forbid_unsafe(&file("binder/src/lib.rs", late)).len(), 1);
        assert_eq!(without_forbid_unsafe(&file("xtask/src/main.rs", "mod a;")).len(), 1);
        assert!(without_forbid_unsafe(&file("binder/src/app.rs", "mod a;")).is_empty());
        assert!(without_forbid_unsafe(&file("binder-kafka/src/lib.rs", "mod a;")).is_empty());
    }

    #[test]
    fn a_sleep_needs_its_reason() {
        let path = "binder/tests/drain.rs";
        assert_eq!(
            sleeps_without_reason(&file(path, "a;\n    sleep(second).await;")),
            ["binder/tests/drain.rs:2: sleep(second).await;"]
        );
        for good in ["// The clock is virtual.\nsleep(second)", "sleep(second) // virtual clock"] {
            assert!(sleeps_without_reason(&file(path, good)).is_empty(), "{good}");
        }
        assert!(sleeps_without_reason(&file("binder/src/every.rs", "sleep(second)")).is_empty());
    }
}
