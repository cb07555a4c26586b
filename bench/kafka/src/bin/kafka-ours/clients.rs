//! What the clients' settings are, from librdkafka itself.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use ours::Pipeline;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the application with `debug = "conf"`, which makes librdkafka log the settings that differ
/// from its own defaults, and stops it when it has started.
pub(crate) async fn settings(mut pipeline: Pipeline) -> Result<Value> {
    pipeline.set.push("binders.kafka.native.debug=conf".to_owned());
    let captured = Captured::default();
    registry().with(captured.clone()).try_init()?;
    pipeline.start_and_stop().await?;
    let lines = captured.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({ "settings": parse(&lines) }))
}

/// Settings by client, from lines such as `…#producer-1 initialized …` and `[thrd:app]: a = b`.
fn parse(lines: &[String]) -> BTreeMap<&'static str, BTreeMap<&str, &str>> {
    let mut clients = BTreeMap::<_, BTreeMap<_, _>>::new();
    let mut client = "other";
    for line in lines {
        let text = line.split_once("]: ").map_or(line.as_str(), |(_, text)| text).trim();
        if text.contains(" initialized ") {
            let kinds = ["producer", "consumer"];
            let kind = kinds.into_iter().find(|kind| text.contains(&format!("#{kind}-")));
            client = kind.unwrap_or("other");
        }
        match text.split_once(" = ") {
            Some((key, _)) if NOT_SETTINGS.contains(&key) => {}
            Some((key, value)) => {
                clients.entry(client).or_default().insert(key, value);
            }
            None => {}
        }
    }
    clients
}

/// What this look at the settings brings in itself, and what differs from run to run.
const NOT_SETTINGS: [&str; 5] =
    ["debug", "default_topic_conf", "enabled_events", "log.queue", "opaque"];

/// Keeps librdkafka's lines.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Captured {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "librdkafka" {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            event.record(&mut Message(&mut lines));
        }
    }
}

struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_belong_to_the_client_that_logs_them() {
        let lines = [
            "[thrd:app]: librdkafka v2 (0x1) a#producer-3 initialized (builtin.features gzip)",
            "[thrd:app]: Client configuration:",
            "[thrd:app]:   opaque = 0x55",
            "[thrd:app]:   queue.buffering.max.ms = 5",
            "[thrd:app]: librdkafka v2 (0x1) a#consumer-5 initialized (builtin.features gzip)",
            "[thrd:app]:   check.crcs = true",
        ]
        .map(str::to_owned);
        let clients = parse(&lines);
        assert_eq!(clients["producer"], [("queue.buffering.max.ms", "5")].into());
        assert_eq!(clients["consumer"], [("check.crcs", "true")].into());
    }
}
