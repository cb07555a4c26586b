//! The suite passes a sound binder, and each of its cases fails a binder that is broken where the
//! case looks.

mod broker;
mod fault;
mod loopback;
mod store;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use binder_testkit::contract::{Fixture, Suite};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::fault::Fault::{self, *};
use crate::loopback::LoopbackFixture;

/// Which faults each case must see, on a binder without a log and on one with.
const PROOFS: &[(&str, &[Fault], &[Fault])] = &[
    ("c01_bind_unbind_leaves_no_task_behind", &[LeaksATask], &[]),
    ("c02_send_receive_payload_headers_content_type", &[LosesHeaders, LosesContentType], &[]),
    ("c02_send_receive_payload_sizes", &[CutsPayloads], &[]),
    ("c02_send_receive_null_payload", &[EmptiesNull], &[]),
    ("c02_send_receive_id_and_timestamp", &[LosesId], &[]),
    ("c02_send_receive_repeated_and_null_headers", &[SortsHeaders], &[]),
    ("c04_topic_isolation", &[MixesDestinations], &[]),
    ("c05_provision_takes_what_exists", &[ProvisionEmpties], &[ProvisionEmpties]),
    ("c05_provision_refuses_more_partitions_than_exist", &[GrowsInSilence], &[]),
    ("c08_unreachable_at_start_is_an_error_in_time", &[HangsUnreached, BindsUnreached], &[]),
    ("c06_anonymous_group_gets_copy_and_misses_gap", &[StartsAtEarliest, SharesAnonymous], &[]),
    ("c07_required_groups_receive_before_first_consumer", &[ForgetsRequiredGroups], &[]),
    ("c09_a_new_group_from_earliest_reads_what_is_kept", &[], &[StartsAtLatest]),
    ("c09_a_new_group_from_latest_reads_what_comes", &[], &[StartsAtEarliest]),
    ("c09_a_known_group_goes_on_where_it_was", &[ForgetsGroups], &[ForgetsGroups]),
    ("c10_publish_confirms_each_message", &[DropsEverySeventh, DropsCompletions], &[NeverReports]),
    ("c10_publish_refuses_unroutable", &[DropsUnroutable], &[]),
    ("c10_publish_may_drop_unroutable", &[RefusesUnroutable], &[]),
    ("c10_publish_refuses_what_is_too_large", &[TakesAnySize], &[]),
    ("c11_per_key_order", &[Reorders, DropsEverySeventh, DoublesEverySeventh], &[]),
    ("c11_a_key_keeps_its_partition", &[ScattersKeys, OnePartition], &[]),
    ("c12_publish_order_under_backpressure", &[Reorders, DropsEverySeventh], &[]),
    ("c13_settled_out_of_order_loses_nothing", &[AcksAllBelow, RecordsNoAcks], &[]),
    ("c13_a_late_settlement_is_ignored", &[TakesLateSettlements], &[]),
    ("c14_unsettled_messages_are_bounded", &[HasNoLimit, Stops], &[]),
    ("c14_a_message_that_is_stuck_holds_the_bound", &[ForgetsUnsettled], &[]),
    ("c14_room_is_respected", &[IgnoresRoom, IgnoresBytes], &[]),
    ("c15_what_is_unsettled_is_bounded_in_bytes", &[HasNoByteLimit], &[]),
    ("c15_what_is_not_read_waits_and_is_not_lost", &[HasNoLimit, DropsEverySeventh], &[]),
    ("c16_what_is_settled_in_time_is_not_repeated", &[TakesAtOnce, FeedsOneMember], &[]),
    ("c18_a_settlement_after_the_end_is_stale", &[TakesLateSettlements], &[]),
    (
        "c18_a_lost_connection_is_made_again",
        &[DiesWithItsConnection, ForgetsUnsettledWithItsConnection],
        &[],
    ),
    ("c19_what_is_settled_before_closing_is_recorded", &[RecordsNoAcks], &[]),
    ("c19_what_is_unsettled_at_closing_comes_again", &[ClosingAcks], &[]),
    (
        "c25_a_dead_letter_store_ends_where_it_was_opened",
        &[StoreHasNoEnd, LookingMakesAStore],
        &[StoreHasNoEnd],
    ),
    (
        "c25_what_is_not_settled_stays_in_the_dead_letter_store",
        &[LookingSettles, RecordsNoAcks, LosesHeaders],
        &[LookingSettles],
    ),
    ("c25_a_group_is_reached_by_its_name", &[ReachesNobody, LosesHeaders], &[ReachesNobody]),
    ("c31_released_comes_again", &[ReleaseAcks], &[]),
    ("c34_groups_share_and_copy", &[CopiesToMembers, FeedsOneMember, StealsFromGroups], &[]),
    ("c35_concurrent_subscribe_and_close", &[RefusesCrowds], &[]),
    ("c36_a_dropped_subscription_gives_back", &[KeepsTheDropped], &[]),
    ("c36_an_idle_subscription_closes", &[NeverCloses], &[]),
    (
        "c43_partition_count_increase_seen",
        &[GrowsInName, ReadsNoNewPartitions, MissesTheBeginning],
        &[MissesTheBeginning],
    ),
];

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::test("every case is proven to fail", every_case_is_proven),
        Trial::test("a binder that blocks its thread fails in time", blocking_is_late),
        Trial::test("a panic is a failure with its text", panic_is_a_failure),
        Trial::test("what a binder says of itself is checked", capabilities_are_checked),
    ];
    for log in [false, true] {
        let sound = Suite::new(LoopbackFixture { fault: Sound, log });
        for case in of_the_contract() {
            let suite = sound.clone();
            let name = format!("sound, log {log}: {case}");
            trials.push(Trial::test(name, move || match suite.ignored(case) {
                Some(_) => Ok(()),
                None => suite.check(case).map_err(Failed::from),
            }));
        }
    }
    for &(case, without_log, with_log) in PROOFS {
        for (faults, log) in [(without_log, false), (with_log, true)] {
            for &fault in faults {
                let name = format!("{case} sees {fault:?}, log {log}");
                trials.push(Trial::test(name, move || sees(case, LoopbackFixture { fault, log })));
            }
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Those that drive an application have a test program of their own.
fn of_the_contract() -> Vec<&'static str> {
    #[cfg(feature = "runtime")]
    let apart = binder_testkit::runtime::names();
    #[cfg(not(feature = "runtime"))]
    let apart = Vec::<&str>::new();
    Suite::names().into_iter().filter(|case| !apart.contains(case)).collect()
}

/// The case fails, and would not have been ignored.
fn sees(case: &str, fixture: LoopbackFixture) -> Result<(), Failed> {
    let suite = Suite::new(fixture);
    if let Some(reason) = suite.ignored(case) {
        return Err(format!("ignored: {reason}").into());
    }
    match suite.check(case) {
        Ok(()) => Err("the case passed".into()),
        Err(_) => Ok(()),
    }
}

fn every_case_is_proven() -> Result<(), Failed> {
    let cases: BTreeSet<_> = of_the_contract().into_iter().collect();
    let proven: BTreeSet<_> = PROOFS.iter().map(|(case, ..)| *case).collect();
    let differ: Vec<_> = cases.symmetric_difference(&proven).collect();
    if differ.is_empty() {
        Ok(())
    } else {
        Err(format!("without proof or case: {differ:?}").into())
    }
}

fn failure_of(fault: Fault) -> Result<String, Failed> {
    let suite = Suite::new(LoopbackFixture { fault, log: false });
    match suite.check("c04_topic_isolation") {
        Ok(()) => Err("the case passed".into()),
        Err(failure) => Ok(failure.to_string()),
    }
}

fn expect(text: &str, wanted: &str) -> Result<(), Failed> {
    if text.contains(wanted) { Ok(()) } else { Err(format!("`{wanted}` is not in: {text}").into()) }
}

fn blocking_is_late() -> Result<(), Failed> {
    let started = Instant::now();
    expect(&failure_of(BlocksItsThread)?, "not done after")?;
    let deadline = LoopbackFixture { fault: Sound, log: false }.patience() * 4;
    if started.elapsed() < deadline { Ok(()) } else { Err("the deadline did not hold".into()) }
}

fn panic_is_a_failure() -> Result<(), Failed> {
    expect(&failure_of(Panics)?, "panicked: broken on purpose")
}

fn capabilities_are_checked() -> Result<(), Failed> {
    expect(&failure_of(Boasts)?, "what fixture and binder say of capabilities: not the same")
}
