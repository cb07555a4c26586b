//! The models of `models::kafka`, each under every interleaving.

#![forbid(unsafe_code)]

use models::kafka as model;

#[test]
fn everything_that_is_left_arrives() {
    model::everything_that_is_left_arrives();
}

#[test]
fn a_delivery_goes_there_and_back() {
    model::a_delivery_goes_there_and_back();
}

#[test]
fn a_task_without_room_hears_of_the_end() {
    model::a_task_without_room_hears_of_the_end();
}

#[test]
fn a_settlement_that_is_waited_for_rings() {
    model::a_settlement_that_is_waited_for_rings();
}

#[test]
fn plenty_of_settlements_ring() {
    model::plenty_of_settlements_ring();
}

#[test]
fn room_that_is_made_rings() {
    model::room_that_is_made_rings();
}

#[test]
fn a_close_ends_both() {
    model::a_close_ends_both();
}

#[test]
fn a_drop_ends_the_thread() {
    model::a_drop_ends_the_thread();
}
