//! Progress on standard error.

use std::io::IsTerminal as _;

/// A line of progress on standard error: one that moves on a terminal, else one every two seconds.
pub struct Line {
    moving: bool,
    last: std::time::Instant,
    shown: bool,
}

impl Line {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self {
            moving: std::io::stderr().is_terminal(),
            last: std::time::Instant::now(),
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
        self.last = std::time::Instant::now();
        self.shown = true;
        let (start, stop) = match (self.moving, end) {
            (true, false) => ("\r", ""),
            (true, true) => ("\r", "\n"),
            (false, _) => ("", "\n"),
        };
        let _ = write!(std::io::stderr(), "{start}{text}{stop}");
    }
}
