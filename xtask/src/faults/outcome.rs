//! What runs of a row came to.

use std::time::Duration;

use serde_json::{Value, json};

use crate::faults::row::Row;

/// So many runs prove a row.
pub(crate) const PROOF: u32 = 5;

/// No run should take longer; one that does is reported and has not failed for that.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What one run of a row came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// Jobs that never arrived.
    pub(crate) lost: u64,
    /// Jobs that came again.
    pub(crate) duplicated: u64,
    /// Jobs that were begun before an earlier one of their key was over.
    pub(crate) reordered: u64,
    /// The most that was settled before it had arrived; none where nobody can see it.
    pub(crate) ahead: Option<u64>,
    /// From the end of what was broken until work went on; none where nothing interrupts it.
    pub(crate) recovery: Option<Duration>,
    /// The whole run.
    pub(crate) took: Duration,
    /// What did not hold.
    pub(crate) faults: Vec<String>,
}

impl Run {
    /// One that was not played to its end.
    #[expect(clippy::needless_pass_by_value, reason = "an error is where it ends")]
    pub(crate) fn failed(error: anyhow::Error) -> Self {
        Self { faults: vec![format!("{error:#}")], ..Self::default() }
    }
}

/// What a row came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) row: Row,
    pub(crate) runs: Vec<Run>,
    /// A part of the row that was not broken here, and why.
    pub(crate) left_out: Option<&'static str>,
}

impl Outcome {
    pub(crate) fn has_failed(&self) -> bool {
        self.runs.iter().any(|run| !run.faults.is_empty())
    }

    pub(crate) fn result(&self) -> &'static str {
        match (self.has_failed(), self.runs.len() < PROOF as usize || self.left_out.is_some()) {
            (true, _) => "failed",
            (false, true) => "unproved",
            (false, false) => "held",
        }
    }

    pub(crate) fn lost(&self) -> u64 {
        self.runs.iter().map(|run| run.lost).sum()
    }

    pub(crate) fn duplicated(&self) -> u64 {
        self.runs.iter().map(|run| run.duplicated).max().unwrap_or(0)
    }

    pub(crate) fn reordered(&self) -> u64 {
        self.runs.iter().map(|run| run.reordered).sum()
    }

    pub(crate) fn ahead(&self) -> Option<u64> {
        self.runs.iter().map(|run| run.ahead).max().flatten()
    }

    /// The longest.
    pub(crate) fn recovery(&self) -> Option<Duration> {
        self.runs.iter().map(|run| run.recovery).max().flatten()
    }

    /// The time that the longest run took.
    pub(crate) fn longest(&self) -> Duration {
        self.runs.iter().map(|run| run.took).max().unwrap_or_default()
    }

    /// The same where it is more than a run should take.
    pub(crate) fn too_long(&self) -> Option<Duration> {
        Some(self.longest()).filter(|longest| *longest > LONG)
    }

    /// What did not hold, in any run; without the logs that stand behind it.
    pub(crate) fn faults(&self) -> Vec<&str> {
        let faults = self.runs.iter().flat_map(|run| &run.faults);
        faults.filter_map(|fault| fault.split(['\n', ';']).next()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        let seconds = |time: Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
        json!({
            "id": self.row.id(),
            "name": self.row.name(),
            "runs": self.runs.len(),
            "lost": self.lost(),
            "duplicated": self.duplicated(),
            "reordered": self.reordered(),
            "commit_ahead": self.ahead(),
            "recovery_seconds": self.recovery().map(seconds),
            "longest_run_seconds": seconds(self.longest()),
            "result": self.result(),
            "left_out": self.left_out,
            "faults": self.faults(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lost: u64, seconds: Option<u64>) -> Run {
        let faults = if lost > 0 { vec!["jobs are lost; the log".to_owned()] } else { Vec::new() };
        let recovery = seconds.map(Duration::from_secs);
        let took = LONG + Duration::from_secs(lost);
        Run { lost, duplicated: lost + 3, reordered: 1, ahead: Some(lost), recovery, took, faults }
    }

    #[test]
    fn a_row_is_the_sum_of_its_losses_and_the_worst_of_the_rest() {
        let of = |runs| Outcome { row: Row::F02, runs, left_out: None };
        let sound = of(vec![run(0, Some(2)); 5]);
        assert_eq!((sound.result(), sound.lost(), sound.duplicated()), ("held", 0, 3));
        assert_eq!(sound.too_long(), None);
        assert_eq!(of(vec![run(0, Some(2)); 4]).result(), "unproved");
        assert_eq!(Outcome { left_out: Some("a part"), ..sound }.result(), "unproved");
        let broken = of(vec![run(0, Some(2)), run(2, None), run(1, Some(9))]);
        assert_eq!((broken.result(), broken.lost(), broken.duplicated()), ("failed", 3, 5));
        assert_eq!((broken.reordered(), broken.ahead()), (3, Some(2)));
        assert_eq!(broken.recovery(), Some(Duration::from_secs(9)));
        assert_eq!(broken.json()["recovery_seconds"], 9.0);
        assert_eq!(broken.json()["longest_run_seconds"], 62.0);
        assert_eq!(broken.too_long(), Some(Duration::from_secs(62)));
        assert_eq!(broken.faults(), ["jobs are lost"; 2]);
    }
}
