//! What the client calls back, kept for the poll thread's own loop.
//!
//! Librdkafka waits for the application's answer to a rebalance, whenever it comes; so a callback
//! only leaves a note, and the thread answers with everything at hand.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::consumer::Consumer as _;

use crate::error::Code;
use crate::log::log_line;
use crate::sync::lock;

/// One call of the client.
#[derive(Debug)]
pub(crate) enum Mail {
    /// These partitions are to be read.
    Assign(rdkafka::TopicPartitionList),
    /// These are to be given up; `true` if they are gone already.
    Revoke(rdkafka::TopicPartitionList, bool),
    /// A commit has ended: for each partition the position, or why not.
    Committed(Vec<(u32, Result<u64, Code>)>),
    /// A commit has failed as a whole.
    NotCommitted(Code),
}

/// The context of a consumer.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    mail: Mutex<VecDeque<Mail>>,
    closing: AtomicBool,
}

impl Mailbox {
    /// The oldest note.
    pub(crate) fn take(&self) -> Option<Mail> {
        lock(&self.mail).pop_front()
    }

    /// From now on rebalances are answered at once: the consumer is leaving.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    fn put(&self, mail: Mail) {
        lock(&self.mail).push_back(mail);
    }
}

impl rdkafka::client::ClientContext for Mailbox {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    /// The same error comes back from the poll, where the thread deals with it.
    fn error(&self, _: rdkafka::error::KafkaError, _: &str) {}
}

impl rdkafka::consumer::ConsumerContext for Mailbox {
    fn rebalance(
        &self,
        consumer: &rdkafka::consumer::BaseConsumer<Self>,
        kind: rdkafka::types::RDKafkaRespErr,
        partitions: &mut rdkafka::TopicPartitionList,
    ) {
        let assign = kind == rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            // An assignment that comes now is not taken up.
            let none = rdkafka::TopicPartitionList::new();
            let answer =
                if assign { unassign(consumer, &none) } else { unassign(consumer, partitions) };
            if let Err(why) = answer {
                tracing::debug!(%why, "unassign while leaving");
            }
        } else if assign {
            self.put(Mail::Assign(partitions.clone()));
        } else {
            self.put(Mail::Revoke(partitions.clone(), consumer.assignment_lost()));
        }
    }

    fn commit_callback(
        &self,
        result: rdkafka::error::KafkaResult<()>,
        offsets: &rdkafka::TopicPartitionList,
    ) {
        let code =
            |why: &rdkafka::error::KafkaError| why.rdkafka_error_code().unwrap_or(Code::Unknown);
        self.put(match result {
            Err(why) if offsets.count() == 0 => Mail::NotCommitted(code(&why)),
            _ => Mail::Committed(
                offsets
                    .elements()
                    .iter()
                    .filter_map(|element| {
                        let partition = u32::try_from(element.partition()).ok()?;
                        let position = match (element.error(), element.offset()) {
                            (Err(why), _) => Err(code(&why)),
                            (Ok(()), rdkafka::Offset::Offset(position)) => {
                                Ok(u64::try_from(position).unwrap_or(0))
                            }
                            (Ok(()), _) => Err(Code::NoOffset),
                        };
                        Some((partition, position))
                    })
                    .collect(),
            ),
        });
    }
}

/// Takes up partitions, in the way of the group's protocol.
pub(crate) fn assign(
    consumer: &rdkafka::consumer::BaseConsumer<Mailbox>,
    partitions: &rdkafka::TopicPartitionList,
) -> rdkafka::error::KafkaResult<()> {
    match consumer.rebalance_protocol() {
        rdkafka::consumer::RebalanceProtocol::Cooperative => {
            consumer.incremental_assign(partitions)
        }
        _ => consumer.assign(partitions),
    }
}

/// Gives up partitions; in the eager way all of them.
pub(crate) fn unassign(
    consumer: &rdkafka::consumer::BaseConsumer<Mailbox>,
    partitions: &rdkafka::TopicPartitionList,
) -> rdkafka::error::KafkaResult<()> {
    match consumer.rebalance_protocol() {
        rdkafka::consumer::RebalanceProtocol::Cooperative => {
            consumer.incremental_unassign(partitions)
        }
        _ => consumer.unassign(),
    }
}
