//! The group of an input, and where its dead letters go.

use binder_core::{BindingName, Destination, Group};

use crate::config::resolve::{FunctionNames, Resolver};
use crate::config::section::Section;

impl Resolver<'_> {
    /// The group, the inner `None` for an anonymous input.
    pub(crate) fn group(
        &mut self,
        function: &FunctionNames<'_>,
        binding: &BindingName,
        section: &Section<'_>,
    ) -> Option<Option<Group>> {
        let given = section.text("group");
        let anonymous = section.flag("anonymous").is_some_and(|found| found.value);
        let Some(found) = given else {
            if anonymous {
                return Some(None);
            }
            return match Group::new(format!("{}.{}", self.app, function.name)) {
                Ok(group) => Some(Some(group)),
                Err(error) => {
                    let text = format!("{error}; set `group`, or `app.name`");
                    self.problems.missing(&format!("bindings.{binding}.group"), text);
                    None
                }
            };
        };
        if anonymous {
            let text = "an anonymous input has no group; remove `group` or `anonymous`";
            self.problems.at(found.origin, &found.key, text);
        }
        let readers = self.functions.iter().filter(|f| f.inputs.contains(&binding.as_str()));
        let readers: Vec<_> = readers.map(|function| format!("`{}`", function.name)).collect();
        if readers.len() > 1 {
            let text = format!(
                "{} all read `{binding}`, and in one group each message would reach only one of \
                 them; remove `group`, or give each function a binding of its own",
                readers.join(", ")
            );
            self.problems.at(found.origin, &found.key, text);
        }
        // The schema has checked the name.
        Group::new(found.value).ok().map(Some)
    }

    /// Where the dead letters of each of these destinations go, if anywhere: to one that has a
    /// name, or each to its own.
    pub(crate) fn dead_letters(
        &mut self,
        section: &Section<'_>,
        read: &[Destination],
        group: Option<&Group>,
    ) -> Vec<Option<Destination>> {
        read.iter().map(|destination| self.dead_letter(section, destination, read, group)).collect()
    }

    fn dead_letter(
        &mut self,
        section: &Section<'_>,
        destination: &Destination,
        read: &[Destination],
        group: Option<&Group>,
    ) -> Option<Destination> {
        let whether = section.flag("dead_letter");
        let (name, origin, key) = match (section.text("dead_letter"), whether, group) {
            (Some(found), ..) => (found.value.to_owned(), found.origin, found.key),
            (None, Some(found), Some(group)) if found.value => {
                (format!("{destination}.{group}.dlq"), found.origin, found.key)
            }
            (None, Some(found), None) if found.value => (String::new(), found.origin, found.key),
            _ => return None,
        };
        let refusal = match Destination::new(&name) {
            _ if group.is_none() => {
                "an anonymous input has no dead letters; remove `dead_letter` or `anonymous`".into()
            }
            Err(error) => error.to_string(),
            Ok(dead) if read.contains(&dead) => {
                format!("`{dead}` is what the input itself reads; choose another destination")
            }
            Ok(dead) => return Some(dead),
        };
        self.problems.at(origin, &key, refusal);
        None
    }
}
