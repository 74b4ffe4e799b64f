//! A job on a thread of its own: the interpreter is free meanwhile, and Ctrl-C ends it.
//!
//! Jobs tell a callback how far they are; there an interrupted one unwinds. What it has written so far (a journal) stays. The
//! interpreter's own thread hands on to Python how far that is, whenever it asks for signals.

use crate::error::exception;
use polycert::error::Result;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

/// How often the interpreter is asked for signals.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether a job is to end, and how far it is.
#[derive(Clone, Default)]
pub struct Stop(Arc<State>);

#[derive(Default)]
struct State {
    stop: AtomicBool,
    kept: AtomicUsize,
    /// In this run.
    done: AtomicUsize,
    all: AtomicUsize,
}

/// What an interrupted job unwinds with.
struct Interrupted;

impl Stop {
    /// Ends the job where it is interrupted; jobs call it where they tell how far they are.
    pub fn check(&self) {
        if self.0.stop.load(Ordering::Relaxed) {
            // No panic: nothing is printed.
            resume_unwind(Box::new(Interrupted));
        }
    }

    /// As many parts are there from before, of all.
    pub fn kept(&self, kept: usize, all: usize) {
        self.0.kept.store(kept, Ordering::Relaxed);
        self.0.all.store(all, Ordering::Relaxed);
        self.check();
    }

    /// As many parts are done in this run, of those that it has to do.
    pub fn done(&self, done: usize, of: usize) {
        let kept = self.0.kept.load(Ordering::Relaxed);
        self.0.all.store(kept + of, Ordering::Relaxed);
        // Threads that tell may overtake each other.
        self.0.done.fetch_max(done, Ordering::Relaxed);
        self.check();
    }

    /// Parts that are done, and all of them.
    fn told(&self) -> (usize, usize) {
        let get = |n: &AtomicUsize| n.load(Ordering::Relaxed);
        let State {
            kept, done, all, ..
        } = &*self.0;
        (get(kept) + get(done), get(all))
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
    run_telling(py, None, job)
}

/// Runs a job, and hands on how far it is: parts that are done, and all of them. What `progress` raises ends it.
///
/// # Errors
/// Its own as exceptions; `KeyboardInterrupt`, which a job that does not tell how far it is answers once it is done.
pub fn run_telling<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
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
    let mut last = stop.told();
    loop {
        let (back, next) = py.detach(move || {
            let next = told.recv_timeout(PATIENCE);
            (told, next)
        });
        told = back;
        let now = stop.told();
        if let Some(progress) = progress.as_ref().filter(|_| now != last) {
            last = now;
            if let Err(raised) = progress.call1(py, now) {
                stop.0.stop.store(true, Ordering::Relaxed);
                interrupt.get_or_insert(raised);
            }
        }
        match next {
            Ok(Ok(answer)) if interrupt.is_none() => return answer.map_err(|e| exception(py, &e)),
            Ok(Ok(_)) => {}
            Ok(Err(unwound)) if !unwound.is::<Interrupted>() => resume_unwind(unwound),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                if let Err(signal) = py.check_signals() {
                    stop.0.stop.store(true, Ordering::Relaxed);
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
