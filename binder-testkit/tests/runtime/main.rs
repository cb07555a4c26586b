//! The cases that drive an application pass on a sound binder, and fail on one that is broken
//! where the case looks.
//!
//! That they fail on a runtime which is broken is what the mutants of `stream-binder` are for.

#[path = "../contract/broker.rs"]
mod broker;
#[path = "../contract/fault.rs"]
#[expect(dead_code, reason = "some faults concern the contract alone")]
mod fault;
#[path = "../contract/loopback.rs"]
mod loopback;
#[path = "../contract/store.rs"]
mod store;

use std::collections::BTreeSet;
use std::process::ExitCode;

use binder_testkit::contract::Suite;
use binder_testkit::runtime;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::fault::Fault::{self, *};
use crate::loopback::LoopbackFixture;

/// Which faults of a binder each case must see.
const PROOFS: &[(&str, &[Fault])] = &[
    (
        "c12_outputs_keep_the_order_of_their_key",
        &[Reorders, DropsEverySeventh, DoublesEverySeventh],
    ),
    ("c13_a_stop_under_random_completion_loses_and_doubles_nothing", &[RecordsNoAcks]),
    ("c13_an_application_that_is_dropped_loses_nothing", &[KeepsTheDropped, DropsEverySeventh]),
    ("c15_a_slow_function_is_bounded", &[DropsEverySeventh, DoublesEverySeventh]),
    ("c19_a_stop_waits_for_calls_and_confirmations", &[RecordsNoAcks]),
    ("c20_retry_backs_off_then_succeeds", &[MixesDestinations, NeverReports]),
    ("c25_a_dead_letter_is_confirmed_before_its_source_is_settled", &[RecordsNoAcks]),
    ("c25_a_dead_letter_is_the_message_and_says_why", &[LosesHeaders]),
    ("c26_what_cannot_be_decoded_never_reaches_the_function", &[EmptiesNull, LosesHeaders]),
    (
        "c30_a_stream_function_outputs_or_buries_each_message_once",
        &[DropsEverySeventh, DoublesEverySeventh],
    ),
    ("c30_error_panic_and_deadline_take_the_same_way", &[LosesHeaders, MixesDestinations]),
    ("c33_a_refused_output_is_sent_again_alone", &[MixesDestinations]),
    ("c33_a_source_is_settled_when_all_outputs_are_confirmed", &[NeverReports]),
    ("c33_an_output_for_nobody_makes_its_source_a_dead_letter", &[DropsUnroutable]),
    ("c33_an_output_refused_for_good_makes_its_source_a_dead_letter", &[LosesHeaders]),
    ("c34_processes_share_and_another_application_gets_all", &[FeedsOneMember, StealsFromGroups]),
    ("c37_a_paused_input_begins_nothing_whoever_comes_and_goes", &[DropsEverySeventh]),
    ("c45_only_application_headers_go_on", &[LosesHeaders]),
    ("c48_a_binding_that_stops_leaves_the_others_alone", &[ReleaseAcks, ClosingAcks]),
];

/// Cases that look at configuration and functions alone, which no fault of a binder changes.
const OF_THE_CONFIGURATION: [&str; 4] = [
    "c27_a_wrong_configuration_is_refused_at_the_start",
    "c28_a_binder_that_is_not_there_is_refused",
    "c29_wiring_that_cannot_work_is_refused_at_the_start",
    "c47_a_password_is_printed_nowhere",
];

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("every case is proven to fail", every_case_is_proven)];
    for log in [false, true] {
        let sound = Suite::new(LoopbackFixture { fault: Sound, log });
        for case in runtime::names() {
            let suite = sound.clone();
            let name = format!("sound, log {log}: {case}");
            trials.push(Trial::test(name, move || match suite.ignored(case) {
                Some(_) => Ok(()),
                None => suite.check(case).map_err(Failed::from),
            }));
        }
    }
    for &(case, faults) in PROOFS {
        for &fault in faults {
            let fixture = LoopbackFixture { fault, log: false };
            let name = format!("{case} sees {fault:?}");
            trials.push(Trial::test(name, move || match Suite::new(fixture).check(case) {
                Ok(()) => Err("the case passed".into()),
                Err(_) => Ok(()),
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn every_case_is_proven() -> Result<(), Failed> {
    let cases: BTreeSet<_> = runtime::names().into_iter().collect();
    let proven = PROOFS.iter().map(|(case, _)| *case).chain(OF_THE_CONFIGURATION).collect();
    let differ: Vec<_> = cases.symmetric_difference(&proven).collect();
    if differ.is_empty() {
        Ok(())
    } else {
        Err(format!("without proof or case: {differ:?}").into())
    }
}
