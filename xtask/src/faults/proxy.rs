//! A connection that can be cut: what stands between an application and its broker.

use std::{
    io::{Error, ErrorKind, Read, Result, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use socket2::SockRef;

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// In good order, in the middle of whatever is said.
    Fin,
    /// By a reset.
    Reset,
}

/// Listens on loopback and passes on what it hears, both ways. Ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    accepted: AtomicU64,
    ended: AtomicBool,
    open: Mutex<Vec<Joined>>,
}

/// A connection that is passed on.
struct Joined {
    ends: [TcpStream; 2],
    /// Whether it is being reset: then nobody may end it in good order.
    reset: Arc<AtomicBool>,
}

impl Proxy {
    /// Listen on a port, 0 for any that is free.
    pub(crate) fn listen(port: u16, target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            accepted: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let here = shared.clone();
        thread::spawn(move || accept(&listener, &here));
        Ok(Self { address, shared })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has taken.
    pub(crate) fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Cut every connection there is; how many there were.
    pub(crate) fn cut(&self, how: Cut) -> usize {
        let open = std::mem::take(&mut *lock(&self.shared.open));
        open.iter().for_each(|joined| joined.cut(how));
        open.len()
    }
}

impl Joined {
    /// An error says that an end has ended by itself, and needs no cut.
    fn cut(&self, how: Cut) {
        for end in &self.ends {
            match how {
                Cut::Fin => end.shutdown(Shutdown::Both).ok(),
                Cut::Reset => {
                    self.reset.store(true, Ordering::Relaxed);
                    // Closed with nothing to linger for it sends a reset. It is closed when the
                    // threads let go of it, which this tells them.
                    SockRef::from(end).set_linger(Some(Duration::ZERO)).ok();
                    end.shutdown(Shutdown::Read).ok()
                }
            };
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; one that has ended needs no waking.
        TcpStream::connect(self.address).ok();
        self.cut(Cut::Fin);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ended.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = client else { continue };
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        // A target that refuses is one that hangs up at once.
        if let Ok(server) = TcpStream::connect_timeout(&shared.target, Duration::from_secs(5)) {
            join(client, server, shared).ok();
        }
    }
}

/// Pass on what each end says, from a thread each.
fn join(client: TcpStream, server: TcpStream, shared: &Shared) -> Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    for end in [&client, &server] {
        // One that waits for room would not notice a reset.
        end.set_write_timeout(Some(Duration::from_secs(1)))?;
    }
    let reset = Arc::new(AtomicBool::new(false));
    let way = |from: &TcpStream, to: &TcpStream| {
        Ok::<_, Error>((from.try_clone()?, to.try_clone()?, reset.clone()))
    };
    let ways = [way(&client, &server)?, way(&server, &client)?];
    // Before it can say anything: what is heard can be cut.
    lock(&shared.open).push(Joined { ends: [client, server], reset });
    for (from, to, reset) in ways {
        thread::spawn(move || pass(from, to, &reset));
    }
    Ok(())
}

/// Until either end is done.
fn pass(mut from: TcpStream, mut to: TcpStream, reset: &AtomicBool) {
    let mut bytes = vec![0; 64 << 10];
    loop {
        match from.read(&mut bytes) {
            Ok(count) if count > 0 && to.write_all(&bytes[..count]).is_ok() => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    if !reset.load(Ordering::Relaxed) {
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy, what talks to it and what it talks to.
    fn connected() -> (Proxy, TcpStream, TcpStream) {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::listen(0, target.local_addr().unwrap()).unwrap();
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = target.accept().unwrap();
        for end in [&client, &server] {
            end.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        }
        (proxy, client, server)
    }

    fn say(from: &mut TcpStream, to: &mut TcpStream) {
        from.write_all(b"hello").unwrap();
        let mut heard = [0; 5];
        to.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }

    #[test]
    fn both_ends_hear_each_other_until_a_cut() {
        let (proxy, mut client, mut server) = connected();
        say(&mut client, &mut server);
        say(&mut server, &mut client);
        assert_eq!((proxy.accepted(), proxy.cut(Cut::Fin)), (1, 1));
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert_eq!(proxy.cut(Cut::Fin), 0);
    }

    #[test]
    fn a_reset_is_no_end_in_good_order() {
        let (proxy, mut client, mut server) = connected();
        say(&mut client, &mut server);
        proxy.cut(Cut::Reset);
        let error = client.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
