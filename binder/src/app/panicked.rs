//! A panic of the application's own code, as an error.

use crate::function::error::Error;
use crate::runtime::run::panic_text;

/// `main`, `from_fn` or `until` panicked.
pub(super) fn panicked(what: &str, panic: &(dyn std::any::Any + Send)) -> Error {
    Error::msg(format!("`{what}` panicked: {}", panic_text(panic)))
}
