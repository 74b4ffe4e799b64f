//! Work on samples that ends where a callback unwinds: rayon alone goes on with all parts that it has split off.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the work on a sample has unwound.
#[derive(Debug, Default)]
pub struct Ended(AtomicBool);

impl Ended {
    /// The work on one sample; none where that on another has unwound. What is left out is never missed: the unwinding goes on
    /// to whoever waits for all samples.
    pub fn unless<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        struct Watch<'a>(&'a AtomicBool);
        impl Drop for Watch<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
        }
        if self.0.load(Ordering::Relaxed) {
            return None;
        }
        let _watch = Watch(&self.0);
        Some(work())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn little_is_done_after_an_unwinding() {
        let (ended, begun) = (Ended::default(), AtomicUsize::new(0));
        let one = |n: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_micros(100));
            if n % 16 == 3 {
                resume_unwind(Box::new("enough"));
            }
            n
        };
        let all = || -> Vec<usize> {
            let numbers = (0..100_000usize).into_par_iter();
            numbers.filter_map(|n| ended.unless(|| one(n))).collect()
        };
        let unwound = catch_unwind(AssertUnwindSafe(all)).unwrap_err();
        assert_eq!(unwound.downcast_ref(), Some(&"enough"));
        let begun = begun.into_inner();
        assert!(begun < 10_000, "{begun}");
    }
}
