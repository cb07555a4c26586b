//! A way to the broker that can be cut, on threads of its own.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Passes on what comes, until it is cut.
pub(crate) struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Listens on a port of its own, for as long as the program runs.
    pub(crate) fn start(server: String) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let open = Arc::new(Mutex::new(Vec::new()));
        let opened = open.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let broker = TcpStream::connect(&server);
                // A connection that cannot be made ends for the client too.
                let Ok(streams) = broker.and_then(|broker| pass(&client, &broker)) else {
                    continue;
                };
                opened.lock().unwrap_or_else(PoisonError::into_inner).extend(streams);
            }
        });
        Ok(Self { address, open })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for stream in open {
            // One that has ended already is cut.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

/// Passes both ways, and gives both ends to cut.
fn pass(client: &TcpStream, broker: &TcpStream) -> io::Result<[TcpStream; 2]> {
    let ways = [(client, broker), (broker, client)];
    for (from, to) in ways {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            // The end of one way is the end of both.
            drop(io::copy(&mut from, &mut to));
            drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
        });
    }
    Ok([client.try_clone()?, broker.try_clone()?])
}
