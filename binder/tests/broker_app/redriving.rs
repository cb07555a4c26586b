//! Dead letters on a broker.

use crate::bench::{Bench, has_partitions};
use crate::redriven;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn what_failed_goes_back_to_its_group_alone() {
    redriven::tour(Bench::new(&["orders"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn what_failed_goes_back_where_the_number_of_partitions_is_another() {
    let count = if has_partitions() { 1 } else { 3 };
    let count = format!("bindings.orders.partition_count={count}");
    redriven::tour(Bench::new(&["orders"]).set(&count)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn an_interrupted_redrive_goes_on_where_it_was() {
    redriven::interrupted(Bench::new(&["orders"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn what_fails_again_and_again_is_left() {
    redriven::poison(Bench::new(&["orders"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn what_failed_goes_back_before_there_are_more_partitions() {
    redriven::before_growth(Bench::new(&["orders"])).await;
}
