//! A scripted binder: the test plays the broker.
//!
//! Nothing here has a clock or a thread of its own: it works on a current-thread runtime with
//! paused time as well as on a multi-threaded one.
//!
//! ```
//! use binder_core::Message;
//! use binder_testkit::script::ScriptedBinder;
//!
//! let binder = ScriptedBinder::new();
//! let orders = binder.input("orders").partitions(2);
//! orders.preload(1_000, |i| Message::new(format!("order {i}")));
//! let invoices = binder.output("invoices").refuse(2, |_| true, || {
//!     binder_core::Error::new(binder_core::ErrorKind::Publish, "leader moved")
//! });
//! // Run whatever is under test on `binder.clone()`, await `orders.settled_at_least(1_000)`,
//! // then look at what happened.
//! assert_eq!(invoices.published(), []);
//! assert_eq!(orders.settlements(), []);
//! ```

mod binder;
mod event;
mod feed;
mod input;
mod output;
mod policy;
mod publisher;
mod subscription;

pub use binder::ScriptedBinder;
pub use event::ScriptEvent;
pub use input::ScriptedInput;
pub use output::ScriptedOutput;
