//! What a publisher reports.

use std::time::Duration;

use binder_core::logic::partition::kafka_partition;
use binder_core::{Completed, ErrorKind, Message, Unrouted};

use crate::proxy::Proxy;
use crate::support::{
    Input, Output, binder, input, numbered, numbers, output, partitions, raw, ready, through,
    unique,
};

/// Two partitions, of which nobody reads the second; with many in flight each verdict is on the
/// right message.
async fn half_unroutable(unrouted: Unrouted) -> (Vec<(Message, Completed)>, u32) {
    const ALL: usize = 6_000;
    let (binder, name) = (binder(), unique("unroutable"));
    let mut to = output(&name, &["g"]);
    to.partition_count = partitions(2);
    to.unrouted = unrouted;
    let output = Output::bind(&binder, &to).await;
    let (_connection, channel) = raw().await;
    let gone = format!("{name}.g-1");
    channel.queue_delete(gone.as_str().into(), Default::default()).await.unwrap();
    // Some have an id of their own, and some share one.
    let message = |n: usize| {
        let mut message = numbered(n).with_key(format!("key {n}"));
        message.id = n.is_multiple_of(3).then(|| format!("id {}", n % 999).into());
        message
    };
    let messages: Vec<_> = (0..ALL).map(message).collect();
    let outcomes = output.outcomes(messages.clone()).await;
    let kept = ready(&format!("{name}.g-0")).await.unwrap();
    (messages.into_iter().zip(outcomes).collect(), kept)
}

fn is_read(message: &Message) -> bool {
    kafka_partition(message.key.as_deref().unwrap(), partitions(2).unwrap()) == 0
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q03_each_unroutable_message_is_refused_and_no_other() {
    let (outcomes, kept) = half_unroutable(Unrouted::Fail).await;
    let (mut confirmed, mut refused) = (0, 0);
    for (message, outcome) in &outcomes {
        // Which of two that share an id is meant, the broker does not say.
        let told = message.id.is_none();
        match outcome {
            Completed::Confirmed(receipt) => {
                assert!(!told || is_read(message), "{message:?} is called confirmed");
                assert!(receipt.partition.is_some());
                confirmed += 1;
            }
            Completed::Refused(why) => {
                assert!(!told || !is_read(message), "{message:?} is called unroutable");
                assert!(why.kind() == ErrorKind::Unroutable && !why.is_transient(), "{why:?}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(confirmed > 2_000 && refused > 2_000);
    assert_eq!(confirmed, kept);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn unroutable_messages_may_be_dropped() {
    let (outcomes, kept) = half_unroutable(Unrouted::Drop).await;
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Completed::Confirmed(_))));
    let read = outcomes.iter().filter(|(message, _)| is_read(message)).count();
    assert_eq!(read as u32, kept);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_message_that_the_queue_rejects_is_refused_for_now() {
    let (binder, name) = (binder(), unique("full"));
    let output = Output::bind(&binder, &output(&name, &[])).await;
    let (_connection, channel) = raw().await;
    let mut arguments = lapin::types::FieldTable::default();
    arguments.insert("x-max-length".into(), lapin::types::AMQPValue::LongInt(1));
    let reject = lapin::types::AMQPValue::LongString("reject-publish".into());
    arguments.insert("x-overflow".into(), reject);
    channel.queue_declare(name.as_str().into(), Default::default(), arguments).await.unwrap();
    let (queue, exchange) = (name.as_str().into(), name.as_str().into());
    channel
        .queue_bind(queue, exchange, "#".into(), Default::default(), Default::default())
        .await
        .unwrap();
    // One at a time: the queue has its one message before the next is judged.
    let mut refused = 0;
    for n in 0..10 {
        match output.outcomes(vec![numbered(n)]).await.remove(0) {
            Completed::Confirmed(_) => {}
            Completed::Refused(why) => {
                assert!(why.is_transient() && why.kind() == ErrorKind::Publish, "{why:?}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    channel.queue_delete(name.as_str().into(), Default::default()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn what_can_never_be_sent_is_refused_and_the_next_is_sent() {
    let (binder, name) = (binder(), unique("large"));
    let mut to = output(&name, &["g"]);
    to.native.insert("max_message_size".into(), "10".into());
    let output = Output::bind(&binder, &to).await;
    let mut nameless = Message::new("x");
    nameless.headers.push(&[255_u8][..], None);
    let messages = vec![
        numbered(1),
        Message::new("12345678901"),
        Message::new("x").with_header("large", vec![b'v'; 200_000]),
        nameless,
        numbered(2),
    ];
    let outcomes = output.outcomes(messages).await;
    for index in [0, 4] {
        assert!(matches!(outcomes[index], Completed::Confirmed(_)), "{:?}", outcomes[index]);
    }
    for (index, kind) in
        [(1, ErrorKind::TooLarge), (2, ErrorKind::TooLarge), (3, ErrorKind::Publish)]
    {
        let Completed::Refused(why) = &outcomes[index] else { panic!("{:?}", outcomes[index]) };
        assert!(why.kind() == kind && !why.is_transient(), "{why:?}");
    }
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    assert_eq!(numbers(&reader.take(2).await), [1, 2]);
}

/// Nothing that was taken stays unreported when the output is dropped.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn what_was_taken_is_sent_although_the_output_is_dropped() {
    let (binder, name) = (binder(), unique("dropped"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let taken = {
        let work = output.outcomes((0..500).map(numbered).collect());
        // Handed over, and given up before it is confirmed.
        tokio::time::timeout(Duration::ZERO, work).await
    };
    assert!(taken.is_err());
    drop(output);
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    assert_eq!(numbers(&reader.take(500).await), (0..500).collect::<Vec<_>>());
}

/// What the broker has not answered is not confirmed, and what it can no longer answer is unknown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q02_a_publish_counts_when_the_broker_confirms_it() {
    let (proxy, name) = (Proxy::start().await, unique("unanswered"));
    let output = Output::bind(&through(&proxy), &output(&name, &["g"])).await;
    let queue = format!("{name}.g");
    for lost in [false, true] {
        let before = ready(&queue).await.unwrap();
        proxy.block(true);
        let mut outcomes = std::pin::pin!(output.outcomes(vec![numbered(1)]));
        // Long enough for a publisher that does not wait for the broker.
        let early = tokio::time::timeout(Duration::from_secs(1), &mut outcomes).await;
        assert!(early.is_err(), "{early:?}, and the broker has heard of nothing");
        assert_eq!(ready(&queue).await, Some(before));
        if lost {
            proxy.cut();
        }
        proxy.block(false);
        let outcome = outcomes.await.remove(0);
        match lost {
            false => assert!(matches!(outcome, Completed::Confirmed(_)), "{outcome:?}"),
            true => assert!(!matches!(outcome, Completed::Confirmed(_)), "{outcome:?}"),
        }
        assert_eq!(ready(&queue).await, Some(before + u32::from(!lost)));
    }
}
