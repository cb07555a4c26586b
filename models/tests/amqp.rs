//! The models of `models::amqp`, each under every interleaving.

#![forbid(unsafe_code)]

use models::amqp as model;

#[test]
fn everything_that_is_left_arrives() {
    model::everything_that_is_left_arrives();
}

#[test]
fn a_delivery_goes_there_and_back() {
    model::a_delivery_goes_there_and_back();
}

#[test]
fn plenty_of_settlements_are_heard_of() {
    model::plenty_of_settlements_are_heard_of();
}

#[test]
fn settlements_are_heard_of() {
    model::settlements_are_heard_of();
}

#[test]
fn a_settlement_at_the_end_is_not_kept() {
    model::a_settlement_at_the_end_is_not_kept();
}

#[test]
fn a_close_ends_both() {
    model::a_close_ends_both();
}

#[test]
fn what_is_published_is_taken_and_flushed() {
    model::what_is_published_is_taken_and_flushed();
}
