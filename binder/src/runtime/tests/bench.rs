//! Sets one listener up between scripted inputs and outputs.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::logic::attempts::Policy;
use binder_core::logic::backoff::Backoff;
use binder_core::message as wire;
use binder_core::{
    Binder, BindingName, ConsumerSpec, Destination, Limit, ProducerSpec, Start, Unrouted,
};
use binder_testkit::script::{ScriptedBinder, ScriptedInput, ScriptedOutput};

use crate::function::call::Call;
use crate::function::failure::Failure;
use crate::function::outputs::Outputs;
use crate::function::slot::Slot;
use crate::runtime::input::{Caller, RunningInput};
use crate::runtime::origins::Origins;
use crate::runtime::plan::{InputPlan, Order, OutputPlan};
use crate::runtime::spawn::Executor;

/// What a function under test returns: messages by output.
pub(super) type Returned = Result<Vec<(usize, wire::Message)>, Failure>;
type Running = Pin<Box<dyn Future<Output = Returned> + Send>>;

/// A function under test: gets the message and the attempt.
pub(super) type Function = Arc<dyn Fn(wire::Message, u32) -> Running + Send + Sync>;

struct FunctionSlot(Function, Option<Running>);

impl Slot for FunctionSlot {
    fn start(&mut self, call: &Call<'_>) -> Result<(), Failure> {
        self.1 = Some((self.0)(call.message.clone(), call.attempt));
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>, outputs: &mut Outputs) -> Poll<Result<(), Failure>> {
        let Some(running) = &mut self.1 else { return Poll::Ready(Ok(())) };
        let returned = std::task::ready!(running.as_mut().poll(cx));
        self.1 = None;
        Poll::Ready(returned.map(|messages| {
            for (output, message) in messages {
                outputs.push(output, message);
            }
        }))
    }

    fn clear(&mut self) {
        self.1 = None;
    }
}

/// Makes a function from a closure that returns a future.
pub(super) fn function<F, Fut>(f: F) -> Function
where
    F: Fn(wire::Message, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Returned> + Send + 'static,
{
    Arc::new(move |message, attempt| Box::pin(f(message, attempt)))
}

/// Sends the message on, unchanged.
pub(super) fn forward() -> Function {
    function(|message, _| std::future::ready(Ok(vec![(0, message)])))
}

pub(super) fn policy(max_attempts: u32, dead_letter: bool) -> Policy {
    let max_attempts = NonZeroU32::new(max_attempts).unwrap();
    Policy { max_attempts, dead_letter, drop_exhausted: false, requeue: false }
}

/// One listener with two outputs and dead letters.
pub(super) struct Bench {
    pub(super) binder: ScriptedBinder,
    pub(super) input: ScriptedInput,
    pub(super) first: ScriptedOutput,
    pub(super) second: ScriptedOutput,
    pub(super) dead: ScriptedOutput,
    pub(super) plan: InputPlan,
    pub(super) executor: Executor,
}

impl Bench {
    /// Concurrency 1, order by partition, three attempts, dead letters.
    pub(super) fn new(executor: Executor) -> Self {
        let binder = ScriptedBinder::new();
        let (input, first, second, dead) = (
            binder.input("in"),
            binder.output("first"),
            binder.output("second"),
            binder.output("dead"),
        );
        let plan = InputPlan {
            function: "under_test",
            binder: "scripted".into(),
            binding: "in".into(),
            origins: Origins::new([Destination::new("in").unwrap()], 0).unwrap(),
            letters: 1,
            group: Some("group".into()),
            order: Order::Partition,
            concurrency: 1,
            stream: false,
            limit: Limit { messages: 1_024, bytes: 64 << 20 },
            drain: Duration::from_secs(4),
            deadline: Some(Duration::from_secs(300)),
            policy: policy(3, true),
            backoff: Backoff { jitter: false, ..Backoff::default() },
            waits: Vec::new(),
            copy_headers: vec![true; 2],
            keeps_positions: true,
            ids: vec![false, true],
            holds: false,
            classes: Default::default(),
            outputs: vec!["first".into(), "second".into()],
        };
        Self { binder, input, first, second, dead, plan, executor }
    }

    async fn output(&self, name: &str) -> OutputPlan {
        let destination = Destination::new(name).unwrap();
        let spec = ProducerSpec {
            binding: BindingName::new(name).unwrap(),
            destination: destination.clone(),
            partition_count: None,
            grow: false,
            required_groups: Vec::new(),
            unrouted: Unrouted::Fail,
            connect: Duration::from_secs(1),
            native: Default::default(),
        };
        let publisher = self.binder.bind_producer(&spec).await.unwrap();
        OutputPlan { binding: name.into(), destination, publisher, drop_refused: false }
    }

    /// Starts the listener and waits until it is assigned.
    pub(super) async fn start(&self, caller: Caller) -> RunningInput {
        let outputs = [self.output("first").await, self.output("second").await];
        let dead = self.output("dead").await.publisher;
        let spec = ConsumerSpec {
            binding: BindingName::new("in").unwrap(),
            destination: Destination::new("in").unwrap(),
            group: None,
            start: Start::Earliest,
            partition_count: None,
            grow: false,
            instance: Default::default(),
            max_in_flight: Some(self.plan.limit),
            drain: Duration::from_secs(5),
            connect: Duration::from_secs(1),
            native: Default::default(),
        };
        let bound = self.binder.bind_consumer(&spec).await.unwrap();
        let plan = InputPlan { stream: matches!(caller, Caller::Stream(_)), ..self.plan.clone() };
        let running = RunningInput::start(
            &self.executor,
            plan,
            bound,
            &outputs,
            vec![dead],
            caller,
            Arc::default(),
        );
        running.flow.when_assigned().wait_for(|assigned| *assigned).await.unwrap();
        running
    }

    /// Starts a listener that calls that function.
    pub(super) async fn call(&self, function: Function) -> RunningInput {
        let slot = move || -> Box<dyn Slot> { Box::new(FunctionSlot(function.clone(), None)) };
        self.start(Caller::Calls(Arc::new(slot))).await
    }
}

/// The payloads as text.
pub(super) fn texts(messages: &[wire::Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| {
            String::from_utf8_lossy(message.payload.as_deref().unwrap_or_default()).into_owned()
        })
        .collect()
}
