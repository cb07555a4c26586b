//! Records of the client to deliveries.

use binder_core::{Delivery, Limit, Message, Tag};
use bytes::{Bytes, BytesMut};

use super::partitions::Partitions;
use crate::error::Code;
use crate::headers::{Field, inbound};
use crate::native::{DataQueue, HeaderList, Record};

/// What payloads, keys and headers are copied into: one allocation for many messages, so that
/// what is freed on another thread is few. Below the size that glibc maps anew each time.
const BLOCK: usize = 64 * 1024;

/// Copies records out of the client.
#[derive(Debug, Default)]
pub(crate) struct Copier {
    block: BytesMut,
}

impl Copier {
    /// Moves what there is room for from the queue into `batch`, and gives the first error that
    /// the client has put in the place of a message.
    pub(crate) fn fill<C: rdkafka::consumer::ConsumerContext>(
        &mut self,
        queue: &mut DataQueue<C>,
        partitions: &mut Partitions,
        room: Limit,
        batch: &mut Vec<Delivery>,
    ) -> Option<(Option<u32>, Code, String)> {
        let mut bytes = 0_usize;
        while let Some(record) = queue.front() {
            if let Some((code, text)) = record.error() {
                let place = record.partition();
                queue.pop();
                return Some((place, code, text));
            }
            let headers = record.headers();
            let size = record.size(&headers);
            bytes = bytes.saturating_add(size);
            // One message larger than the limit is not stuck for ever: it goes alone.
            let fits = bytes <= room.bytes || partitions.is_idle();
            if batch.len() >= room.messages || !fits {
                return None;
            }
            if let (Some(partition), Some(sequence)) = (record.partition(), record.offset())
                && let Some(epoch) = partitions.deliver(partition, sequence, size)
            {
                let message = self.message(&record, &headers, size);
                let tag = Tag { epoch, partition, sequence };
                batch.push(Delivery { message, tag, earlier_attempts: 0 });
            }
            queue.pop();
        }
        None
    }

    /// One record as a message; `size` is that of the record.
    pub(crate) fn message(
        &mut self,
        record: &Record<'_>,
        headers: &HeaderList<'_>,
        size: usize,
    ) -> Message {
        if self.block.capacity() < size {
            self.block = BytesMut::with_capacity(size.max(BLOCK));
        }
        let mut message = Message {
            payload: record.payload().map(|payload| self.copy(payload)),
            key: record.key().map(|key| self.copy(key)),
            timestamp: record.timestamp(),
            ..Message::default()
        };
        for (name, value) in headers.iter() {
            let (field, value) = inbound(name, value);
            let value = value.map(|value| self.copy(value));
            match field {
                Field::ContentType => message.content_type = value,
                Field::Id => message.id = value,
                Field::Header => message.headers.push(self.copy(name), value),
            }
        }
        message
    }

    fn copy(&mut self, bytes: &[u8]) -> Bytes {
        if bytes.is_empty() {
            return Bytes::new();
        }
        self.block.extend_from_slice(bytes);
        self.block.split().freeze()
    }
}
