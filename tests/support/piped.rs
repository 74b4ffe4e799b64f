//! Running the program with something to read.

use super::program::{command, finish, Run};
use std::io::Write;
use std::process::Stdio;

/// Runs `polycert` with something on standard input.
pub fn polycert_reads(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may refuse before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    finish(child, arguments)
}
