//! One connection to one server, made under a deadline.

use std::fmt;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder_core::{Error, ErrorKind, Result};
use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::broker;
use crate::settings::{Checked, Server};
use crate::sync::lock;

/// How long a channel may take to open on a connection that seems sound.
const CHANNEL: Duration = Duration::from_secs(10);
/// How long a connection may take to close.
const CLOSE: Duration = Duration::from_secs(2);

/// A connection in use.
pub(crate) struct Live {
    connection: lapin::Connection,
    cutter: Cutter,
    server: Server,
    /// When it was made.
    pub(crate) since: Instant,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Live {
    /// Reaches a server and authenticates. `role` names the connection at the broker.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] for credentials, virtual host or permissions; [`ErrorKind::Connect`]
    /// when the server is not reached by `deadline`.
    pub(crate) async fn connect(
        checked: &Checked,
        server: &Server,
        role: &str,
        deadline: Instant,
    ) -> Result<Self> {
        let cutter = Cutter::default();
        let handle = cutter.clone();
        let runtime = lapin::runtime::default_runtime().map_err(|why| broker("no runtime", why))?;
        let connect = dialling(&runtime, async move |uri, runtime| {
            let stream =
                AMQPUriTcpExt::connect_with_config_async(&uri, Default::default(), &runtime);
            let stream = timeout_at(deadline, stream).await;
            let stream = stream.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))?;
            if let AsyncTcpStream::Plain(tcp) = &stream {
                handle.hold(tcp.get_ref())?;
            }
            Ok(stream)
        });
        let opening = lapin::Connection::connector(
            uri(checked, server),
            runtime,
            connect,
            properties(checked, role),
        );
        let Ok(opened) = timeout_at(deadline, opening).await else {
            // The client's thread waits for the peer for ever otherwise.
            cutter.cut();
            let text = format!("{server} does not answer");
            return Err(Error::new(ErrorKind::Connect, text)
                .with_hint("is it RabbitMQ that listens there, and is it up?"));
        };
        let connection = opened.map_err(|why| {
            cutter.cut();
            refused(checked, server, why)
        })?;
        Ok(Self { connection, cutter, server: server.clone(), since: Instant::now() })
    }

    /// Whether it can be used.
    pub(crate) fn is_up(&self) -> bool {
        self.connection.status().connected()
    }

    /// The server at its other end.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// The largest frame that both sides take, in bytes.
    pub(crate) fn frame_max(&self) -> usize {
        self.connection.configuration().frame_max() as usize
    }

    /// What happens to it; only one listener hears an event.
    pub(crate) fn events(&self) -> impl futures::Stream<Item = lapin::Event> + Send + 'static {
        self.connection.events_listener()
    }

    /// Opens a channel.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub(crate) async fn channel(&self) -> Result<lapin::Channel> {
        match timeout(CHANNEL, self.connection.create_channel()).await {
            Ok(opened) => opened.map_err(|why| broker("cannot open a channel", why)),
            Err(_) => {
                // A peer that does not answer is no peer; what waits for it hears of it at once.
                self.cutter.cut();
                let text = format!("{} opens no channel", self.server);
                Err(Error::new(ErrorKind::Connect, text))
            }
        }
    }

    /// Closes it in order, or cuts it.
    pub(crate) async fn close(&self) {
        if self.is_up() {
            let closing = self.connection.close(200, "OK".into());
            // Whatever is left of it is cut next.
            drop(timeout(CLOSE, closing).await);
        }
        self.cutter.cut();
    }
}

impl Drop for Live {
    /// Cut, so that the client's thread ends even when the peer is silent.
    fn drop(&mut self) {
        if !self.is_up() {
            self.cutter.cut();
        }
    }
}

/// Tells the closure the type of the runtime, whose crate has no other name here.
fn dialling<R, T, F>(_: &R, dial: F) -> F
where
    F: AsyncFn(lapin::uri::AMQPUri, R) -> lapin::Result<T>,
{
    dial
}

fn uri(checked: &Checked, server: &Server) -> lapin::uri::AMQPUri {
    let settings = &checked.settings;
    lapin::uri::AMQPUri {
        scheme: lapin::uri::AMQPScheme::AMQP,
        authority: lapin::uri::AMQPAuthority {
            userinfo: lapin::uri::AMQPUserInfo {
                username: settings.username.clone(),
                password: settings.password.reveal().to_owned(),
            },
            host: server.host.clone(),
            port: server.port,
        },
        vhost: settings.vhost.clone(),
        query: lapin::uri::AMQPQueryString {
            heartbeat: Some(checked.options.heartbeat),
            ..lapin::uri::AMQPQueryString::default()
        },
    }
}

/// Recovery stays off: the client's own can wait on a dead socket for ever.
fn properties(checked: &Checked, role: &str) -> lapin::ConnectionProperties {
    let app = checked.settings.app.as_deref().unwrap_or("stream-binder");
    let name = format!("{app} {role}");
    lapin::ConnectionProperties::default().with_connection_name(name.into())
}

/// The client's error, with what to do about it.
fn refused(checked: &Checked, server: &Server, why: lapin::Error) -> Error {
    let error = broker(format!("cannot connect to {server}"), why);
    let settings = &checked.settings;
    match error.kind() {
        ErrorKind::Auth => error.with_hint(format!(
            "check `username` (`{}`), `password` and `vhost` (`{}`)",
            settings.username, settings.vhost
        )),
        ErrorKind::Connect => error.with_hint("is the broker up, and is `servers` right?"),
        _ => error,
    }
}

/// A second handle on a socket, to end what its owner waits for.
#[derive(Clone, Default)]
struct Cutter(Arc<Mutex<Option<std::net::TcpStream>>>);

impl Cutter {
    fn hold(&self, socket: &impl AsFd) -> std::io::Result<()> {
        *lock(&self.0) = Some(socket.as_fd().try_clone_to_owned()?.into());
        Ok(())
    }

    fn cut(&self) {
        if let Some(socket) = lock(&self.0).take() {
            // One that the peer has closed is cut already.
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}
