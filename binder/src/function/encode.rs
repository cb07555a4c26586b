//! From a value to the bytes of a payload.

use std::any::{Any, type_name};

use bytes::Bytes;
use serde::Serialize;

use super::failure::{Class, Failure};
use super::outputs::Outputs;

/// The content type of payloads that functions return as [`Bytes`].
const BYTES: Bytes = Bytes::from_static(b"application/octet-stream");

/// The payload of an output.
#[derive(Debug)]
pub struct Encoded {
    pub(crate) payload: Bytes,
    /// `None` stands for JSON.
    pub(crate) content_type: Option<Bytes>,
}

/// What can be sent: any [`Serialize`], as JSON, and `Bytes` as they are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a message",
    label = "an output is `Bytes` or a type that implements `serde::Serialize`",
    note = "derive it: `#[derive(serde::Serialize)]`"
)]
pub trait Sendable: Sized {
    /// Writes it to the arena of `outputs`.
    ///
    /// # Errors
    ///
    /// [`Class::Permanent`] when it cannot be written as JSON (a map whose keys are no strings).
    fn encode(self, outputs: &mut Outputs) -> Result<Encoded, Failure>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + 'static> Sendable for T {
    fn encode(self, outputs: &mut Outputs) -> Result<Encoded, Failure> {
        let mut slot = Some(self);
        // `Bytes` is serializable too, so only its identity tells it from the rest.
        if let Some(bytes) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Bytes>>() {
            let payload = bytes.take().unwrap_or_default();
            return Ok(Encoded { payload, content_type: Some(BYTES) });
        }
        match outputs.write(|writer| serde_json::to_writer(writer, &slot)) {
            Ok(payload) => Ok(Encoded { payload, content_type: None }),
            Err(why) => Err(Failure::new(
                Class::Permanent,
                format!("`{}` cannot be written as JSON: {why}", type_name::<Self>()),
            )),
        }
    }
}
