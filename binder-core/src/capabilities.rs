//! What a messaging system can do beyond the contract, as data.

/// Optional powers of a binder, one documented field each.
///
/// A configuration that asks for a power which the binder lacks is refused at start, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Messages survive the death of this process and of the broker.
    pub durable: bool,
    /// Processes share messages: `--only` makes sense.
    pub shared: bool,
    /// A destination has partitions, and messages of one key keep their order across processes.
    pub partitions: bool,
    /// A destination keeps messages for readers that come later, so nothing is ever unrouted.
    pub log: bool,
    /// Every message carries an id, so outputs are given one that a redelivery repeats. Where it is
    /// `false`, an id costs a header and is not made.
    pub message_ids: bool,
    /// The broker counts attempts across a crash.
    pub counts_attempts: bool,
    /// Dead letters can be read back: there is a
    /// [`dead_letter_store`](crate::Binder::dead_letter_store).
    pub dead_letter_store: bool,
}
