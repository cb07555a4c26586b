use binder::prelude::*;

#[enable_binding]
async fn main() {}
