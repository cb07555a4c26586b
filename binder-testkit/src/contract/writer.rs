//! A small client of the writing half.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder_core::publish::Completions;
use binder_core::{Completed, Completion, Message, Outbox, Outgoing, Publisher};
use tokio::time::timeout;

use crate::contract::compare::{Failure, Verdict, ensure, listed};
use crate::signal::{Signal, lock};

/// A bound output.
pub(crate) struct Writer {
    publisher: Arc<dyn Publisher>,
    patience: Duration,
    /// Hears how many more are confirmed.
    count: Option<Box<dyn Fn(usize) + Send + Sync>>,
}

/// What became of messages so far, by their number.
#[derive(Default)]
struct Reported {
    outcomes: Mutex<Vec<(u64, Completed)>>,
    signal: Signal,
}

impl Completions for Reported {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        lock(&self.outcomes).append(batch);
        self.signal.changed();
    }
}

impl Writer {
    pub(crate) fn new(publisher: Arc<dyn Publisher>, patience: Duration) -> Self {
        Self { publisher, patience, count: None }
    }

    /// The same, which tells how many more messages are published.
    #[cfg_attr(not(feature = "runtime"), expect(dead_code, reason = "the runtime layer's"))]
    pub(crate) fn counted_by(self, count: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { count: Some(Box::new(count)), ..self }
    }

    /// Publishes messages and fails unless each is confirmed.
    pub(crate) async fn publish(&self, messages: impl IntoIterator<Item = Message>) -> Verdict {
        let outcomes = self.outcomes(messages).await?;
        let not_confirmed: Vec<_> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| !matches!(outcome, Completed::Confirmed(_)))
            .map(|(number, outcome)| format!("{number} is {outcome:?}"))
            .collect();
        if let Some(count) = &self.count {
            count(outcomes.len() - not_confirmed.len());
        }
        ensure(not_confirmed.is_empty(), || format!("not confirmed: {}", listed(&not_confirmed)))
    }

    /// Publishes messages and gives what became of each, in the order of the messages.
    pub(crate) async fn outcomes(
        &self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Verdict<Vec<Completed>> {
        let reported = Arc::new(Reported::default());
        let mut outbox = Outbox::new();
        for (token, message) in (0..).zip(messages) {
            let completion = Completion::new(token, reported.clone());
            outbox.push_back(Outgoing { message, completion });
        }
        let count = outbox.len();
        self.hand_over(&mut outbox).await?;
        let all = reported.signal.until(|| lock(&reported.outcomes).len() >= count);
        let done = timeout(self.patience, all).await.is_ok();
        let mut outcomes = std::mem::take(&mut *lock(&reported.outcomes));
        ensure(done, || {
            let (patience, had) = (self.patience, outcomes.len());
            format!("{had} of {count} messages were reported within {patience:?}")
        })?;
        outcomes.sort_by_key(|(token, _)| *token);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Gives messages to the publisher, which may take its time as long as it takes some.
    async fn hand_over(&self, outbox: &mut Outbox) -> Verdict {
        while !outbox.is_empty() {
            let before = outbox.len();
            let publishing = poll_fn(|cx| self.publisher.poll_publish(cx, outbox));
            let ready = timeout(self.patience, publishing).await.is_ok();
            let (patience, left) = (self.patience, outbox.len());
            ensure(ready || left < before, || {
                format!("publishing took no message for {patience:?}, {left} are left")
            })?;
            ensure(!ready || left == 0, || {
                format!("publishing is ready with {left} messages left")
            })?;
        }
        Ok(())
    }

    /// Fails unless flushing is soon ready.
    pub(crate) async fn flush(&self) -> Verdict {
        let flushed = timeout(self.patience, poll_fn(|cx| self.publisher.poll_flush(cx))).await;
        let patience = self.patience;
        flushed.map_err(|_| Failure::new(format!("flushing took longer than {patience:?}")))
    }
}
