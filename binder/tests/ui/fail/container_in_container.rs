use binder::prelude::*;

type List<T> = Vec<T>;

#[stream_listener]
#[input("in")]
#[output("out")]
fn option_of_vec(n: u8) -> Option<Vec<u8>> {
    Some(vec![n])
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn vec_of_option(n: u8) -> Vec<Option<u8>> {
    vec![Some(n)]
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn alias(n: u8) -> Result<Option<List<u8>>> {
    Ok(Some(vec![n]))
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn vec_of_result(n: u8) -> Vec<Result<u8>> {
    vec![Ok(n)]
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
fn results_in_tuple(n: u8) -> (Result<u8>, u8) {
    (Ok(n), n)
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn tuples(n: u8) -> Vec<(u8, u8)> {
    vec![(n, n)]
}

fn main() {
    let _ = App::new(()).bind(listeners![
        option_of_vec,
        vec_of_option,
        alias,
        vec_of_result,
        results_in_tuple,
        tuples
    ]);
}
