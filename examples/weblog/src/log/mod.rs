//! The access log: what a line says.

mod address;
mod broken;
mod cursor;
mod hit;
mod line;
mod timestamp;

pub(crate) use hit::Hit;
