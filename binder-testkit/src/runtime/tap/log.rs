//! What has passed a tap, and what it keeps back.

use std::collections::BTreeMap;
use std::sync::Mutex;

use binder_core::{Completed, Completion, Delivery, Room, Settlement, Tag};

use crate::contract::compare::text;
use crate::signal::{Signal, lock};

/// Why a publish is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It may work next time. What was handed over with it is refused too, as a broker does that
    /// keeps order.
    Transient,
    /// It never will.
    Permanent,
}

/// Everything that passed, in order, and instructions for what is to come.
#[derive(Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    signal: Signal,
}

#[derive(Default)]
struct State {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, Output>,
}

/// An input by its deliveries.
#[derive(Default)]
struct Input {
    unsettled: BTreeMap<Tag, String>,
    most: usize,
    asked: usize,
    settled: Vec<(String, Settlement)>,
}

#[derive(Default)]
struct Output {
    reported: Vec<String>,
    refusals: Vec<Refusal>,
    held: Option<Vec<(Completion, Completed)>>,
    refused: usize,
}

impl Log {
    fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let answer = act(&mut lock(&self.state));
        self.signal.changed();
        answer
    }

    fn input<T: Default>(&self, destination: &str, ask: impl FnOnce(&Input) -> T) -> T {
        lock(&self.state).inputs.get(destination).map_or_else(T::default, ask)
    }

    fn output<T: Default>(&self, destination: &str, ask: impl FnOnce(&Output) -> T) -> T {
        lock(&self.state).outputs.get(destination).map_or_else(T::default, ask)
    }

    /// Refuses the next publishes to a destination, the first for the first reason.
    pub(crate) fn refuse(&self, destination: &str, why: &[Refusal]) {
        self.change(|state| {
            let output = state.outputs.entry(destination.to_owned()).or_default();
            output.refusals.extend(why.iter().rev());
        });
    }

    /// Keeps what a destination confirms from the runtime, until it is let go.
    pub(crate) fn hold(&self, destination: &str) {
        self.change(|state| {
            let output = state.outputs.entry(destination.to_owned()).or_default();
            output.held.get_or_insert_default();
        });
    }

    /// Hands the runtime what was held.
    pub(crate) fn let_go(&self, destination: &str) {
        let held = self.change(|state| state.outputs.get_mut(destination)?.held.take());
        for (completion, what) in held.unwrap_or_default() {
            completion.report(what);
        }
    }

    /// The most that was delivered and not settled at any time.
    pub(crate) fn most_unsettled(&self, destination: &str) -> usize {
        self.input(destination, |input| input.most)
    }

    /// The most that the runtime has had or asked for at any time.
    pub(crate) fn most_asked(&self, destination: &str) -> usize {
        self.input(destination, |input| input.asked)
    }

    /// What of an input was acknowledged, in order.
    pub(crate) fn acknowledged(&self, destination: &str) -> Vec<String> {
        self.input(destination, |input| {
            let acks = input.settled.iter().filter(|(_, what)| *what == Settlement::Ack);
            acks.map(|(id, _)| id.clone()).collect()
        })
    }

    /// How often a publish was refused.
    pub(crate) fn refused(&self, destination: &str) -> usize {
        self.output(destination, |output| output.refused)
    }

    /// Waits until so many messages of an input are acknowledged.
    pub(crate) async fn acknowledged_at_least(&self, destination: &str, count: usize) {
        self.signal.until(|| self.acknowledged(destination).len() >= count).await;
    }

    /// Waits until the binder has confirmed so many messages, whether the runtime was told or not.
    pub(crate) async fn confirmed_at_least(&self, destination: &str, count: usize) {
        let confirmed = || self.output(destination, |output| output.reported.len());
        self.signal.until(|| confirmed() >= count).await;
    }
}

/// For the halves of the tap.
impl Log {
    pub(super) fn asked(&self, destination: &str, room: Room) {
        let mut state = lock(&self.state);
        let input = state.inputs.entry(destination.to_owned()).or_default();
        input.asked = input.asked.max(input.unsettled.len().saturating_add(room.messages));
    }

    pub(super) fn delivered(&self, destination: &str, batch: &[Delivery]) {
        self.change(|state| {
            let input = state.inputs.entry(destination.to_owned()).or_default();
            for delivery in batch {
                input.unsettled.insert(delivery.tag, text(&delivery.message));
            }
            input.most = input.most.max(input.unsettled.len());
        });
    }

    pub(super) fn settled(&self, destination: &str, batch: &[(Tag, Settlement)]) {
        self.change(|state| {
            let input = state.inputs.entry(destination.to_owned()).or_default();
            for (tag, what) in batch {
                if let Some(id) = input.unsettled.remove(tag) {
                    input.settled.push((id, *what));
                }
            }
        });
    }

    /// Why the next publish is to be refused, if it is.
    pub(super) fn refusal(&self, destination: &str) -> Option<Refusal> {
        self.change(|state| {
            let output = state.outputs.get_mut(destination)?;
            let why = output.refusals.pop()?;
            output.refused += 1;
            Some(why)
        })
    }

    /// A report of the binder, which goes on to the runtime unless it is held.
    pub(super) fn reported(
        &self,
        destination: &str,
        id: String,
        completion: Completion,
        what: Completed,
    ) {
        let passed = self.change(|state| {
            let output = state.outputs.entry(destination.to_owned()).or_default();
            if matches!(what, Completed::Confirmed(_)) {
                output.reported.push(id);
            }
            match &mut output.held {
                Some(held) => {
                    held.push((completion, what));
                    None
                }
                None => Some((completion, what)),
            }
        });
        if let Some((completion, what)) = passed {
            completion.report(what);
        }
    }
}
