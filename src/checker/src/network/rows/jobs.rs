//! Independent jobs on several threads; the results do not depend on how many.

use crate::core::fault::{Checked, Fault};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most threads.
const MAX_THREADS: usize = 8;

/// As many as the machine has.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(MAX_THREADS))
}

/// work(0), work(1), ... in order.
///
/// # Errors
/// An internal rejection if a thread died.
pub(crate) fn in_order<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Checked<Vec<T>> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= count {
                return done;
            }
            done.push((job, work(job)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let more = 1..threads.min(count);
        let handles: Vec<_> = more.map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for handle in handles {
            all.extend(handle.join().unwrap_or_default());
        }
        all
    });
    all.sort_by_key(|(job, _)| *job);
    if all.len() < count {
        return Err(Fault::internal("a thread ended early"));
    }
    Ok(all.into_iter().map(|(_, result)| result).collect())
}
