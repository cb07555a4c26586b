//! What a publisher reports.

use binder_core::{Completed, ErrorKind, Message, Unrouted};

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, names};
use crate::contract::compare::{Failure, Verdict, ensure, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c10_publish_confirms_each_message),
    case!(c10_publish_refuses_unroutable, no_log),
    case!(c10_publish_may_drop_unroutable, no_log),
    case!(c10_publish_refuses_what_is_too_large, a_size_too_large),
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

/// What is too large is refused for good, by name; those before and after it are sent.
async fn c10_publish_refuses_what_is_too_large(scene: Scene) -> Verdict {
    let size = scene.too_large()?;
    let (writer, mut reader, _) = scene.pipe("orders").await?;
    let large = Message::new(vec![b'x'; size]).with_key("key");
    let outcomes = writer.outcomes([message("before"), large, message("after")]).await?;
    match outcomes.as_slice() {
        [Completed::Confirmed(_), Completed::Refused(error), Completed::Confirmed(_)]
            if error.kind() == ErrorKind::TooLarge =>
        {
            ensure(!error.is_transient(), || format!("{error:?} is called transient"))?;
        }
        other => return Err(Failure::new(format!("too large between two is reported {other:?}"))),
    }
    let came = reader.take_and_settle(2).await?;
    same("what was confirmed", &["before", "after"].map(String::from), &texts(&came))
}
