//! What several models need.

use std::future::poll_fn;
use std::sync::Arc;

use binder_core::{Delivery, Message, Tag};
use loom::model::Builder;

/// Runs a model under every interleaving with so many switches of threads where none is forced;
/// most faults show with two (Musuvathi, Qadeer 2007).
pub(crate) fn check(switches: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(switches);
    builder.check(model);
}

pub(crate) fn delivery(sequence: u64) -> Delivery {
    let tag = Tag { epoch: 1, partition: 0, sequence };
    Delivery { message: Message::default(), tag, earlier_attempts: 0 }
}

/// Waits as a task does; nobody else to be woken.
pub(crate) fn wait<T>(poll: impl FnMut(&mut std::task::Context<'_>) -> std::task::Poll<T>) -> T {
    loom::future::block_on(poll_fn(poll))
}

/// A thread that has one side, and what it ends with.
pub(crate) fn beside<S: Send + Sync + 'static, T: 'static>(
    shared: &Arc<S>,
    work: impl FnOnce(&S) -> T + 'static,
) -> loom::thread::JoinHandle<T> {
    let shared = shared.clone();
    loom::thread::spawn(move || work(&shared))
}
