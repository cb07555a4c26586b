//! The messages: orders come in, prices go out.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// How many customers there are: the keys of the messages.
pub(crate) const CUSTOMERS: u64 = 1_000;

/// What comes in, about 190 bytes of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number: the orders of a run are numbered from 0.
    pub id: u64,
    /// Who ordered; the key of the message.
    pub customer: String,
    /// What was ordered.
    pub sku: String,
    /// How many.
    pub quantity: u64,
    /// The price of one, in cents.
    pub unit_cents: u64,
    /// Reduction in percent.
    pub discount: u64,
    /// Value added tax in hundredths of a percent.
    pub tax: u64,
    /// When, in milliseconds since the Unix epoch.
    pub placed_at: u64,
    /// From where it is sent.
    pub warehouse: u32,
    /// Whether it is urgent.
    pub express: bool,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// The order's number.
    pub order: u64,
    /// What was ordered.
    pub sku: String,
    /// The price without tax, in cents.
    pub net_cents: u64,
    /// The tax, in cents.
    pub tax_cents: u64,
    /// Both.
    pub total_cents: u64,
    /// From where it is sent.
    pub warehouse: u32,
    /// Whether it is urgent.
    pub express: bool,
}

/// Whose order that is, as a number below 1,000.
#[must_use]
pub const fn customer(id: u64) -> u64 {
    // Neighbours belong to different customers, and customers do not take turns.
    (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % CUSTOMERS
}

impl Order {
    /// The order of that number, the same in every run.
    #[must_use]
    pub fn numbered(id: u64) -> Self {
        let mut order = Self {
            id,
            customer: String::new(),
            sku: String::new(),
            quantity: 1 + id % 9,
            unit_cents: 199 + id % 9_973,
            discount: id % 4 * 5,
            tax: if id.is_multiple_of(3) { 700 } else { 1_900 },
            placed_at: 1_763_800_000_000 + id,
            warehouse: (id % 12) as u32,
            express: id.is_multiple_of(7),
        };
        let written = write!(order.customer, "customer-{:04}", customer(id))
            .and_then(|()| write!(order.sku, "SKU-{:06}-XL-midnight-blue", id % 50_021));
        debug_assert!(written.is_ok(), "writing to a string does not fail");
        order
    }

    /// Computes the price; the customer comes back beside it, as the key of the output.
    #[must_use]
    pub fn price(self) -> (String, Priced) {
        let gross = self.quantity * self.unit_cents;
        let net_cents = gross - gross * self.discount / 100;
        let tax_cents = net_cents * self.tax / 10_000;
        let priced = Priced {
            order: self.id,
            sku: self.sku,
            net_cents,
            tax_cents,
            total_cents: net_cents + tax_cents,
            warehouse: self.warehouse,
            express: self.express,
        };
        (self.customer, priced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_about_190_bytes() {
        let sizes: Vec<_> = (0..10_000)
            .map(|n| serde_json::to_vec(&Order::numbered(n * 97)).unwrap().len())
            .collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((180..=200).contains(&mean), "{mean}");
    }

    #[test]
    fn every_customer_orders() {
        let mut counts = vec![0; CUSTOMERS as usize];
        (0..100_000).for_each(|id| counts[customer(id) as usize] += 1);
        assert!(counts.iter().all(|count| (50..200).contains(count)));
    }
}
