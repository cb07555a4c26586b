//! What is settled is never lost, and exactly the rest comes again.

use binder_core::Settlement;

use crate::support::{
    Input, Output, binder, input, limit, numbered, numbers, output, raw, ready, unique,
};

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn exactly_the_unsettled_come_again_in_order() {
    let (binder, name) = (binder(), unique("gaps"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..20).map(numbered).collect()).await;
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    let came = reader.take(20).await;
    for settled in [7, 1, 4, 0, 5, 2, 19] {
        reader.settle([&came[settled]]);
    }
    reader.tell([&came[9], &came[11]], Settlement::Release);
    reader.close().await;
    let left: Vec<_> = (0..20).filter(|n| ![7, 1, 4, 0, 5, 2, 19].contains(n)).collect();
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    assert_eq!(numbers(&reader.take(left.len()).await), left);
    assert!(reader.is_quiet().await);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_run_is_acknowledged_while_the_channel_stays_open() {
    let (binder, name) = (binder(), unique("run"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..30).map(numbered).collect()).await;
    let mut spec = input(&name, "g");
    spec.max_in_flight = limit(10);
    let mut reader = Input::bind(&binder, &spec).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let came = reader.take(10).await;
        assert!(reader.is_quiet().await, "more than ten in flight");
        // Backwards, so that the run ends only with the last settlement.
        reader.settle(came.iter().rev());
        seen.extend(numbers(&came));
    }
    assert_eq!(seen, (0..30).collect::<Vec<_>>());
    reader.close().await;
    assert_eq!(ready(&format!("{name}.g")).await, Some(0));
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_released_message_comes_again_at_once() {
    let (binder, name) = (binder(), unique("release"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..3).map(numbered).collect()).await;
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    let came = reader.take(3).await;
    reader.tell([&came[1]], Settlement::Release);
    reader.settle([&came[0], &came[2]]);
    let again = reader.take(1).await;
    assert_eq!(numbers(&again), [1]);
    reader.settle(&again);
    reader.close().await;
    assert_eq!(ready(&format!("{name}.g")).await, Some(0));
}

/// Whoever has made the queue wants what it rejects; what is tried again is not rejected.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn r07_what_is_given_back_is_no_dead_letter_of_the_queues_own_exchange() {
    let (binder, name) = (binder(), unique("exchange"));
    let (_connection, channel) = raw().await;
    let (queue, rejected) = (format!("{name}.g"), format!("{name}.rejected"));
    let mut arguments = lapin::types::FieldTable::default();
    for (argument, value) in
        [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", rejected.as_str())]
    {
        arguments.insert(argument.into(), lapin::types::AMQPValue::LongString(value.into()));
    }
    let options = lapin::options::QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.as_str().into(), options, arguments).await.unwrap();
    channel.queue_declare(rejected.as_str().into(), options, Default::default()).await.unwrap();

    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..3).map(numbered).collect()).await;
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    for attempt in 1..=3 {
        let came = reader.take(3).await;
        assert_eq!(came.len(), 3, "attempt {attempt}");
        reader.tell(&came, Settlement::Release);
    }
    let came = reader.take(3).await;
    reader.settle(&came[..2]);
    // What is unsettled goes back with the channel.
    reader.close().await;
    assert_eq!((ready(&queue).await, ready(&rejected).await), (Some(1), Some(0)));
    for queue in [queue, rejected] {
        channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
    }
}
