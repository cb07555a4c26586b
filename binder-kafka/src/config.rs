//! Settings of a binder and what the clients are configured with.

use std::fmt;
use std::time::Duration;

use binder_core::{Error, ErrorKind, Native, Result};

use crate::options;

/// How soon clients see that a topic has more partitions, in milliseconds: one small request a
/// client each time.
const REFRESH: &str = "10000";

/// How to reach Kafka.
#[derive(Clone)]
pub struct KafkaSettings {
    /// The binder's name in the configuration, for errors.
    pub name: String,
    /// Bootstrap servers, `host:port` each.
    pub servers: Vec<String>,
    /// User name for SASL PLAIN; none where the broker asks for no credentials.
    pub username: Option<String>,
    /// Password for SASL PLAIN.
    pub password: Option<String>,
    /// Options for librdkafka, by its own names. What would void a guarantee is refused.
    pub native: Native,
    /// The time for reaching the broker, authentication and topology in
    /// [`provision`](binder_core::Binder::provision); bindings bring their own. Default 10 s.
    pub connect: Duration,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            name: "kafka".to_owned(),
            servers: vec!["127.0.0.1:9092".to_owned()],
            username: None,
            password: None,
            native: Native::new(),
            connect: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for KafkaSettings {
    /// Names what is set; password and native values are never printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("name", &self.name)
            .field("servers", &self.servers)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("native", &self.native)
            .field("connect", &self.connect)
            .finish()
    }
}

impl KafkaSettings {
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for settings that cannot work or void a guarantee.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::new(ErrorKind::Config, what));
        if self.servers.iter().all(|server| server.trim().is_empty()) {
            return wrong("`servers` names no broker");
        }
        if self.username.is_some() != self.password.is_some() {
            return wrong("`username` and `password` go together");
        }
        options::check(&self.native)?;
        self.producer(&Native::new()).map(drop)
    }

    /// The servers as one line for errors.
    pub(crate) fn servers(&self) -> String {
        self.servers.join(",")
    }

    fn base(&self) -> rdkafka::ClientConfig {
        let mut config = rdkafka::ClientConfig::new();
        config
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Info)
            .set("bootstrap.servers", self.servers())
            .set("client.id", "stream-binder")
            .set("reconnect.backoff.max.ms", "2000");
        if let (Some(username), Some(password)) = (&self.username, &self.password) {
            config
                .set("security.protocol", "sasl_plaintext")
                .set("sasl.mechanism", "PLAIN")
                .set("sasl.username", username)
                .set("sasl.password", password);
        }
        config
    }

    /// For a client that only asks questions and creates topics.
    pub(crate) fn questions(&self) -> rdkafka::ClientConfig {
        let mut config = self.base();
        let asked = ["client.id", "broker.address.family", "socket.connection.setup.timeout.ms"];
        for key in asked {
            if let Some(value) = self.native.get(key) {
                config.set(key, value);
            }
        }
        config
    }

    /// For the consumer of one binding.
    pub(crate) fn consumer(&self, group: &str, native: &Native) -> rdkafka::ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A position is pinned where `start` is the latest, so this is for a new group that
            // starts at the earliest, and for positions that retention has overtaken.
            .set("auto.offset.reset", "earliest")
            // Every Java and every C client on default settings votes for it too.
            .set("partition.assignment.strategy", "range")
            // The default of a second stalls a backlog; see the "Performance" notes of the client.
            .set("fetch.queue.backoff.ms", "5")
            .set("queued.min.messages", "50000")
            .set("queued.max.messages.kbytes", "32768")
            .set("check.crcs", "true")
            .set("topic.metadata.refresh.interval.ms", REFRESH);
        apply(config, &self.native, native)
    }

    /// For the producer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a message of the greatest size would not fit the queue.
    pub(crate) fn producer(&self, native: &Native) -> Result<rdkafka::ClientConfig> {
        let mut config = self.base();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .set("topic.metadata.refresh.interval.ms", REFRESH)
            .set("delivery.timeout.ms", "120000")
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", "65536");
        let config = apply(config, &self.native, native);
        let number = |key: &str| config.get(key).and_then(|value| value.parse::<u64>().ok());
        let largest = number("message.max.bytes").unwrap_or(1_000_000);
        let queue = number("queue.buffering.max.kbytes").unwrap_or(65_536).saturating_mul(1024);
        if largest > queue {
            return Err(Error::new(
                ErrorKind::Config,
                "`message.max.bytes` is more than `queue.buffering.max.kbytes` holds",
            ));
        }
        Ok(config)
    }
}

/// The binder's options, then the binding's own.
fn apply(
    mut config: rdkafka::ClientConfig,
    binder: &Native,
    binding: &Native,
) -> rdkafka::ClientConfig {
    for (key, value) in binder.iter().chain(binding) {
        config.set(key, value);
    }
    config
}

/// How long the broker waits for a member that is silent.
pub(crate) fn session_timeout(config: &rdkafka::ClientConfig) -> Duration {
    let millis = config.get("session.timeout.ms").and_then(|value| value.parse().ok());
    Duration::from_millis(millis.unwrap_or(45_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(key: String, value: String) -> Native {
        let mut native = Native::new();
        native.insert(key, value);
        native
    }

    #[test]
    fn secrets_are_not_printed() {
        let settings = KafkaSettings {
            username: Some("app".into()),
            password: Some("hunter2".into()),
            native: native("client.id".into(), "hunter2".into()),
            ..KafkaSettings::default()
        };
        let printed = format!("{settings:?}");
        assert!(printed.contains("app") && printed.contains("client.id"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn a_binding_overrides_its_binder() {
        let settings = KafkaSettings {
            native: native("session.timeout.ms".into(), "10000".into()),
            ..KafkaSettings::default()
        };
        let config = settings.consumer("g", &Native::new());
        assert_eq!(session_timeout(&config), Duration::from_secs(10));
        let own = native("session.timeout.ms".into(), "20000".into());
        assert_eq!(session_timeout(&settings.consumer("g", &own)), Duration::from_secs(20));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let wrong = [
            KafkaSettings { servers: vec![String::new()], ..KafkaSettings::default() },
            KafkaSettings { username: Some("app".into()), ..KafkaSettings::default() },
            KafkaSettings {
                native: native("message.max.bytes".into(), "100000000".into()),
                ..KafkaSettings::default()
            },
        ];
        for settings in wrong {
            assert_eq!(settings.check().unwrap_err().kind(), ErrorKind::Config);
        }
        KafkaSettings::default().check().unwrap();
    }

    #[test]
    fn every_client_can_be_made_from_its_configuration() {
        let settings = KafkaSettings {
            username: Some("app".into()),
            password: Some("hunter2".into()),
            ..KafkaSettings::default()
        };
        let none = Native::new();
        for config in
            [settings.questions(), settings.consumer("g", &none), settings.producer(&none).unwrap()]
        {
            let native = config.create_native_config().unwrap();
            assert!(native.get("builtin.features").unwrap().contains("sasl_plain"));
        }
    }
}
