//! One case of the suite, as data.

use binder_core::{BoxFuture, Capabilities};

use crate::contract::compare::Verdict;
use crate::contract::scene::Scene;

/// A named case, the power it needs, and what it does.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) lacking: fn(Capabilities) -> Option<&'static str>,
    pub(super) run: fn(Scene) -> BoxFuture<'static, Verdict>,
}

/// The case that a function is, named like it; what it needs is a function of `need`.
macro_rules! case {
    ($function:ident) => {
        case!($function, nothing)
    };
    ($function:ident, $need:ident) => {
        $crate::contract::case::Case {
            name: stringify!($function),
            lacking: $crate::contract::case::need::$need,
            run: |scene| Box::pin($function(scene)),
        }
    };
}
pub(super) use case;

/// What cases need: each says what is lacking.
pub(super) mod need {
    use super::Capabilities;

    pub(in crate::contract) fn nothing(_: Capabilities) -> Option<&'static str> {
        None
    }

    pub(in crate::contract) fn a_log(capabilities: Capabilities) -> Option<&'static str> {
        (!capabilities.log).then_some("this binder keeps nothing for readers that come later")
    }

    pub(in crate::contract) fn no_log(capabilities: Capabilities) -> Option<&'static str> {
        capabilities.log.then_some("this binder keeps messages, so none is ever unrouted")
    }

    pub(in crate::contract) fn partitions(capabilities: Capabilities) -> Option<&'static str> {
        (!capabilities.partitions).then_some("a destination of this binder has no partitions")
    }
}
