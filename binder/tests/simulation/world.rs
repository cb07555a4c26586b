//! The model broker: everything that outlives a process, and what it saw the processes do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use binder_core::publish::Reports;
use binder_core::{Completed, Completion, Message};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::fate::Fate;
use crate::group::{Member, Partition};
use crate::outlet::Outlet;
use crate::plan::{COPIES, DEAD, DESTINATIONS, INVOICES, Plan, Trouble};
use crate::seen::{Event, Seen};

/// The model broker, shared by all processes.
#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// Something is due earlier than before, or an order was given.
    pub(crate) changed: Notify,
}

/// What the stage has to do, since a broker cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The process is dead: clear it away and start another.
    Bury(usize),
    /// Stop the process and start another.
    Replace(usize),
    /// The process has stopped reading by itself: mend the cause and start another.
    Mend(usize),
    /// Start another.
    Join,
    /// Pause its input for so many milliseconds.
    Pause(usize, u64),
}

/// What the broker does by itself, when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// More messages arrive.
    Arrive,
    /// A publisher hears of what it has sent.
    Confirm(usize),
    /// A group's position is recorded.
    Commit(usize),
    /// A partition in an epoch has had its time to finish.
    DrainOver(usize, u32),
    /// A partition that was away may be read again.
    GiveBack(usize),
    /// The session of a dead process is over.
    Expire,
}

/// What is done when the lock is free again.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) wakers: Vec<Waker>,
    pub(crate) reports: Vec<(Completion, Completed)>,
    changed: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) members: Vec<Member>,
    pub(crate) outlets: Vec<Outlet>,
    /// The ids of what was published, by destination, in the order in which it stands there.
    pub(crate) stored: [Vec<usize>; DESTINATIONS.len()],
    /// Refusals yet to come, by destination.
    pub(crate) refusals: [usize; DESTINATIONS.len()],
    /// Reports yet to be lost, by destination.
    pub(crate) losses: [usize; DESTINATIONS.len()],
    /// Messages that have not arrived yet.
    pub(crate) coming: VecDeque<Message>,
    pub(crate) orders: VecDeque<Order>,
    pub(crate) seen: Seen,
    /// Ids of messages without outputs that a living process has handled.
    pub(crate) silent: BTreeSet<usize>,
    pub(crate) deliveries: BTreeMap<usize, usize>,
    pub(crate) calls: BTreeMap<usize, usize>,
    /// How often nobody learned what became of a publish.
    pub(crate) unknown: usize,
    /// An output was not confirmed, and later ones of the same publisher were.
    pub(crate) alone: bool,
    /// A process has died.
    pub(crate) crashed: bool,
    /// What was wrong with messages, or the function, is mended.
    pub(crate) mended: bool,
    pub(crate) violations: Vec<String>,
    /// What happened, where somebody wants to know.
    pub(crate) trace: Vec<String>,
    traced: bool,
    jobs: BTreeMap<(Instant, u64), Job>,
    numbered: u64,
    troubles: VecDeque<(u64, Trouble)>,
    count: u64,
    began: Instant,
}

impl World {
    pub(crate) fn new(plan: Plan, traced: bool) -> Self {
        let partitions = (0..plan.partitions).map(|_| Partition::default()).collect();
        let coming = (0..plan.messages).map(|id| crate::message::order(&plan, id)).collect();
        let mut state = State {
            dice: plan.dice.clone(),
            troubles: plan.troubles.iter().copied().collect(),
            plan,
            partitions,
            members: Vec::new(),
            outlets: Vec::new(),
            stored: Default::default(),
            refusals: Default::default(),
            losses: Default::default(),
            coming,
            orders: VecDeque::new(),
            seen: Seen::default(),
            silent: BTreeSet::new(),
            deliveries: BTreeMap::new(),
            calls: BTreeMap::new(),
            unknown: 0,
            alone: false,
            crashed: false,
            mended: false,
            violations: Vec::new(),
            trace: Vec::new(),
            traced,
            jobs: BTreeMap::new(),
            numbered: 0,
            count: 0,
            began: Instant::now(),
        };
        state.arrive(&mut After::default());
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Does something under the lock, and what follows from it once the lock is free.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State, &mut After) -> T) -> T {
        let mut after = After::default();
        let result =
            work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), &mut after);
        if after.changed {
            self.changed.notify_one();
        }
        after.wakers.into_iter().for_each(Waker::wake);
        let mut reports = Reports::new();
        for (completion, what) in after.reports {
            completion.report_into(what, &mut reports);
        }
        result
    }

    /// Does by itself what a broker does by itself, for ever.
    pub(crate) async fn go_on(&self) {
        loop {
            let due = self.with(|state, after| {
                let now = Instant::now();
                while let Some(entry) = state.jobs.first_entry().filter(|e| e.key().0 <= now) {
                    let job = entry.remove();
                    state.work(job, after);
                }
                state.jobs.keys().next().map(|(at, _)| *at)
            });
            match due {
                Some(due) => {
                    tokio::select! {
                        biased;
                        () = self.changed.notified() => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }
}

impl State {
    /// Asks for a job after so many milliseconds.
    pub(crate) fn ask(&mut self, millis: u64, job: Job, after: &mut After) {
        self.numbered += 1;
        let at = Instant::now() + Duration::from_millis(millis);
        self.jobs.insert((at, self.numbered), job);
        after.changed = true;
    }

    fn work(&mut self, job: Job, after: &mut After) {
        match job {
            Job::Arrive => self.arrive(after),
            Job::Confirm(outlet) => self.confirm(outlet, after),
            Job::Commit(partition) => self.commit(partition),
            Job::DrainOver(partition, epoch) => self.drain_over(partition, epoch, after),
            Job::GiveBack(partition) => self.give_back(partition, after),
            Job::Expire => self.share(after),
        }
    }

    /// Some of what is coming arrives, and the rest later.
    fn arrive(&mut self, after: &mut After) {
        let many = match self.dice.roll(3) {
            0 => self.coming.len(),
            _ => 1 + self.dice.roll(self.coming.len().max(1) as u64) as usize,
        };
        for message in self.coming.drain(..many.min(self.coming.len())).collect::<Vec<_>>() {
            self.append(message, after);
        }
        if !self.coming.is_empty() {
            let pause = self.dice.roll(25);
            self.ask(pause, Job::Arrive, after);
        }
    }

    pub(crate) fn order(&mut self, order: Order, after: &mut After) {
        self.orders.push_back(order);
        after.changed = true;
    }

    /// The broker was spoken to once more: trouble may be due.
    pub(crate) fn tick(&mut self, after: &mut After) {
        self.count += 1;
        while self.troubles.front().is_some_and(|(at, _)| *at <= self.count) {
            if let Some((_, trouble)) = self.troubles.pop_front() {
                self.happen(trouble, after);
            }
        }
    }

    fn happen(&mut self, trouble: Trouble, after: &mut After) {
        self.note(|| format!("trouble: {trouble:?}"));
        match trouble {
            Trouble::Crash { process } => self.crash(process, after),
            Trouble::Revoke { partition, away } => {
                self.take_away(partition as usize % self.partitions.len(), away, after);
            }
            Trouble::Refuse { destination, times } => self.refusals[destination] += times,
            Trouble::Lose { destination } => self.losses[destination] += 1,
            Trouble::Stop { process } => {
                if let Some(process) = self.pick(process) {
                    self.seen.note(Event::Stop);
                    self.order(Order::Replace(process), after);
                }
            }
            Trouble::Join => self.order(Order::Join, after),
            Trouble::Pause { process, pause } => {
                if let Some(process) = self.pick(process) {
                    self.order(Order::Pause(process, pause), after);
                }
            }
        }
    }

    /// From now on nothing of the process reaches the broker, or the process.
    fn crash(&mut self, process: u64, after: &mut After) {
        let Some(process) = self.pick(process) else { return };
        self.crashed = true;
        // One that holds nothing is missed by nobody.
        if self.members[process].held > 0 {
            self.seen.note(Event::Crash);
        }
        self.members[process].alive = false;
        self.lose_outlets(process);
        let session = self.dice.roll(60);
        self.ask(session, Job::Expire, after);
        self.order(Order::Bury(process), after);
    }

    fn pick(&self, which: u64) -> Option<usize> {
        let alive: Vec<_> = (0..self.members.len()).filter(|&m| self.members[m].reads()).collect();
        alive.get(which as usize % alive.len().max(1)).copied()
    }

    /// What is to become of a message as things stand.
    pub(crate) fn fate(&self, id: usize) -> Fate {
        let fate = self.plan.fate(id);
        if self.mended && fate.is_dead() { Fate::Good } else { fate }
    }

    /// Whether everything that the message is for has been done.
    pub(crate) fn is_finished(&self, id: usize) -> bool {
        let is_in = |destination: usize| self.stored[destination].contains(&id);
        match self.fate(id) {
            Fate::Silent => self.silent.contains(&id),
            fate if fate.is_dead() => self.plan.dead_letters && is_in(DEAD),
            _ => is_in(INVOICES) && is_in(COPIES),
        }
    }

    /// Whether the group has everything behind it.
    pub(crate) fn is_done(&self) -> bool {
        self.coming.is_empty() && self.partitions.iter().all(Partition::is_done)
    }

    pub(crate) fn violation(&mut self, text: String) {
        self.note(|| format!("VIOLATION: {text}"));
        self.violations.push(text);
    }

    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if self.traced {
            let at = self.began.elapsed().as_millis();
            self.trace.push(format!("{at:>6} ms  {}", text()));
        }
    }
}
