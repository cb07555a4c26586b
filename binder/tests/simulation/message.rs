//! Orders on the wire.

use binder_core::Message;
use serde::{Deserialize, Serialize};

use crate::fate::Fate;
use crate::plan::Plan;

/// What the function reads and writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: usize,
}

/// The order of that id, as its fate wants it.
pub(crate) fn order(plan: &Plan, id: usize) -> Message {
    let payload = match plan.fate(id) {
        Fate::Broken => "no order".to_owned(),
        _ => format!("{{\"id\":{id}}}"),
    };
    let key = (id % plan.keys).to_string();
    Message::new(payload).with_key(key).with_header("id", id.to_string())
}

/// The id in the header that every message here has and every output inherits.
pub(crate) fn id_of(message: &Message) -> Option<usize> {
    message.headers.text("id")?.parse().ok()
}
