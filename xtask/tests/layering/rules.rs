//! The rules, apart from where the facts come from.

/// A package of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) is_example: bool,
    pub(crate) default_features: Vec<String>,
    pub(crate) needs: Vec<Need>,
}

/// A dependency as a manifest states it; build dependencies count as always needed.
pub(crate) struct Need {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Always,
    Optional,
    Tests,
}

/// What one member may need of ours.
struct Allowed {
    always: &'static [&'static str],
    optional: &'static [&'static str],
    tests: &'static [&'static str],
}

/// Each client library and the one member that may name it.
const CLIENTS: [(&str, &str); 5] = [
    ("rdkafka", "binder-kafka"),
    ("rdkafka-sys", "binder-kafka"),
    ("lapin", "binder-amqp"),
    ("amq-protocol", "binder-amqp"),
    ("amqprs", "binder-amqp"),
];

/// The core decides and does nothing: no runtime, no chance.
const NOT_IN_THE_CORE: [&str; 5] = ["tokio", "async-std", "rand", "fastrand", "getrandom"];

/// None for a member without a rule.
fn allowed(member: &Member) -> Option<Allowed> {
    let (always, optional, tests): (&[_], &[_], &[_]) = match member.name.as_str() {
        _ if member.is_example => (&["stream-binder"], &[], &["binder-testkit"]),
        "faults" => (&["stream-binder"], &[], &[]),
        "binder-core" | "xtask" => (&[], &[], &[]),
        "binder-macros" => (&[], &[], &["stream-binder"]),
        // It compiles files of the binders, and depends on none.
        "models" => (&["binder-core"], &[], &[]),
        "binder-memory" | "binder-kafka" | "binder-amqp" => {
            (&["binder-core"], &[], &["binder-testkit", "stream-binder"])
        }
        "binder-testkit" => (&["binder-core"], &["stream-binder"], &["binder-memory"]),
        "stream-binder" => (
            &["binder-core", "binder-macros"],
            &["binder-memory", "binder-kafka", "binder-amqp"],
            &["binder-testkit", "binder-memory", "binder-kafka", "binder-amqp"],
        ),
        _ => return None,
    };
    Some(Allowed { always, optional, tests })
}

/// Every dependency that breaks a rule, each with the rule.
pub(crate) fn violations(members: &[Member]) -> Vec<String> {
    let ours: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    members.iter().flat_map(|member| violations_of(member, &ours)).collect()
}

fn violations_of(member: &Member, ours: &[&str]) -> Vec<String> {
    let name = &member.name;
    let Some(allowed) = allowed(member) else {
        return vec![format!("{name}: no rule for this member; write one beside the others")];
    };
    let mut found = Vec::new();
    for need in &member.needs {
        if ours.contains(&need.name.as_str()) && !allowed.admits(need) {
            found.push(format!("{name} may not need {} ({:?})", need.name, need.kind));
        }
        if let Some((client, owner)) = CLIENTS.iter().find(|(client, _)| *client == need.name)
            && owner != name
        {
            found.push(format!("{name} needs {client}, which {owner} alone may"));
        }
        if name == "binder-core"
            && need.kind != Kind::Tests
            && NOT_IN_THE_CORE.contains(&need.name.as_str())
        {
            found.push(format!("{name} needs {}: no runtime and no chance there", need.name));
        }
    }
    let brokers = member.default_features.iter().filter(|feature| *feature != "memory");
    if name == "stream-binder" {
        found.extend(brokers.map(|feature| {
            format!("{name} has {feature} among its default features; memory alone may be")
        }));
    }
    found
}

impl Allowed {
    fn admits(&self, need: &Need) -> bool {
        let name = need.name.as_str();
        match need.kind {
            Kind::Always => self.always.contains(&name),
            Kind::Optional => self.always.contains(&name) || self.optional.contains(&name),
            Kind::Tests => self.always.contains(&name) || self.tests.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, needs: &[(&str, Kind)]) -> Member {
        Member {
            name: name.to_owned(),
            is_example: false,
            default_features: Vec::new(),
            needs: needs
                .iter()
                .map(|(name, kind)| Need { name: (*name).to_owned(), kind: *kind })
                .collect(),
        }
    }

    /// The needs of `name` that break a rule, with all of ours in the workspace.
    fn wrong(name: &str, needs: &[(&str, Kind)]) -> usize {
        let ours = [
            "binder-core",
            "binder-macros",
            "binder-memory",
            "binder-kafka",
            "binder-amqp",
            "binder-testkit",
            "stream-binder",
        ];
        violations_of(&member(name, needs), &ours).len()
    }

    #[test]
    fn the_core_needs_nothing_of_ours_and_no_runtime() {
        assert_eq!(wrong("binder-core", &[("bytes", Kind::Always)]), 0);
        assert_eq!(wrong("binder-core", &[("tokio", Kind::Always)]), 1);
        assert_eq!(wrong("binder-core", &[("rand", Kind::Optional)]), 1);
        assert_eq!(wrong("binder-core", &[("binder-macros", Kind::Always)]), 1);
        assert_eq!(wrong("binder-core", &[("binder-testkit", Kind::Tests)]), 1);
    }

    #[test]
    fn a_binder_needs_the_core_alone() {
        assert_eq!(wrong("binder-kafka", &[("binder-core", Kind::Always)]), 0);
        assert_eq!(wrong("binder-kafka", &[("binder-memory", Kind::Always)]), 1);
        assert_eq!(wrong("binder-kafka", &[("binder-memory", Kind::Tests)]), 1);
        assert_eq!(wrong("binder-amqp", &[("stream-binder", Kind::Always)]), 1);
    }

    #[test]
    fn the_facade_takes_binders_by_feature_only() {
        assert_eq!(wrong("stream-binder", &[("binder-kafka", Kind::Optional)]), 0);
        assert_eq!(wrong("stream-binder", &[("binder-kafka", Kind::Always)]), 1);
        let mut facade = member("stream-binder", &[]);
        facade.default_features = vec![String::from("memory"), String::from("kafka")];
        assert_eq!(violations(&[facade]).len(), 1);
    }

    #[test]
    fn the_testkit_is_for_tests() {
        for name in ["stream-binder", "binder-memory"] {
            assert_eq!(wrong(name, &[("binder-testkit", Kind::Tests)]), 0, "{name}");
            assert_eq!(wrong(name, &[("binder-testkit", Kind::Always)]), 1, "{name}");
            assert_eq!(wrong(name, &[("binder-testkit", Kind::Optional)]), 1, "{name}");
        }
        assert_eq!(wrong("binder-testkit", &[("stream-binder", Kind::Optional)]), 0);
        assert_eq!(wrong("binder-testkit", &[("stream-binder", Kind::Always)]), 1);
    }

    #[test]
    fn a_client_library_belongs_to_its_binder() {
        assert_eq!(wrong("binder-kafka", &[("rdkafka", Kind::Always)]), 0);
        assert_eq!(wrong("binder-amqp", &[("rdkafka", Kind::Always)]), 1);
        assert_eq!(wrong("stream-binder", &[("lapin", Kind::Optional)]), 1);
    }

    #[test]
    fn an_example_needs_the_facade_alone() {
        let example = |name| {
            let mut example = member("shop", &[(name, Kind::Always)]);
            example.is_example = true;
            violations_of(&example, &["binder-core", "stream-binder"]).len()
        };
        assert_eq!(example("stream-binder"), 0);
        assert_eq!(example("binder-core"), 1);
    }

    #[test]
    fn a_member_without_a_rule_is_a_violation() {
        assert_eq!(wrong("binder-new", &[]), 1);
    }
}
