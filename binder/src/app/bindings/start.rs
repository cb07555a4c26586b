//! How an input is started again.

use binder_core::{Error, ErrorKind, Result};

use super::input::{Input, ended_early};
use super::life::{Life, Lives, Phase};

/// What a start has to do first.
enum Step {
    /// Bind: this is the number of the run, and this is why it had stopped.
    Bind(u64),
    /// Wait for a change.
    Wait,
    /// Nothing: it runs.
    Done,
}

impl Input {
    /// Binds it anew unless it runs, once a stop that is under way is over; ready when it is
    /// assigned.
    ///
    /// # Errors
    ///
    /// When it cannot be bound, is stopped meanwhile, or the application ends.
    pub(super) async fn start(&self) -> Result<()> {
        let mut seen = self.lives.subscribe();
        let number = loop {
            match self.step()? {
                Step::Bind(number) => break number,
                Step::Done => return self.assigned().await,
                Step::Wait => drop(seen.changed().await),
            }
        };
        let undo = Undo { lives: &self.lives, number };
        let given_up =
            |life: &Life| life.run != number || !matches!(life.phase, Phase::Starting(_));
        let bound = tokio::select! {
            biased;
            given_up = seen.wait_for(given_up) => {
                drop(given_up);
                return Err(self.place(ended_early(None)));
            }
            bound = (self.parts.bind)() => bound,
        };
        let listener = bound.inspect_err(|error| self.counts.note_error(error.to_string()))?;
        self.run(number, listener);
        drop(undo);
        self.assigned().await
    }

    fn step(&self) -> Result<Step> {
        let (mut step, mut drains) = (Ok(Step::Wait), None);
        self.lives.send_if_modified(|life| {
            if life.closed {
                let what = "the application ends: no input is started any more";
                step = Err(self.place(Error::new(ErrorKind::Closed, what)));
                return false;
            }
            let before = match &life.phase {
                Phase::Running(run) if run.flow.is_running() => {
                    step = Ok(Step::Done);
                    return false;
                }
                // What it holds is given up before it is bound anew.
                Phase::Holding(_, run) => {
                    drains = Some(run.flow.clone());
                    return false;
                }
                Phase::Starting(_) | Phase::Running(_) => return false,
                Phase::Stopped(stop) => stop.clone(),
            };
            life.run += 1;
            life.assigned = false;
            step = Ok(Step::Bind(life.run));
            life.set(Phase::Starting(before));
            true
        });
        if let Some(flow) = drains {
            flow.drain(None);
        }
        step
    }
}

/// A start that comes to nothing leaves the input stopped, for the reason for which it was.
struct Undo<'a> {
    lives: &'a Lives,
    number: u64,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        self.lives.send_if_modified(|life| {
            let Phase::Starting(before) = &life.phase else { return false };
            if life.run != self.number {
                return false;
            }
            let before = before.clone();
            life.set(Phase::Stopped(before));
            true
        });
    }
}
