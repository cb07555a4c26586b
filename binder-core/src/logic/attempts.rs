//! What happens next to one delivery.
//!
//! The runtime tells what happened as an [`Event`] and carries out the [`Action`] it gets back;
//! this is the one place where a failure is decided.
//!
//! # Laws
//!
//! 1. At most one `Settle` or `Drop` comes out, and every event after `Settle`, `Drop` or `Stop`
//!    gives `Wait`.
//! 2. The function is called at most `max_attempts` times, attempts of earlier deliveries that the
//!    broker counts included; but a delivery is always tried once.
//! 3. `Settle(Ack)` comes out exactly when every output is confirmed, there are none, or the dead
//!    letter is. `Drop` comes out only if the policy allows it.
//! 4. A refusal never calls the function again and is charged to no attempt.
//! 5. `Stop` never settles. A refused dead letter is repeated without end.
//! 6. With `requeue` a delivery is tried once: `Requeue` comes out exactly where `Call` would
//!    without it, is repeated without end while it is refused, and `Settle(Ack)` follows it only
//!    when the copy that waits is confirmed.
//!
//! Example: `Failed` -> `Call` -> `Returned { outputs: 2 }` -> `Wait`, `Confirmed` -> `Wait`,
//! `Refused { transient: true }` -> `Republish`, `Confirmed` -> `Settle(Ack)`.

use std::num::NonZeroU32;

use crate::delivery::Settlement;

/// What a binding does with deliveries that fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How often a message is tried, the first time included.
    pub max_attempts: NonZeroU32,
    /// What has failed for good goes to a dead-letter destination.
    pub dead_letter: bool,
    /// Without a dead-letter destination it is dropped; otherwise the binding stops.
    pub drop_exhausted: bool,
    /// What is tried again waits at the broker, as a message of its own; otherwise in this process.
    pub requeue: bool,
}

/// What happened.
///
/// Exhaustive, because a new event is a new decision that everybody concerned should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The function returned with so many outputs. It comes before their completions. 0 is also
    /// the event of a message that the function discards.
    Returned {
        /// Publishes whose completions will follow.
        outputs: u32,
    },
    /// The function failed, panicked, took too long or dropped the delivery.
    Failed {
        /// Whether trying again can help; a function that asks for a dead letter says no.
        retryable: bool,
    },
    /// The delivery goes back to the broker: draining, stopping, or its partition was revoked.
    Released,
    /// One output is confirmed.
    Confirmed,
    /// One output is not, or nobody knows (which is transient).
    Refused {
        /// Whether sending it again can help.
        transient: bool,
    },
    /// The dead letter is confirmed and routed.
    DeadLettered,
    /// The dead letter is not, or nobody knows.
    DeadLetterRefused,
    /// The copy that waits to be tried again is confirmed and routed.
    Requeued,
    /// The copy is not, or nobody knows.
    RequeueRefused,
}

/// What to do.
///
/// Exhaustive, because a runtime that leaves out an action loses messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; another event follows, or the delivery is done with.
    Wait,
    /// Call the function again after a back-off.
    Call {
        /// Failed attempts so far, earlier deliveries included; at least 1.
        failures: u32,
    },
    /// Send a copy that waits at the broker, after a back-off if it was refused before.
    Requeue {
        /// Failed attempts so far, earlier deliveries included; at least 1.
        failures: u32,
        /// Refusals of the copy so far.
        refusals: u32,
    },
    /// Send the refused output again after a back-off: the same bytes and id.
    Republish {
        /// Refusals of outputs of this delivery so far; at least 1.
        refusals: u32,
    },
    /// Send the dead letter, after a back-off if it was refused before.
    DeadLetter {
        /// Refusals of the dead letter so far.
        refusals: u32,
    },
    /// Tell the broker.
    Settle(Settlement),
    /// Acknowledge and count a message that is lost because the policy says so.
    Drop,
    /// Stop the binding and leave the delivery unsettled.
    Stop,
}

/// One delivery between its arrival and its settlement.
///
/// An output that is refused for good condemns the delivery at once. Its other outputs are neither
/// waited for nor sent again then, whatever becomes of them gives `Wait`: the dead letter holds
/// the source, from which all of them can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    attempt: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Publishing { unconfirmed: u32, refusals: u32 },
    DeadLettering { refusals: u32 },
    Requeueing { refusals: u32 },
    Settled,
    Stopped,
}

impl Attempts {
    /// A delivery that was tried so often before, as far as the broker counts.
    #[must_use]
    pub const fn new(earlier_attempts: u32) -> Self {
        Self { attempt: earlier_attempts.saturating_add(1), state: State::Trying }
    }

    /// The number of the attempt that runs or comes next; of the last one when none will come.
    ///
    /// 1 plus the larger of our count and the broker's: ours starts where the broker's stands.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether `Settle` or `Drop` has come out.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self.state, State::Settled)
    }

    /// Decides. An event that does not belong to the state of the delivery gives `Wait`.
    pub fn next(&mut self, policy: &Policy, event: Event) -> Action {
        match (self.state, event) {
            (State::Settled | State::Stopped, _) => Action::Wait,
            (_, Event::Released) => self.settle(Settlement::Release),
            (State::Trying, Event::Returned { outputs }) => self.returned(outputs),
            (State::Trying, Event::Failed { retryable }) => self.failed(policy, retryable),
            (State::Publishing { unconfirmed, refusals }, event) => {
                self.completed(policy, unconfirmed, refusals, event)
            }
            (State::DeadLettering { .. }, Event::DeadLettered) => self.settle(Settlement::Ack),
            (State::DeadLettering { refusals }, Event::DeadLetterRefused) => {
                self.dead_letter(refusals.saturating_add(1))
            }
            (State::Requeueing { .. }, Event::Requeued) => self.settle(Settlement::Ack),
            (State::Requeueing { refusals }, Event::RequeueRefused) => {
                self.requeue(refusals.saturating_add(1))
            }
            _ => Action::Wait,
        }
    }

    fn returned(&mut self, outputs: u32) -> Action {
        if outputs == 0 {
            return self.settle(Settlement::Ack);
        }
        self.state = State::Publishing { unconfirmed: outputs, refusals: 0 };
        Action::Wait
    }

    fn failed(&mut self, policy: &Policy, retryable: bool) -> Action {
        if !retryable || self.attempt >= policy.max_attempts.get() {
            return self.give_up(policy);
        }
        if policy.requeue {
            return self.requeue(0);
        }
        let failures = self.attempt;
        self.attempt += 1;
        Action::Call { failures }
    }

    fn completed(
        &mut self,
        policy: &Policy,
        unconfirmed: u32,
        refusals: u32,
        event: Event,
    ) -> Action {
        match event {
            Event::Confirmed if unconfirmed <= 1 => self.settle(Settlement::Ack),
            Event::Confirmed => {
                self.state = State::Publishing { unconfirmed: unconfirmed - 1, refusals };
                Action::Wait
            }
            Event::Refused { transient: true } => {
                let refusals = refusals.saturating_add(1);
                self.state = State::Publishing { unconfirmed, refusals };
                Action::Republish { refusals }
            }
            Event::Refused { transient: false } => self.give_up(policy),
            _ => Action::Wait,
        }
    }

    fn give_up(&mut self, policy: &Policy) -> Action {
        if policy.dead_letter {
            self.dead_letter(0)
        } else if policy.drop_exhausted {
            self.state = State::Settled;
            Action::Drop
        } else {
            self.state = State::Stopped;
            Action::Stop
        }
    }

    fn dead_letter(&mut self, refusals: u32) -> Action {
        self.state = State::DeadLettering { refusals };
        Action::DeadLetter { refusals }
    }

    fn requeue(&mut self, refusals: u32) -> Action {
        self.state = State::Requeueing { refusals };
        Action::Requeue { failures: self.attempt, refusals }
    }

    fn settle(&mut self, settlement: Settlement) -> Action {
        self.state = State::Settled;
        Action::Settle(settlement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        max_attempts: NonZeroU32::new(3).unwrap(),
        dead_letter: true,
        drop_exhausted: false,
        requeue: false,
    };
    const FAILED: Event = Event::Failed { retryable: true };
    const ACK: Action = Action::Settle(Settlement::Ack);

    fn run(policy: &Policy, earlier: u32, events: &[Event]) -> Vec<Action> {
        let mut attempts = Attempts::new(earlier);
        events.iter().map(|event| attempts.next(policy, *event)).collect()
    }

    #[test]
    fn outputs_are_joined_and_a_refused_one_is_sent_again() {
        let transient = Event::Refused { transient: true };
        let events = [
            Event::Returned { outputs: 2 },
            Event::Confirmed,
            transient,
            transient,
            Event::Confirmed,
            Event::Confirmed,
        ];
        let again = |refusals| Action::Republish { refusals };
        let wait = Action::Wait;
        assert_eq!(run(&POLICY, 0, &events), [wait, wait, again(1), again(2), ACK, wait]);
        assert_eq!(run(&POLICY, 0, &[Event::Returned { outputs: 0 }]), [ACK]);
    }

    #[test]
    fn an_exhausted_delivery_is_dead_lettered_until_that_is_confirmed() {
        let events = [
            FAILED,
            FAILED,
            FAILED,
            Event::DeadLetterRefused,
            Event::Confirmed,
            Event::DeadLettered,
        ];
        let call = |failures| Action::Call { failures };
        let letter = |refusals| Action::DeadLetter { refusals };
        assert_eq!(
            run(&POLICY, 0, &events),
            [call(1), call(2), letter(0), letter(1), Action::Wait, ACK]
        );
        assert_eq!(run(&POLICY, 1, &[FAILED, FAILED]), [call(2), letter(0)]);
        assert_eq!(run(&POLICY, 9, &[FAILED]), [letter(0)]);
        assert_eq!(run(&POLICY, 0, &[Event::Failed { retryable: false }]), [letter(0)]);
    }

    #[test]
    fn a_failed_delivery_waits_at_the_broker_and_goes_on_counting() {
        let policy = Policy { requeue: true, ..POLICY };
        let again = |failures, refusals| Action::Requeue { failures, refusals };
        let events = [FAILED, Event::RequeueRefused, Event::Confirmed, Event::Requeued, FAILED];
        let wait = Action::Wait;
        assert_eq!(run(&policy, 0, &events), [again(1, 0), again(1, 1), wait, ACK, wait]);
        assert_eq!(run(&policy, 1, &[FAILED]), [again(2, 0)]);
        let last = Action::DeadLetter { refusals: 0 };
        assert_eq!(run(&policy, 2, &[FAILED]), [last]);
        assert_eq!(run(&policy, 0, &[Event::Failed { retryable: false }]), [last]);
        let released = Action::Settle(Settlement::Release);
        assert_eq!(run(&policy, 0, &[FAILED, Event::Released]), [again(1, 0), released]);
    }

    #[test]
    fn without_a_dead_letter_the_policy_drops_or_stops() {
        let permanent = Event::Refused { transient: false };
        let events = [Event::Returned { outputs: 3 }, permanent, permanent, Event::Confirmed];
        let after = |action| [Action::Wait, action, Action::Wait, Action::Wait];
        let drop = Policy { dead_letter: false, drop_exhausted: true, ..POLICY };
        let stop = Policy { dead_letter: false, ..POLICY };
        assert_eq!(run(&drop, 0, &events), after(Action::Drop));
        assert_eq!(run(&stop, 0, &events), after(Action::Stop));
        assert_eq!(run(&POLICY, 0, &events), after(Action::DeadLetter { refusals: 0 }));
    }

    #[test]
    fn attempt_names_the_last_one_once_it_is_given_up() {
        let mut attempts = Attempts::new(0);
        assert_eq!(attempts.attempt(), 1);
        attempts.next(&POLICY, FAILED);
        attempts.next(&POLICY, FAILED);
        assert_eq!(attempts.attempt(), 3);
        attempts.next(&POLICY, FAILED);
        assert_eq!(attempts.attempt(), 3);
        assert!(!attempts.is_settled());
        assert_eq!(attempts.next(&POLICY, Event::Released), Action::Settle(Settlement::Release));
        assert!(attempts.is_settled());
    }
}
