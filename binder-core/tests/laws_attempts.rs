//! The laws of `logic::attempts`, for every order of events, sensible or not.

use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::prelude::*;

use binder_core::Settlement;
use binder_core::logic::attempts::{Action, Attempts, Event, Policy};

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..4_u32).prop_map(|outputs| Event::Returned { outputs }),
        4 => any::<bool>().prop_map(|retryable| Event::Failed { retryable }),
        1 => Just(Event::Released),
        4 => Just(Event::Confirmed),
        4 => any::<bool>().prop_map(|transient| Event::Refused { transient }),
        2 => Just(Event::DeadLettered),
        2 => Just(Event::DeadLetterRefused),
        2 => Just(Event::Requeued),
        2 => Just(Event::RequeueRefused),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    (0..5_u32, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(more, dead_letter, drop_exhausted, requeue)| {
            let max_attempts = NonZeroU32::MIN.saturating_add(more);
            Policy { max_attempts, dead_letter, drop_exhausted, requeue }
        },
    )
}

proptest! {
    #[test]
    fn laws_hold_for_any_events(
        policy in policy(),
        earlier in prop_oneof![Just(0), 0..8_u32, Just(u32::MAX)],
        events in vec(event(), 0..40),
    ) {
        let mut attempts = Attempts::new(earlier);
        let mut calls = 1;
        let mut ends = 0;
        let mut settled = false;
        let mut unconfirmed: Option<u32> = None;
        let mut dead_lettering = false;
        let mut requeueing = false;
        for event in events {
            let action = attempts.next(&policy, event);
            if ends == 0 {
                // What the outside has seen happen, without asking how it was decided.
                match event {
                    Event::Returned { outputs }
                        if unconfirmed.is_none() && !dead_lettering && !requeueing =>
                    {
                        unconfirmed = Some(outputs);
                    }
                    Event::Confirmed if !dead_lettering => {
                        unconfirmed = unconfirmed.map(|left| left.saturating_sub(1));
                    }
                    _ => {}
                }
                let letter_arrived = dead_lettering && event == Event::DeadLettered;
                let copy_arrived = requeueing && event == Event::Requeued;
                let may_ack =
                    (unconfirmed == Some(0) && !dead_lettering) || letter_arrived || copy_arrived;
                let released = event == Event::Released;
                prop_assert_eq!(action == Action::Settle(Settlement::Ack), may_ack && !released);
                prop_assert_eq!(action == Action::Settle(Settlement::Release), released);
            } else {
                prop_assert_eq!(action, Action::Wait);
            }
            settled |= matches!(action, Action::Settle(_) | Action::Drop);
            match action {
                Action::Requeue { failures, refusals } => {
                    prop_assert!(policy.requeue && unconfirmed.is_none() && !dead_lettering);
                    prop_assert_eq!(failures, earlier.saturating_add(1));
                    prop_assert!(failures < policy.max_attempts.get());
                    prop_assert_eq!(refusals > 0, requeueing);
                    let cause = Event::Failed { retryable: true };
                    prop_assert_eq!(event, if requeueing { Event::RequeueRefused } else { cause });
                    requeueing = true;
                }
                Action::Call { failures } => {
                    prop_assert!(!policy.requeue);
                    calls += 1;
                    prop_assert_eq!(event, Event::Failed { retryable: true });
                    prop_assert_eq!(failures, earlier + calls - 1);
                    prop_assert_eq!(attempts.attempt(), failures + 1);
                    prop_assert!(unconfirmed.is_none() && !dead_lettering);
                }
                Action::Republish { .. } => {
                    prop_assert_eq!(event, Event::Refused { transient: true });
                }
                Action::DeadLetter { refusals } => {
                    prop_assert!(policy.dead_letter);
                    prop_assert_eq!(refusals > 0, dead_lettering);
                    dead_lettering = true;
                }
                Action::Drop => {
                    prop_assert!(policy.drop_exhausted && !policy.dead_letter);
                    ends += 1;
                }
                Action::Stop => {
                    prop_assert!(!policy.drop_exhausted && !policy.dead_letter);
                    ends += 1;
                }
                Action::Settle(_) => ends += 1,
                Action::Wait => {}
            }
            prop_assert_eq!(attempts.is_settled(), settled);
            let left = policy.max_attempts.get().saturating_sub(earlier).max(1);
            prop_assert!(calls <= left, "{calls} calls, {left} allowed");
        }
        prop_assert!(ends <= 1);
    }

    /// A function that always fails is called exactly as often as allowed, then given up.
    #[test]
    fn a_hopeless_message_is_given_up_after_its_last_attempt(policy in policy(), earlier in 0..8_u32) {
        let policy = Policy { requeue: false, ..policy };
        let mut attempts = Attempts::new(earlier);
        let mut calls = 1;
        let mut next = || attempts.next(&policy, Event::Failed { retryable: true });
        let mut last = next();
        while matches!(last, Action::Call { .. }) {
            calls += 1;
            prop_assert!(calls <= policy.max_attempts.get());
            last = next();
        }
        prop_assert_eq!(calls, policy.max_attempts.get().saturating_sub(earlier).max(1));
        prop_assert_eq!(attempts.attempt(), policy.max_attempts.get().max(earlier + 1));
        prop_assert_eq!(last, given_up(&policy));
    }

    /// The same where each attempt is a delivery of its own.
    #[test]
    fn what_waits_at_the_broker_is_tried_as_often(policy in policy()) {
        let policy = Policy { requeue: true, ..policy };
        let (mut earlier, mut calls) = (0, 0);
        let last = loop {
            let mut attempts = Attempts::new(earlier);
            calls += 1;
            prop_assert_eq!(attempts.attempt(), calls);
            match attempts.next(&policy, Event::Failed { retryable: true }) {
                Action::Requeue { failures, refusals: 0 } => earlier = failures,
                last => break last,
            }
            prop_assert_eq!(attempts.next(&policy, Event::Requeued), Action::Settle(Settlement::Ack));
        };
        prop_assert_eq!(calls, policy.max_attempts.get());
        prop_assert_eq!(last, given_up(&policy));
    }

    /// Transient refusals in any number and order keep a delivery alive until all is confirmed.
    #[test]
    fn transport_trouble_never_gives_up(
        policy in policy(),
        outputs in 1..6_u32,
        refusals in vec(0..5_u32, 6),
    ) {
        let mut attempts = Attempts::new(0);
        attempts.next(&policy, Event::Returned { outputs });
        let mut count = 0;
        for output in 0..outputs {
            for _ in 0..refusals[output as usize] {
                count += 1;
                let action = attempts.next(&policy, Event::Refused { transient: true });
                prop_assert_eq!(action, Action::Republish { refusals: count });
            }
            let action = attempts.next(&policy, Event::Confirmed);
            let all = output + 1 == outputs;
            let expected = if all { Action::Settle(Settlement::Ack) } else { Action::Wait };
            prop_assert_eq!(action, expected);
        }
        prop_assert_eq!(attempts.attempt(), 1);
    }

    /// One permanent refusal condemns the delivery, and the rest of its outputs change nothing.
    #[test]
    fn a_permanent_refusal_condemns_at_once(
        policy in policy(),
        before in 0..4_u32,
        after in vec(prop_oneof![
            Just(Event::Confirmed),
            any::<bool>().prop_map(|transient| Event::Refused { transient }),
        ], 0..6),
    ) {
        let mut attempts = Attempts::new(0);
        attempts.next(&policy, Event::Returned { outputs: before + 1 + after.len() as u32 });
        for _ in 0..before {
            prop_assert_eq!(attempts.next(&policy, Event::Confirmed), Action::Wait);
        }
        let action = attempts.next(&policy, Event::Refused { transient: false });
        prop_assert_eq!(action, given_up(&policy));
        for event in after {
            prop_assert_eq!(attempts.next(&policy, event), Action::Wait);
        }
    }
}

fn given_up(policy: &Policy) -> Action {
    match (policy.dead_letter, policy.drop_exhausted) {
        (true, _) => Action::DeadLetter { refusals: 0 },
        (false, true) => Action::Drop,
        (false, false) => Action::Stop,
    }
}
