use binder::prelude::*;

#[enable_binding(default = "binder.toml", defaults = "a", defaults = "b")]
fn main(one: u8, two: u8) -> Result<App> {
    Ok(App::new(()))
}
