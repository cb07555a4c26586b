//! Settings of a binder.

use std::fmt;
use std::time::Duration;

use binder_core::{Error, ErrorKind, Native, Result};

use crate::options::Options;

/// The port of a server that names none.
const PORT: u16 = 5672;

/// A password; nothing prints it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Password {
    fn from(password: T) -> Self {
        Self(password.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// How to reach RabbitMQ.
#[derive(Clone, Debug)]
pub struct AmqpSettings {
    /// The binder's name in the configuration, for errors. Default: `amqp`.
    pub name: String,
    /// Servers of one cluster, `host:port` each, tried in turn. Default: `127.0.0.1:5672`.
    pub servers: Vec<String>,
    /// User name. Default: `guest`.
    pub username: String,
    /// Password. Default: `guest`.
    pub password: Password,
    /// Virtual host. Default: `/`.
    pub vhost: String,
    /// Options of the client:
    ///
    /// | Key | Default | Meaning |
    /// |---|---|---|
    /// | `heartbeat` | 10 | seconds; a silent peer is given up after twice as long |
    /// | `max_message_size` | 134217728 | bytes of payload; what is larger is refused before it is sent |
    /// | `partitioner` | `murmur2` | how a key chooses its partition: as Kafka's Java client does, or `spring`, as Spring Cloud Stream does |
    ///
    /// The last two may also be set for one output.
    pub native: Native,
    /// The time for reaching the broker, authentication and topology in
    /// [`provision`](binder_core::Binder::provision), and for each attempt to reach it again after
    /// a loss; bindings bring their own. Default: 10 s.
    pub connect: Duration,
    /// The application's name, which the broker shows with its connections. Default: none.
    pub app: Option<String>,
}

impl Default for AmqpSettings {
    fn default() -> Self {
        Self {
            name: "amqp".to_owned(),
            servers: vec![format!("127.0.0.1:{PORT}")],
            username: "guest".to_owned(),
            password: "guest".into(),
            vhost: "/".to_owned(),
            native: Native::new(),
            connect: Duration::from_secs(10),
            app: None,
        }
    }
}

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Settings that were checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) settings: AmqpSettings,
    pub(crate) servers: Vec<Server>,
    pub(crate) options: Options,
}

impl AmqpSettings {
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for settings that cannot work.
    pub(crate) fn check(self) -> Result<Checked> {
        let servers = self.servers.iter().map(|text| server(text)).collect::<Result<Vec<_>>>()?;
        if servers.is_empty() {
            return Err(Error::new(ErrorKind::Config, "`servers` names no broker"));
        }
        let options = Options::of_binder(&self.native)?;
        Ok(Checked { servers, options, settings: self })
    }
}

fn server(text: &str) -> Result<Server> {
    let wrong = || {
        Error::new(ErrorKind::Config, format!("server `{text}` is not `host:port`"))
            .with_hint("an address with colons stands in brackets: `[::1]:5672`")
    };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            let port = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
            (host, port.ok_or_else(wrong)?)
        }
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { PORT } else { port.parse().map_err(|_| wrong())? };
    // A name with a colon left or with `@` would carry credentials or be cut at the wrong place.
    let colon = !text.starts_with('[') && host.contains(':');
    if host.is_empty() || colon || host.contains(['@', '/']) {
        return Err(wrong());
    }
    Ok(Server { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let mut native = Native::new();
        native.insert("heartbeat".into(), "hunter2".into());
        let settings =
            AmqpSettings { password: "hunter2".into(), native, ..AmqpSettings::default() };
        let printed = format!("{settings:?}");
        assert!(printed.contains("guest") && printed.contains("heartbeat"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
        let refused = settings.check().unwrap_err().to_string();
        assert!(refused.contains("`heartbeat`") && !refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn servers_are_hosts_with_or_without_a_port() {
        for (text, host, port) in [
            ("127.0.0.1:5673", "127.0.0.1", 5673),
            ("rabbit", "rabbit", 5672),
            ("[::1]:5673", "::1", 5673),
            ("[::1]", "::1", 5672),
        ] {
            assert_eq!(server(text).unwrap(), Server { host: host.into(), port }, "{text}");
        }
        for text in ["", ":5672", "rabbit:no", "::1", "[::1", "amqp://rabbit", "a@rabbit:5672"] {
            assert_eq!(server(text).unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
        let none = AmqpSettings { servers: Vec::new(), ..AmqpSettings::default() };
        assert_eq!(none.check().unwrap_err().kind(), ErrorKind::Config);
    }
}
