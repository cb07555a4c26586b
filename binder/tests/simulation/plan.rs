//! What a seed stands for: an application, its messages and its trouble.

use std::fmt;

use crate::dice::Dice;
use crate::fate::Fate;

/// The outputs of the function, and the destination of its dead letters.
pub(crate) const INVOICES: usize = 0;
pub(crate) const COPIES: usize = 1;
pub(crate) const DEAD: usize = 2;
pub(crate) const DESTINATIONS: [&str; 3] = ["invoices", "copies", "dead"];

/// Happens when the broker has been spoken to so often.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// A process dies; another one takes its place later.
    Crash { process: u64 },
    /// A partition is taken away, and given back after so many milliseconds.
    Revoke { partition: u64, away: u64 },
    /// So many publishes to that destination are refused for now.
    Refuse { destination: usize, times: usize },
    /// Nobody learns what became of a publish to that destination.
    Lose { destination: usize },
    /// A process is told to stop; another one takes its place.
    Stop { process: u64 },
    /// One more process.
    Join,
    /// A process is told to pause its input, for so many milliseconds.
    Pause { process: u64, pause: u64 },
}

/// Everything that chance decides before a schedule begins.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) messages: usize,
    pub(crate) keys: usize,
    pub(crate) partitions: usize,
    pub(crate) streams: bool,
    pub(crate) order: &'static str,
    pub(crate) concurrency: u64,
    pub(crate) max_in_flight: usize,
    pub(crate) processes: usize,
    /// What has failed for good goes to the dead letters; otherwise the reader stops, and somebody
    /// mends what was wrong.
    pub(crate) dead_letters: bool,
    /// A refusal refuses what waits behind it too, as a log with ordered producers does.
    pub(crate) refuses_the_rest: bool,
    /// From how many tasks functions are called.
    pub(crate) tasks: usize,
    /// A publisher that was full says so only when half of its room is free, and somebody else may
    /// take that: it is shared.
    pub(crate) shared: bool,
    /// By the count of what the broker has seen.
    pub(crate) troubles: Vec<(u64, Trouble)>,
    /// For what is decided on the way.
    pub(crate) dice: Dice,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let messages = 8 + dice.roll(13) as usize;
        let mut troubles: Vec<_> = trouble(&mut dice)
            .into_iter()
            .map(|trouble| (1 + dice.roll(messages as u64 * 7), trouble))
            .collect();
        troubles.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            messages,
            keys: 1 + dice.roll(6) as usize,
            partitions: 1 + dice.roll(3) as usize,
            streams: dice.roll(4) == 0,
            order: dice.one_of(&["partition", "key", "key", "none"]),
            concurrency: dice.one_of(&[1, 2, 4]),
            max_in_flight: dice.one_of(&[1, 2, 5, 1_024]),
            processes: 1 + dice.roll(3) as usize,
            dead_letters: !percent(&mut dice, 20),
            refuses_the_rest: dice.roll(2) == 0,
            tasks: dice.one_of(&[1, 2, 3]),
            shared: dice.roll(2) == 0,
            troubles,
            dice,
        }
    }

    pub(crate) fn fate(&self, id: usize) -> Fate {
        match drawn(self.seed, id) {
            // Nobody can mend it, so it would stop its reader for ever.
            Fate::Broken if !self.dead_letters => Fate::Permanent,
            fate => fate,
        }
    }

    /// What is sent stands in the order of its key; a stream function is fed what is retried
    /// behind later messages.
    pub(crate) fn is_ordered(&self) -> bool {
        !self.streams && self.order != "none"
    }

    pub(crate) fn partition(&self, id: usize) -> usize {
        id % self.keys % self.partitions
    }

    /// Messages with the same number stay in order.
    pub(crate) fn lane(&self, id: usize) -> usize {
        if self.order == "partition" { self.partition(id) } else { id % self.keys }
    }
}

fn drawn(seed: u64, id: usize) -> Fate {
    match Dice::new(seed ^ ((id as u64 + 1) << 40)).roll(32) {
        0 => Fate::Silent,
        1..=3 => Fate::FailsOnce,
        4..=5 => Fate::PanicsOnce,
        6 => Fate::Fails,
        7 => Fate::Permanent,
        8 => Fate::Panics,
        9 => Fate::Broken,
        10 => Fate::Unsendable,
        11..=16 => Fate::Slow,
        _ => Fate::Good,
    }
}

/// True `of` a hundred times.
fn percent(dice: &mut Dice, of: u64) -> bool {
    dice.roll(100) < of
}

fn trouble(dice: &mut Dice) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    if percent(dice, 35) {
        let times = 1 + dice.roll(2);
        troubles.extend((0..times).map(|_| Trouble::Crash { process: dice.roll(2) }));
    }
    if percent(dice, 35) {
        for _ in 0..1 + dice.roll(3) {
            troubles.push(Trouble::Revoke { partition: dice.roll(8), away: dice.roll(30) });
        }
    }
    for (destination, often) in [(INVOICES, 25), (COPIES, 20), (DEAD, 50)] {
        if percent(dice, often) {
            let times = 1 + dice.roll(3) as usize;
            troubles.push(Trouble::Refuse { destination, times });
        }
        if percent(dice, 8) {
            troubles.push(Trouble::Lose { destination });
        }
    }
    if percent(dice, 25) {
        troubles.push(Trouble::Stop { process: dice.roll(2) });
    }
    if percent(dice, 20) {
        troubles.push(Trouble::Join);
    }
    if percent(dice, 25) {
        troubles.push(Trouble::Pause { process: dice.roll(3), pause: dice.roll(50) });
    }
    troubles
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, messages, keys, partitions, order, concurrency, .. } = self;
        let kind = if self.streams { "a stream function" } else { "a function" };
        writeln!(
            f,
            "seed {seed}: {kind}, {messages} messages of {keys} keys in {partitions} partitions, \
             order {order}, concurrency {concurrency} in {} tasks, max_in_flight {}, {} process(es), \
             {}, {}",
            self.tasks,
            self.max_in_flight,
            self.processes,
            if self.refuses_the_rest { "refused in order" } else { "refused alone" },
            if self.dead_letters { "dead letters" } else { "no dead letters" },
        )?;
        let fate = |id| format!("{id} {:?}", self.fate(id));
        let fates: Vec<_> = (0..*messages).map(fate).collect();
        writeln!(f, "  {}", fates.join(", "))?;
        self.troubles.iter().try_for_each(|(at, trouble)| writeln!(f, "  after {at}: {trouble:?}"))
    }
}
