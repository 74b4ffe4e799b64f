//! Functions at fixed-point numbers: intervals of integers over a power of two, by MPFR, rounded outward.

use crate::certify::series::model::Fault;
use crate::function::algebra::Primitive;
use crate::function::point::MAX_EXPONENT;
use rug::float::{Constant, Round};
use rug::{Float, Integer};

/// Largest sine argument: 2^20.
const MAX_TURN: u32 = 20;

/// lo <= value <= hi, in units of 2^-bits.
#[derive(Debug, Clone)]
pub(super) struct Enclosed {
    pub lo: Integer,
    pub hi: Integer,
}

/// Both roundings of a value as integers over 2^bits.
fn enclosed(bits: u32, value: impl Fn(Round) -> Float) -> Enclosed {
    let scaled = |round| value(round) << bits;
    let whole = |x: Float, round| {
        x.to_integer_round(round)
            .map(|(n, _)| n)
            .unwrap_or_default()
    };
    Enclosed {
        lo: whole(scaled(Round::Down), Round::Down),
        hi: whole(scaled(Round::Up), Round::Up),
    }
}

/// The number, exactly.
fn exact(x: &Integer, bits: u32) -> Float {
    Float::with_val(x.significant_bits().max(2), x) >> bits
}

/// pi.
pub(super) fn pi(bits: u32) -> Enclosed {
    enclosed(bits, |round| {
        Float::with_val_round(bits + 8, Constant::Pi, round).0
    })
}

/// 2/sqrt(pi).
pub(super) fn two_over_root_pi(bits: u32) -> Enclosed {
    // Rounding the other way below the line.
    let prec = bits + 16;
    enclosed(bits, |round| {
        let other = match round {
            Round::Down => Round::Up,
            _ => Round::Down,
        };
        let mut root = Float::with_val_round(prec, Constant::Pi, other).0;
        root.sqrt_round(other);
        let mut two = Float::with_val(prec, 2);
        rug::ops::DivAssignRound::div_assign_round(&mut two, &root, round);
        two
    })
}

/// The m-th root of x >= 0.
pub(super) fn root(m: u32, x: &Integer, bits: u32) -> Enclosed {
    // floor((x 2^(bits (m-1)))^(1/m)).
    let scaled = Integer::from(x << (bits * (m - 1)));
    let (lo, rest) = scaled.root_rem(Integer::new(), m);
    let hi = Integer::from(&lo + u32::from(rest != 0));
    Enclosed { lo, hi }
}

/// A function that does not fall, or sine or cosine.
pub(super) fn value(f: Primitive, x: &Integer, bits: u32) -> Result<Enclosed, Fault> {
    let a = exact(x, bits);
    let size = (x.significant_bits()).saturating_sub(bits);
    let prec = bits + 16;
    Ok(match f {
        Primitive::Exp => {
            if size > MAX_EXPONENT.ilog2() {
                return Err("exp of an argument beyond 4096 in size");
            }
            // e^a has up to 1.5 a bits before the point.
            let whole = a.to_f64().max(0.0) * 1.5;
            let prec = prec + whole as u32;
            enclosed(bits, |round| {
                Float::with_val_round(prec, a.exp_ref(), round).0
            })
        }
        Primitive::Log => {
            if *x <= 0 {
                return Err("log of a value that is not above 0");
            }
            enclosed(bits, |round| {
                Float::with_val_round(prec, a.ln_ref(), round).0
            })
        }
        Primitive::Sin | Primitive::Cos if size > MAX_TURN => {
            return Err("sin or cos of an argument beyond 2^20");
        }
        Primitive::Sin => enclosed(bits, |round| {
            Float::with_val_round(prec, a.sin_ref(), round).0
        }),
        Primitive::Cos => enclosed(bits, |round| {
            Float::with_val_round(prec, a.cos_ref(), round).0
        }),
        Primitive::Atan => enclosed(bits, |round| {
            Float::with_val_round(prec, a.atan_ref(), round).0
        }),
        Primitive::Asin => {
            if !(-1..=1).contains(&a) {
                return Err("asin or acos of a value beyond 1 in size");
            }
            enclosed(bits, |round| {
                Float::with_val_round(prec, a.asin_ref(), round).0
            })
        }
        Primitive::Erf => enclosed(bits, |round| {
            Float::with_val_round(prec, a.erf_ref(), round).0
        }),
    })
}
