//! What the RabbitMQ programs share: their command line and names.
//!
//! The topology is the one that the framework uses: a topic exchange per destination, and a durable
//! queue `<destination>.<group>` bound to it for each group of readers.

#![forbid(unsafe_code)]

/// The group that reads outputs, so that they have a queue to be kept in.
pub const READER: &str = "reader";

/// The command line of a program that reads one queue and writes to one exchange.
#[derive(Clone, Debug, clap::Args)]
pub struct Work {
    /// Where to connect.
    #[arg(long, default_value = "amqp://guest:guest@127.0.0.1:5672/%2f")]
    pub uri: String,
    /// The destination to read.
    #[arg(long)]
    pub input: String,
    /// The destination to write; a queue is bound to it.
    #[arg(long)]
    pub output: String,
    /// The group that reads: the queue `<input>.<group>` exists and holds the orders.
    #[arg(long)]
    pub group: String,
    /// How many orders to process before the program ends.
    #[arg(long)]
    pub messages: u64,
}

/// The queue of a group.
#[must_use]
pub fn queue(destination: &str, group: &str) -> String {
    format!("{destination}.{group}")
}

/// A new connection of that name.
///
/// # Errors
///
/// When the broker cannot be reached or refuses.
pub async fn connect(uri: &str, name: &str) -> anyhow::Result<lapin::Connection> {
    let properties = lapin::ConnectionProperties::default().with_connection_name(name.into());
    Ok(lapin::Connection::connect(uri, properties).await?)
}

/// What every message carries: it survives a restart of the broker.
#[must_use]
pub fn persistent() -> lapin::BasicProperties {
    const PERSISTENT: u8 = 2;
    lapin::BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
}
