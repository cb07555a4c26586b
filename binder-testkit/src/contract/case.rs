//! One case of the suite, as data.

use binder_core::BoxFuture;

use crate::contract::compare::Verdict;
use crate::contract::fixture::Fixture;
use crate::contract::scene::Scene;

/// A named case, the power it needs, and what it does.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) lacking: fn(&dyn Fixture) -> Option<&'static str>,
    pub(crate) run: fn(Scene) -> BoxFuture<'static, Verdict>,
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
pub(crate) use case;

/// What cases need: each says what is lacking.
pub(crate) mod need {
    use super::Fixture;

    pub(crate) fn nothing(_: &dyn Fixture) -> Option<&'static str> {
        None
    }

    pub(crate) fn a_log(fixture: &dyn Fixture) -> Option<&'static str> {
        let log = fixture.capabilities().log;
        (!log).then_some("this binder keeps nothing for readers that come later")
    }

    pub(crate) fn no_log(fixture: &dyn Fixture) -> Option<&'static str> {
        let log = fixture.capabilities().log;
        log.then_some("this binder keeps messages, so none is ever unrouted")
    }

    pub(crate) fn partitions(fixture: &dyn Fixture) -> Option<&'static str> {
        let partitions = fixture.capabilities().partitions;
        (!partitions).then_some("a destination of this binder has no partitions")
    }

    pub(crate) fn a_dead_letter_store(fixture: &dyn Fixture) -> Option<&'static str> {
        let store = fixture.capabilities().dead_letter_store;
        (!store).then_some("this binder cannot read dead letters back")
    }

    pub(crate) fn an_unreachable_broker(fixture: &dyn Fixture) -> Option<&'static str> {
        fixture
            .unreachable()
            .is_none()
            .then_some("the fixture has no broker that cannot be reached")
    }

    pub(crate) fn disconnection(fixture: &dyn Fixture) -> Option<&'static str> {
        fixture.breakable().is_none().then_some("the fixture cannot end connections")
    }

    pub(crate) fn a_size_too_large(fixture: &dyn Fixture) -> Option<&'static str> {
        fixture.too_large().is_none().then_some("the fixture names no size that is too large")
    }
}
