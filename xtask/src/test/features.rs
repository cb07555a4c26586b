//! The sets of cargo features that must compile cleanly, read from the manifests themselves.

use std::fmt;

use anyhow::Result;
use cargo_metadata::{MetadataCommand, Package};

use crate::command;

/// One package with one choice of its features.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FeatureSet {
    package: String,
    chosen: Chosen,
}

#[derive(Debug, PartialEq, Eq)]
enum Chosen {
    Nothing,
    One(String),
    Everything,
}

impl FeatureSet {
    /// What cargo has to be told.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["--package", &self.package];
        match &self.chosen {
            Chosen::Nothing => arguments.push("--no-default-features"),
            Chosen::One(feature) => {
                arguments.extend(["--no-default-features", "--features", feature])
            }
            Chosen::Everything => arguments.push("--all-features"),
        }
        arguments
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.chosen {
            Chosen::Nothing => write!(f, "{} without features", self.package),
            Chosen::One(feature) => write!(f, "{} with {feature}", self.package),
            Chosen::Everything => write!(f, "{} with all features", self.package),
        }
    }
}

/// What a feature begins with that builds a fault in, which the tests have to find.
const MUTANT: &str = "mutant-";

/// The sets of every member that has features.
pub(crate) fn of_members() -> Result<Vec<FeatureSet>> {
    let members = members()?;
    let sets = members
        .iter()
        .flat_map(|package| sets(&package.name, package.features.keys().map(String::as_str)));
    Ok(sets.collect())
}

/// The faults that can be built into the framework, by the names of their features.
pub(crate) fn mutants() -> Result<Vec<String>> {
    let members = members()?;
    let framework = members.into_iter().filter(|package| package.name.as_str() == "stream-binder");
    let features = framework.flat_map(|package| package.features.into_keys());
    Ok(features.filter(|feature| feature.starts_with(MUTANT)).collect())
}

fn members() -> Result<Vec<Package>> {
    let manifest = command::repository().join("Cargo.toml");
    Ok(MetadataCommand::new().manifest_path(manifest).no_deps().exec()?.packages)
}

/// None, each alone, all together; a package without features has no sets. A fault is built alone
/// where it has to be found.
fn sets<'a>(package: &str, features: impl Iterator<Item = &'a str>) -> Vec<FeatureSet> {
    let wanted = |feature: &&str| *feature != "default" && !feature.starts_with(MUTANT);
    let features: Vec<&str> = features.filter(wanted).collect();
    if features.is_empty() {
        return Vec::new();
    }
    let mut chosen = vec![Chosen::Nothing];
    chosen.extend(features.iter().map(|feature| Chosen::One((*feature).to_owned())));
    if features.len() > 1 {
        chosen.push(Chosen::Everything);
    }
    chosen.into_iter().map(|chosen| FeatureSet { package: package.to_owned(), chosen }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(features: &[&str]) -> Vec<String> {
        sets("p", features.iter().copied()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_feature_is_tried_alone_and_with_the_others() {
        assert!(shown(&[]).is_empty());
        assert!(shown(&["default", "mutant-x"]).is_empty());
        assert_eq!(shown(&["default", "memory"]), ["p without features", "p with memory"]);
        assert_eq!(
            shown(&["amqp", "memory"]),
            ["p without features", "p with amqp", "p with memory", "p with all features"]
        );
    }

    #[test]
    fn the_faults_are_known() {
        let mutants = mutants().unwrap();
        assert!(mutants.contains(&"mutant-acknowledge-first".to_owned()), "{mutants:?}");
        assert!(mutants.len() >= 7, "{mutants:?}");
    }

    #[test]
    fn a_single_feature_switches_the_default_off() {
        let sets = sets("p", ["memory"].into_iter());
        let last = sets.last().map(FeatureSet::arguments);
        let expected = ["--package", "p", "--no-default-features", "--features", "memory"];
        assert_eq!(last.as_deref(), Some(expected.as_slice()));
    }
}
