//! Dead letters on the memory binder, in virtual time.

use binder::Executor;

use crate::bench::Bench;
use crate::redriven;

#[tokio::test(start_paused = true)]
async fn what_failed_goes_back_to_its_group_alone() {
    redriven::tour(Bench::new(Executor::current())).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_redrive_goes_on_where_it_was() {
    redriven::interrupted(Bench::new(Executor::current())).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_and_again_is_left() {
    redriven::poison(Bench::new(Executor::current())).await;
}
