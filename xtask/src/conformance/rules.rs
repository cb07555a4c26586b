//! What may be ignored, from `docs/spec/allowed-ignores.toml`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::conformance::{numbers::Number, read, target::Target};

const FILE: &str = "docs/spec/allowed-ignores.toml";
/// The table of what holds for every binder.
const EVERY: &str = "every";
const NOT_BUILT: &str = "not-built";
const PARTS: &str = "not-built-in-part";

/// Reasons by number.
type Reasons = BTreeMap<String, String>;

/// The tables of the file.
#[derive(Debug, Default)]
pub(crate) struct Rules(BTreeMap<String, Reasons>);

impl Rules {
    /// Those of the repository.
    pub(crate) fn load() -> Result<Self> {
        Self::parse(&read(FILE)?).with_context(|| FILE.to_owned())
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let tables: BTreeMap<String, Reasons> = toml::from_str(text)?;
        let known = |table: &str| {
            [EVERY, NOT_BUILT, PARTS].contains(&table)
                || Target::ALL.iter().any(|target| target.name() == table)
        };
        for (table, reasons) in &tables {
            if !known(table) {
                bail!("`[{table}]` is no binder");
            }
            for (id, reason) in reasons {
                Number::parse(id)
                    .ok()
                    .filter(|number| number.id() == *id)
                    .with_context(|| format!("`{id}` in `[{table}]` is not one of C01 to C48"))?;
                if reason.is_empty() {
                    bail!("`{id}` in `[{table}]` has no reason");
                }
            }
        }
        Ok(Self(tables))
    }

    /// Why that binder may ignore the number, if it may.
    pub(crate) fn allows(&self, target: Target, number: Number) -> Option<&str> {
        self.reason(target.name(), number).or_else(|| self.reason(EVERY, number))
    }

    /// Why there is nothing to show yet, if there is nothing.
    pub(crate) fn not_built(&self, number: Number) -> Option<&str> {
        self.reason(NOT_BUILT, number)
    }

    /// The part of a number that is not due yet, if there is one.
    pub(crate) fn part_not_built(&self, number: Number) -> Option<&str> {
        self.reason(PARTS, number)
    }

    fn reason(&self, table: &str, number: Number) -> Option<&str> {
        self.0.get(table)?.get(&number.id()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_or_number_that_is_none_is_refused() {
        assert!(Rules::parse("[memory]\nC08 = \"why\"").is_ok());
        for wrong in ["[kafak]\n", "[memory]\nC8 = \"why\"", "[memory]\nC49 = \"why\"", "x"] {
            assert!(Rules::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Rules::parse("[memory]\nC08 = \"\"").is_err());
    }

    #[test]
    fn what_is_allowed_on_every_binder_is_allowed_on_each() {
        let rules = Rules::parse("[every]\nC32 = \"a\"\n[amqp]\nC16 = \"b\"").unwrap();
        let number = |id| Number::parse(id).unwrap();
        assert_eq!(rules.allows(Target::Kafka, number("C32")), Some("a"));
        assert_eq!(rules.allows(Target::Amqp, number("C16")), Some("b"));
        assert_eq!(rules.allows(Target::Kafka, number("C16")), None);
    }
}
