//! The application under test, the same in every process.

use std::sync::Arc;

use binder::config::Sources;
use binder::prelude::*;
use binder::{Bindings, Executor, Launch, LaunchError, Running};

use crate::connection::Connection;
use crate::message::Order;
use crate::plan::Plan;

async fn handle(connection: &Connection, order: Order, attempt: u32) -> Result<Vec<Order>> {
    let Connection { world, process } = connection;
    let (alive, fate) =
        world.with(|state, _| (state.called(*process, order.id, attempt), state.fate(order.id)));
    if !alive {
        std::future::pending::<()>().await;
    }
    if !fate.meet(order.id as u64, attempt, order.id.is_multiple_of(2)).await? {
        world.with(|state, _| {
            if state.members[*process].alive {
                state.silent.insert(order.id);
            }
        });
        return Ok(Vec::new());
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
