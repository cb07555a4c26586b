//! Messages with headers or a timestamp, one by one.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::time::{SystemTime, UNIX_EPOCH};

use binder_core::Message;
use bytes::Bytes;
use rdkafka::bindings as rd;

use crate::error::Code;
use crate::headers::outbound;

type Kind = rd::rd_kafka_vtype_t;
type Value = rd::rd_kafka_vu_s__bindgen_ty_1;

/// Where to, and the time of a message that names none.
pub(super) struct Single {
    client: *mut rd::rd_kafka_t,
    topic: *mut rd::rd_kafka_topic_t,
    now: i64,
}

impl Single {
    /// Of a batch that is queued now.
    pub(super) fn new(client: *mut rd::rd_kafka_t, topic: *mut rd::rd_kafka_topic_t) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // 0 lets the client read its own clock.
        let now = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0));
        Self { client, topic, now }
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// Why the message was not queued; there will be no report then.
    ///
    /// # Safety
    ///
    /// Client and topic are alive.
    pub(super) unsafe fn produce(&self, message: &Message, token: usize) -> Result<(), Code> {
        let headers = Headers::of(message);
        let timestamp = message.timestamp.unwrap_or(self.now);
        let fields = [
            field(Kind::RD_KAFKA_VTYPE_RKT, Value { rkt: self.topic }),
            field(Kind::RD_KAFKA_VTYPE_VALUE, memory(message.payload.as_ref())),
            field(Kind::RD_KAFKA_VTYPE_KEY, memory(message.key.as_ref())),
            field(Kind::RD_KAFKA_VTYPE_MSGFLAGS, Value { i: rd::RD_KAFKA_MSG_F_COPY }),
            field(Kind::RD_KAFKA_VTYPE_TIMESTAMP, Value { i64_: timestamp }),
            field(Kind::RD_KAFKA_VTYPE_OPAQUE, Value { ptr: ptr::without_provenance_mut(token) }),
            field(Kind::RD_KAFKA_VTYPE_HEADERS, Value { headers: headers.as_ptr() }),
        ];
        // The last field is left out where there are no headers.
        let count = fields.len() - usize::from(headers.0.is_none());
        // SAFETY: every field has the type its kind asks for, payload and key are copied during
        // the call, and the headers become librdkafka's if and only if the call succeeds.
        let error = unsafe { rd::rd_kafka_produceva(self.client, fields.as_ptr(), count) };
        let Some(error) = NonNull::new(error) else {
            std::mem::forget(headers);
            return Ok(());
        };
        // SAFETY: the error is ours.
        let (code, fatal) = unsafe {
            let code = rd::rd_kafka_error_code(error.as_ptr());
            let fatal = rd::rd_kafka_error_is_fatal(error.as_ptr());
            rd::rd_kafka_error_destroy(error.as_ptr());
            (code, fatal != 0)
        };
        // A dead client names what it died of; the batch call says that it is dead.
        Err(if fatal { Code::Fatal } else { code.into() })
    }
}

fn field(vtype: Kind, u: Value) -> rd::rd_kafka_vu_t {
    rd::rd_kafka_vu_t { vtype, u }
}

/// Null for `None`, and never null for `Some`: an empty payload is no tombstone.
fn memory(bytes: Option<&Bytes>) -> Value {
    let (start, size) = bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()));
    let ptr: *mut c_void = start.cast_mut().cast();
    Value { mem: rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr, size } }
}

/// A native list of headers, or nothing for a message that needs none.
struct Headers(Option<NonNull<rd::rd_kafka_headers_t>>);

impl Headers {
    fn of(message: &Message) -> Self {
        let mut list = None;
        for (name, value) in outbound(message) {
            // SAFETY: no precondition; librdkafka ends the process where it has no memory.
            let made = list.or_else(|| NonNull::new(unsafe { rd::rd_kafka_headers_new(4) }));
            let Some(headers) = made else { break };
            let (start, size) = value.map_or((ptr::null(), 0), |v| (v.as_ptr(), v.len()));
            // SAFETY: the list is ours, name and value are copied; lengths fit, since they come
            // from slices.
            unsafe {
                rd::rd_kafka_header_add(
                    headers.as_ptr(),
                    name.as_ptr().cast(),
                    name.len().cast_signed(),
                    start.cast(),
                    size.cast_signed(),
                );
            }
            list = made;
        }
        Self(list)
    }

    fn as_ptr(&self) -> *mut rd::rd_kafka_headers_t {
        self.0.map_or(ptr::null_mut(), NonNull::as_ptr)
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        if let Some(headers) = self.0 {
            // SAFETY: still ours: `produce` forgets the list that it gave away.
            unsafe { rd::rd_kafka_headers_destroy(headers.as_ptr()) };
        }
    }
}
