//! The cases that drive an application over a binder: what framework and binder promise together.
//!
//! They run with those of [`contract`](crate::contract), from the same call and on the same
//! fixture. Each starts an application on the binder under a name of its own, and looks at what
//! it leaves behind over a second connection, which the runtime knows nothing of. Where the moment
//! of a confirmation or a settlement is what matters, a tap between runtime and
//! binder writes both down, and holds or refuses what the application publishes.

mod cases;
mod dice;
mod probe;
mod stage;
mod tap;

pub(crate) use cases::all as cases;

/// The names of these cases, which are among those of [`Suite::names`](crate::contract::Suite::names).
#[must_use]
pub fn names() -> Vec<&'static str> {
    cases().iter().map(|case| case.name).collect()
}
