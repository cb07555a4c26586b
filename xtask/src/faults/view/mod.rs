//! What arrives, and what the broker takes for settled, seen by a client of our own.
//!
//! A look asks first what is settled and reads then what has arrived: whatever is settled and has
//! not arrived by then was settled too early.

mod amqp;
mod kafka;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use crate::faults::{
    check::Arrived,
    ledger::{Failure, Job},
    stage::Names,
};

pub(crate) use amqp::Queues;
pub(crate) use kafka::Topics;

/// Where one looks.
pub(crate) enum View {
    /// Inside the process alone: its ledger says what has arrived.
    Memory,
    Kafka(Topics),
    Amqp(Queues),
}

impl View {
    /// See what is settled, then what has arrived since the last look.
    pub(crate) fn look(&mut self) -> Result<()> {
        match self {
            Self::Memory => Ok(()),
            Self::Kafka(topics) => topics.look(),
            Self::Amqp(queues) => queues.look(),
        }
    }

    /// Everything that has arrived, where it can be seen from outside.
    pub(crate) fn arrived(&self) -> Option<&Arrived> {
        match self {
            Self::Memory => None,
            Self::Kafka(topics) => Some(&topics.arrived),
            Self::Amqp(queues) => Some(&queues.arrived),
        }
    }

    /// What the broker says of the jobs that the group has not settled.
    pub(crate) fn unsettled(&mut self) -> Result<Unsettled> {
        Ok(match self {
            Self::Memory => Unsettled::Unseen,
            Self::Kafka(topics) => topics.unsettled()?.map_or(Unsettled::Unsaid, Unsettled::Jobs),
            Self::Amqp(queues) => Unsettled::Jobs(queues.unsettled()?),
        })
    }

    /// The most that was settled and had not arrived, if it could be seen at all.
    pub(crate) fn ahead(&self) -> Option<u64> {
        match self {
            Self::Memory => None,
            Self::Kafka(topics) => topics.ahead,
            Self::Amqp(queues) => queues.ahead,
        }
    }
}

/// What is to be known of the jobs that are not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsettled {
    /// Nobody outside can see it.
    Unseen,
    /// The broker does not say it now.
    Unsaid,
    /// So many.
    Jobs(u64),
}

impl Unsettled {
    /// What is wrong with it where all jobs have arrived.
    pub(crate) fn complaint(self) -> Option<String> {
        match self {
            Self::Unseen | Self::Jobs(0) => None,
            Self::Unsaid => Some("the broker does not say whether everything is settled".into()),
            Self::Jobs(left) => Some(format!("{left} jobs were never settled")),
        }
    }
}

/// One message, by its headers.
type Headers = BTreeMap<String, String>;

impl Arrived {
    /// Note a message of the results or of the dead letters; another's is passed over.
    fn add(&mut self, headers: &Headers, is_letter: bool) -> Option<u64> {
        let id = Job::parse(headers.get("job")?)?.id;
        if is_letter {
            self.letters.push((id, failure(headers)));
        } else {
            self.results.push(id);
        }
        Some(id)
    }
}

fn failure(headers: &Headers) -> Failure {
    let text = |name: &str| headers.get(name).cloned().unwrap_or_default();
    Failure {
        attempts: text("x-failure-attempts").parse().unwrap_or(0),
        class: text("x-failure-class"),
        at: Duration::from_millis(text("x-failure-at").parse().unwrap_or(0)),
    }
}

/// Where the job of a message was read.
fn origin(headers: &Headers) -> Option<(u32, u64)> {
    if let Some((partition, position)) = headers.get("origin").and_then(|at| at.split_once('/')) {
        return Some((partition.parse().ok()?, position.parse().ok()?));
    }
    let number = |name: &str| headers.get(name)?.parse::<u64>().ok();
    let partition = number("x-original-partition")?;
    Some((partition as u32, number("x-original-position")?))
}

/// The destinations that are read, and whether dead letters stand there.
fn read(names: &Names) -> [(String, bool); 2] {
    [(names.results.clone(), false), (names.dead.clone(), true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&str, &str)]) -> Headers {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn whoever_settles_nothing_is_not_done() {
        assert_eq!(Unsettled::Unseen.complaint(), None);
        assert_eq!(Unsettled::Jobs(0).complaint(), None);
        assert!(
            Unsettled::Jobs(1).complaint().is_some() && Unsettled::Unsaid.complaint().is_some()
        );
    }

    #[test]
    fn results_and_dead_letters_say_what_they_are_about() {
        let mut arrived = Arrived::default();
        let result = headers(&[("job", "7 1 0 good"), ("origin", "3/40")]);
        assert_eq!(arrived.add(&result, false), Some(7));
        assert_eq!(origin(&result), Some((3, 40)));
        let letter = headers(&[
            ("job", "9 1 1 fails"),
            ("x-failure-attempts", "3"),
            ("x-failure-class", "error"),
            ("x-failure-at", "1500"),
            ("x-original-partition", "2"),
            ("x-original-position", "11"),
        ]);
        assert_eq!(arrived.add(&letter, true), Some(9));
        assert_eq!(origin(&letter), Some((2, 11)));
        assert_eq!(arrived.results, [7]);
        let at = Duration::from_millis(1_500);
        assert_eq!(arrived.letters, [(9, Failure { attempts: 3, class: "error".into(), at })]);
        assert_eq!(arrived.add(&headers(&[("line", "7")]), false), None);
    }
}
