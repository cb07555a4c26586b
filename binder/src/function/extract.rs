//! Parameters beside the payload.

use binder_core::Headers;
use bytes::Bytes;

use super::call::Call;
use super::error::Result;
use super::state::{State, Stateless};

/// A parameter of a listener beside its first, made anew for each call.
///
/// ```
/// use binder::prelude::*;
/// use binder::{Call, Error, FromCall, Stateless};
///
/// struct Tenant(String);
///
/// impl FromCall for Tenant {
///     type State = Stateless;
///
///     fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
///         match call.message.headers.text("tenant") {
///             Some(tenant) => Ok(Self(tenant.to_owned())),
///             None => Err(Error::msg("header `tenant` is missing").permanent()),
///         }
///     }
/// }
///
/// #[stream_listener]
/// #[input("orders")]
/// fn bill(order: u64, tenant: Tenant) {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a listener",
    label = "only the first parameter is read from the payload; this one is no extractor",
    note = "for a part of the application's state write `State(name): State<{Self}>`",
    note = "other parameters are `Headers`, `Key`, `Attempt`, `Destination`, `Position` and types that implement `binder::FromCall`"
)]
pub trait FromCall: Sized {
    /// The part of the application's state it is made from; [`Stateless`] for none.
    type State;

    /// Makes it.
    ///
    /// # Errors
    ///
    /// The function is not called then, and the message is treated as if it had failed.
    fn from_call(call: &Call<'_>, state: Self::State) -> Result<Self>;
}

impl<T> FromCall for State<T> {
    type State = T;

    fn from_call(_: &Call<'_>, state: T) -> Result<Self> {
        Ok(Self(state))
    }
}

impl FromCall for Headers {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        Ok(call.message.headers.clone())
    }
}

/// The key of the message, if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key(pub Option<Bytes>);

impl Key {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> Option<&Bytes> {
        self.0.as_ref()
    }

    /// Its text, if it is UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref().and_then(|key| std::str::from_utf8(key).ok())
    }
}

impl FromCall for Key {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        Ok(Self(call.message.key.clone()))
    }
}

/// Which attempt at the message this call is, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u32);

impl FromCall for Attempt {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        Ok(Self(call.attempt))
    }
}
