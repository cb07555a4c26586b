//! Questions to the broker, each with an answer or a reason within a deadline.

use std::time::{Duration, Instant};

use binder_core::{Error, ErrorKind, Result};
use rdkafka::consumer::Consumer as _;

use crate::config::KafkaSettings;
use crate::error::{Code, broker, kind};
use crate::log::ClientLog;

/// One try of a question; between tries the client's errors are collected.
const SLICE: Duration = Duration::from_millis(500);

impl rdkafka::consumer::ConsumerContext for ClientLog {}

/// A client without a group that asks for metadata; asking never creates a topic.
pub(crate) struct Preflight {
    client: rdkafka::consumer::BaseConsumer<ClientLog>,
    servers: String,
    limit: Duration,
    deadline: Instant,
}

impl Preflight {
    /// A client that gives up `limit` from now.
    ///
    /// # Errors
    ///
    /// What librdkafka does not accept in the settings.
    pub(crate) fn new(settings: &KafkaSettings, limit: Duration) -> Result<Self> {
        let client = settings.questions().create_with_context(ClientLog::default());
        Ok(Self {
            client: client.map_err(|why| client_refused(&why))?,
            servers: settings.servers(),
            limit,
            deadline: Instant::now() + limit,
        })
    }

    /// What is left until the deadline.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// How many partitions a topic has; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`] with what was tried at the deadline, [`ErrorKind::Auth`] as soon as
    /// the broker refuses the credentials or the topic.
    pub(crate) fn partition_count(&self, topic: &str) -> Result<Option<u32>> {
        loop {
            match self.ask(topic)? {
                Answer::Partitions(count) => return Ok(Some(count)),
                Answer::Absent => return Ok(None),
                Answer::NotYet if self.remaining().is_zero() => return Err(self.unreachable()),
                Answer::NotYet => {}
            }
        }
    }

    fn ask(&self, topic: &str) -> Result<Answer> {
        let slice = SLICE.min(self.remaining()).max(Duration::from_millis(1));
        let began = Instant::now();
        let metadata = self.client.fetch_metadata(Some(topic), slice);
        // A poll serves one event, and hands it to `ClientLog`.
        let rest = slice.saturating_sub(began.elapsed());
        let answer = match metadata {
            Ok(metadata) => understand(&metadata, topic)?,
            Err(_) => Answer::NotYet,
        };
        if matches!(answer, Answer::NotYet) {
            self.pause(rest);
            self.refused()?;
        }
        Ok(answer)
    }

    /// # Errors
    ///
    /// [`ErrorKind::Auth`] once the broker has refused the credentials.
    fn refused(&self) -> Result<()> {
        let reasons = self.client.context().reasons();
        match reasons.into_iter().find(|(code, _)| kind(*code) == ErrorKind::Auth) {
            None => Ok(()),
            Some((code, reason)) => {
                let what = format!("{} refuses the credentials: {reason}", self.servers);
                Err(Error::new(kind(code), what)
                    .with_hint("check `username` and `password` of the binder"))
            }
        }
    }

    /// Serves the client's events for a while.
    fn pause(&self, limit: Duration) {
        let until = Instant::now() + limit.max(Duration::from_millis(20)).min(self.remaining());
        // The first polls end at once where events wait; the last one is the pause itself.
        while let Some(rest) = until.checked_duration_since(Instant::now()) {
            drop(self.client.poll(rest.min(Duration::from_millis(20))));
        }
    }

    /// Why nothing was heard until now.
    pub(crate) fn unreachable(&self) -> Error {
        let reasons = self.client.context().reasons();
        // "1/1 brokers are down" is true and says nothing.
        let because = match reasons.iter().rfind(|(code, _)| *code != Code::AllBrokersDown) {
            Some((_, reason)) => reason.as_str(),
            None => "it does not answer",
        };
        let what = format!("cannot reach {} within {:?}: {because}", self.servers, self.limit);
        Error::new(ErrorKind::Connect, what)
            .with_hint("is the broker up, and do `servers` of the binder name it?")
    }
}

enum Answer {
    Partitions(u32),
    Absent,
    NotYet,
}

/// What the metadata says of one topic.
fn understand(metadata: &rdkafka::metadata::Metadata, topic: &str) -> Result<Answer> {
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let Some(found) = found else { return Ok(Answer::Absent) };
    let Some(error) = found.error() else {
        let led = found.partitions().iter().all(|partition| partition.leader() >= 0);
        let count = u32::try_from(found.partitions().len()).unwrap_or(u32::MAX);
        return Ok(if led && count > 0 { Answer::Partitions(count) } else { Answer::NotYet });
    };
    let code = Code::from(error);
    match kind(code) {
        _ if code == Code::UnknownTopicOrPartition => Ok(Answer::Absent),
        ErrorKind::Auth => Err(broker("the broker refuses this topic to the application", code)),
        ErrorKind::Topology => Err(broker("the broker refuses this topic's name", code)),
        _ => Ok(Answer::NotYet),
    }
}

/// A client that could not be made; the values of its options are not printed.
pub(crate) fn client_refused(why: &rdkafka::error::KafkaError) -> Error {
    let what = match why {
        rdkafka::error::KafkaError::ClientConfig(_, _, key, _) => {
            format!("librdkafka refuses option `{key}`")
        }
        rdkafka::error::KafkaError::ClientCreation(why) => {
            format!("librdkafka refuses its options: {why}")
        }
        other => format!("librdkafka makes no client: {other}"),
    };
    Error::new(ErrorKind::Config, what)
}
