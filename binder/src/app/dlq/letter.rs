//! One dead letter, taken apart.

use binder_core::logic::{dead_letter, redrive};
use binder_core::{Delivery, Headers, Letters, Result, Room};
use bytes::Bytes;

use super::BATCH;

/// A dead letter as its headers tell of it. What a foreign letter does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// The id of the message.
    pub id: Option<Bytes>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its content type; none stands for JSON.
    pub content_type: Option<Bytes>,
    /// Where it was read.
    pub destination: Option<String>,
    /// The binding that read it.
    pub binding: Option<String>,
    /// The group for which it was read.
    pub group: Option<String>,
    /// The partition it was read from.
    pub partition: Option<String>,
    /// Its position there.
    pub position: Option<String>,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub sent_at: Option<i64>,
    /// What kind of failure it was.
    pub class: Option<String>,
    /// What was wrong.
    pub cause: Option<String>,
    /// How often it was tried.
    pub attempts: Option<u32>,
    /// When it failed for good, in milliseconds since the Unix epoch.
    pub failed_at: Option<i64>,
    /// How often it was redriven.
    pub redrives: u32,
    /// Its other headers, in order.
    pub headers: Headers,
    /// Its payload; `None` is a null payload.
    pub payload: Option<Bytes>,
    /// The partition of the store.
    pub store_partition: u32,
    /// The position there: Kafka's offset, on RabbitMQ the place in line.
    pub store_position: u64,
}

impl Letter {
    pub(super) fn of(delivery: Delivery) -> Self {
        let Delivery { message, tag, .. } = delivery;
        let all = &message.headers;
        let text = |name| all.text(name).map(str::to_owned);
        let mut headers = all.clone();
        headers.remove_all(&dead_letter::HEADERS);
        headers.remove_all(&redrive::HEADERS);
        Self {
            destination: text(dead_letter::DESTINATION),
            binding: text(dead_letter::BINDING),
            group: text(dead_letter::GROUP),
            partition: text(dead_letter::PARTITION),
            position: text(dead_letter::POSITION),
            sent_at: number(all, dead_letter::TIMESTAMP).or(message.timestamp),
            class: text(dead_letter::CLASS),
            cause: text(dead_letter::CAUSE),
            attempts: number(all, dead_letter::ATTEMPTS),
            failed_at: number(all, dead_letter::AT),
            redrives: redrive::count(all),
            headers,
            id: message.id,
            key: message.key,
            content_type: message.content_type,
            payload: message.payload,
            store_partition: tag.partition,
            store_position: tag.sequence,
        }
    }

    /// When it came into the store, as far as it says.
    pub(super) fn at(&self) -> Option<i64> {
        self.failed_at.or(self.sent_at)
    }
}

fn number<T: std::str::FromStr>(headers: &Headers, name: &str) -> Option<T> {
    headers.text(name)?.parse().ok()
}

/// The first letters, at most `limit`, one by one; one batch of them is held at a time.
pub(super) async fn oldest(
    mut letters: Box<dyn Letters>,
    limit: usize,
    mut each: impl FnMut(Letter),
) -> Result<()> {
    let mut left = limit;
    while left > 0 {
        let next = letters.next(Room { messages: BATCH.messages.min(left), ..BATCH }).await?;
        if next.is_empty() {
            break;
        }
        left = left.saturating_sub(next.len());
        next.into_iter().map(Letter::of).for_each(&mut each);
    }
    letters.close().await
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Arc;

    use binder_core::{BoxFuture, Message, Tag};

    use super::*;

    /// As many letters as anybody asks for, and who holds one.
    struct Endless(Arc<[u8; 1]>);

    struct Payload(Arc<[u8; 1]>);

    impl AsRef<[u8]> for Payload {
        fn as_ref(&self) -> &[u8] {
            &self.0[..]
        }
    }

    impl Letters for Endless {
        fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>> {
            assert_eq!(Arc::strong_count(&self.0), 1, "letters are held");
            let letter = |sequence| Delivery {
                message: Message::new(Bytes::from_owner(Payload(self.0.clone()))),
                tag: Tag { epoch: 0, partition: 0, sequence },
                earlier_attempts: 0,
            };
            Box::pin(ready(Ok((0..room.messages as u64).map(letter).collect())))
        }

        fn settle<'a>(&'a mut self, _: &'a [Tag]) -> BoxFuture<'a, Result<()>> {
            Box::pin(ready(Ok(())))
        }

        fn held(&self) -> u64 {
            u64::MAX
        }
    }

    #[tokio::test]
    async fn letters_that_are_shown_are_not_held() {
        let limit = 3 * BATCH.messages + 1;
        let mut seen = 0;
        oldest(Box::new(Endless(Arc::new([7]))), limit, |_| seen += 1).await.unwrap();
        assert_eq!(seen, limit);
    }
}
