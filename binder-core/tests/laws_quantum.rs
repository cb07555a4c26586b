//! The laws of `logic::quantum`.

use proptest::prelude::*;

use binder_core::logic::quantum::Quantum;

proptest! {
    #[test]
    fn it_stays_within_its_limits(limit: usize, turns: Vec<bool>) {
        let mut quantum = Quantum::new(limit);
        for waited in turns {
            quantum.turn(waited);
            prop_assert!((1..=limit.max(1)).contains(&quantum.messages()));
        }
    }

    #[test]
    fn it_follows_the_function_soon(limit in 1_usize..1 << 20, before: Vec<bool>) {
        let turns = limit.ilog2() + 1;
        for (waits, end) in [(true, 1), (false, limit)] {
            let mut quantum = Quantum::new(limit);
            before.iter().for_each(|waited| quantum.turn(*waited));
            (0..turns).for_each(|_| quantum.turn(waits));
            prop_assert_eq!(quantum.messages(), end);
        }
    }
}
