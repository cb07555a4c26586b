//! Where prices end.

use std::collections::HashMap;

use measure::{Meter, Order, Priced};

/// One price in so many is decoded and compared.
const SAMPLE: u64 = 64;

/// Counts prices, and checks a sample: content, key, and order per key.
#[derive(Debug, Default)]
pub struct Sink {
    count: u64,
    newest: HashMap<Vec<u8>, u64>,
    faults: u64,
}

impl Sink {
    /// Takes a price; `true` for the last one that `meter` expects.
    pub fn take(&mut self, meter: &Meter, key: &[u8], payload: &[u8]) -> bool {
        self.count += 1;
        if self.count.is_multiple_of(SAMPLE) && !self.is_right(key, payload) {
            self.faults += 1;
        }
        meter.handled()
    }

    fn is_right(&mut self, key: &[u8], payload: &[u8]) -> bool {
        let Ok(priced) = serde_json::from_slice::<Priced>(payload) else { return false };
        let id = priced.order;
        let (customer, expected) = Order::numbered(id).price();
        let last = self.newest.insert(key.to_vec(), id);
        expected == priced && customer.as_bytes() == key && last.is_none_or(|last| last < id)
    }

    /// How many prices came.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many of the sample were wrong or out of order.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_price_and_a_wrong_order_are_faults() {
        let meter = Meter::new();
        let mut sink = Sink::default();
        let mut take = |id: u64, key: Option<&str>| {
            let (customer, priced) = Order::numbered(id).price();
            let payload = serde_json::to_vec(&priced).unwrap();
            for _ in 0..SAMPLE {
                sink.take(&meter, key.unwrap_or(&customer).as_bytes(), &payload);
            }
            sink.faults()
        };
        let later = (1..).find(|id| measure::customer(*id) == measure::customer(0)).unwrap();
        assert_eq!(take(later, None), 0);
        assert_eq!(take(0, None), 1);
        assert_eq!(take(1, Some("nobody")), 2);
        assert_eq!(sink.count(), 3 * SAMPLE);
    }
}
