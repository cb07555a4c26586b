//! Queues, and how many messages the broker still holds for the group.

use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{
    brokers::{
        Kind,
        rabbitmq::{Caller, Gauge},
    },
    command,
    faults::{check::Arrived, stage::Names},
};

/// Its control program starts an Erlang of its own, which a busy machine lets wait.
const PATIENCE: Duration = Duration::from_secs(40);

/// The queues of a run.
pub(crate) struct Queues {
    /// Each queue that is read, and whether dead letters stand there.
    read: [(String, bool); 2],
    caller: Option<Caller>,
    gauge: Gauge,
    /// How many jobs the broker was given, once that is known.
    jobs: Option<u64>,
    letters_are_away: bool,
    seen: HashSet<u64>,
    pub(super) arrived: Arrived,
    pub(super) ahead: Option<u64>,
}

impl Queues {
    /// Queues that exist. What is settled is not known before [`Queues::count`].
    pub(crate) fn of(names: &Names, folder: &Path) -> Result<Self> {
        let gauge = Gauge::of(&names.queue(), folder.join("queue.figures"))?;
        let read = [(names.seen(), false), (names.dead.clone(), true)];
        Ok(Self {
            read,
            caller: None,
            gauge,
            jobs: None,
            letters_are_away: false,
            seen: HashSet::new(),
            arrived: Arrived::default(),
            ahead: None,
        })
    }

    /// From now on the broker has been given so many jobs; what it holds no more is settled.
    pub(crate) fn count(&mut self, jobs: u64) -> Result<()> {
        self.held()?;
        self.jobs = Some(jobs);
        Ok(())
    }

    /// The same before any of them is worked on: it has to hold just so many.
    pub(crate) fn count_all(&mut self, jobs: u64) -> Result<()> {
        self.count(jobs)?;
        let held = self.held()?;
        ensure!(held == jobs, "{held} jobs were fed instead of {jobs}");
        Ok(())
    }

    /// How many messages the queue holds; a figure that stands still is waited for.
    fn held(&self) -> Result<u64> {
        let begun = Instant::now();
        loop {
            if let Some(held) = self.gauge.messages() {
                return Ok(held);
            }
            ensure!(begun.elapsed() < PATIENCE, "RabbitMQ does not say what the queue holds");
            command::pause(Duration::from_millis(100));
        }
    }

    /// How many jobs are not settled.
    pub(super) fn unsettled(&self) -> Result<u64> {
        self.held()
    }

    /// The queue of the dead letters is gone, or there again.
    pub(crate) fn letters_are_away(&mut self, away: bool) {
        self.letters_are_away = away;
    }

    /// How many dead letters stand where their queue was; none where there is no such queue.
    pub(crate) fn letters_while_away(&self) -> Result<usize> {
        let mut caller =
            Caller::connect(Kind::Amqp.address()).context("cannot look at RabbitMQ")?;
        let dead = self.read.iter().filter(|(_, is_letter)| *is_letter);
        Ok(dead.map(|(queue, _)| caller.drain(queue).map_or(0, |letters| letters.len())).sum())
    }

    pub(super) fn look(&mut self) -> Result<()> {
        let held =
            self.jobs.map(|jobs| Ok::<_, anyhow::Error>((jobs, self.held()?))).transpose()?;
        let mut caller = match self.caller.take() {
            Some(caller) => caller,
            None => Caller::connect(Kind::Amqp.address()).context("cannot look at RabbitMQ")?,
        };
        let there =
            self.read.iter().filter(|(_, is_letter)| !(*is_letter && self.letters_are_away));
        for (queue, is_letter) in there {
            // A queue that is not there closes the channel; the next look opens another.
            let messages = caller.drain(queue).with_context(|| format!("cannot read {queue}"))?;
            for message in messages {
                self.seen.extend(self.arrived.add(&message, *is_letter));
            }
        }
        self.caller = Some(caller);
        if let Some((jobs, held)) = held {
            let settled = jobs.saturating_sub(held);
            let ahead = settled.saturating_sub(self.seen.len() as u64);
            self.ahead = self.ahead.max(Some(ahead));
        }
        Ok(())
    }
}
