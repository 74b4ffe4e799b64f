//! Progress on standard error.

use crate::cli::terminal::note;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A line of progress on standard error: one that moves on a terminal, else one every two seconds.
pub struct Line {
    moving: bool,
    last: Instant,
    shown: bool,
}

impl Line {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self {
            moving: std::io::stderr().is_terminal(),
            last: Instant::now(),
            shown: false,
        }
    }

    /// Shows a text, if the last one is some time ago; the last of all ends the line.
    pub fn show(&mut self, text: &str, end: bool) {
        use std::io::Write as _;
        let wait = if self.moving { 200 } else { 2000 };
        let due = self.last.elapsed().as_millis() >= wait;
        if !(due || end && self.shown) {
            return;
        }
        self.last = Instant::now();
        self.shown = true;
        let (start, stop) = match (self.moving, end) {
            (true, false) => ("\r", ""),
            (true, true) => ("\r", "\n"),
            (false, _) => ("", "\n"),
        };
        let _ = write!(std::io::stderr(), "{start}{text}{stop}");
    }
}

/// Samples that are done, by several threads: a line at most every two seconds, with the remaining time.
pub struct Clock {
    start: Instant,
    last: AtomicU64,
}

impl Clock {
    /// Starts now.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    /// So many samples are done.
    pub fn show(&self, done: usize, total: usize) {
        let now = self.start.elapsed();
        let seconds = now.as_secs();
        if done < total && self.last.load(Ordering::Relaxed) + 2 <= seconds {
            self.last.store(seconds, Ordering::Relaxed);
            let left = now.as_secs_f64() / done as f64 * (total - done) as f64;
            note(&format!(
                "{done} of {total} samples, about {left:.0} s left"
            ));
        }
    }
}
