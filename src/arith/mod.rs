//! Numbers: exact rationals and dyadics, and intervals that are rounded outward.
//!
//! | module | what |
//! |---|---|
//! | [`fixed`] | fixed-point numbers of several 64-bit limbs |
//! | [`mod@bytes`] | words of a file, and 16-bit floats |
//! | [`npy`] | NumPy arrays as they stand in a file |
//! | [`number`] | reading and writing exact rationals |
//! | [`rounding`] | a coefficient as a program would hold it: f64, f32, fixed point |
//! | [`mp`] | multiprecision intervals (rug) |
//! | [`upper`] | upper bounds in f64, rounded up at every operation |
//! | [`Interval`] | f64 intervals: inari's, or where it cannot be compiled `f64_interval`'s |
//!
//! inari wants AVX and FMA switched on for all that is compiled on x86-64, which a program that depends on
//! this library should not have to do. `f64_interval` needs nothing and gives the same bits, so certificates
//! do not depend on the place; tests compile and compare both. [`Interval`] should be used as
//! `f64_interval` lists it: what both have.

pub mod ball;
pub mod bytes;
pub mod fixed;
pub mod mp;
pub mod npy;
pub mod number;
pub mod rounding;
pub mod upper;

#[cfg(any(
    test,
    not(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma"))
))]
pub(crate) mod f64_interval;

#[cfg(not(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma")))]
pub use f64_interval::Interval;
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma")))]
pub(crate) use f64_interval::{const_interval, interval};
#[cfg(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma"))]
pub use inari::Interval;
#[cfg(all(target_arch = "x86_64", target_feature = "avx", target_feature = "fma"))]
pub(crate) use inari::{const_interval, interval};
