use binder::prelude::*;

#[enable_binding]
async fn start() -> Result<App> {
    Ok(App::new(()))
}

fn main() {}
