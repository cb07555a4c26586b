//! What the Kafka programs share: their command line and the settings of clients made by hand.

#![forbid(unsafe_code)]

pub mod settings;

/// The command line of a program that reads one topic and writes another.
#[derive(Clone, Debug, clap::Args)]
pub struct Work {
    /// Where to connect, as HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:9092")]
    pub servers: String,
    /// The topic to read; it exists and holds the orders.
    #[arg(long)]
    pub input: String,
    /// The topic to write; it exists.
    #[arg(long)]
    pub output: String,
    /// The consumer group, which is new.
    #[arg(long)]
    pub group: String,
    /// How many orders to process before the program ends.
    #[arg(long)]
    pub messages: u64,
}
