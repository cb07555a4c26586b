//! Errors of the client: which it repairs itself, and which end the subscription.

use std::time::Duration;

use binder_core::Result;
use rdkafka::consumer::Consumer as _;

use super::Pump;
use crate::error::{Code, broker, is_repaired_by_the_client};

/// How long the broker may take to say whether a topic still exists.
const LOOK_UP: Duration = Duration::from_secs(5);

impl Pump {
    /// Judges an error that a poll has brought.
    ///
    /// # Errors
    ///
    /// One that ends the subscription.
    pub(super) fn trouble(&mut self, why: &rdkafka::error::KafkaError) -> Result<()> {
        let code = why.rdkafka_error_code().unwrap_or(Code::Unknown);
        if matches!(why, rdkafka::error::KafkaError::MessageConsumptionFatal(_)) {
            return Err(broker("the client has failed", code).transient(false));
        }
        self.concern(None, code, "")
    }

    /// Judges an error: what the client repairs is logged once, the rest ends the subscription.
    pub(super) fn concern(&mut self, partition: Option<u32>, code: Code, text: &str) -> Result<()> {
        if is_repaired_by_the_client(code) {
            if !self.told.contains(&(partition, code)) {
                self.told.push((partition, code));
                let binding = &self.plan.binding;
                tracing::warn!(%binding, ?partition, %code, text, "trouble; going on");
            }
            return Ok(());
        }
        let missing = matches!(code, Code::UnknownTopicOrPartition | Code::UnknownTopic);
        if missing && self.topic_exists() {
            return Ok(());
        }
        let what =
            if missing { "the topic no longer exists" } else { "the broker refuses to deliver" };
        Err(broker(what, code))
    }

    /// One broker of a cluster may not have heard of a new topic yet, so the answer is asked for.
    fn topic_exists(&self) -> bool {
        let Ok(metadata) = self.consumer.fetch_metadata(Some(&self.plan.topic), LOOK_UP) else {
            return true;
        };
        let missing = Some(rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        metadata.topics().iter().all(|topic| topic.error() != missing)
    }
}
