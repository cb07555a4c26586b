//! The first parameter of a function that is called per message.

use super::call::Call;
use super::decode::Readable;
use super::failure::Failure;
use super::message::Message;

/// What the first parameter may be: a payload, or a [`Message`] with one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a message",
    label = "the first parameter is `Bytes`, an owned type that implements `serde::Deserialize`, or a `Message<_>` of one",
    note = "derive it: `#[derive(serde::Deserialize)]`",
    note = "`State<_>`, `Headers` and the like come after the first parameter"
)]
pub trait First: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When the payload cannot be read.
    fn first(call: &Call<'_>) -> Result<Self, Failure>;
}

#[diagnostic::do_not_recommend]
impl<T: serde::de::DeserializeOwned + 'static> First for T {
    fn first(call: &Call<'_>) -> Result<Self, Failure> {
        T::read(call.message)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Readable> First for Message<T> {
    fn first(call: &Call<'_>) -> Result<Self, Failure> {
        T::read(call.message).map(|payload| Self::of_call(payload, call))
    }
}
