//! The poll thread of one subscription.
//!
//! It alone talks to its client. In a loop it serves the client (so that the member stays alive
//! whatever the application does), applies settlements, commits, and hands on deliveries while
//! less than the limit is uncommitted; with nothing to do it sleeps on its bell.

mod batch;
mod commit;
mod leave;
mod mailbox;
mod partitions;
mod rebalance;
mod schedule;
mod trouble;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use binder_core::{Delivery, Error, ErrorKind, Limit, Result, Settlement, Start, Tag};
use rdkafka::consumer::Consumer as _;

pub(crate) use self::batch::Copier;
use self::mailbox::{Mail, Mailbox};
use self::partitions::Partitions;
use self::schedule::Schedule;
use crate::bell::Bell;
use crate::error::Code;
use crate::handover::Handover;
use crate::native::{DataQueue, waiting_events};
use crate::preflight::client_refused;

/// The client is served at least this often.
const NAP: Duration = Duration::from_millis(100);
/// Records taken from the client at once.
const PULL: usize = 1024;

/// What the thread has to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The binding, for logs.
    pub(crate) binding: String,
    /// What to read.
    pub(crate) topic: String,
    /// Where a new group starts.
    pub(crate) start: Start,
    /// How many partitions there were when it was bound, without those that its binder has added.
    pub(crate) partitions: u32,
    /// How long revoked partitions may take to finish.
    pub(crate) drain: Duration,
    /// How long the broker may take to answer a question.
    pub(crate) connect: Duration,
    /// How much may be delivered and not committed.
    pub(crate) limit: Limit,
}

/// Joins the group and starts the thread.
///
/// # Errors
///
/// What librdkafka does not accept.
pub(crate) fn start(config: &rdkafka::ClientConfig, plan: Plan) -> Result<Arc<Handover>> {
    let mut consumer: rdkafka::consumer::BaseConsumer<Mailbox> =
        config.create_with_context(Mailbox::default()).map_err(|why| client_refused(&why))?;
    let bell = Arc::new(Bell::default());
    let ringing = bell.clone();
    consumer.set_nonempty_callback(move || ringing.ring());
    let consumer = Arc::new(consumer);
    let queue = DataQueue::new(consumer.clone(), bell.clone())
        .ok_or_else(|| Error::new(ErrorKind::Broker, "the client has no memory for a queue"))?;
    consumer
        .subscribe(&[&plan.topic])
        .map_err(|why| Error::new(ErrorKind::Broker, "cannot subscribe").with_source(why))?;
    let commits = Schedule::new(plan.limit.messages);
    let handover = Arc::new(Handover::new(bell.clone(), commits.eighth()));
    let name = format!("kafka-{}", plan.binding);
    let pump = Pump {
        plan,
        consumer,
        queue,
        bell,
        handover: handover.clone(),
        partitions: Partitions::default(),
        commits,
        copier: Copier::default(),
        settled: Vec::new(),
        batch: Vec::new(),
        assigned: false,
        told: Vec::new(),
    };
    let end = handover.clone();
    let run = move || {
        if catch_unwind(AssertUnwindSafe(|| pump.run())).is_err() {
            let why = || Error::new(ErrorKind::Broker, "the poll thread has panicked");
            end.fail(why());
            end.end(Err(why()));
        }
    };
    thread::Builder::new()
        .name(name)
        .spawn(run)
        .map_err(|why| Error::new(ErrorKind::Broker, "cannot start a thread").with_source(why))?;
    Ok(handover)
}

/// The thread's state.
pub(crate) struct Pump {
    plan: Plan,
    consumer: Arc<rdkafka::consumer::BaseConsumer<Mailbox>>,
    queue: DataQueue<Mailbox>,
    bell: Arc<Bell>,
    handover: Arc<Handover>,
    partitions: Partitions,
    commits: Schedule,
    copier: Copier,
    /// Settlements being applied; kept for its memory.
    settled: Vec<(Tag, Settlement)>,
    /// Deliveries being made; kept for its memory.
    batch: Vec<Delivery>,
    assigned: bool,
    /// Troubles that were logged since deliveries last came.
    told: Vec<(Option<u32>, Code)>,
}

impl Pump {
    fn run(mut self) {
        if let Err(failure) = self.work() {
            self.handover.fail(failure);
        }
        self.leave();
    }

    fn work(&mut self) -> Result<()> {
        while !self.handover.is_closing() {
            self.serve()?;
            self.settle();
            self.commit()?;
            self.rewind();
            if !self.deliver()? {
                let due = self.commits.wait(Instant::now()).unwrap_or(NAP);
                self.bell.wait(due.min(NAP));
            }
        }
        Ok(())
    }

    /// Lets the client speak: at least one poll, and one for every event that waits.
    fn serve(&mut self) -> Result<()> {
        let mut waiting = waiting_events(&self.consumer);
        loop {
            match self.consumer.poll(Duration::ZERO) {
                None => {}
                Some(Err(why)) => self.trouble(&why)?,
                Some(Ok(_)) => {
                    let what = "the client has delivered a message outside the data queue";
                    return Err(Error::new(ErrorKind::Broker, what));
                }
            }
            while let Some(mail) = self.consumer.context().take() {
                self.answer(mail)?;
            }
            waiting = waiting.saturating_sub(1);
            if waiting == 0 {
                return Ok(());
            }
        }
    }

    fn answer(&mut self, mail: Mail) -> Result<()> {
        match mail {
            Mail::Assign(list) => self.take_up(list),
            Mail::Revoke(list, lost) => self.give_up(&list, lost),
            Mail::NotCommitted(code) => self.not_committed(code),
            Mail::Committed(partitions) => self.committed(partitions),
        }
    }

    /// Applies what was settled.
    fn settle(&mut self) {
        let mut settled = std::mem::take(&mut self.settled);
        self.handover.take_settled(&mut settled);
        let late = self.partitions.late();
        let known =
            settled.drain(..).filter(|(tag, what)| self.partitions.settle(*tag, *what)).count();
        self.settled = settled;
        self.commits.settled(known);
        let late = self.partitions.late() - late;
        if late > 0 {
            tracing::debug!(binding = %self.plan.binding, late, "late settlements");
        }
    }

    /// Hands on what there is room for; says whether there was something.
    fn deliver(&mut self) -> Result<bool> {
        let room = self.partitions.room(self.plan.limit);
        let full = room.messages == 0 || room.bytes == 0;
        let messages = self.handover.room().min(room.messages).min(PULL);
        self.handover.set_urgent(full);
        if room.bytes == 0 {
            // An eighth of the messages may never come together where bytes are the limit.
            self.commits.hurry();
        }
        if full || messages == 0 {
            // One that came before the line above rang no bell.
            return Ok(full && self.handover.is_settled());
        }
        if self.queue.front().is_none() && self.queue.pull(messages) == 0 {
            return Ok(false);
        }
        let room = Limit { messages, bytes: room.bytes };
        let error = self.copier.fill(&mut self.queue, &mut self.partitions, room, &mut self.batch);
        if self.batch.is_empty() && error.is_none() {
            // What is next does not fit, or was no longer wanted.
            let stuck = self.queue.front().is_some();
            self.handover.set_urgent(stuck);
            return Ok(!stuck);
        }
        if !self.batch.is_empty() {
            self.told.clear();
            self.handover.offer(&mut self.batch);
        }
        if let Some((partition, code, text)) = error {
            self.concern(partition, code, &text)?;
        }
        Ok(true)
    }
}
