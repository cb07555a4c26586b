//! Which functions this process runs.

use std::collections::BTreeSet;

use binder_core::{Error, ErrorKind, Result};

/// A function and the destinations it joins: all that choosing needs.
pub(super) struct Choice<'a> {
    pub(super) name: &'a str,
    /// Destinations it reads on binders that other processes cannot reach.
    pub(super) reads_alone: Vec<&'a str>,
    /// The same for what it writes.
    pub(super) writes_alone: Vec<&'a str>,
}

/// The names that `--only` stands for: themselves, and those that have to run with them.
///
/// # Errors
///
/// For a name that no function has, also in `together`.
pub(super) fn names(
    only: &[String],
    functions: &[&str],
    together: &[Vec<String>],
) -> Result<BTreeSet<String>> {
    together.iter().flatten().try_for_each(|name| known("`together`", name, functions))?;
    if only.is_empty() {
        return Ok(functions.iter().map(ToString::to_string).collect());
    }
    let mut chosen = BTreeSet::new();
    for name in only {
        known("--only", name, functions)?;
        chosen.insert(name.clone());
        for others in together.iter().filter(|others| others.contains(name)) {
            chosen.extend(others.iter().cloned());
        }
    }
    Ok(chosen)
}

fn known(who: &str, name: &str, functions: &[&str]) -> Result<()> {
    if functions.contains(&name) {
        return Ok(());
    }
    let why = format!("{who} names `{name}`, which is no function of this application");
    let hint = format!("its functions are `{}`", functions.join("`, `"));
    Err(Error::new(ErrorKind::Config, why).with_hint(hint))
}

/// Refuses a choice that cuts a stream which lives in one process.
///
/// # Errors
///
/// Names the function that is missing.
pub(super) fn check_shared(chosen: &BTreeSet<String>, functions: &[Choice<'_>]) -> Result<()> {
    let (inside, outside): (Vec<_>, Vec<_>) =
        functions.iter().partition(|function| chosen.contains(function.name));
    for function in inside {
        for read in &function.reads_alone {
            if let Some(writer) = outside.iter().find(|other| other.writes_alone.contains(read)) {
                return Err(cut(function.name, "reads", read, writer.name, "writer"));
            }
        }
        for written in &function.writes_alone {
            let read = |other: &&&Choice<'_>| other.reads_alone.contains(written);
            let read_inside = functions
                .iter()
                .any(|other| chosen.contains(other.name) && other.reads_alone.contains(written));
            if let (Some(reader), false) = (outside.iter().find(read), read_inside) {
                return Err(cut(function.name, "writes", written, reader.name, "reader"));
            }
        }
    }
    Ok(())
}

fn cut(function: &str, verb: &str, destination: &str, other: &str, role: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "--only leaves out `{other}`, the {role} of `{destination}` that `{function}` {verb}, \
             and this binder is not shared between processes"
        ),
    )
    .with_hint(format!("add `{other}` to --only, leave --only out, or choose a broker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_takes_along_what_has_to_run_together() {
        let together = [vec!["tally".to_owned(), "ends".to_owned()]];
        let functions = ["lines", "parse", "tally", "ends"];
        let chosen = names(&["ends".to_owned()], &functions, &together).unwrap();
        assert_eq!(chosen, set(&["tally", "ends"]));
        assert_eq!(names(&[], &functions, &together).unwrap().len(), 4);
        let error = names(&["pars".to_owned()], &functions, &together).unwrap_err().to_string();
        assert!(error.contains("`pars`") && error.contains("`parse`"), "{error}");
    }

    #[test]
    fn a_cut_stream_names_the_missing_side() {
        let functions = || {
            [
                Choice { name: "lines", reads_alone: vec![], writes_alone: vec!["lines"] },
                Choice { name: "parse", reads_alone: vec!["lines"], writes_alone: vec!["hits"] },
            ]
        };
        let error = check_shared(&set(&["parse"]), &functions()).unwrap_err().to_string();
        assert!(error.contains("leaves out `lines`, the writer"), "{error}");
        let error = check_shared(&set(&["lines"]), &functions()).unwrap_err().to_string();
        assert!(error.contains("leaves out `parse`, the reader"), "{error}");
        assert!(check_shared(&set(&["lines", "parse"]), &functions()).is_ok());
    }
}
