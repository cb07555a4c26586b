//! What is known of a function without calling it.

use futures::{Stream, stream};

use crate::function::definition::{Definition, Emitter, Kind, Listener, Registered};
use crate::function::messages::Messages;
use crate::function::slot::Body;
use crate::function::step::Step;
use crate::{emitters, input, listeners, output, stream_emitter};

/// Bills an order.
///
///   Twice.
#[input("orders", crate = crate)]
#[output("invoices", "shipments-2")]
fn bill(n: u8) -> (u8, u8) {
    (n, n)
}

#[input("orders", crate = crate)]
#[allow(clippy::needless_pass_by_value)]
fn r#move(messages: Messages<u8>) -> impl Stream<Item = Step<()>> {
    drop(messages);
    stream::empty()
}

#[stream_emitter(crate = crate)]
#[output("beats")]
fn beat() -> impl Stream<Item = u8> {
    stream::empty()
}

#[test]
fn attributes_doc_and_place_are_data() {
    let expected = Definition {
        name: "bill",
        module: module_path!(),
        doc: "Bills an order.\n\n  Twice.",
        inputs: &["orders"],
        outputs: &["invoices", "shipments-2"],
        kind: Kind::Listener,
    };
    assert_eq!(<bill as Listener<()>>::DEFINITION, expected);
    let stream = <r#move as Listener<()>>::DEFINITION;
    assert_eq!((stream.name, stream.kind, stream.doc), ("move", Kind::StreamListener, ""));
    let emitter = <beat as Emitter<()>>::DEFINITION;
    assert_eq!((emitter.inputs.len(), emitter.kind), (0, Kind::Emitter));
    assert_eq!(bill(1), (1, 1), "the function is a function still");
}

#[test]
fn functions_are_listed_for_the_state_of_an_application() {
    let listeners: Vec<Registered<u16>> = listeners![bill, r#move,];
    let emitters: Vec<Registered<u16>> = emitters![beat];
    let names: Vec<_> = listeners.iter().chain(&emitters).map(|f| f.definition.name).collect();
    assert_eq!(names, ["bill", "move", "beat"]);
    assert!(matches!((listeners[0].body)(1), Body::Calls(_)));
    assert!(matches!((listeners[1].body)(1), Body::Stream(_)));
    assert!(matches!((emitters[0].body)(1), Body::Emitter(_)));
    assert!(format!("{:?}", listeners[0]).contains("orders"));
    let none: Vec<Registered<u16>> = listeners![];
    assert!(none.is_empty());
}
