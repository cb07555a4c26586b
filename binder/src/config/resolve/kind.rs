//! The kinds of binders, and the one that a binding has chosen.

/// The kinds of this project, compiled in or not.
pub(crate) const KINDS: [&str; 3] = ["memory", "kafka", "amqp"];

/// The kind that is no broker.
pub(crate) const MEMORY: &str = "memory";

/// The name of a kind that is also known by another one.
pub(crate) fn canonical(kind: &str) -> &str {
    if kind == "rabbitmq" { "amqp" } else { kind }
}

/// The binder of a binding.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) kind: String,
}
