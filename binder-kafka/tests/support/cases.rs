//! The cases, each against either broker.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use binder_core::{Binder, Completed, ErrorKind, Incoming, Message, Settlement, Start, Topology};

use crate::support::{Broker, Input, Output, consumer, limit, number, numbered, producer, unique};

pub(crate) async fn a_message_comes_back_as_it_went(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(2).await;
    let mut sent = Message::new("payload").with_key("k").with_header("a", "1");
    sent.headers.push("null", None);
    sent.headers.push("a", Some("2".into()));
    sent.headers.push("empty", Some("".into()));
    sent.content_type = Some("text/plain".into());
    sent.id = Some("id-7".into());
    sent.timestamp = Some(1_700_000_000_123);
    let mut default = Message::new("{}");
    default.content_type = Some("application/json".into());
    default.timestamp = Some(1);
    let tombstone = Message { key: Some("k".into()), timestamp: Some(2), ..Message::default() };
    let empty = Message { timestamp: Some(3), ..Message::new("") };
    let mut output = Output::bind(&binder, &topic).await;
    let messages = [sent.clone(), default.clone(), tombstone.clone(), empty.clone()];
    for completed in output.send(messages).await {
        let Completed::Confirmed(receipt) = completed else { panic!("{completed:?}") };
        assert!(receipt.partition.is_some() && receipt.offset.is_some());
    }
    let mut input = Input::assigned(&binder, &consumer(&topic, &unique("group"))).await;
    let got = input.take(4).await;
    let by_time: BTreeMap<_, _> =
        got.into_iter().map(|delivery| (delivery.message.timestamp, delivery.message)).collect();
    assert_eq!(by_time[&sent.timestamp], sent);
    default.content_type = None;
    assert_eq!(by_time[&Some(1)], default, "the default content type is not written");
    assert_eq!(by_time[&Some(2)], tombstone);
    assert_eq!(by_time[&Some(3)], empty);
    input.close().await;
}

pub(crate) async fn messages_of_a_key_keep_their_order(broker: &Broker) {
    const COUNT: u64 = 10_000;
    const KEYS: u64 = 50;
    let binder = broker.binder();
    let topic = broker.topic(4).await;
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..COUNT).map(|n| numbered(n, KEYS))).await;
    let mut input = Input::assigned(&binder, &consumer(&topic, &unique("group"))).await;
    let mut last = BTreeMap::new();
    let mut partitions = BTreeMap::new();
    for delivery in input.take(usize::try_from(COUNT).unwrap()).await {
        let n = number(&delivery);
        let before = last.insert(n % KEYS, n);
        assert!(before.is_none_or(|before| before + KEYS == n), "{n} after {before:?}");
        let home = partitions.entry(n % KEYS).or_insert(delivery.tag.partition);
        assert_eq!(*home, delivery.tag.partition);
    }
    input.close().await;
}

pub(crate) async fn s15_11_only_the_settled_prefix_is_committed(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(1).await;
    let group = unique("group");
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..10).map(|n| numbered(n, 1))).await;
    let mut input = Input::assigned(&binder, &consumer(&topic, &group)).await;
    let mut got = input.take(10).await;
    let third = got.remove(3);
    got.reverse();
    for delivery in got {
        input.ack(std::slice::from_ref(&delivery));
    }
    input.close().await;
    let mut again = Input::assigned(&binder, &consumer(&topic, &group)).await;
    let got = again.take(7).await;
    assert_eq!(number(&got[0]), number(&third));
    assert_eq!(got.iter().map(number).collect::<Vec<_>>(), (3..10).collect::<Vec<_>>());
    again.ack(&got);
    again.close().await;
    let mut done = Input::assigned(&binder, &consumer(&topic, &group)).await;
    assert!(done.is_quiet(Duration::from_secs(1)).await);
    done.close().await;
}

pub(crate) async fn what_is_uncommitted_is_bounded(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(2).await;
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..500).map(|n| numbered(n, 500))).await;
    let mut spec = consumer(&topic, &unique("group"));
    spec.max_in_flight = limit(100);
    let mut input = Input::assigned(&binder, &spec).await;
    let got = input.take(100).await;
    assert!(input.is_quiet(Duration::from_millis(1500)).await);
    input.ack(&got);
    let more = input.take(100).await;
    assert!(input.is_quiet(Duration::from_millis(300)).await);
    input.ack(&more);
    input.take(100).await;
    input.close().await;
}

pub(crate) async fn a_released_message_comes_again(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(1).await;
    let group = unique("group");
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..5).map(|n| numbered(n, 1))).await;
    let mut input = Input::assigned(&binder, &consumer(&topic, &group)).await;
    let got = input.take(5).await;
    input.acker.settle(&[
        (got[0].tag, Settlement::Ack),
        (got[1].tag, Settlement::Release),
        (got[2].tag, Settlement::Ack),
        (got[3].tag, Settlement::Release),
        (got[4].tag, Settlement::Ack),
    ]);
    let again = input.take(4).await;
    assert_eq!(again.iter().map(number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(again[0].tag.epoch > got[0].tag.epoch);
    input.ack(&again);
    input.close().await;
    let mut done = Input::assigned(&binder, &consumer(&topic, &group)).await;
    assert!(done.is_quiet(Duration::from_millis(500)).await);
    done.close().await;
}

pub(crate) async fn the_latest_is_pinned_when_assigned(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(2).await;
    let group = unique("group");
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..10).map(|n| numbered(n, 10))).await;
    let mut named = consumer(&topic, &group);
    named.start = Start::Latest;
    let input = Input::assigned(&binder, &named).await;
    // Nothing was read yet, and the group is left before anything was settled.
    input.close().await;
    output.confirm((10..20).map(|n| numbered(n, 10))).await;
    let mut input = Input::assigned(&binder, &named).await;
    let got: BTreeSet<_> = input.take(10).await.iter().map(number).collect();
    assert_eq!(got, (10..20).collect());
    input.close().await;

    let mut anonymous = consumer(&topic, "unused");
    anonymous.group = None;
    let mut input = Input::assigned(&binder, &anonymous).await;
    output.confirm((20..30).map(|n| numbered(n, 10))).await;
    let got: BTreeSet<_> = input.take(10).await.iter().map(number).collect();
    assert_eq!(got, (20..30).collect());
    input.close().await;
}

pub(crate) async fn k07_what_has_started_finishes_before_a_partition_moves(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(2).await;
    let group = unique("group");
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..20).map(|n| numbered(n, 20))).await;
    let spec = consumer(&topic, &group);
    let mut first = Input::assigned(&binder, &spec).await;
    let started = first.take(20).await;
    let second = Input::bind(&binder, &spec).await;
    let mut none = Vec::new();
    let Incoming::Revoked(gone) = first.next(100, &mut none).await else { panic!("not revoked") };
    assert!(gone.iter().any(|p| p.partition == started[0].tag.partition && p.epoch == 1));
    // The last of it finishes while the partition is being taken away.
    first.ack(&started);
    let mut second = Seen::watch(second);
    let mut first = Seen::watch(first);
    output.confirm((20..40).map(|n| numbered(n, 20))).await;
    let mut all = BTreeSet::new();
    let until = Instant::now() + crate::support::PATIENCE;
    while !(20..40).all(|n| all.contains(&n)) && Instant::now() < until {
        all.extend(first.so_far());
        all.extend(second.so_far());
        // Two members are watched, and neither tells that the other is done.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if broker.keeps_commits_during_a_rebalance() {
        assert_eq!(all, (20..40).collect(), "nothing of the first 20 comes again");
    }
    assert!((20..40).all(|n| all.contains(&n)), "nothing is lost: {all:?}");
    first.stop().await;
    second.stop().await;
}

/// Members of one group come and go while messages flow: every message is handled.
pub(crate) async fn members_come_and_go_and_nothing_is_lost(broker: &Broker, strategy: &str) {
    const COUNT: u64 = 20_000;
    let topic = broker.topic(6).await;
    let mut spec = consumer(&topic, &unique("group"));
    spec.native.insert("partition.assignment.strategy".into(), strategy.into());
    let binder = broker.binder();
    let mut output = Output::bind(&binder, &topic).await;
    let mut members = vec![Seen::watch(Input::assigned(&binder, &spec).await)];
    let mut seen: Vec<u64> = Vec::new();
    for part in 0..10 {
        let numbers = part * COUNT / 10..(part + 1) * COUNT / 10;
        output.confirm(numbers.map(|n| numbered(n, 64))).await;
        match part {
            2 | 5 => members.push(Seen::watch(Input::bind(&binder, &spec).await)),
            4 => seen.extend(members.remove(0).stop().await),
            _ => {}
        }
        // Members stay a while, as processes do; librdkafka has no virtual time.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let until = Instant::now() + crate::support::PATIENCE;
    loop {
        for member in &mut members {
            seen.extend(member.so_far());
        }
        let distinct: BTreeSet<_> = seen.iter().copied().collect();
        if distinct.len() as u64 == COUNT || Instant::now() > until {
            break;
        }
        // Librdkafka's threads have no virtual time, and nothing tells that a group is quiet.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for member in members {
        seen.extend(member.stop().await);
    }
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    let missing: Vec<_> = (0..COUNT).filter(|n| !distinct.contains(n)).take(10).collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    println!("{strategy}: {} delivered twice", seen.len() - distinct.len());
    if broker.keeps_commits_during_a_rebalance() {
        assert_eq!(seen.len(), distinct.len(), "what was handled was committed before it moved");
    }
}

/// A member that handles what it gets at once.
struct Seen {
    stop: Arc<AtomicBool>,
    seen: tokio::sync::mpsc::UnboundedReceiver<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Seen {
    fn watch(mut input: Input) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, seen) = tokio::sync::mpsc::unbounded_channel();
        let stopping = stop.clone();
        let work = async move {
            while !stopping.load(Ordering::Relaxed) {
                let mut batch = Vec::new();
                let next = input.next(64, &mut batch);
                if tokio::time::timeout(Duration::from_millis(50), next).await.is_err() {
                    continue;
                }
                for delivery in &batch {
                    tell.send(number(delivery)).unwrap();
                }
                input.ack(&batch);
            }
            input.close().await;
        };
        Self { stop, seen, task: tokio::task::spawn(work) }
    }

    fn so_far(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }

    async fn stop(mut self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        (&mut self.task).await.unwrap();
        self.so_far()
    }
}

/// More members than partitions: who gets none is told so.
pub(crate) async fn an_empty_assignment_is_one(broker: &Broker) {
    let binder = broker.binder();
    let spec = consumer(&broker.topic(1).await, &unique("group"));
    let first = Seen::watch(Input::assigned(&binder, &spec).await);
    let second = Input::assigned(&binder, &spec).await;
    second.close().await;
    first.stop().await;
}

pub(crate) async fn many_messages_flow_from_topic_to_topic(broker: &Broker, count: u64) {
    let binder = broker.binder();
    let (from, to) = (broker.topic(8).await, broker.topic(8).await);
    let mut output = Output::bind(&binder, &from).await;
    output.confirm((0..count).map(|n| numbered(n, 1000))).await;
    let mut copy = Output::bind(&binder, &to).await;
    let mut input = Input::assigned(&binder, &consumer(&from, &unique("group"))).await;
    let began = Instant::now();
    let mut copied = 0;
    while copied < count {
        let want = usize::try_from((count - copied).min(20_000)).unwrap();
        let batch = input.take(want).await;
        copy.confirm(batch.iter().map(|delivery| delivery.message.clone())).await;
        input.ack(&batch);
        copied += batch.len() as u64;
    }
    println!("{count} copied in {:?}", began.elapsed());
    input.close().await;
    let mut check = Input::assigned(&binder, &consumer(&to, &unique("group"))).await;
    let mut seen = BTreeSet::new();
    let batch = check.take(usize::try_from(count).unwrap_or(usize::MAX).min(60_000)).await;
    seen.extend(batch.iter().map(number));
    check.ack(&batch);
    let rest = check.take(usize::try_from(count).unwrap() - batch.len()).await;
    seen.extend(rest.iter().map(number));
    assert_eq!(seen.len() as u64, count);
    check.close().await;
}

pub(crate) async fn a_message_too_large_is_refused_and_the_next_is_sent(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(1).await;
    let mut output = Output::bind(&binder, &topic).await;
    let large = Message::new(vec![0_u8; 2_000_000]);
    let mut reports = output.send([numbered(0, 1), large, numbered(2, 1)]).await.into_iter();
    assert!(matches!(reports.next(), Some(Completed::Confirmed(_))));
    let Some(Completed::Refused(why)) = reports.next() else { panic!("not refused") };
    assert_eq!(why.kind(), ErrorKind::TooLarge);
    assert!(!why.is_transient() && why.to_string().contains(&topic), "{why}");
    assert!(matches!(reports.next(), Some(Completed::Confirmed(_))));
}

pub(crate) async fn more_partitions_than_exist_are_an_error(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(2).await;
    let mut spec = producer(&topic);
    spec.partition_count = NonZeroU32::new(5);
    let topology = Topology { producers: vec![spec.clone()], ..Topology::default() };
    let provisioned = binder.provision(&topology).await.unwrap_err();
    let bound = binder.bind_producer(&spec).await.err().expect("too few partitions");
    for error in [provisioned, bound] {
        assert_eq!(error.kind(), ErrorKind::Topology);
        let text = error.to_string();
        assert!(text.contains("has 2") && text.contains("asks for 5"), "{text}");
        assert!(text.contains("binder `kafka`") && text.contains(&topic), "{text}");
    }
}

pub(crate) async fn k01_what_was_dropped_without_a_close_comes_again(broker: &Broker) {
    let binder = broker.binder();
    let topic = broker.topic(1).await;
    let group = unique("group");
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..10).map(|n| numbered(n, 1))).await;
    let mut input = Input::assigned(&binder, &consumer(&topic, &group)).await;
    let got = input.take(10).await;
    input.ack(&got[..4]);
    drop(input);
    let mut again = Input::assigned(&binder, &consumer(&topic, &group)).await;
    assert_eq!(number(&again.take(1).await[0]), 4);
    again.close().await;
}
