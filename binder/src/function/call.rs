//! One delivery, as a function is about to see it.

use binder_core::message as wire;
use binder_core::{Destination, Tag};

/// What the arguments of one call are made from.
#[derive(Debug)]
pub struct Call<'a> {
    /// The message as it came.
    pub message: &'a wire::Message,
    /// Where it came from.
    pub destination: &'a Destination,
    /// Its position there.
    pub tag: Tag,
    /// The attempt this call is, counted from 1.
    pub attempt: u32,
}
