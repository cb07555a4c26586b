//! What a ledger and what arrived say about a run: pure, so that each kind of fault can be shown
//! to be seen.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::faults::ledger::{Entry, Failure, Job, Ledger, What};

/// What was found where the application sends its results and dead letters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) results: Vec<u64>,
    pub(crate) letters: Vec<(u64, Failure)>,
}

/// What a run comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Jobs that are neither among the results nor among the dead letters.
    pub(crate) lost: u64,
    /// Arrivals of a job beyond its first.
    pub(crate) duplicated: u64,
    /// The same of the job that came most often.
    pub(crate) most: u64,
    /// Jobs that were begun before an earlier one of their key was done or given up.
    pub(crate) reordered: u64,
    /// Arrivals of jobs that nobody sent.
    pub(crate) phantoms: u64,
    /// Jobs that arrived where their fate does not end.
    pub(crate) misplaced: u64,
    /// Dead letters whose class is not that of their fate.
    pub(crate) mistaken: u64,
}

/// Judges a run.
pub(crate) fn judge(ledger: &Ledger, arrived: &Arrived) -> Verdict {
    let jobs: BTreeMap<u64, &Job> = ledger.intents().map(|job| (job.id, job)).collect();
    let mut times: HashMap<u64, u64> = HashMap::new();
    let mut verdict = Verdict::default();
    let results = arrived.results.iter().map(|id| (id, None));
    let letters = arrived.letters.iter().map(|(id, failure)| (id, Some(failure)));
    for (id, failure) in results.chain(letters) {
        let Some(job) = jobs.get(id) else {
            verdict.phantoms += 1;
            continue;
        };
        *times.entry(*id).or_default() += 1;
        verdict.misplaced += u64::from(job.is_doomed() != failure.is_some());
        verdict.mistaken += u64::from(failure.is_some_and(|it| it.class != class(&job.fate)));
    }
    verdict.lost = jobs.keys().filter(|id| !times.contains_key(id)).count() as u64;
    verdict.duplicated = times.values().map(|times| times - 1).sum();
    verdict.most = times.values().map(|times| times - 1).max().unwrap_or(0);
    verdict.reordered = reordered(ledger, arrived);
    verdict
}

/// The class of failure that a fate ends with.
fn class(fate: &str) -> &'static str {
    match fate {
        "panics" => "panic",
        "hangs" => "deadline",
        _ => "error",
    }
}

/// Jobs that were begun too early. An earlier one of the key is over when it was done once, or was
/// tried as often as its dead letter says.
fn reordered(ledger: &Ledger, arrived: &Arrived) -> u64 {
    let given_up: HashMap<u64, u32> =
        arrived.letters.iter().map(|(id, failure)| (*id, failure.attempts)).collect();
    let mut keys: HashMap<u64, BTreeMap<u64, u64>> = HashMap::new();
    for job in ledger.intents() {
        keys.entry(job.key).or_default().insert(job.sequence, job.id);
    }
    let (mut done, mut tries) = (HashSet::new(), HashMap::<u64, u32>::new());
    // The lowest sequence of each key that is not over.
    let mut open: HashMap<u64, u64> = HashMap::new();
    let mut early = BTreeSet::new();
    for entry in &ledger.entries {
        let id = entry.job.id;
        match entry.what {
            What::Start(_) => {
                let over = |id: &u64| {
                    done.contains(id)
                        || given_up
                            .get(id)
                            .is_some_and(|most| tries.get(id).is_some_and(|n| n >= most))
                };
                let key = keys.get(&entry.job.key);
                let first = open.entry(entry.job.key).or_default();
                while key.and_then(|key| key.get(first)).is_some_and(over) {
                    *first += 1;
                }
                if *first < entry.job.sequence {
                    early.insert(id);
                }
                *tries.entry(id).or_default() += 1;
            }
            What::Done(_) => {
                done.insert(id);
            }
            _ => {}
        }
    }
    early.len() as u64
}

/// How often two processes worked on one partition at the same time.
pub(crate) fn overlaps(ledger: &Ledger) -> u64 {
    let mut open: HashMap<u32, HashMap<(u32, u64), u32>> = HashMap::new();
    let mut overlaps = 0;
    for entry in &ledger.entries {
        match entry.what {
            What::Start(call) => {
                let here = open.entry(call.partition).or_default();
                overlaps += u64::from(here.values().any(|pid| *pid != entry.pid));
                here.insert((entry.pid, call.position), entry.pid);
            }
            What::Done(call) => {
                open.entry(call.partition).or_default().remove(&(entry.pid, call.position));
            }
            _ => {}
        }
    }
    overlaps
}

/// Positions below what a group has committed whose jobs had not arrived anywhere by then.
pub(crate) fn ahead_of(committed: u64, arrived: &BTreeSet<u64>) -> u64 {
    committed - arrived.range(..committed).count() as u64
}

/// Attempts at a doomed job that came sooner than its back-off allows, or too few, or too many.
pub(crate) fn wrong_attempts(ledger: &Ledger, arrived: &Arrived, backoffs: &[u64]) -> u64 {
    let mut starts: HashMap<u64, Vec<&Entry>> = HashMap::new();
    for entry in &ledger.entries {
        if matches!(entry.what, What::Start(_)) {
            starts.entry(entry.job.id).or_default().push(entry);
        }
    }
    let wrong = |(id, failure): &&(u64, Failure)| {
        let tries = starts.get(id).map_or(&[][..], Vec::as_slice);
        let too_soon = tries.windows(2).zip(backoffs).any(|(pair, least)| {
            pair[1].at.saturating_sub(pair[0].at).as_millis() < u128::from(*least)
        });
        let expected = backoffs.len() + 1;
        too_soon || tries.len() != expected || failure.attempts as usize != expected
    };
    arrived.letters.iter().filter(wrong).count() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Four good jobs of one key, and one that is doomed.
    const SENT: &str = "intent 1 1 0 0 0 good\nintent 1 1 1 0 1 good\nintent 1 1 2 0 2 fails\n\
                        intent 1 1 3 0 3 good\nintent 1 1 4 0 4 good\n";

    fn played(calls: &[&str]) -> Ledger {
        let mut text = SENT.to_owned();
        for (at, call) in (10..).zip(calls) {
            let mut words = call.split(' ');
            let (what, id) = (words.next().unwrap(), words.next().unwrap());
            let fate = if id == "2" { "fails" } else { "good" };
            text += &format!("{what} {}000 7 0 {id} 1 {id} 0 {id} {fate}\n", at * 10);
        }
        Ledger::of(&text)
    }

    fn letter(id: u64, attempts: u32) -> (u64, Failure) {
        (id, Failure { attempts, class: "error".into(), at: Duration::ZERO })
    }

    fn arrived(results: &[u64]) -> Arrived {
        Arrived { results: results.to_vec(), letters: vec![letter(2, 2)] }
    }

    const SOUND: [&str; 10] = [
        "start 0", "done 0", "start 1", "done 1", "start 2", "start 2", "start 3", "done 3",
        "start 4", "done 4",
    ];

    #[test]
    fn a_sound_run_has_no_fault() {
        let all = arrived(&[0, 1, 3, 4]);
        assert_eq!(judge(&played(&SOUND), &all), Verdict::default());
        assert_eq!(wrong_attempts(&played(&SOUND), &all, &[10]), 0);
    }

    #[test]
    fn a_loss_is_seen() {
        assert_eq!(judge(&played(&SOUND), &arrived(&[0, 1, 4])).lost, 1);
        let no_letter = Arrived { results: vec![0, 1, 3, 4], letters: Vec::new() };
        assert_eq!(judge(&played(&SOUND), &no_letter).lost, 1);
    }

    #[test]
    fn duplicates_are_counted_in_all_and_at_most() {
        let verdict = judge(&played(&SOUND), &arrived(&[0, 1, 3, 4, 4, 4, 1]));
        assert_eq!((verdict.duplicated, verdict.most), (3, 2));
    }

    #[test]
    fn what_nobody_sent_is_a_phantom() {
        assert_eq!(judge(&played(&SOUND), &arrived(&[0, 1, 3, 4, 9])).phantoms, 1);
    }

    #[test]
    fn a_job_in_the_wrong_place_is_seen() {
        let mut wrong = arrived(&[0, 1, 3]);
        wrong.letters.push(letter(4, 3));
        assert_eq!(judge(&played(&SOUND), &wrong).misplaced, 1);
        assert_eq!(judge(&played(&SOUND), &arrived(&[0, 1, 2, 3, 4])).misplaced, 1);
        let mut mistaken = arrived(&[0, 1, 3, 4]);
        mistaken.letters[0].1.class = "panic".into();
        assert_eq!(judge(&played(&SOUND), &mistaken).mistaken, 1);
    }

    #[test]
    fn a_job_that_is_begun_before_an_earlier_one_is_over_is_reordered() {
        let all = arrived(&[0, 1, 3, 4]);
        let overtaking = ["start 0", "start 1", "done 1", "done 0"];
        assert_eq!(judge(&played(&overtaking), &all).reordered, 1);
        // The doomed one has been tried once of twice.
        let early = ["start 0", "done 0", "start 1", "done 1", "start 2", "start 3", "start 2"];
        assert_eq!(judge(&played(&early), &all).reordered, 1);
        // What was done once may come again at any time.
        let replay = [&SOUND[..], &["start 1", "start 3", "done 3", "done 1"]].concat();
        assert_eq!(judge(&played(&replay), &all).reordered, 0);
    }

    #[test]
    fn attempts_are_counted_and_their_back_off_is_measured() {
        let all = arrived(&[0, 1, 3, 4]);
        assert_eq!(wrong_attempts(&played(&SOUND), &all, &[11]), 1); // too soon
        assert_eq!(wrong_attempts(&played(&SOUND), &all, &[10, 10]), 1); // too few
        let thrice = ["start 2", "start 2", "start 2"];
        assert_eq!(wrong_attempts(&played(&thrice), &all, &[10]), 1); // too many
    }

    #[test]
    fn what_is_committed_and_has_not_arrived_is_ahead() {
        let arrived = BTreeSet::from([0, 1, 2, 5]);
        assert_eq!(ahead_of(3, &arrived), 0);
        assert_eq!(ahead_of(4, &arrived), 1);
        assert_eq!(ahead_of(7, &arrived), 3);
        assert_eq!(ahead_of(0, &BTreeSet::new()), 0);
    }

    #[test]
    fn two_processes_on_one_partition_at_once_are_seen() {
        let of = |calls: &[(&str, u32, u64)]| {
            let lines = calls
                .iter()
                .map(|(what, pid, id)| format!("{what} 1 {pid} 3 {id} 1 {id} 0 {id} good\n"));
            overlaps(&Ledger::of(&lines.collect::<String>()))
        };
        let after = [("start", 1, 0), ("done", 1, 0), ("start", 2, 1), ("done", 2, 1)];
        assert_eq!(of(&after), 0);
        let within = [("start", 1, 0), ("start", 2, 1), ("done", 1, 0), ("done", 2, 1)];
        assert_eq!(of(&within), 1);
        assert_eq!(of(&[("start", 1, 0), ("start", 1, 1), ("done", 1, 0)]), 0);
    }
}
