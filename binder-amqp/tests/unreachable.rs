//! Brokers that cannot be reached: no broker is needed to see it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::time::{Duration, Instant};

use binder_amqp::{AmqpBinder, AmqpSettings};
use binder_core::{Binder, BindingName, Destination, ErrorKind, Native, ProducerSpec, Unrouted};
use tokio::net::TcpListener;

async fn refused(server: &str) -> String {
    let settings = AmqpSettings {
        servers: vec![server.to_owned()],
        password: "hunter2".into(),
        connect: Duration::from_secs(1),
        ..AmqpSettings::default()
    };
    let binder = AmqpBinder::new(settings).unwrap();
    let spec = ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new("orders").unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Fail,
        connect: Duration::from_secs(1),
        native: Native::new(),
    };
    let started = Instant::now();
    let error = binder.bind_producer(&spec).await.err().unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    let text = error.to_string();
    assert!(text.contains(server) && text.contains("binder `amqp`"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[tokio::test]
async fn nobody_listens() {
    // Bound and closed again, so that nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert!(refused(&server).await.contains("refused"));
}

/// The client waits for a silent peer for ever; the deadline does not, and no socket is left.
#[tokio::test]
async fn somebody_listens_and_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let hears = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        // Ends when the binder has closed its end.
        drop(tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut heard).await);
        heard
    };
    let (text, heard) = tokio::join!(refused(&server), hears);
    assert!(text.contains("does not answer"), "{text}");
    assert_eq!(heard, b"AMQP\0\0\x09\x01");
}

#[tokio::test]
async fn somebody_listens_who_is_no_broker() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let answers = async {
        while let Ok((mut peer, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            drop(tokio::io::AsyncWriteExt::write_all(&mut peer, answer).await);
        }
    };
    tokio::select! {
        text = refused(&server) => drop(text),
        () = answers => unreachable!("it answers for ever"),
    }
}
