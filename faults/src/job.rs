//! What is to be done, as its messages name it.

use std::fmt;
use std::str::FromStr;

use binder::Headers;

use crate::fate::{Fate, Plan};

/// Jobs are spread over so many keys.
const KEYS: u64 = 16;
/// The header that says which job a message is about; outputs and dead letters inherit it.
pub(crate) const JOB: &str = "job";
/// The header of a result that says where its job was read: PARTITION/POSITION.
pub(crate) const ORIGIN: &str = "origin";

/// A job, written `ID KEY SEQUENCE FATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) key: u64,
    /// Which of its key it is, counted from 0.
    pub(crate) sequence: u64,
    pub(crate) fate: Fate,
}

impl Job {
    /// The job of that number. Its key is not the same for all jobs of one fate.
    pub(crate) fn numbered(id: u64, plans: &[Plan]) -> Self {
        let (round, place) = (id / KEYS, id % KEYS);
        let key = (place + round) % KEYS;
        Self { id, key, sequence: round, fate: Plan::fate(plans, id) }
    }

    /// The one that a message is about.
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        headers.text(JOB)?.parse().ok()
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.id, self.key, self.sequence, self.fate)
    }
}

impl FromStr for Job {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_job = || format!("`{text}` is no job");
        let [id, key, sequence, fate] = text.split(' ').collect::<Vec<_>>()[..] else {
            return Err(no_job());
        };
        let number = |text: &str| text.parse().map_err(|_| no_job());
        Ok(Self {
            id: number(id)?,
            key: number(key)?,
            sequence: number(sequence)?,
            fate: fate.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let job = Job::numbered(777, &["fails@7/10".parse().unwrap()]);
        assert_eq!(job.to_string().parse(), Ok(job));
        assert_eq!(job.fate, Fate::Fails);
        assert!("7 1 2".parse::<Job>().is_err() && "7 1 x good".parse::<Job>().is_err());
    }

    #[test]
    fn the_jobs_of_a_key_are_numbered_without_a_gap() {
        let mut next = HashMap::new();
        for id in 0..1_000 {
            let job = Job::numbered(id, &[]);
            let expected = next.entry(job.key).or_insert(0);
            assert_eq!(job.sequence, *expected, "{job}");
            *expected += 1;
        }
        assert_eq!(next.len() as u64, KEYS);
    }
}
