//! Which kinds of binders there are: the one place that a cargo feature switches on.

use std::collections::BTreeMap;
use std::sync::Arc;

use binder_core::{Binder, Error, ErrorKind, Result};

use crate::config::ResolvedBinder;

/// Binders that an application offers itself, by kind.
pub(crate) type Offered = BTreeMap<String, Arc<dyn Binder>>;

/// The kinds that can be configured: compiled in, or offered by the application.
pub(crate) fn kinds(offered: &Offered) -> Vec<&str> {
    let mut kinds: Vec<&str> = Vec::new();
    #[cfg(feature = "memory")]
    kinds.push("memory");
    #[cfg(feature = "kafka")]
    kinds.push("kafka");
    #[cfg(feature = "amqp")]
    kinds.push("amqp");
    kinds.extend(offered.keys().map(String::as_str));
    kinds
}

/// Makes the binder of a table of the configuration.
///
/// # Errors
///
/// When its settings are wrong, or its kind is not there after all.
pub(crate) fn make(
    binder: &ResolvedBinder,
    app: &str,
    offered: &Offered,
) -> Result<Arc<dyn Binder>> {
    let _ = app;
    if let Some(offered) = offered.get(&binder.kind) {
        return Ok(offered.clone());
    }
    match binder.kind.as_str() {
        #[cfg(feature = "memory")]
        "memory" => {
            tracing::info!("the memory binder keeps messages in this process: not durable");
            Ok(Arc::new(binder_memory::MemoryBinder::new()))
        }
        #[cfg(feature = "kafka")]
        "kafka" => Ok(Arc::new(binder_kafka::KafkaBinder::new(kafka(binder))?)),
        #[cfg(feature = "amqp")]
        "amqp" => Ok(Arc::new(binder_amqp::AmqpBinder::new(amqp(binder, app))?)),
        kind => {
            Err(Error::new(ErrorKind::Config, format!("binder kind `{kind}` is not compiled in"))
                .with_hint(format!("build with cargo feature `{kind}`")))
        }
    }
}

#[cfg(feature = "kafka")]
fn kafka(binder: &ResolvedBinder) -> binder_kafka::KafkaSettings {
    binder_kafka::KafkaSettings {
        name: binder.name.clone(),
        servers: binder.servers.clone(),
        username: binder.username.clone(),
        password: binder.password.as_ref().map(|password| password.reveal().to_owned()),
        native: binder.native.options().clone().into(),
        connect: binder.connect,
    }
}

#[cfg(feature = "amqp")]
fn amqp(binder: &ResolvedBinder, app: &str) -> binder_amqp::AmqpSettings {
    let defaults = binder_amqp::AmqpSettings::default();
    let password = binder.password.as_ref().map(|password| password.reveal().into());
    binder_amqp::AmqpSettings {
        name: binder.name.clone(),
        servers: binder.servers.clone(),
        username: binder.username.clone().unwrap_or(defaults.username),
        password: password.unwrap_or(defaults.password),
        vhost: binder.vhost.clone().unwrap_or(defaults.vhost),
        native: binder.native.options().clone().into(),
        connect: binder.connect,
        app: Some(app.to_owned()),
    }
}
