//! Emitters: what their streams yield is sent.

use std::task::Poll;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use super::rig::{Sent, context, texts};
use crate::function::definition::Emitter;
use crate::function::error::{Classify, Result};
use crate::function::failure::Class;
use crate::function::out::Out;
use crate::function::outputs::Outputs;
use crate::function::slot::{Body, Steps};
use crate::function::state::State;
use crate::{output, stream_emitter};

#[stream_emitter(crate = crate)]
#[output("lines", "ends")]
fn lines(
    State(lines): State<Vec<&'static str>>,
) -> impl Stream<Item = (Option<Out<Bytes>>, Option<usize>)> {
    let end = lines.len();
    let lines = stream::iter(lines).map(|line| (Some(Out::new(line.into()).key("k")), None));
    lines.chain(stream::iter([(None, Some(end))]))
}

#[output("out")]
#[stream_emitter(crate = crate)]
fn breaks() -> impl Stream<Item = Result<u8>> {
    stream::iter([Ok(1), Err("broken").permanent()])
}

fn steps<E: Emitter<S>, S>(state: S) -> Box<dyn Steps> {
    let Body::Emitter(make) = E::body(state) else { panic!("it is not an emitter") };
    make()
}

fn next(steps: &mut dyn Steps) -> Option<Sent> {
    let mut outputs = Outputs::new();
    let mut tokens = Vec::new();
    let Poll::Ready(step) = steps.poll_step(&mut context(), &mut outputs, &mut tokens) else {
        panic!("the emitter waits")
    };
    assert!(tokens.is_empty());
    step.map(|step| step.map(|()| outputs.drain_from(0).collect()))
}

#[test]
fn each_item_is_sent_to_its_outputs_until_the_stream_ends() {
    let mut steps = steps::<lines, _>(vec!["a", "b"]);
    for expected in [(0, "a"), (0, "b"), (1, "2")] {
        let sent = texts(next(steps.as_mut()).unwrap());
        assert_eq!(sent, [(expected.0, expected.1.to_owned())]);
    }
    assert!(next(steps.as_mut()).is_none());
}

#[test]
fn an_error_is_a_failure() {
    let mut steps = steps::<breaks, _>(());
    assert_eq!(texts(next(steps.as_mut()).unwrap()), [(0, "1".to_owned())]);
    assert_eq!(next(steps.as_mut()).unwrap().unwrap_err().class, Class::Permanent);
}
