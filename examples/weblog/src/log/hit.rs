//! One request, as its line tells it.

use serde::{Deserialize, Serialize};

/// One request that the web server answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hit {
    /// The client's address or host name.
    pub(crate) client: String,
    /// When the request came, in RFC 3339 with the zone of the log.
    pub(crate) time: String,
    /// The method, where the request has the shape of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// The path, with its query and as it was escaped in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// The status of the answer, 100 to 599.
    pub(crate) status: u16,
    /// The size of the answer in bytes; none sent counts 0.
    pub(crate) bytes: u64,
    /// Where the client came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) referrer: Option<String>,
    /// The client's program, as far as the line goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
}

impl Hit {
    /// Whether the server failed: a status of 500 and above.
    pub(crate) fn is_alert(&self) -> bool {
        self.status >= 500
    }
}
