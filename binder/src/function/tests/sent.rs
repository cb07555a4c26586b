//! What each form of return sends.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::rig::{call, failure, message, texts};
use crate::function::error::Result;
use crate::function::failure::Class;
use crate::function::out::Out;
use crate::{input, output};

#[input("in", crate = crate)]
fn nothing(_: u8) {}

#[input("in", crate = crate)]
#[output("out")]
fn option(n: u8) -> Option<u8> {
    (n > 0).then_some(n)
}

#[input("in", crate = crate)]
#[output("out")]
async fn many(n: u8) -> Vec<u8> {
    (0..n).collect()
}

#[input("in", crate = crate)]
#[output("a", "b", "c")]
async fn several(n: u8) -> Result<(u8, Option<Out<u8>>, Vec<String>)> {
    if n == 9 {
        Err(crate::Error::msg("nine"))
    } else {
        Ok((n, (n > 0).then(|| Out::new(n).key("k")), vec![n.to_string(), "x".to_owned()]))
    }
}

#[input("in", crate = crate)]
#[output("out")]
fn raw(payload: Bytes) -> Bytes {
    payload
}

#[input("in", crate = crate)]
#[output("out")]
fn out(payload: Bytes) -> Out<Bytes> {
    Out::new(payload).key(String::from("k")).header("a", "1").header("a", vec![b'2'])
}

#[input("in", crate = crate)]
#[output("out")]
fn typed(payload: Bytes) -> Option<Out<Bytes>> {
    Some(Out::new(payload).content_type("text/plain"))
}

#[input("in", crate = crate)]
#[output("out")]
fn list(n: u8) -> Out<Vec<Option<u8>>> {
    Out::new(vec![Some(n), None])
}

#[input("in", crate = crate)]
#[output("out")]
fn no_json(n: u8) -> BTreeMap<Vec<u8>, u8> {
    BTreeMap::from([(vec![n], n)])
}

#[test]
fn containers_send_what_they_hold() {
    let one = |output: usize, text: &str| (output, text.to_owned());
    assert_eq!(texts(call::<nothing>(&message("1"))), []);
    assert_eq!(texts(call::<option>(&message("0"))), []);
    assert_eq!(texts(call::<option>(&message("1"))), [one(0, "1")]);
    assert_eq!(texts(call::<many>(&message("2"))), [one(0, "0"), one(0, "1")]);
    assert_eq!(texts(call::<list>(&message("1"))), [one(0, "[1,null]")]);
    assert_eq!(
        texts(call::<several>(&message("1"))),
        [one(0, "1"), one(1, "1"), one(2, "\"1\""), one(2, "\"x\"")]
    );
    assert_eq!(
        texts(call::<several>(&message("0"))),
        [one(0, "0"), one(2, "\"0\""), one(2, "\"x\"")]
    );
    assert_eq!(failure::<several>(&message("9")), (Class::Transient, "nine".to_owned()));
}

#[test]
fn json_names_no_content_type_and_bytes_are_passed_on() {
    let json = call::<option>(&message("1")).unwrap().remove(0).1;
    assert_eq!(json.content_type, None);
    let payload = message("\u{0}");
    let passed = call::<raw>(&payload).unwrap().remove(0).1;
    assert_eq!(passed.content_type.as_deref(), Some(&b"application/octet-stream"[..]));
    assert_eq!(passed.payload.as_ref().unwrap().as_ptr(), payload.payload.unwrap().as_ptr());
    let typed = call::<typed>(&message("x")).unwrap().remove(0).1;
    assert_eq!(typed.content_type.as_deref(), Some(&b"text/plain"[..]));
}

#[test]
fn an_out_has_a_key_and_headers_in_order() {
    let sent = call::<out>(&message("x")).unwrap().remove(0).1;
    assert_eq!(sent.key.as_deref(), Some(&b"k"[..]));
    let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (name, value.unwrap())).collect();
    assert_eq!(headers, [(&Bytes::from("a"), &Bytes::from("1")), (&"a".into(), &"2".into())]);
}

#[test]
fn static_texts_are_not_copied() {
    const KEY: &str = "the key";
    let sent = Out::new(1).key(KEY);
    let mut outputs = crate::function::outputs::Outputs::new();
    sent.send(0, &mut outputs).unwrap();
    let (_, message) = outputs.drain_from(0).next().unwrap();
    assert_eq!(message.key.unwrap().as_ptr(), KEY.as_ptr());
}

#[test]
fn what_cannot_be_written_is_permanent_and_names_its_type() {
    let (class, cause) = failure::<no_json>(&message("1"));
    assert_eq!(class, Class::Permanent);
    assert!(cause.contains("BTreeMap") && cause.contains("key must be a string"), "{cause}");
}
