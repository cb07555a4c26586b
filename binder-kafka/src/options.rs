//! Which of librdkafka's options an application may set.
//!
//! One table: what would void a guarantee of the binder is refused by name, with the reason.
//! Everything else is the client's to accept or refuse.

use binder_core::{Error, ErrorKind, Native, Result};

/// What a refused option may still be set to.
enum Allowed {
    Nothing,
    Only(&'static [&'static str]),
}

use Allowed::{Nothing, Only};

const OWNED: &str = "the binder sets it";
const COMMITS: &str = "the binder commits what is settled, and nothing else";
const DURABLE: &str = "a confirmed message would not be safe at the broker";
const ORDER: &str = "messages of one key would not keep their order across applications";
const REPORTED: &str = "messages would be lost without a report";
const CODE: &str = "it loads or runs code";
const NO_TLS: &str = "this build has no TLS";

/// Key, what it may be set to all the same, why it is refused.
const REFUSED: &[(&str, Allowed, &str)] = &[
    ("acks", Only(&["all", "-1"]), DURABLE),
    ("request.required.acks", Only(&["all", "-1"]), DURABLE),
    ("enable.idempotence", Only(&["true"]), DURABLE),
    ("enable.gapless.guarantee", Only(&["false"]), OWNED),
    ("delivery.report.only.error", Only(&["false"]), REPORTED),
    ("retries", Nothing, "sends are repeated until `delivery.timeout.ms`"),
    ("message.send.max.retries", Nothing, "sends are repeated until `delivery.timeout.ms`"),
    ("partitioner", Only(&["murmur2_random", "murmur2"]), ORDER),
    ("transactional.id", Nothing, "the binder has no transactions"),
    ("enable.auto.commit", Only(&["false"]), COMMITS),
    ("auto.commit.enable", Only(&["false"]), COMMITS),
    ("enable.auto.offset.store", Only(&["false"]), COMMITS),
    ("auto.commit.interval.ms", Nothing, COMMITS),
    ("offset.store.method", Only(&["broker"]), COMMITS),
    ("offset.store.path", Nothing, COMMITS),
    ("auto.offset.reset", Nothing, "set `start` on the binding"),
    ("group.id", Nothing, "set `group` on the binding"),
    ("group.protocol", Only(&["classic"]), "the binder is built on the classic protocol"),
    ("group.remote.assignor", Nothing, "the binder is built on the classic protocol"),
    (
        "partition.assignment.strategy",
        Only(&[
            "range",
            "roundrobin",
            "range,roundrobin",
            "roundrobin,range",
            "cooperative-sticky",
        ]),
        "the binder knows these only",
    ),
    ("enable.partition.eof", Only(&["false"]), OWNED),
    ("bootstrap.servers", Nothing, "set `servers` on the binder"),
    ("metadata.broker.list", Nothing, "set `servers` on the binder"),
    (
        "client.dns.lookup",
        Only(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]),
        OWNED,
    ),
    ("allow.auto.create.topics", Only(&["false"]), "the binder creates topics itself"),
    ("sasl.username", Nothing, "set `username` on the binder"),
    ("sasl.password", Nothing, "set `password` on the binder"),
    ("sasl.mechanism", Only(&["PLAIN"]), "this build has PLAIN only"),
    ("sasl.mechanisms", Only(&["PLAIN"]), "this build has PLAIN only"),
    ("security.protocol", Only(&["plaintext", "sasl_plaintext"]), NO_TLS),
    ("plugin.library.paths", Nothing, CODE),
    ("sasl.kerberos.kinit.cmd", Nothing, CODE),
    ("enable.sasl.oauthbearer.unsecure.jwt", Only(&["false"]), "anyone could forge the token"),
    ("test.mock.num.brokers", Nothing, "it replaces the broker by a fake"),
    ("test.mock.broker.rtt", Nothing, "it replaces the broker by a fake"),
    ("log.queue", Nothing, OWNED),
    ("opaque", Nothing, OWNED),
    ("default_topic_conf", Nothing, OWNED),
    ("enabled_events", Nothing, OWNED),
];

/// Checks the options of a binder or binding; values never stand in the error.
///
/// # Errors
///
/// [`ErrorKind::Config`] for the first key that is refused, unknown or has a value which
/// librdkafka does not take.
pub(crate) fn check(native: &Native) -> Result<()> {
    for (key, value) in native {
        refuse(key, value)?;
        let mut config = rdkafka::ClientConfig::new();
        config.set(key, value);
        if let Err(why) = config.create_native_config() {
            return Err(not_taken(key, &why));
        }
    }
    Ok(())
}

fn refuse(key: &str, value: &str) -> Result<()> {
    let refused = |why: &str| {
        Err(Error::new(ErrorKind::Config, format!("native option `{key}` is refused: {why}")))
    };
    if key.starts_with("ssl.") || key.starts_with("https.") {
        return refused(NO_TLS);
    }
    if key.ends_with("_cb") {
        return refused(OWNED);
    }
    match REFUSED.iter().find(|(refused, ..)| *refused == key) {
        Some((_, Nothing, why)) => refused(why),
        Some((_, Only(allowed), why)) if !allowed.iter().any(|a| a.eq_ignore_ascii_case(value)) => {
            refused(why).map_err(|error: Error| {
                error.with_hint(format!("allowed: {}", allowed.join(" | ")))
            })
        }
        _ => Ok(()),
    }
}

fn not_taken(key: &str, why: &rdkafka::error::KafkaError) -> Error {
    let what = match why {
        rdkafka::error::KafkaError::ClientConfig(
            rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN,
            ..,
        ) => "is not known to librdkafka or not in this build",
        _ => "has a value that librdkafka does not take",
    };
    Error::new(ErrorKind::Config, format!("native option `{key}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(key: &str, value: &str) -> Result<()> {
        let mut native = Native::new();
        native.insert(key.to_owned(), value.to_owned());
        check(&native)
    }

    #[test]
    fn what_voids_a_guarantee_is_refused_by_name_without_its_value() {
        for (key, value) in [
            ("enable.auto.commit", "true"),
            ("enable.auto.offset.store", "TRUE"),
            ("enable.idempotence", "false"),
            ("acks", "1"),
            ("group.id", "secret-7"),
            ("auto.offset.reset", "latest"),
            ("partition.assignment.strategy", "mine-secret-7"),
            ("plugin.library.paths", "/tmp/secret-7.so"),
            ("sasl.kerberos.kinit.cmd", "rm secret-7"),
            ("sasl.password", "secret-7"),
            ("security.protocol", "ssl"),
            ("ssl.ca.location", "secret-7"),
            ("rebalance_cb", "secret-7"),
            ("linger.ms", "secret-7"),
            ("no.such.option", "secret-7"),
        ] {
            let error = check_one(key, value).expect_err(key);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
            assert!(!error.to_string().contains("secret-7"), "{error}");
        }
    }

    #[test]
    fn the_rest_is_the_clients() {
        for (key, value) in [
            ("client.id", "shop"),
            ("max.poll.interval.ms", "300000"),
            ("session.timeout.ms", "10000"),
            ("acks", "all"),
            ("linger.ms", "50"),
            ("compression.type", "zstd"),
            ("partition.assignment.strategy", "cooperative-sticky"),
        ] {
            check_one(key, value).expect(key);
        }
    }

    #[test]
    fn every_key_in_the_table_is_one_that_librdkafka_knows() {
        for (key, ..) in REFUSED {
            let known = rdkafka::ClientConfig::new().set(*key, "1").create_native_config();
            let unknown = matches!(
                known,
                Err(rdkafka::error::KafkaError::ClientConfig(
                    rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN,
                    ..
                ))
            );
            assert!(!unknown, "{key}");
        }
    }
}
