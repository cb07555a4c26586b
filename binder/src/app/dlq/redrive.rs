//! From a store back to the groups at which its letters failed.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use binder_core::logic::pace::Pace;
use binder_core::logic::redrive::{Fate, Home, Left, moved, redrive};
use binder_core::{Delivery, Error, ErrorKind, Letters, Publisher, Result, Room, Tag};
use futures::FutureExt;
use futures::future::FusedFuture;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::flight::{Flight, Flying, Landed, Way};
use super::stores::Store;
use super::{BATCH, DeadLetters, located, tally};
use crate::runtime::plan::RESEND;

/// How long it goes on without a single confirmation.
const STALL: Duration = Duration::from_secs(60);
/// How long confirmations are waited for after somebody asked it to stop.
const CLOSING: Duration = Duration::from_secs(10);

/// Letters that are confirmed are taken out of the store when there are so many, or after so long.
const SETTLED: usize = 64;
const SETTLE: Duration = Duration::from_secs(1);

/// How a redrive goes about it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RedriveOptions {
    /// How many letters are sent at most. Default: all that the store holds.
    pub limit: Option<u64>,
    /// How many letters a second; `None` is as fast as they are taken. Default: 100.
    pub rate: Option<f64>,
    /// A letter that was redriven so often is left. Default: 3.
    pub max_redrives: u32,
    /// Says what would happen, and does nothing. Default: off.
    pub dry_run: bool,
}

impl Default for RedriveOptions {
    fn default() -> Self {
        Self { limit: None, rate: Some(100.0), max_redrives: 3, dry_run: false }
    }
}

/// What a redrive has done, or would do where it is a dry run.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Redriven {
    /// How many letters the store held when it was opened; on Kafka gaps of the log are counted.
    pub held: u64,
    /// How many were sent and confirmed, by destination and group.
    pub sent: BTreeMap<(String, String), u64>,
    /// How many stay in the store, by reason; after a hundred reasons the rest are `others`.
    pub left: BTreeMap<String, u64>,
    /// Why it ended.
    pub end: RedriveEnd,
}

impl Redriven {
    /// How many letters were sent and confirmed.
    #[must_use]
    pub fn all_sent(&self) -> u64 {
        self.sent.values().sum()
    }

    /// How many were looked at and stay in the store.
    #[must_use]
    pub fn all_left(&self) -> u64 {
        self.left.values().sum()
    }
}

/// Why a redrive ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum RedriveEnd {
    /// Everything that the store held when it was opened was looked at.
    #[default]
    Whole,
    /// The limit was reached.
    Limit,
    /// Somebody asked it to stop. The next redrive goes on where it was.
    Stopped,
    /// It could not go on. The next redrive goes on where it was.
    Failed(Error),
}

/// A redrive under way.
pub(super) struct Run<'a, P> {
    of: &'a DeadLetters,
    store: &'a Store,
    letters: Box<dyn Letters>,
    options: &'a RedriveOptions,
    progress: P,
    /// Where letters of this store may go back to.
    homes: Vec<Home>,
    /// The inputs that have their letters elsewhere.
    others: Vec<Home>,
    /// Bound when the first letter goes there, by index of `homes`.
    publishers: BTreeMap<usize, Arc<dyn Publisher>>,
    tail: Option<Arc<dyn Publisher>>,
    flight: Flight,
    /// Read and not looked at.
    waiting: VecDeque<Delivery>,
    /// Nothing is left to read.
    ended: bool,
    pace: Option<Pace>,
    begun: Instant,
    /// When something was confirmed last, or nothing was on its way.
    moved: Instant,
    /// Refusals since then.
    refusals: u32,
    last_refusal: Option<Error>,
    settled: Vec<Tag>,
    /// When letters were taken out of the store last.
    since: Instant,
    done: Redriven,
}

/// What a pass over the store came to.
enum Pass {
    On,
    Over,
}

impl<'a, P: FnMut(&Redriven)> Run<'a, P> {
    pub(super) fn new(
        of: &'a DeadLetters,
        store: &'a Store,
        letters: Box<dyn Letters>,
        options: &'a RedriveOptions,
        progress: P,
    ) -> Self {
        let now = Instant::now();
        Self {
            of,
            store,
            options,
            progress,
            homes: of.homes(store),
            others: of.others(store),
            publishers: BTreeMap::new(),
            tail: None,
            flight: Flight::new(),
            waiting: VecDeque::new(),
            ended: false,
            pace: options.rate.map(Pace::new),
            begun: now,
            moved: now,
            refusals: 0,
            last_refusal: None,
            settled: Vec::new(),
            since: now,
            done: Redriven { held: letters.held(), ..Redriven::default() },
            letters,
        }
    }

    pub(super) async fn go(mut self, stop: impl Future<Output = ()>) -> Redriven {
        let mut stop = pin!(stop.fuse());
        let gone = self.pass_all(stop.as_mut()).await;
        let end = match gone {
            Ok(()) if stop.is_terminated() => self.land_rest().await.map(|()| RedriveEnd::Stopped),
            Ok(()) if self.is_at_limit() => Ok(RedriveEnd::Limit),
            Ok(()) => Ok(RedriveEnd::Whole),
            Err(error) => {
                // What is confirmed already is taken out of the store if that is still possible.
                drop(self.land_rest().await);
                Err(error)
            }
        };
        let closed = self.letters.close().await;
        self.done.end = match (end, closed) {
            (Ok(end), Ok(())) => end,
            (Err(error), _) | (Ok(_), Err(error)) => RedriveEnd::Failed(located(error, self.store)),
        };
        self.done
    }

    /// Until everything was looked at and landed, or `stop` is ready.
    async fn pass_all<S: FusedFuture<Output = ()>>(&mut self, mut stop: Pin<&mut S>) -> Result<()> {
        loop {
            let passed = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                passed = self.pass() => passed?,
            };
            // Outside of the choice: a settlement is not given up in the middle.
            if self.is_time_to_settle() {
                self.settle().await?;
            }
            if let Pass::Over = passed {
                return Ok(());
            }
        }
    }

    /// One letter more on its way, or one landed.
    async fn pass(&mut self) -> Result<Pass> {
        while let Some(landed) = self.flight.land().now_or_never() {
            self.landed(landed)?;
        }
        if self.is_time_to_settle() {
            return Ok(Pass::On);
        }
        if self.flight.is_held_up() {
            self.send_again().await?;
            return Ok(Pass::On);
        }
        if self.flight.has_room() && !self.is_at_limit() && self.look().await? {
            return Ok(Pass::On);
        }
        if self.flight.is_empty() {
            return Ok(Pass::Over);
        }
        tokio::select! {
            landed = self.flight.land() => self.landed(landed)?,
            () = sleep_until(self.moved + STALL) => return Err(self.stalled()),
        }
        Ok(Pass::On)
    }

    /// Whether as many are sent, or on their way, as may be.
    fn is_at_limit(&self) -> bool {
        let going = self.done.all_sent() + self.flight.homeward() as u64;
        self.options.limit.is_some_and(|limit| going >= limit)
    }

    /// Looks at the next letter; `false` when there is none.
    async fn look(&mut self) -> Result<bool> {
        if self.waiting.is_empty() && !self.ended {
            let room = Room { messages: BATCH.messages / 4, ..BATCH };
            self.waiting.extend(self.letters.next(room).await?);
            self.ended = self.waiting.is_empty();
        }
        let Some(next) = self.waiting.front() else { return Ok(false) };
        let fate = redrive(&next.message, &self.homes, &self.others, self.options.max_redrives);
        if let Fate::Sent { .. } = &fate
            && !self.options.dry_run
        {
            self.keep_pace().await?;
        }
        let Some(Delivery { message: letter, tag, .. }) = self.waiting.pop_front() else {
            return Ok(false);
        };
        match fate {
            Fate::Sent { input, .. } if self.options.dry_run => self.count_sent(input),
            Fate::Sent { input, message: sent } => {
                self.send(Flying { tag, way: Way::Home(input), letter, sent }).await?;
            }
            Fate::Left(why) => self.leave(tag, letter, why).await?,
            _ => {}
        }
        Ok(true)
    }

    /// Waits until the next letter may go; what lands meanwhile is heard.
    async fn keep_pace(&mut self) -> Result<()> {
        let begun = self.begun;
        while let Some(Err(wait)) = self.pace.as_mut().map(|pace| pace.take(begun.elapsed())) {
            let until = Instant::now() + wait;
            loop {
                tokio::select! {
                    landed = self.flight.land() => self.landed(landed)?,
                    () = sleep_until(until) => break,
                }
            }
        }
        Ok(())
    }

    /// A letter stays in the store: where it is, or at its end.
    async fn leave(&mut self, tag: Tag, letter: binder_core::Message, why: Left) -> Result<()> {
        if self.options.dry_run || self.letters.keeps_places() {
            self.count_left(&why);
            return Ok(());
        }
        let sent = moved(&letter, self.store.destination.as_str());
        self.send(Flying { tag, way: Way::Tail(why), letter, sent }).await
    }

    async fn send(&mut self, flying: Flying) -> Result<()> {
        let publisher = match flying.way {
            Way::Home(index) => self.home(index).await?,
            Way::Tail(_) => match &self.tail {
                Some(tail) => tail.clone(),
                None => self.tail.insert(self.of.bind_tail(self.store).await?).clone(),
            },
        };
        if self.flight.is_empty() {
            self.moved = Instant::now();
        }
        let until = self.moved + STALL;
        let sending = self.flight.send(publisher.as_ref(), flying);
        match tokio::time::timeout_at(until, sending).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stalled()),
        }
    }

    async fn home(&mut self, index: usize) -> Result<Arc<dyn Publisher>> {
        if let Some(publisher) = self.publishers.get(&index) {
            return Ok(publisher.clone());
        }
        let home = self.homes.get(index);
        let home = home.ok_or_else(|| Error::new(ErrorKind::Config, "the input is gone"))?;
        let publisher = self.of.bind_home(self.store, home).await?;
        self.publishers.insert(index, publisher.clone());
        Ok(publisher)
    }

    /// After a back-off, everything that was refused for now.
    async fn send_again(&mut self) -> Result<()> {
        if self.moved.elapsed() >= STALL {
            return Err(self.stalled());
        }
        sleep(RESEND.delay(self.refusals.max(1), 0.5)).await;
        for flying in self.flight.take_again() {
            self.send(flying).await?;
        }
        Ok(())
    }

    /// What became of a letter.
    fn landed(&mut self, landed: Landed) -> Result<()> {
        match landed {
            Landed::Confirmed(flying) => {
                self.moved = Instant::now();
                self.refusals = 0;
                self.settled.push(flying.tag);
                match flying.way {
                    Way::Home(input) => self.count_sent(input),
                    Way::Tail(why) => self.count_left(&why),
                }
            }
            Landed::Again(error) => {
                self.refusals = self.refusals.saturating_add(1);
                self.last_refusal = Some(error);
            }
            Landed::Refused(flying, error) => match flying.way {
                Way::Home(_) => {
                    // Behind what was read, so that it is left like another.
                    let why = Left::Refused(error.to_string());
                    return self.refused(flying, why);
                }
                Way::Tail(_) => return Err(error),
            },
        }
        Ok(())
    }

    /// A letter that the broker will never take.
    fn refused(&mut self, flying: Flying, why: Left) -> Result<()> {
        if self.letters.keeps_places() {
            self.count_left(&why);
            return Ok(());
        }
        let sent = moved(&flying.letter, self.store.destination.as_str());
        self.flight.put_again(Flying { way: Way::Tail(why), sent, ..flying });
        Ok(())
    }

    /// Many at once, since each costs an answer of the broker; what is not yet taken out of the
    /// store is sent twice when the process dies.
    fn is_time_to_settle(&self) -> bool {
        let many = self.settled.len() >= SETTLED || self.since.elapsed() >= SETTLE;
        !self.settled.is_empty() && (many || self.flight.is_empty())
    }

    async fn settle(&mut self) -> Result<()> {
        self.since = Instant::now();
        if !self.settled.is_empty() {
            let settled = std::mem::take(&mut self.settled);
            self.letters.settle(&settled).await?;
        }
        Ok(())
    }

    /// Waits for what is on its way, and takes out of the store what is confirmed.
    async fn land_rest(&mut self) -> Result<()> {
        let landing = async {
            while self.flight.is_up() {
                let landed = self.flight.land().await;
                self.landed(landed)?;
            }
            Ok(())
        };
        let landed = timeout(CLOSING, landing).await;
        self.settle().await?;
        landed.unwrap_or(Ok(()))
    }

    fn stalled(&mut self) -> Error {
        self.last_refusal.take().unwrap_or_else(|| {
            let why = format!("nothing was confirmed for {STALL:?}");
            Error::new(ErrorKind::Publish, why)
                .with_hint("is the broker up, and do the destination and the store have room?")
        })
    }

    fn count_sent(&mut self, input: usize) {
        if let Some(home) = self.homes.get(input) {
            let home = (home.destination.to_string(), home.group.to_string());
            *self.done.sent.entry(home).or_default() += 1;
        }
        (self.progress)(&self.done);
    }

    fn count_left(&mut self, why: &Left) {
        let why = tally::key(why.to_string());
        tally::count(&mut self.done.left, why, || tally::OTHERS.to_owned());
        (self.progress)(&self.done);
    }
}
