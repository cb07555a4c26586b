//! The application under test, the same in every process.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use binder::config::Sources;
use binder::prelude::*;
use binder::{Bindings, Executor, Launch, LaunchError, Running};

use crate::connection::Connection;
use crate::fate::Fate;
use crate::message::Order;
use crate::plan::Plan;

async fn handle(connection: &Connection, order: Order, attempt: u32) -> Result<Vec<Order>> {
    let Connection { world, process } = connection;
    let (alive, fate) =
        world.with(|state, _| (state.called(*process, order.id, attempt), state.fate(order.id)));
    if !alive {
        std::future::pending::<()>().await;
    }
    match fate {
        Fate::Silent => {
            world.with(|state, _| {
                if state.members[*process].alive {
                    state.silent.insert(order.id);
                }
            });
            return Ok(Vec::new());
        }
        // Virtual: what is slow.
        Fate::Slow => tokio::time::sleep(Duration::from_millis(1 + order.id as u64 % 7)).await,
        Fate::FailsOnce if attempt == 1 => return Err(binder::Error::msg("once")),
        Fate::Fails => return Err(binder::Error::msg("always")),
        Fate::Permanent => return Err(binder::Error::msg("for good").permanent()),
        // Unlike `panic!`, this says nothing on standard error.
        Fate::PanicsOnce if attempt == 1 => resume_unwind(Box::new("once")),
        Fate::Panics => resume_unwind(Box::new("always")),
        _ if order.id.is_multiple_of(2) => tokio::task::yield_now().await,
        _ => {}
    }
    Ok(vec![order])
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "copies")]
async fn call(
    order: Order,
    attempt: Attempt,
    State(connection): State<Connection>,
) -> Result<(Vec<Order>, Vec<Order>)> {
    let orders = handle(&connection, order, attempt.0).await?;
    Ok((orders.clone(), orders))
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "copies")]
fn stream(
    orders: Messages<Order>,
    State(connection): State<Connection>,
) -> impl Stream<Item = Step<(Vec<Order>, Vec<Order>)>> {
    let handle = move |message: Message<Order>| {
        let (attempt, connection) = (message.attempt(), connection.clone());
        message.and_then(move |order| async move {
            let orders = handle(&connection, order, attempt).await?;
            Ok((orders.clone(), orders))
        })
    };
    orders.map(handle).buffer_unordered(4)
}

/// Starts a process.
pub(crate) async fn start(
    plan: &Plan,
    connection: Connection,
) -> Result<(Running, Bindings), LaunchError> {
    let mut set = vec![
        "default_binder=model".to_owned(),
        "bindings.orders.retry.backoff.initial=5ms".to_owned(),
        format!("bindings.orders.order={}", plan.order),
        format!("bindings.orders.concurrency={}", plan.concurrency),
        format!("bindings.orders.max_in_flight={}", plan.max_in_flight),
    ];
    if plan.dead_letters {
        set.push("bindings.orders.dead_letter=dead".to_owned());
    }
    let launch = Launch {
        name: "shop".to_owned(),
        sources: Sources {
            set,
            directory: env!("CARGO_TARGET_TMPDIR").into(),
            ..Sources::default()
        },
        only: Vec::new(),
        executor: Executor::current()
            .with_tasks(plan.tasks)
            .with_seed(plan.seed ^ ((connection.process as u64) << 48)),
    };
    let listener = if plan.streams { listeners![stream] } else { listeners![call] };
    let app = App::new(connection.clone()).bind(listener);
    let bindings = app.bindings();
    let running = launch.start(app.binder("model", Arc::new(connection))).await?;
    Ok((running, bindings))
}
