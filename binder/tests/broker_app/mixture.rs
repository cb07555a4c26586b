//! Every kind of bad message among many good ones.

use binder::Exit;

use crate::bench::Bench;
use crate::shop::{Shop, app, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn every_good_message_arrives_once_and_every_bad_one_is_a_dead_letter_with_its_cause() {
    let bench = Bench::new(&["orders", "invoices", "rejects"]);
    let settings = settings(&bench.destination("rejects"));
    let bench = settings.iter().fold(bench, |bench, set| bench.set(set));
    let shop = Shop::default();
    let running = bench.start(app(&shop)).await;
    shop.is_complete().await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(shop.wrong(), [] as [String; 0]);
}
