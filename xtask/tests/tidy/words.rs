//! Words that have no place in the project's files.

use crate::File;

const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];
/// Folders of one machine.
const FOLDERS: [&str; 3] = ["/work/", "/root/", "/home/"];
/// Where packages come from is the business of the tools that fetch them.
const HOSTS: [&str; 9] = [
    "crates.io",
    "repo1.maven.org",
    "repo.maven.apache.org",
    "registry.npmjs.org",
    "pypi.org",
    "proxy.golang.org",
    "deb.debian.org",
    "docker.io",
    "hub.docker.com",
];
/// What cargo itself writes into `Cargo.lock`.
const LOCK_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Whole words, as written.
const NAMES: [&str; 6] = ["AI", "LLM", "LLMs", "Claude", "Anthropic", "ChatGPT"];
/// Lower-case phrases, in any case.
const PHRASES: [&str; 5] =
    ["language model", "subagent", "sub-agent", "coding agent", "coding assistant"];

/// Marks of unfinished work.
pub(crate) fn marks(file: &File) -> Vec<String> {
    lines(file, |line| words(line).any(|word| MARKS.contains(&word)))
}

/// Paths of a machine and hosts of registries.
pub(crate) fn places(file: &File) -> Vec<String> {
    lines(file, |line| {
        let line = line.replace(LOCK_SOURCE, "");
        FOLDERS.iter().any(|folder| starts_a_path(&line, folder))
            || HOSTS.iter().any(|host| line.contains(host))
    })
}

/// How the project came about is not what its texts are about.
pub(crate) fn off_topic(file: &File) -> Vec<String> {
    let is_text = file.path.ends_with(".md");
    lines(file, |line| {
        let low = line.to_lowercase();
        words(line).any(|word| NAMES.contains(&word))
            || PHRASES.iter().any(|phrase| low.contains(phrase))
            || (is_text && (speaks_of_agents(&low) || speaks_of_sessions(&low)))
    })
}

/// A user agent is a header of the web; any other is meant here.
fn speaks_of_agents(low: &str) -> bool {
    let known = ["user agent", "user-agent", "user_agent"];
    let rest = known.iter().fold(low.to_owned(), |rest, known| rest.replace(known, ""));
    words(&rest).any(|word| word == "agent" || word == "agents")
}

/// A session of a broker's client has a time-out, a window or a key; any other is meant here.
fn speaks_of_sessions(low: &str) -> bool {
    low.match_indices("session").any(|(at, word)| {
        let after = low[at + word.len()..].trim_start_matches([' ', '.', '_', '-']);
        !["time", "window"].iter().any(|known| after.starts_with(known))
    })
}

/// Whether `folder` stands where a path begins, and not in the middle of a longer one.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !".-_})]$*".contains(c))
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn lines(file: &File, wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let numbered = file.text.lines().zip(1..).filter(|(line, _)| wrong(line));
    numbered.map(|(line, number)| format!("{}:{number}: {}", file.path, line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file;

    fn found(check: impl Fn(&File) -> Vec<String>, path: &str, line: &str) -> bool {
        !check(&file(path, line)).is_empty()
    }

    #[test]
    fn marks_are_words_of_their_own() {
        assert_eq!(marks(&file("a.rs", "x\n// TODO: more")), ["a.rs:2: // TODO: more"]);
        assert!(found(marks, "a.md", "FIXME"));
        assert!(!found(marks, "a.rs", "mktemp XXXXXX todo"));
    }

    #[test]
    fn places_are_found_where_a_path_begins() {
        for line in ["see /work/main", "\"/home/me/a\"", "(/root/.m2)", "from crates.io"] {
            assert!(found(places, "a.md", line), "{line}");
        }
        for line in ["target/work/", "$X/home/a", "/workers/", LOCK_SOURCE] {
            assert!(!found(places, "a.md", line), "{line}");
        }
    }

    #[test]
    fn texts_are_about_the_project() {
        for line in ["made by an agent", "AI wrote it", "in this session", "a Language Model"] {
            assert!(found(off_topic, "a.md", line), "{line}");
        }
        for line in [
            "the user agent",
            "session time-out",
            "`session.timeout.ms`",
            "AIR",
            "`session_window`",
        ] {
            assert!(!found(off_topic, "a.md", line), "{line}");
        }
        assert!(found(off_topic, "a.rs", "// by Claude"));
        assert!(!found(off_topic, "a.rs", "let agent = hit.agent;"));
    }
}
