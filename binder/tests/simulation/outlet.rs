//! What is on its way to the broker.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use binder_core::{Completed, Completion, Error, ErrorKind, Message, Outbox, Outgoing, Receipt};

use crate::fate::Fate;
use crate::message;
use crate::plan::{DEAD, DESTINATIONS, INVOICES};
use crate::seen::Event;
use crate::world::{After, Job, State};

/// A bound publisher.
#[derive(Debug)]
pub(crate) struct Outlet {
    process: usize,
    destination: usize,
    capacity: usize,
    pending: VecDeque<(Message, Completion)>,
    asked: bool,
    wakers: Vec<Waker>,
}

impl State {
    /// Binds a publisher to a destination.
    pub(crate) fn outlet(&mut self, process: usize, destination: &str) -> Option<usize> {
        let destination = DESTINATIONS.iter().position(|name| *name == destination)?;
        let capacity = self.dice.one_of(&[1, 2, 5, 1_000]);
        self.outlets.push(Outlet {
            process,
            destination,
            capacity,
            pending: VecDeque::new(),
            asked: false,
            wakers: Vec::new(),
        });
        Some(self.outlets.len() - 1)
    }

    pub(crate) fn publish(
        &mut self,
        index: usize,
        outbox: &mut Outbox,
        cx: &Context<'_>,
        after: &mut After,
    ) -> Poll<()> {
        let alive = |state: &Self| state.members[state.outlets[index].process].alive;
        while alive(self) && !outbox.is_empty() {
            let outlet = &mut self.outlets[index];
            let others = match self.plan.shared {
                true => self.dice.roll(outlet.capacity as u64 + 1) as usize,
                false => 0,
            };
            if outlet.pending.len() + others >= outlet.capacity && !outlet.pending.is_empty() {
                break;
            }
            let Some(Outgoing { message, completion }) = outbox.pop_front() else { break };
            outlet.pending.push_back((message, completion));
            if !std::mem::replace(&mut outlet.asked, true) {
                let pause = self.dice.roll(4);
                self.ask(pause, Job::Confirm(index), after);
            }
            self.tick(after);
        }
        if outbox.is_empty() {
            return Poll::Ready(());
        }
        self.outlets[index].wakers.push(cx.waker().clone());
        Poll::Pending
    }

    pub(crate) fn flush(&mut self, index: usize, cx: &Context<'_>) -> Poll<()> {
        let outlet = &mut self.outlets[index];
        if outlet.pending.is_empty() {
            return Poll::Ready(());
        }
        outlet.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    /// Some of what waits is stored or refused, and reported.
    pub(crate) fn confirm(&mut self, index: usize, after: &mut After) {
        self.outlets[index].asked = false;
        let waiting = self.outlets[index].pending.len() as u64;
        let mut many =
            if self.dice.roll(2) == 0 { waiting } else { 1 + self.dice.roll(waiting.max(1)) };
        while many > 0 && self.members[self.outlets[index].process].alive {
            let Some((message, completion)) = self.outlets[index].pending.pop_front() else {
                break;
            };
            many -= 1;
            let before = self.stored[self.outlets[index].destination].len();
            let what = self.answer(index, &message);
            let arrived = self.stored[self.outlets[index].destination].len() > before;
            let confirmed = matches!(what, Completed::Confirmed(_));
            let lost = matches!(what, Completed::Unknown(_));
            let for_good = matches!(&what, Completed::Refused(why) if !why.is_transient());
            after.reports.push((completion, what));
            if !confirmed && !for_good && self.outlets[index].destination != DEAD {
                self.alone |= !self.plan.refuses_the_rest;
            }
            if !confirmed && !for_good && self.plan.refuses_the_rest {
                self.give_up_the_rest(index, lost, arrived, after);
            }
            self.tick(after);
        }
        let outlet = &mut self.outlets[index];
        if !self.plan.shared || outlet.pending.len() * 2 <= outlet.capacity {
            after.wakers.append(&mut outlet.wakers);
        }
        if !outlet.pending.is_empty() {
            outlet.asked = true;
            let pause = if self.dice.roll(16) == 0 { 200 } else { self.dice.roll(4) };
            self.ask(pause, Job::Confirm(index), after);
        }
    }

    /// What stands behind a message that was not confirmed shares its fate; where that one has
    /// arrived without a word, a part of the others may have too.
    fn give_up_the_rest(&mut self, index: usize, lost: bool, arrived: bool, after: &mut After) {
        let pending = std::mem::take(&mut self.outlets[index].pending);
        let arriving = if arrived { self.dice.roll(pending.len() as u64 + 1) as usize } else { 0 };
        let destination = self.outlets[index].destination;
        for (number, (message, completion)) in pending.into_iter().enumerate() {
            if number < arriving && !self.is_unsendable(destination, &message) {
                self.store(index, &message);
            }
            self.unknown += usize::from(lost);
            let what = match lost {
                true => Completed::Unknown(loss()),
                false => Completed::Refused(refusal(true)),
            };
            after.reports.push((completion, what));
        }
    }

    fn answer(&mut self, index: usize, message: &Message) -> Completed {
        let destination = self.outlets[index].destination;
        if self.is_unsendable(destination, message) {
            return Completed::Refused(refusal(false));
        }
        if let Some(left) = self.refusals[destination].checked_sub(1) {
            self.refusals[destination] = left;
            self.seen.note(match destination {
                DEAD => Event::RefusedDeadLetter,
                _ => Event::RefusedPublish,
            });
            self.note(|| {
                format!("refused for {}: {:?}", DESTINATIONS[destination], message::id_of(message))
            });
            return Completed::Refused(refusal(true));
        }
        if let Some(left) = self.losses[destination].checked_sub(1) {
            self.losses[destination] = left;
            self.unknown += 1;
            self.seen.note(Event::UnknownPublish);
            if self.dice.roll(2) == 0 {
                self.store(index, message);
            }
            return Completed::Unknown(loss());
        }
        self.store(index, message);
        Completed::Confirmed(Receipt::default())
    }

    fn store(&mut self, index: usize, message: &Message) {
        let Outlet { destination, process, .. } = self.outlets[index];
        let Some(id) = message::id_of(message) else {
            return self.violation("a message without its id was published".into());
        };
        self.note(|| format!("{id} is in {}, from process {process}", DESTINATIONS[destination]));
        if destination == DEAD {
            self.seen.note(Event::DeadLetter);
            if self.plan.fate(id) == Fate::Broken {
                self.seen.note(Event::Undecodable);
            }
        }
        self.stored[destination].push(id);
    }

    fn is_unsendable(&self, destination: usize, message: &Message) -> bool {
        destination == INVOICES
            && message::id_of(message).is_some_and(|id| self.fate(id) == Fate::Unsendable)
    }

    /// Of what a dead process had on its way, a part arrives; it hears of nothing.
    pub(crate) fn lose_outlets(&mut self, process: usize) {
        for index in (0..self.outlets.len())
            .filter(|&i| self.outlets[i].process == process)
            .collect::<Vec<_>>()
        {
            let arriving = self.dice.roll(self.outlets[index].pending.len() as u64 + 1) as usize;
            let pending: Vec<_> =
                self.outlets[index].pending.iter().map(|(m, _)| m.clone()).collect();
            let destination = self.outlets[index].destination;
            for message in pending.into_iter().take(arriving) {
                if !self.is_unsendable(destination, &message) {
                    self.store(index, &message);
                }
            }
        }
    }
}

fn refusal(transient: bool) -> Error {
    Error::new(ErrorKind::Publish, "no leader").transient(transient)
}

fn loss() -> Error {
    Error::new(ErrorKind::Publish, "the connection was lost")
}
