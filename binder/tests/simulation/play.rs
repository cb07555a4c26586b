//! One schedule, from the first message to the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use binder::{Bindings, Exit, Running};
use tokio::time::{Instant, timeout};

use crate::application;
use crate::check;
use crate::connection::Connection;
use crate::plan::Plan;
use crate::seen::{Event, Seen};
use crate::world::{Order, World};

/// Longer than any schedule takes in virtual time unless it hangs.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What became of a schedule.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) seen: Seen,
    pub(crate) violations: Vec<String>,
    pub(crate) trace: Vec<String>,
}

/// Plays a schedule on a runtime and a clock of its own; a trace is kept if it is `traced`.
pub(crate) fn play(plan: &Plan, traced: bool) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be made");
    let world = runtime.block_on(async {
        let world = Arc::new(World::new(plan.clone(), traced));
        let stage = Stage {
            plan,
            world: world.clone(),
            running: BTreeMap::new(),
            paused: Vec::new(),
            stopped: BTreeSet::new(),
        };
        let ended = tokio::select! {
            biased;
            () = world.go_on() => Ok(()),
            ended = timeout(PATIENCE, stage.run()) => ended,
        };
        if ended.is_err() {
            world.with(|state, _| state.violation("nothing happens any more".into()));
        }
        world
    });
    drop(runtime);
    world.with(|state, _| {
        let mut violations = std::mem::take(&mut state.violations);
        violations.extend(check::check(state));
        Verdict { seen: state.seen, violations, trace: std::mem::take(&mut state.trace) }
    })
}

/// Starts, stops and buries processes.
struct Stage<'a> {
    plan: &'a Plan,
    world: Arc<World>,
    running: BTreeMap<usize, (Running, Bindings)>,
    /// Which processes go on when.
    paused: Vec<(Instant, usize)>,
    /// Which processes have stopped by themselves, as was seen.
    stopped: BTreeSet<usize>,
}

impl Stage<'_> {
    async fn run(mut self) {
        for _ in 0..self.plan.processes {
            self.start().await;
        }
        loop {
            self.resume();
            self.look();
            let (order, done) =
                self.world.with(|state, _| (state.orders.pop_front(), state.is_done()));
            match order {
                Some(order) => self.carry_out(order).await,
                None if done => break,
                // Virtual: looked at often enough, and after everything else that is due.
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        for (process, (running, _)) in std::mem::take(&mut self.running) {
            self.stop(process, running).await;
        }
    }

    /// A process that has stopped at a message holds its place in the group: only its bindings say so.
    fn look(&mut self) {
        for (process, (_, bindings)) in &self.running {
            let holds = bindings.list().iter().any(|input| input.holding);
            if holds && self.stopped.insert(*process) {
                self.world.with(|state, after| state.stopped_by_itself(*process, after));
            }
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Bury(process) => {
                drop(self.running.remove(&process));
                self.world.with(|state, _| state.seen.note(Event::Restart));
                self.start().await;
            }
            Order::Replace(process) => self.replace(process).await,
            Order::Mend(process) => {
                self.world.with(|state, _| state.mended = true);
                self.replace(process).await;
            }
            Order::Pause(process, pause) => self.pause(process, Duration::from_millis(pause)),
            Order::Join if self.running.len() < 3 => self.start().await,
            Order::Join => {}
        }
    }

    async fn replace(&mut self, process: usize) {
        if let Some((running, _)) = self.running.remove(&process) {
            self.stop(process, running).await;
            self.start().await;
        }
    }

    fn pause(&mut self, process: usize, pause: Duration) {
        let Some((_, bindings)) = self.running.get(&process) else { return };
        // It may have stopped by itself.
        if bindings.pause("orders").is_ok() {
            self.world.with(|state, _| {
                if state.members[process].held > 0 {
                    state.seen.note(Event::Pause);
                }
                state.members[process].paused = true;
                state.note(|| format!("process {process} is paused"));
            });
            self.paused.push((Instant::now() + pause, process));
        }
    }

    fn resume(&mut self) {
        let now = Instant::now();
        for (_, process) in self.paused.extract_if(.., |(due, _)| *due <= now) {
            self.world.with(|state, _| {
                state.members[process].paused = false;
                state.note(|| format!("process {process} goes on"));
            });
            if let Some((_, bindings)) = self.running.get(&process) {
                // It may have stopped by itself meanwhile.
                drop(bindings.resume("orders"));
            }
        }
    }

    /// A process that dies while it starts is buried by the order that says so.
    async fn start(&mut self) {
        let process = self.world.with(|state, _| state.process());
        let connection = Connection { world: self.world.clone(), process };
        let started = tokio::select! {
            biased;
            started = application::start(self.plan, connection) => started,
            () = self.death(process) => return,
        };
        match started {
            Ok(running) => drop(self.running.insert(process, running)),
            Err(error) => {
                let text = format!("process {process} did not start: {error}");
                self.world.with(|state, _| state.violation(text));
            }
        }
    }

    async fn stop(&self, process: usize, running: Running) {
        self.world.with(|state, _| state.members[process].stopping = true);
        let exit = tokio::select! {
            biased;
            exit = running.stop() => exit,
            () = self.death(process) => return,
        };
        self.world.with(|state, _| {
            let (alive, held) = (state.members[process].alive, state.members[process].held);
            if alive && exit != Exit::Drained {
                state.violation(format!("process {process} was stopped and ended as {exit:?}"));
            }
            // A message that has stopped its reader stays unsettled.
            if alive && held > 0 && self.plan.dead_letters {
                state.violation(format!("process {process} has ended and left {held} unsettled"));
            }
        });
    }

    async fn death(&self, process: usize) {
        while self.world.with(|state, _| state.members[process].alive) {
            tokio::time::sleep(Duration::from_millis(1)).await; // virtual
        }
    }
}
