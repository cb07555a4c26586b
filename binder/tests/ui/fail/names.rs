use binder::prelude::*;

#[input("")]
fn empty(_: u8) {}

#[input("Orders")]
#[output("shop.invoices", "9", "a b")]
fn ill_formed(n: u8) -> (u8, u8, u8) {
    (n, n, n)
}

#[input]
#[output()]
fn none(n: u8) -> u8 {
    n
}

#[input("in")]
#[output("a", "b", "c", "d", "e", "f", "g", "h", "i")]
fn too_many(_: u8) {}

fn main() {
    let _ = App::new(()).bind(listeners![empty, ill_formed, none, too_many]);
}
