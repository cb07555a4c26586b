//! What a start ends with when it cannot succeed.

use std::time::{Duration, Instant};

use binder_amqp::{AmqpBinder, AmqpSettings};
use binder_core::{Binder, ErrorKind, Topology};

use crate::support::{input, output, settings, unique};

async fn refused(settings: AmqpSettings, kind: ErrorKind, words: &[&str]) {
    let binder = AmqpBinder::new(AmqpSettings { name: "rabbit".into(), ..settings }).unwrap();
    let name = unique("refused");
    let started = Instant::now();
    let topology = Topology { consumers: vec![input(&name, "g")], ..Topology::default() };
    let errors = [
        binder.provision(&topology).await.unwrap_err(),
        binder.bind_consumer(&input(&name, "g")).await.unwrap_err(),
        binder.bind_producer(&output(&name, &[])).await.err().unwrap(),
    ];
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for error in errors {
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains("binder `rabbit`"), "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_wrong_password_is_told_at_once() {
    let wrong = AmqpSettings { password: "hunter2".into(), ..settings() };
    refused(wrong, ErrorKind::Auth, &["ACCESS_REFUSED", "`guest`", "127.0.0.1:"]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_wrong_virtual_host_is_told_at_once() {
    let wrong = AmqpSettings { vhost: "nowhere".into(), ..settings() };
    refused(wrong, ErrorKind::Auth, &["NOT_ALLOWED", "`nowhere`"]).await;
}

/// A server that is down does not keep the binder from the next one.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn the_next_server_is_tried() {
    let mut settings = settings();
    settings.servers.insert(0, "127.0.0.1:1".into());
    let binder = AmqpBinder::new(settings).unwrap();
    let name = unique("next");
    binder.bind_consumer(&input(&name, "g")).await.unwrap();
    binder.bind_producer(&output(&name, &[])).await.unwrap();
}
