use binder::prelude::*;

#[enable_binding]
async fn main() -> Result<u8> {
    Ok(1)
}
