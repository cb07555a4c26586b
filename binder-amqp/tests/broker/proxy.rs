//! A way to the broker that can be cut or blocked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::server;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    /// Connections of an earlier age are cut.
    age: u64,
    /// Nothing passes, and nothing is cut.
    blocked: bool,
}

/// A listener that passes everything on to the broker.
pub(crate) struct Proxy {
    pub(crate) address: String,
    way: watch::Sender<Way>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (way, seen) = watch::channel(Way { age: 0, blocked: false });
        let open = Arc::new(AtomicUsize::new(0));
        let count = open.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(broker) = TcpStream::connect(server()).await else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(pass(client, broker, seen.clone(), count.clone()));
            }
        });
        Self { address, way, open }
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        self.way.send_modify(|way| way.age += 1);
    }

    /// Lets nothing pass until it is told otherwise.
    pub(crate) fn block(&self, blocked: bool) {
        self.way.send_modify(|way| way.blocked = blocked);
    }

    /// Connections that pass through.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

async fn pass(
    client: TcpStream,
    broker: TcpStream,
    way: watch::Receiver<Way>,
    open: Arc<AtomicUsize>,
) {
    let age = way.borrow().age;
    let mut cut = way.clone();
    let ((from_client, to_client), (from_broker, to_broker)) =
        (client.into_split(), broker.into_split());
    tokio::select! {
        () = copy(from_client, to_broker, way.clone()) => {}
        () = copy(from_broker, to_client, way) => {}
        _ = cut.wait_for(|way| way.age != age) => {}
    }
    open.fetch_sub(1, Ordering::SeqCst);
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if way.wait_for(|way| !way.blocked).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
