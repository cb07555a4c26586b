//! A binder over the broker of this test.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::publish::Reports;
use binder_core::{
    Acker, Binder, BoundInput, BoxFuture, Capabilities, Completed, Completion, ConsumerSpec,
    DeadLetterStore, Delivery, Error, ErrorKind, Incoming, Limit, Outbox, ProducerSpec, Publisher,
    Receipt, Result, Room, Settlement, Start, Subscription, Tag, Topology, Unrouted,
};
use binder_testkit::contract::{Breakable, Fixture};

use crate::broker::{Broker, Group, Topic};
use crate::fault::Fault;
use crate::store;

/// Makes loopback binders with one fault.
#[derive(Clone, Copy)]
pub(crate) struct LoopbackFixture {
    pub(crate) fault: Fault,
    pub(crate) log: bool,
}

impl LoopbackFixture {
    fn binder(self) -> Loopback {
        let (broker, cuts) = (Arc::default(), Arc::default());
        Loopback { fixture: self, broker, unreachable: false, cuts }
    }
}

impl Fixture for LoopbackFixture {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        let binder = self.binder();
        Box::pin(async { Ok(Arc::new(binder) as Arc<dyn Binder>) })
    }

    fn unreachable(&self) -> Option<BoxFuture<'_, Result<Arc<dyn Binder>>>> {
        let binder = Loopback { unreachable: true, ..self.binder() };
        Some(Box::pin(async { Ok(Arc::new(binder) as Arc<dyn Binder>) }))
    }

    fn breakable(&self) -> Option<BoxFuture<'_, Result<Breakable>>> {
        let binder = self.binder();
        let cuts = binder.cuts.clone();
        let end_connections = Arc::new(move || {
            cuts.fetch_add(1, Ordering::SeqCst);
        });
        Some(Box::pin(async { Ok(Breakable { binder: Arc::new(binder), end_connections }) }))
    }

    fn too_large(&self) -> Option<usize> {
        Some(LARGEST + 1)
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        (capabilities.partitions, capabilities.log) = (true, self.log);
        capabilities.dead_letter_store = true;
        capabilities
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// The most bytes of a payload.
const LARGEST: usize = 1 << 20;

#[derive(Clone)]
pub(crate) struct Loopback {
    pub(crate) fixture: LoopbackFixture,
    unreachable: bool,
    /// How often its connections have ended, which is nothing to a sound one.
    cuts: Arc<AtomicUsize>,
    broker: Arc<Mutex<Broker>>,
}

impl Loopback {
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Broker) -> T) -> T {
        act(&mut self.broker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Acts on a topic, then wakes whoever waits for it.
    fn change<T>(&self, topic: &str, act: impl FnOnce(&mut Topic) -> T) -> T {
        let (answer, wakers) = self.with(|broker| {
            let topic = broker.topics.entry(topic.to_owned()).or_default();
            (act(topic), topic.wake())
        });
        wakers.into_iter().for_each(std::task::Waker::wake);
        answer
    }

    async fn reach(&self) -> Result<()> {
        match self.fixture.fault {
            Fault::BindsUnreached => Ok(()),
            Fault::HangsUnreached if self.unreachable => pending().await,
            _ if self.unreachable => Err(Error::new(ErrorKind::Connect, "nobody answers")),
            _ => Ok(()),
        }
    }

    /// Creates a topic, or compares what is wanted with what there is.
    fn create(&self, spec: &ProducerSpec) -> Result<()> {
        let fault = self.fixture.fault;
        self.with(|broker| {
            let topic = broker.topics.entry(spec.destination.to_string()).or_default();
            if fault == Fault::ProvisionEmpties {
                *topic = Topic::default();
            }
            let wanted = spec.partition_count;
            let there = topic.partition_count.or(wanted);
            topic.partition_count = there;
            if spec.grow && wanted > there {
                topic.partition_count = wanted;
                return Ok(());
            }
            match (wanted, there) {
                (Some(wanted), Some(there)) if wanted > there && fault != Fault::GrowsInSilence => {
                    Err(Error::new(ErrorKind::Topology, format!("{there} exist, not {wanted}"))
                        .at_destination(spec.destination.as_str()))
                }
                _ => Ok(()),
            }
        })
    }

    pub(crate) fn ensure_group(&self, topic: &str, group: &str, start: Start) {
        let LoopbackFixture { fault, log } = self.fixture;
        let topic_of = |broker: &mut Broker| {
            let topic = broker.topics.entry(topic.to_owned()).or_default();
            topic.ensure_group(group, start, log, fault);
        };
        self.with(topic_of);
    }

    fn join(&self, spec: &ConsumerSpec) -> Result<LoopbackSubscription> {
        let fault = self.fixture.fault;
        let member = self.with(|broker| {
            broker.next_member += 1;
            broker.next_member
        });
        let group = match &spec.group {
            Some(group) if fault != Fault::StealsFromGroups => group.to_string(),
            None if fault != Fault::SharesAnonymous => format!("anonymous {member}"),
            _ => "everybody".into(),
        };
        let topic = spec.destination.to_string();
        self.ensure_group(&topic, &group, spec.start);
        self.change(&topic, |topic| {
            let members: usize = topic.groups.values().map(|group| group.members.len()).sum();
            if fault == Fault::RefusesCrowds && members > 8 {
                return Err(Error::new(ErrorKind::Broker, "too many members"));
            }
            if let Some(group) = topic.groups.get_mut(&group) {
                group.members.push(member);
                group.share(fault);
            }
            Ok(())
        })?;
        let limit = spec.max_in_flight.unwrap_or(Limit { messages: 1_024, bytes: 1 << 20 });
        let (anonymous, told) = (spec.group.is_none(), false);
        Ok(LoopbackSubscription {
            binder: self.clone(),
            topic,
            group,
            member,
            limit,
            anonymous,
            told,
            cuts: self.cuts.load(Ordering::SeqCst),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a leaked task is the fault")]
fn leak_a_task() {
    drop(tokio::spawn(pending::<()>()));
}

impl Binder for Loopback {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async move {
            if self.fixture.fault == Fault::LeaksATask {
                leak_a_task();
            }
            self.reach().await?;
            let subscription = self.join(spec)?;
            let acker = Arc::new(LoopbackAcker {
                binder: self.clone(),
                topic: subscription.topic.clone(),
                group: subscription.group.clone(),
                member: subscription.member,
            });
            Ok(BoundInput { subscription: Box::new(subscription), acker })
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        let publisher = LoopbackPublisher {
            binder: self.clone(),
            topic: spec.destination.to_string(),
            unrouted: spec.unrouted,
            kept: Mutex::default(),
        };
        Box::pin(async move {
            self.reach().await?;
            Ok(Arc::new(publisher) as Arc<dyn Publisher>)
        })
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        for spec in &topology.consumers {
            if let Some(group) = spec.group.as_ref().filter(|_| {
                // With this fault all groups are one, which begins when it is bound.
                self.fixture.fault != Fault::StealsFromGroups
            }) {
                self.ensure_group(spec.destination.as_str(), group.as_str(), spec.start);
            }
        }
        for spec in &topology.producers {
            for group in &spec.required_groups {
                if self.fixture.fault != Fault::ForgetsRequiredGroups {
                    self.ensure_group(spec.destination.as_str(), group.as_str(), Start::Earliest);
                }
            }
        }
        for spec in &topology.dead_letters {
            self.ensure_group(spec.destination.as_str(), store::GROUP, Start::Earliest);
        }
        let created = topology.producers.iter().try_for_each(|spec| self.create(spec));
        Box::pin(async { created })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.fixture.capabilities();
        capabilities.durable = self.fixture.fault == Fault::Boasts;
        capabilities
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        Some(self)
    }
}

struct LoopbackSubscription {
    binder: Loopback,
    topic: String,
    group: String,
    member: u64,
    limit: Limit,
    anonymous: bool,
    told: bool,
    cuts: usize,
}

impl LoopbackSubscription {
    fn notice_cuts(&mut self, fault: Fault) -> Result<()> {
        let cuts = self.binder.cuts.load(Ordering::SeqCst);
        if std::mem::replace(&mut self.cuts, cuts) == cuts {
            return Ok(());
        }
        match fault {
            Fault::DiesWithItsConnection => Err(Error::new(ErrorKind::Broker, "cut")),
            Fault::ForgetsUnsettledWithItsConnection => {
                self.binder.change(&self.topic, |topic| {
                    topic.groups.values_mut().for_each(Group::forget);
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn leave(&mut self) {
        let fault = self.binder.fixture.fault;
        self.binder.change(&self.topic, |topic| {
            let Some(group) = topic.groups.get_mut(&self.group) else { return };
            group.leave(self.member, fault);
            let forgotten = self.anonymous || fault == Fault::ForgetsGroups;
            if forgotten && group.members.is_empty() {
                topic.groups.remove(&self.group);
            }
        });
    }
}

impl Subscription for LoopbackSubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let fault = self.binder.fixture.fault;
        match fault {
            Fault::BlocksItsThread => std::thread::park_timeout(Duration::from_secs(60)),
            Fault::Panics => panic!("broken on purpose"),
            _ => {}
        }
        self.notice_cuts(fault)?;
        if !std::mem::replace(&mut self.told, true) {
            return Poll::Ready(Ok(Incoming::Assigned));
        }
        self.binder.with(|broker| {
            let Some(topic) = broker.topics.get_mut(&self.topic) else { return Poll::Pending };
            let group = topic.groups.get_mut(&self.group);
            if let Some(revoked) = group.and_then(|group| group.revoked(self.member)) {
                return Poll::Ready(Ok(Incoming::Revoked(revoked)));
            }
            let bounds = (room, self.limit);
            if Group::deliver(topic, &self.group, self.member, bounds, fault, batch) {
                return Poll::Ready(Ok(Incoming::Deliveries));
            }
            topic.wait(cx.waker());
            Poll::Pending
        })
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        if self.binder.fixture.fault == Fault::NeverCloses {
            return Poll::Pending;
        }
        self.leave();
        Poll::Ready(Ok(()))
    }
}

impl Drop for LoopbackSubscription {
    fn drop(&mut self) {
        if self.binder.fixture.fault != Fault::KeepsTheDropped {
            self.leave();
        }
    }
}

struct LoopbackAcker {
    binder: Loopback,
    topic: String,
    group: String,
    member: u64,
}

impl Acker for LoopbackAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        let fault = self.binder.fixture.fault;
        self.binder.change(&self.topic, |topic| {
            if let Some(group) = topic.groups.get_mut(&self.group) {
                group.settle(self.member, fault, batch);
            }
        });
    }
}

struct LoopbackPublisher {
    binder: Loopback,
    topic: String,
    unrouted: Unrouted,
    /// Completions that are never reported, for the fault that does not.
    kept: Mutex<Vec<Completion>>,
}

impl LoopbackPublisher {
    fn refuses(&self) -> bool {
        let LoopbackFixture { fault, log } = self.binder.fixture;
        let orphan = self.binder.change(&self.topic, |topic| topic.groups.is_empty());
        let fail = match fault {
            Fault::DropsUnroutable => false,
            Fault::RefusesUnroutable => true,
            _ => self.unrouted == Unrouted::Fail,
        };
        !log && orphan && fail
    }

    fn topics(&self) -> Vec<String> {
        if self.binder.fixture.fault == Fault::MixesDestinations {
            return self.binder.with(|broker| broker.topics.keys().cloned().collect());
        }
        vec![self.topic.clone()]
    }
}

impl Publisher for LoopbackPublisher {
    fn poll_publish(&self, _: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        let fault = self.binder.fixture.fault;
        let mut reports = Reports::new();
        let (refuses, topics) = (self.refuses(), self.topics());
        while let Some(outgoing) = outbox.pop_front() {
            let size = outgoing.message.payload.as_ref().map_or(0, bytes::Bytes::len);
            if size > LARGEST && fault != Fault::TakesAnySize {
                let error = Error::new(ErrorKind::TooLarge, "too large");
                outgoing.completion.report_into(Completed::Refused(error), &mut reports);
                continue;
            }
            if refuses {
                let error = Error::new(ErrorKind::Unroutable, "nobody reads this");
                outgoing.completion.report_into(Completed::Refused(error), &mut reports);
                continue;
            }
            for topic in &topics {
                self.binder.change(topic, |topic| topic.append(fault, outgoing.message.clone()));
            }
            match fault {
                Fault::DropsCompletions => drop(outgoing.completion),
                Fault::NeverReports => {
                    let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push(outgoing.completion);
                }
                _ => {
                    let confirmed = Completed::Confirmed(Receipt::default());
                    outgoing.completion.report_into(confirmed, &mut reports);
                }
            }
        }
        Poll::Ready(())
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
