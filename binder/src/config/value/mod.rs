//! Values of a known type.

pub(crate) mod convert;
pub(crate) mod kind;
pub(crate) mod list;
pub(crate) mod quantity;
pub(crate) mod setting;

pub(crate) use kind::Kind;
pub(crate) use setting::Setting;
