//! The settings that were in force, from the framework itself.

use anyhow::{Context, Result};
use binder::config::{self, FunctionNames};
use serde_json::{Value, json};

use super::Pipeline;

/// The configuration as it is resolved, with what was set beside the addresses.
pub(crate) fn resolved(pipeline: &Pipeline) -> Result<Value> {
    let function = FunctionNames { name: "price", inputs: &["orders"], outputs: &["prices"] };
    let kinds = [pipeline.binder, "memory"];
    let resolved = config::load(&pipeline.sources())?.resolve("bench", &[function], &kinds)?;
    let input = resolved.functions.first().and_then(|function| function.inputs.first());
    let input = input.context("the function has no input")?;
    let in_flight = input.max_in_flight.map_or_else(
        || format!("the binder's default: {}", pipeline.max_in_flight),
        |limit| format!("{} messages, {} B", limit.messages, limit.bytes),
    );
    Ok(json!({
        "how": "#[stream_listener] async fn(Order) -> Out<Priced>, through the facade",
        "own": {
            "set": pipeline.set,
            "order": format!("{:?}", input.order),
            "concurrency": input.concurrency,
            "max_in_flight": in_flight,
            "deadline": format!("{:?}", input.deadline),
            "max_attempts": input.retry.max_attempts,
            "copy_headers": input.copy_headers,
            "runtime": "tokio, multi-thread, default workers, and the framework's own threads",
        },
    }))
}
