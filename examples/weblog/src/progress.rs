//! How far the work is, for who watches a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often it is shown.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// The line that tells read and counted lines and the rate since it was last told.
#[derive(Debug)]
pub(crate) struct Progress {
    at: Instant,
    lines: u64,
}

impl Progress {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { at: now, lines: 0 }
    }

    /// What to show `now`: the rate is that of reading, or of counting where nothing is read.
    pub(crate) fn text(&mut self, read: u64, counted: u64, now: Instant) -> String {
        let lines = if read > 0 { read } else { counted };
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        let rate =
            if seconds > 0.0 { (lines - self.lines.min(lines)) as f64 / seconds } else { 0.0 };
        (self.at, self.lines) = (now, lines);
        format!("{read} lines read, {counted} counted, {rate:.0} lines/s")
    }
}

/// Whether someone watches.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Makes room for a line on standard output, which may be the same terminal.
pub(crate) fn clear() {
    if is_watched() {
        show("");
    }
}

/// Shows a text in place of the last one. A terminal that is gone is no reason to stop.
pub(crate) fn show(text: &str) {
    let mut terminal = io::stderr().lock();
    drop(write!(terminal, "\r{text}\x1b[K").and_then(|()| terminal.flush()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_time_since_the_last_text() {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(progress.text(100, 90, at(2)), "100 lines read, 90 counted, 50 lines/s");
        assert_eq!(progress.text(400, 380, at(3)), "400 lines read, 380 counted, 300 lines/s");
        assert_eq!(progress.text(400, 400, at(3)), "400 lines read, 400 counted, 0 lines/s");
    }

    #[test]
    fn where_nothing_is_read_the_rate_is_of_counting() {
        let start = Instant::now();
        let text = Progress::new(start).text(0, 50, start + Duration::from_secs(1));
        assert_eq!(text, "0 lines read, 50 counted, 50 lines/s");
    }
}
