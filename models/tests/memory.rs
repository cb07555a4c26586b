//! The models of `models::memory`, each under every interleaving.

#![forbid(unsafe_code)]

use models::memory as model;

#[test]
fn a_flush_hears_of_the_last_call() {
    model::a_flush_hears_of_the_last_call();
}
