//! What happened in schedules, so that proof of nothing is told from proof.

use std::fmt;

/// Whether it happened in one schedule, or in how many of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Event {
    Deliver,
    Fail,
    Panic,
    Undecodable,
    Retry,
    DeadLetter,
    RefusedPublish,
    RefusedDeadLetter,
    Revoke,
    Crash,
    Restart,
    Stop,
    Pause,
    StoppedByItself,
    UnknownPublish,
}

const EVENTS: [(Event, &str); 15] = [
    (Event::Deliver, "deliver"),
    (Event::Fail, "fail"),
    (Event::Panic, "panic"),
    (Event::Undecodable, "undecodable"),
    (Event::Retry, "retry"),
    (Event::DeadLetter, "dead letter"),
    (Event::RefusedPublish, "failed publish"),
    (Event::RefusedDeadLetter, "failed dead letter"),
    (Event::Revoke, "revoke"),
    (Event::Crash, "crash"),
    (Event::Restart, "restart"),
    (Event::Stop, "stop"),
    (Event::Pause, "pause"),
    (Event::StoppedByItself, "stopped by itself"),
    (Event::UnknownPublish, "unknown publish"),
];

/// Events that have to meet one another often enough.
const PAIRED: [usize; 4] = [
    Event::RefusedPublish as usize,
    Event::RefusedDeadLetter as usize,
    Event::Revoke as usize,
    Event::Crash as usize,
];

/// What happened in one schedule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen([bool; EVENTS.len()]);

impl Seen {
    pub(crate) const fn note(&mut self, event: Event) {
        self.0[event as usize] = true;
    }
}

/// In how many schedules what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    schedules: u64,
    events: [u64; EVENTS.len()],
    pairs: [u64; PAIRED.len() * PAIRED.len()],
}

impl Coverage {
    pub(crate) fn add(&mut self, seen: &Seen) {
        self.schedules += 1;
        for (count, happened) in self.events.iter_mut().zip(seen.0) {
            *count += u64::from(happened);
        }
        for (count, (one, other)) in self.pairs.iter_mut().zip(pairs()) {
            *count += u64::from(seen.0[one] && seen.0[other]);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.events.iter_mut().zip(other.events).for_each(|(sum, more)| *sum += more);
        self.pairs.iter_mut().zip(other.pairs).for_each(|(sum, more)| *sum += more);
    }

    /// What happened too seldom: each kind of event belongs into a tenth of all schedules, each
    /// pair of troubles into a hundredth.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let rows = self.rows().into_iter();
        let short = |(_, count, least): &(String, u64, u64)| count * 100 < self.schedules * least;
        rows.filter(short).map(|(name, count, _)| format!("{name}: {count}")).collect()
    }

    /// Name, count and the least percentage.
    fn rows(&self) -> Vec<(String, u64, u64)> {
        let one =
            EVENTS.iter().zip(self.events).map(|((_, name), count)| (name.to_string(), count, 10));
        let two = pairs().zip(self.pairs).filter(|((one, other), _)| one < other);
        let two = two.map(|((one, other), count)| {
            (format!("{} and {}", EVENTS[one].1, EVENTS[other].1), count, 1)
        });
        one.chain(two).collect()
    }
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    PAIRED.into_iter().flat_map(|one| PAIRED.into_iter().map(move |other| (one, other)))
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} schedules; of these had", self.schedules)?;
        for (name, count, least) in self.rows() {
            let percent = count as f64 * 100.0 / self.schedules.max(1) as f64;
            writeln!(f, "  {percent:5.1}%  {name} (at least {least}%)")?;
        }
        Ok(())
    }
}
