//! Rule B6: EvalMod, for every overflow that it admits and cell by cell of the message.
//!
//! What is meant is t = I + m/2^r, w = (t - 1/4)/K_1, y = 2 w^2 - 1, the cosines of 2 pi (t - 1/4)/2^R and of twice that again and
//! again, and sin(2 pi m/2^r)/S' in the end. Squares are followed node by node (E4), g as one polynomial.

use crate::core::fault::{Checked, Fault};
use crate::core::fixed::Interval;
use crate::core::number::Rational;
use crate::evaluation::program::{known, Noisy, Program};
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::taylor::Powers;
use num_bigint::BigInt;
use num_traits::Zero;

/// What it takes.
pub(crate) struct EvalMod<'a> {
    pub(crate) program: &'a Program<'a>,
    pub(crate) refresh: &'a Refresh,
    /// The node of t.
    pub(crate) input: usize,
    pub(crate) cosine: Powers,
    /// How far g is from the cosine.
    pub(crate) series: BigInt,
}

impl EvalMod<'_> {
    /// How far the sine is off, worst over all overflows and cells.
    ///
    /// **Inputs** `off` of t; |m| <= most <= 1.
    pub(crate) fn worst(&self, off: &BigInt, most: &Rational) -> Checked<BigInt> {
        let overflow = i64::try_from(self.refresh.overflow).map_err(|_| Fault::internal("K"))?;
        let precision = self.program.fixed.precision;
        let cells = self.refresh.cells;
        // Ends of cells overlap by what they are rounded.
        let end = |k: u64| {
            let share = Rational::raw((2 * k).into(), cells.into());
            most.times(&share.plus(&Rational::integer(-1)))
        };
        let mut worst = BigInt::zero();
        for overflow in -overflow..=overflow {
            for k in 0..cells {
                let m = Interval::new(end(k).floor_at(precision), end(k + 1).ceil_at(precision));
                let carried = self.carry(overflow, &m, off);
                let place = format!("overflow {overflow}, cell {k}");
                let carried = carried.map_err(|fault| fault.in_place(&place))?;
                worst = worst.max(carried);
            }
        }
        Ok(worst)
    }

    fn carry(&self, overflow: i64, m: &Interval, off: &BigInt) -> Checked<BigInt> {
        let (program, refresh) = (self.program, self.refresh);
        let fixed = program.fixed;
        let r = refresh.ratio_log2;
        let whole = BigInt::from(overflow) << fixed.precision;
        let t = Interval::new(&whole + (&m.lo >> r), whole - (-&m.hi >> r));
        let sine = refresh.sine()?;
        let mut values: Vec<Option<Noisy>> = vec![None; sine + 1];
        let put = |values: &mut Vec<Option<Noisy>>, id: usize, v: Noisy| -> Checked<()> {
            program.fits(id, &v)?;
            match values.get_mut(id) {
                Some(place) => *place = Some(v),
                None => return Err(Fault::internal("a node")),
            }
            Ok(())
        };
        let given = Noisy {
            value: t,
            aside: BigInt::zero(),
            error: off.clone(),
        };
        put(&mut values, self.input, given)?;
        let mut id = self.input + 1;
        while id <= sine {
            let v = if id == refresh.polynomial.first {
                id = refresh.polynomial.output;
                self.polynomial(known(&values, refresh.polynomial.input)?)?
            } else {
                program.step(id, |a| known(&values, a))?
            };
            put(&mut values, id, v)?;
            id += 1;
        }
        Ok(known(&values, sine)?.error.clone())
    }

    /// The cosine from y.
    fn polynomial(&self, y: &Noisy) -> Checked<Noisy> {
        let fixed = self.program.fixed;
        let one = fixed.one();
        // |t - 1/4| <= K_1 for every I and m, so y = 2 w^2 - 1 is in [-1, 1], but for what intervals are wide.
        let exact = Interval::new(
            (&y.value.lo).max(&-&one).clone(),
            (&y.value.hi).min(&one).clone(),
        );
        let taylor = self.cosine.around(&exact, fixed)?;
        let slope = taylor.slope(&y.error, fixed)?;
        let fresh = self
            .program
            .fresh(&self.refresh.polynomial, exact, y.error.clone())?;
        let image = taylor.image(fixed)?;
        Ok(Noisy {
            value: Interval::new(&image.lo - &self.series, &image.hi + &self.series),
            aside: BigInt::zero(),
            error: fixed.mul_up(&slope, &y.error)? + fresh + &self.series,
        })
    }
}
