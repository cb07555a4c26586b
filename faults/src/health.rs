//! Whether the application says that it is ready.

use std::time::Duration;

use binder::Bindings;

use crate::state::Faulty;

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Writes down each change, from the first time that it is ready on, until the process ends.
#[expect(clippy::disallowed_methods, reason = "it looks from outside, as a probe would")]
pub(crate) fn report(bindings: Bindings, faulty: Faulty) {
    tokio::spawn(async move {
        let mut before = false;
        loop {
            let ready = bindings.is_ready();
            if ready != before {
                faulty.0.ledger.write("ready", if ready { "yes" } else { "no" });
            }
            before = ready;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    });
}
