//! Attributes in any order, by any path, with anything beside them, anywhere.

#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]

use binder::prelude::*;

mod other {
    pub(crate) use ::binder::*;
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn one(n: u8) -> u8 {
    n
}

#[stream_listener]
#[output("out")]
#[input("in")]
fn two(n: u8) -> u8 {
    n
}

#[input("in")]
#[stream_listener]
#[output("out")]
fn three(n: u8) -> u8 {
    n
}

#[input("in")]
#[output("out")]
#[stream_listener]
fn four(n: u8) -> u8 {
    n
}

#[output("out")]
#[stream_listener]
#[input("in")]
fn five(n: u8) -> u8 {
    n
}

#[output("out")]
#[input("in")]
#[stream_listener()]
fn six(n: u8) -> u8 {
    n
}

#[input("in")]
fn seven(_: u8) {}

#[output("out")]
#[input("in")]
fn eight(n: u8) -> u8 {
    n
}

#[output("out")]
#[stream_emitter]
fn nine() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

#[binder::stream_listener]
#[binder::input("in")]
#[::binder::output("out")]
fn by_path(n: u8) -> u8 {
    n
}

#[stream_listener(crate = other)]
#[input("in")]
#[output("out")]
fn renamed(n: u8) -> u8 {
    n
}

#[input("in", crate = crate::other)]
fn renamed_by_path(_: u8) {}

#[stream_emitter(crate = other)]
#[output("out")]
fn renamed_emitter() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

/// Attributes that were imported one by one are used, in whatever order they stand.
mod imported {
    use binder::{input, output, stream_listener};

    #[output("out")]
    #[stream_listener]
    #[input("in")]
    pub(crate) fn one(n: u8) -> u8 {
        n
    }

    #[stream_listener]
    #[input("in")]
    #[output("out")]
    pub(crate) fn two(n: u8) -> u8 {
        n
    }
}

/// Functions may come out of a macro.
macro_rules! pass_on {
    ($name:ident, $input:literal, $payload:ty, $returned:ty) => {
        #[stream_listener]
        #[input($input)]
        #[output("out")]
        async fn $name(payload: $payload, _: State<$payload>) -> $returned {
            payload.into()
        }
    };
}

pass_on!(made, "in", u8, Option<u8>);

#[cfg(any())]
#[stream_listener]
#[input("in")]
fn absent(_: Missing) {}

#[stream_listener]
#[cfg(any())]
#[input("in")]
fn absent_too(_: Missing) {}

#[stream_listener]
#[input("in")]
#[allow(unused_variables)]
#[must_use]
#[inline]
fn beside(n: u8) {}

#[stream_listener]
#[input("in")]
#[deprecated]
fn deprecated(_: u8) {}

/// Names that the written code uses too, and a raw one.
mod names {
    use super::*;

    #[derive(Clone)]
    pub(crate) struct S;

    #[input("in")]
    pub(crate) fn call(state: u8, _: State<S>) {
        let _ = state;
    }

    #[input("in")]
    pub(crate) fn outputs(_: u8) {}

    #[input("in")]
    #[output("out")]
    pub(crate) fn r#match(_: u8) -> u8 {
        1
    }
}

/// Public functions of private types warn of nothing.
pub mod public {
    use super::*;

    #[derive(Clone)]
    struct Private;

    /// Public.
    #[input("in")]
    #[allow(private_interfaces)]
    pub fn visible(_: u8, _: State<Private>) {}

    #[allow(dead_code, clippy::pedantic)]
    pub(crate) fn app() {
        let _ = App::new(Private).bind(listeners![visible]);
    }
}

fn main() {
    #[stream_listener]
    #[input("in")]
    fn inside(_: u8) {}

    let _ = App::new(()).bind(listeners![
        one,
        two,
        three,
        four,
        five,
        six,
        seven,
        eight,
        by_path,
        renamed,
        renamed_by_path,
        beside,
        inside,
        names::outputs,
        self::names::r#match,
    ]);
    #[allow(deprecated)]
    let _ = App::new(()).bind(listeners![deprecated]).emit(emitters![nine, renamed_emitter]);
    let _ = App::new(1_u8).bind(listeners![made, imported::one, imported::two]);
    let _ = App::new(names::S).bind(listeners![names::call]);
    public::app();

    // Functions stay functions.
    assert_eq!(one(1), 1);
    assert_eq!(names::r#match(1), 1);
}
