//! Every key there is: the table, the tree made of it, and the reference made of it.

pub(crate) mod keys;
pub(crate) mod reference;
pub(crate) mod tree;

pub use reference::reference;
pub(crate) use tree::Schema;
