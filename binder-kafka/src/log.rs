//! What a client says: log lines to `tracing`, errors kept for whoever asks why.

use std::sync::Mutex;

use crate::error::Code;
use crate::sync::lock;

/// How many different reasons are kept.
const KEPT: usize = 3;

/// A client's log, and its latest errors.
#[derive(Debug, Default)]
pub(crate) struct ClientLog {
    reasons: Mutex<Vec<(Code, String)>>,
}

impl ClientLog {
    /// The latest errors, oldest first.
    pub(crate) fn reasons(&self) -> Vec<(Code, String)> {
        lock(&self.reasons).clone()
    }

    fn keep(&self, code: Code, reason: &str) {
        let mut reasons = lock(&self.reasons);
        reasons.retain(|(_, kept)| kept != reason);
        if reasons.len() == KEPT {
            reasons.remove(0);
        }
        reasons.push((code, reason.to_owned()));
    }
}

impl rdkafka::client::ClientContext for ClientLog {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
        self.keep(code, reason);
    }
}

impl rdkafka::producer::ProducerContext for ClientLog {
    type DeliveryOpaque = ();

    /// Reports are taken from the event queue in batches; what is left when a producer is dropped
    /// was reported as unknown before.
    fn delivery(&self, _: &rdkafka::producer::DeliveryResult<'_>, (): ()) {}
}

/// One line of librdkafka's log.
pub(crate) fn log_line(level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        // "This option is the other side's": the options of a binder go to all of its clients.
        _ if facility == "CONFWARN" => {}
        rdkafka::config::RDKafkaLogLevel::Emerg
        | rdkafka::config::RDKafkaLogLevel::Alert
        | rdkafka::config::RDKafkaLogLevel::Critical
        | rdkafka::config::RDKafkaLogLevel::Error => {
            tracing::warn!(target: "librdkafka", facility, "{line}")
        }
        rdkafka::config::RDKafkaLogLevel::Warning | rdkafka::config::RDKafkaLogLevel::Notice => {
            tracing::info!(target: "librdkafka", facility, "{line}");
        }
        rdkafka::config::RDKafkaLogLevel::Info | rdkafka::config::RDKafkaLogLevel::Debug => {
            tracing::debug!(target: "librdkafka", facility, "{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_different_reasons_are_kept_the_latest_last() {
        let log = ClientLog::default();
        for reason in ["a", "b", "c", "b", "d"] {
            log.keep(Code::Resolve, reason);
        }
        let kept: Vec<_> = log.reasons().into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(kept, ["c", "b", "d"]);
    }
}
