//! What a publisher reports.

use binder_core::{Completed, ErrorKind, Unrouted};

use crate::contract::case::{Case, case};
use crate::contract::cases::{messages, names};
use crate::contract::compare::{Failure, Verdict, ensure, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c10_publish_confirms_each_message),
    case!(c10_publish_refuses_unroutable, no_log),
    case!(c10_publish_may_drop_unroutable, no_log),
];

/// Each message is confirmed, a flush knows it, and each that was confirmed comes.
async fn c10_publish_confirms_each_message(scene: Scene) -> Verdict {
    let (writer, mut reader, _) = scene.pipe("orders").await?;
    writer.flush().await?;
    writer.publish(messages(0..1_000)).await?;
    writer.flush().await?;
    let came = reader.take_and_settle(1_000).await?;
    same("what was confirmed", &names(0..1_000), &texts(&came))
}

/// With `unrouted = fail` a message that nobody can receive is refused for good, by name.
async fn c10_publish_refuses_unroutable(scene: Scene) -> Verdict {
    let output = scene.output("nobody")?;
    scene.provision(&[], &[&output]).await?;
    let writer = scene.write(&output).await?;
    for outcome in writer.outcomes(messages(0..3)).await? {
        match outcome {
            Completed::Refused(error) if error.kind() == ErrorKind::Unroutable => {
                ensure(!error.is_transient(), || format!("{error:?} is called transient"))?;
            }
            other => return Err(Failure::new(format!("unroutable is reported as {other:?}"))),
        }
    }
    writer.flush().await
}

/// With `unrouted = drop` the same message is confirmed.
async fn c10_publish_may_drop_unroutable(scene: Scene) -> Verdict {
    let mut output = scene.output("nobody")?;
    output.unrouted = Unrouted::Drop;
    scene.provision(&[], &[&output]).await?;
    scene.write(&output).await?.publish(messages(0..3)).await
}
