//! Orders that are encoded before anything is measured.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use measure::Order;

/// Every order of a run, as key and payload.
#[derive(Debug)]
pub struct Source(std::vec::IntoIter<(Bytes, Bytes)>);

/// How much is written to one block of memory.
const BLOCK: usize = 64 * 1024;

impl Source {
    /// Encodes so many orders.
    ///
    /// # Errors
    ///
    /// Never for an order; JSON's writer has an error all the same.
    pub fn new(messages: u64) -> Result<Self> {
        let mut block = BytesMut::new();
        let mut orders = Vec::new();
        for id in 0..messages {
            let order = Order::numbered(id);
            let payload = serde_json::to_vec(&order)?;
            let mut slice = |bytes: &[u8]| {
                if block.capacity() < bytes.len() {
                    block = BytesMut::with_capacity(BLOCK);
                }
                block.extend_from_slice(bytes);
                block.split().freeze()
            };
            orders.push((slice(order.customer.as_bytes()), slice(&payload)));
        }
        Ok(Self(orders.into_iter()))
    }
}

impl Iterator for Source {
    type Item = (Bytes, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}
