//! Sources of values, each read into a tree that remembers where everything was written.

pub(crate) mod assignment;
pub(crate) mod document;
pub(crate) mod environment;
pub(crate) mod raw;
pub(crate) mod toml;
pub(crate) mod yaml;

pub(crate) use document::Document;
pub(crate) use raw::Raw;
