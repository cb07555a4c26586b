//! Partition queues.

use std::collections::{BTreeMap, BTreeSet};

use binder_core::logic::partition::kafka_partition;
use binder_core::{Binder, Delivery, ErrorKind, Instance, Topology};
use bytes::Bytes;

use crate::support::{
    Input, Output, binder, input, limit, number, numbered, numbers, output, partitions, raw, ready,
    unique,
};

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn keys_keep_their_order_and_a_second_process_takes_over_where_the_first_left() {
    const ALL: usize = 400;
    const IN_FLIGHT: usize = 40;
    let (one, two, name) = (binder(), binder(), unique("order"));
    let mut spec = input(&name, "g");
    spec.max_in_flight = limit(IN_FLIGHT);
    spec.partition_count = partitions(4);
    let mut to = output(&name, &["g"]);
    to.partition_count = partitions(4);
    let output = Output::bind(&one, &to).await;
    let mut first = Input::bind(&one, &spec).await;
    let mut second = Input::bind(&two, &spec).await;
    let keyed = |n: usize| numbered(n).with_key(format!("key {}", n % 16));
    output.publish((0..ALL).map(keyed).collect()).await;

    let came = first.take(IN_FLIGHT).await;
    assert!(second.is_quiet().await, "a partition queue has one reader");
    let keys = by_key(&came);
    let partitions: BTreeSet<_> =
        came.iter().map(|one| (&one.message.key, one.tag.partition)).collect();
    assert_eq!(partitions.len(), keys.len(), "each key in one partition");
    assert!(keys.values().all(|numbers| numbers.is_sorted()));
    first.settle(&came[..IN_FLIGHT / 2]);
    first.close().await;

    let mut rest = Vec::new();
    while rest.len() < ALL - IN_FLIGHT / 2 {
        let came = second.next(10).await;
        second.settle(&came);
        rest.extend(came);
    }
    assert!(by_key(&rest).values().all(|numbers| numbers.is_sorted()));
    let mut all = numbers(&came[..IN_FLIGHT / 2]);
    all.extend(numbers(&rest));
    all.sort_unstable();
    assert_eq!(all, (0..ALL).collect::<Vec<_>>());
}

fn by_key(deliveries: &[Delivery]) -> BTreeMap<Option<Bytes>, Vec<usize>> {
    let mut keys = BTreeMap::<_, Vec<_>>::new();
    for delivery in deliveries {
        keys.entry(delivery.message.key.clone()).or_default().push(number(&delivery.message));
    }
    keys
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn an_existing_count_wins_and_a_larger_one_is_refused() {
    let (binder, name) = (binder(), unique("count"));
    let mut four = input(&name, "g");
    four.partition_count = partitions(4);
    let topology = Topology { consumers: vec![four.clone()], ..Topology::default() };
    binder.provision(&topology).await.unwrap();
    for queue in 0..4 {
        assert_eq!(ready(&format!("{name}.g-{queue}")).await, Some(0));
    }
    assert_eq!(ready(&format!("{name}.g-4")).await, None);

    let mut six = four.clone();
    six.partition_count = partitions(6);
    let refused = binder.bind_consumer(&six).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Topology);
    assert!(refused.to_string().contains("`partition_count = 4`"), "{refused}");

    // One that asks for fewer reads all of them.
    let mut two = four;
    two.partition_count = partitions(2);
    let mut reader = Input::bind(&binder, &two).await;
    let mut to = output(&name, &[]);
    to.partition_count = partitions(4);
    Output::bind(&binder, &to).await.publish((0..8).map(numbered).collect()).await;
    let came = reader.take(8).await;
    let of: BTreeSet<_> = came.iter().map(|one| one.tag.partition).collect();
    assert_eq!(of.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

/// A process that died while it made the queues has made the last ones.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn partitions_that_were_half_made_are_made_whole() {
    let (binder, name) = (binder(), unique("half"));
    let mut spec = input(&name, "g");
    spec.partition_count = partitions(3);
    let topology = Topology { consumers: vec![spec], ..Topology::default() };
    binder.provision(&topology).await.unwrap();
    let (_connection, channel) = raw().await;
    for queue in 0..2 {
        let queue = format!("{name}.g-{queue}");
        channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
    }
    binder.provision(&topology).await.unwrap();
    for queue in 0..3 {
        assert_eq!(ready(&format!("{name}.g-{queue}")).await, Some(0), "{queue}");
    }
}

/// Where an output puts a key.
fn partition(key: &str, count: u32) -> u32 {
    kafka_partition(key.as_bytes(), std::num::NonZeroU32::new(count).unwrap())
}

/// Outputs use partition queues that are added; inputs read them when they are bound next.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn partition_queues_are_added_where_that_is_asked_for() {
    const ALL: usize = 64;
    let (binder, name) = (binder(), unique("grow"));
    let mut spec = input(&name, "g");
    spec.partition_count = partitions(2);
    let mut reader = Input::bind(&binder, &spec).await;
    let mut to = output(&name, &["g"]);
    (to.partition_count, to.grow) = (partitions(4), true);
    let output = Output::bind(&binder, &to).await;
    let keyed = |n: usize| numbered(n).with_key(format!("key {}", n % 32));
    output.publish((0..ALL).map(keyed).collect()).await;
    let in_old = |n: &usize| partition(&format!("key {}", n % 32), 4) < 2;
    let old = reader.take((0..ALL).filter(in_old).count()).await;
    assert!(!old.is_empty() && old.len() < ALL, "{} of {ALL} go to the old ones", old.len());
    assert!(reader.is_quiet().await, "a new queue is read before the next start");
    reader.settle(&old);
    reader.close().await;

    // It asks for two, and reads all there are.
    let mut reader = Input::bind(&binder, &spec).await;
    let new = reader.take(ALL - old.len()).await;
    assert!(new.iter().all(|one| one.tag.partition >= 2));
    let mut all = numbers(&old);
    all.extend(numbers(&new));
    all.sort_unstable();
    assert_eq!(all, (0..ALL).collect::<Vec<_>>());
}

/// Who sends to a group past the exchange takes the queues that there are, whatever it asks for: one
/// that it added would have no reader until the next start.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn who_sends_to_a_group_adds_no_partition_queue() {
    const ALL: usize = 64;
    let (binder, name) = (binder(), unique("reach"));
    let mut spec = input(&name, "g");
    let waiting = async |queues: std::ops::Range<u32>| {
        let mut found = Vec::new();
        for queue in queues {
            found.push(ready(&format!("{name}.g-{queue}")).await);
        }
        found
    };
    let keyed = |n: usize| numbered(n).with_key(format!("key {}", n % 32));
    // There is none yet: they are made as the next start would.
    spec.partition_count = partitions(2);
    Output::reach(&binder, &spec).await.publish((0..ALL).map(keyed).collect()).await;
    let two = waiting(0..3).await;
    assert_eq!(two.iter().flatten().sum::<u32>() as usize, ALL, "{two:?}");
    assert!(two[0] > Some(0) && two[1] > Some(0) && two[2].is_none(), "{two:?}");

    spec.partition_count = partitions(4);
    for grow in [false, true] {
        spec.grow = grow;
        Output::reach(&binder, &spec).await.publish((0..ALL).map(keyed).collect()).await;
    }
    let more: Vec<_> = two.iter().map(|ready| ready.map(|ready| 3 * ready)).collect();
    assert_eq!(waiting(0..3).await, more, "to the same, by the same keys");
    // Of more than are asked for it takes those: there is where others send a key.
    spec.partition_count = partitions(1);
    Output::reach(&binder, &spec).await.publish((0..ALL).map(keyed).collect()).await;
    assert_eq!(waiting(0..3).await, [more[0].map(|ready| ready + 64), more[1], None]);
}

/// Three instances of a group on eight partition queues: each reads its own, whatever the others
/// do. What belongs to one that is gone waits for it.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn instances_read_their_own_partition_queues_and_those_of_one_that_is_gone_wait() {
    const ALL: usize = 240;
    let name = unique("instances");
    let count = std::num::NonZeroU32::new(3).unwrap();
    let mut to = output(&name, &["g"]);
    to.partition_count = partitions(8);
    let output = Output::bind(&binder(), &to).await;
    let mut members = Vec::new();
    for index in 0..3 {
        let mut spec = input(&name, "g");
        spec.partition_count = partitions(8);
        spec.instance = Instance { index, count };
        members.push((Input::bind(&binder(), &spec).await, spec));
    }
    let keyed = |n: usize| numbered(n).with_key(format!("key {}", n % 48));
    output.publish((0..ALL).map(keyed).collect()).await;
    let owner = |n: usize| partition(&format!("key {}", n % 48), 8) % 3;
    let share = |index: u32| (0..ALL).filter(|n| owner(*n) == index).count();
    for (index, (member, _)) in (0..).zip(&mut members) {
        let came = member.take(share(index)).await;
        assert!(came.iter().all(|one| one.tag.partition % 3 == index), "instance {index}");
        assert!(by_key(&came).values().all(|numbers| numbers.is_sorted()), "instance {index}");
        assert!(!came.is_empty() && member.is_quiet().await, "instance {index}");
        member.settle(&came);
    }

    let (gone, spec) = members.remove(1);
    gone.close().await;
    output.publish((0..ALL).map(keyed).collect()).await;
    for (index, (member, _)) in [0, 2].into_iter().zip(&mut members) {
        let came = member.take(share(index)).await;
        assert!(came.iter().all(|one| one.tag.partition % 3 == index), "instance {index}");
        assert!(member.is_quiet().await, "instance {index} has got what is another's");
        member.settle(&came);
    }
    let mut back = Input::bind(&binder(), &spec).await;
    let came = back.take(share(1)).await;
    assert!(came.iter().all(|one| one.tag.partition % 3 == 1));

    let mut idle = spec;
    idle.instance = Instance { index: 8, count: std::num::NonZeroU32::new(9).unwrap() };
    let refused = binder().bind_consumer(&idle).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("instance 8 of 9"), "{refused}");
}
