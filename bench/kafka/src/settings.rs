//! The settings of the clients made by hand, the same as the framework's where there is no reason
//! for others. What is not named is librdkafka's default.

use std::time::Duration;

use rdkafka::ClientConfig;
use serde_json::{Map, Value, json};

/// Of a consumer.
pub const CONSUMER: &[(&str, &str)] = &[
    ("enable.auto.offset.store", "false"),
    ("enable.auto.commit", "true"),
    // The framework commits at least every second.
    ("auto.commit.interval.ms", "1000"),
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "range"),
    ("fetch.queue.backoff.ms", "5"),
    ("queued.min.messages", "50000"),
    ("queued.max.messages.kbytes", "32768"),
    ("check.crcs", "true"),
];

/// Of a producer.
pub const PRODUCER: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("partitioner", "murmur2_random"),
    ("linger.ms", "5"),
    ("queue.buffering.max.messages", "100000"),
    ("queue.buffering.max.kbytes", "65536"),
];

/// How long a broker may take to answer.
pub const CONNECT: Duration = Duration::from_secs(10);

/// A configuration of these.
#[must_use]
pub fn config(servers: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers);
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config
}

/// What a program made by hand says of itself.
#[must_use]
pub fn described(how: &str, own: &Value) -> Value {
    let object = |settings: &[(&str, &str)]| {
        settings.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<Map<_, _>>()
    };
    json!({
        "how": how,
        "own": own,
        "consumer": object(CONSUMER),
        "producer": object(PRODUCER),
        "librdkafka": rdkafka::util::get_rdkafka_version().1,
    })
}
