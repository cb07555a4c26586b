//! Every kind of bad message among many good ones, in virtual time.

use binder::{Executor, Exit};

use crate::bench::Bench;
use crate::shop::{Shop, app, settings};

#[tokio::test(start_paused = true)]
async fn every_good_message_arrives_once_and_every_bad_one_is_a_dead_letter_with_its_cause() {
    let bench = Bench::new(Executor::current());
    let bench = settings("rejects").iter().fold(bench, |bench, set| bench.set(set));
    let shop = Shop::default();
    let running = bench.start(app(&shop)).await;
    shop.is_complete().await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(shop.wrong(), [] as [String; 0]);
    assert_eq!(bench.backlog("orders", "shop.bill"), 0);
}
