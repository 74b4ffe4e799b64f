//! A job on a thread of its own: the interpreter is free meanwhile, and Ctrl-C ends it.
//!
//! Jobs tell a callback how far they are; there an interrupted one unwinds. What it has written so far (a journal) stays.

use crate::error::exception;
use polycert::error::Result;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

/// How often the interpreter is asked for signals.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether a job is to end.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

/// What an interrupted job unwinds with.
struct Interrupted;

impl Stop {
    /// Ends the job where it is interrupted; jobs call it where they tell how far they are.
    pub fn check(&self) {
        if self.0.load(Ordering::Relaxed) {
            // No panic: nothing is printed.
            resume_unwind(Box::new(Interrupted));
        }
    }
}

/// Runs a job.
///
/// # Errors
/// Its own as exceptions; `KeyboardInterrupt`, which a job that does not tell how far it is answers once it is done.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    job: impl FnOnce(&Stop) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let stop = Stop::default();
    let inside = stop.clone();
    let (tell, mut told) = channel();
    std::thread::Builder::new()
        .name("polycert".to_owned())
        // As deep as the main thread of a program.
        .stack_size(8 << 20)
        .spawn(move || {
            // Nobody listens after a second Ctrl-C.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(|| job(&inside))));
        })
        .map_err(|e| PyRuntimeError::new_err(format!("no thread: {e}")))?;
    let mut interrupt = None;
    loop {
        let (back, next) = py.detach(move || {
            let next = told.recv_timeout(PATIENCE);
            (told, next)
        });
        told = back;
        match next {
            Ok(Ok(answer)) if interrupt.is_none() => return answer.map_err(|e| exception(py, &e)),
            Ok(Ok(_)) => {}
            Ok(Err(unwound)) if !unwound.is::<Interrupted>() => resume_unwind(unwound),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                if let Err(signal) = py.check_signals() {
                    stop.0.store(true, Ordering::Relaxed);
                    if interrupt.is_some() {
                        return Err(signal);
                    }
                    interrupt = Some(signal);
                }
                continue;
            }
        }
        return Err(interrupt.unwrap_or_else(|| PyRuntimeError::new_err("the job ended early")));
    }
}
