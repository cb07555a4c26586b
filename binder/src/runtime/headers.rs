//! Which headers of an input its outputs inherit.

use binder_core::Headers;
use binder_core::logic::{dead_letter, redrive, retry};

/// Names that say something about one delivery or one payload, in lower case.
const NEVER: [&str; 6] = [
    "contenttype",
    "content-type",
    "content-encoding",
    "spring_json_header_types",
    "scst_partition",
    "x-death",
];

/// Whether a header crosses from input to output.
fn is_copied(name: &[u8]) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    let ours = dead_letter::HEADERS.iter().chain(&redrive::HEADERS).chain(&retry::HEADERS);
    !NEVER.iter().chain(ours).copied().any(is)
}

/// Adds the headers of the input that the output has not set itself.
pub(crate) fn copy(from: &Headers, to: &mut Headers) {
    if from.is_empty() {
        return;
    }
    let own = to.clone();
    for (name, value) in from.iter() {
        let set = own.iter().any(|(other, _)| other == name);
        if !set && is_copied(name) {
            to.push(name.clone(), value.cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_inherits_what_it_has_not_set_and_what_is_not_the_delivery_s() {
        let mut from = Headers::new();
        from.push("run", Some("r1".into()));
        from.push("tag", Some("1".into()));
        from.push("tag", Some("2".into()));
        from.push("own", Some("input".into()));
        from.push("Content-Type", Some("text/plain".into()));
        from.push("x-failure-cause", Some("boom".into()));
        from.push("x-redrive-group", Some("billing".into()));
        from.push("x-retry-due", Some("1".into()));
        let mut to = Headers::new();
        to.push("own", Some("output".into()));
        copy(&from, &mut to);
        let names: Vec<_> = to.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, ["own", "run", "tag", "tag"]);
        assert_eq!(to.text("own"), Some("output"));
    }
}
