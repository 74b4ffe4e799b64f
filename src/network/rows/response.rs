//! What stands at an activation without noise, its slope on the trajectory, and the remainder of that line.

use crate::arith::upper::Upper;
use crate::certify::neuron::bend::Bend;
use crate::error::{Error, Result};
use crate::network::forward::stage::Runs;
use crate::network::forward::steepness::Steepness;
use crate::network::rows::asked::VACUOUS;

/// What stands undisturbed at an activation.
#[derive(Debug, Clone, Copy)]
pub enum Response<'a> {
    /// The polynomial itself (error model: exact centre).
    Polynomial(&'a Bend),
    /// ReLU; the noise is all that a polynomial may differ from it on [-B, B] (error models Sup and
    /// Envelope; nothing is known of it outside). The number is B.
    Relu(f64),
    /// Polynomials of the network's own, wherever they are asked; and the unit of their noise.
    Own(&'a Runs, f64),
}

impl<'a> Response<'a> {
    /// B.
    pub fn scale(self) -> f64 {
        match self {
            Self::Polynomial(bend) => bend.scale(),
            Self::Relu(scale) | Self::Own(_, scale) => scale,
        }
    }

    /// The slope of an element's function at z, rounded; 0 where there is none.
    ///
    /// *Estimate*.
    pub fn estimate_slope(self, element: usize, z: f64) -> f32 {
        match self {
            Self::Own(all, _) => own(all, element).map_or(0.0, |p| p.slope(z).0 as f32),
            Self::Relu(_) => f32::from(u8::from(z > 0.0)),
            Self::Polynomial(bend) => bend.slope(z).map_or(0.0, |s| s.0),
        }
    }

    /// A slope of an element's function f at z (known within `radius`), and a function that bounds
    /// |f(z + d) - f(z) - slope d| for |d| <= D.
    ///
    /// Of a polynomial: f'(z) is within C radius of the slope at the midpoint, and what is left is C D^2/2 at most, C a bound
    /// of |f''| within radius + D of the midpoint.
    ///
    /// # Errors
    /// A z where nothing is known of f.
    pub fn linear(
        self,
        element: usize,
        z: f64,
        radius: f64,
    ) -> Result<(f32, impl Fn(f64) -> f64 + use<'a>)> {
        let (slope, off) = match self {
            Self::Own(all, _) => {
                let (slope, off) = own(all, element)?.slope(z);
                let rounded = slope as f32;
                // The difference of two f64 is rounded once.
                let apart = Upper::computed((slope - f64::from(rounded)).abs(), 1);
                (rounded, (apart + Upper::of(off)).get())
            }
            Self::Polynomial(bend) => bend.slope(z)?,
            Self::Relu(scale) if (Upper::size(z) + Upper::of(radius)).get() <= scale => {
                // 0 where the sign is not known, as in a max-pooling of equal values, not what rounding made of it:
                // any slope will do there, and this one the checker takes too.
                (if z > radius { 1.0 } else { 0.0 }, 0.0)
            }
            Self::Relu(scale) => {
                return Err(Error::domain(format!(
                    "{z} is not proved to lie in [-{scale}, {scale}], where the polynomial is close to ReLU"
                )))
            }
        };
        let remainder = move |d: f64| {
            let reach = Upper::of(d) + Upper::of(radius);
            let end = Upper::size(z) + reach;
            // What is known of a polynomial in place of ReLU is known on [-B, B].
            if matches!(self, Self::Relu(scale) if end.get() > scale) {
                return f64::INFINITY;
            }
            if d == 0.0 {
                return 0.0;
            }
            let d = Upper::of(d);
            let turned = |curve: Upper| {
                let turn = curve.scaled(0.5) * d * d;
                turn + (Upper::of(off) + curve * Upper::of(radius)) * d
            };
            let bound = match self {
                Self::Own(all, _) => match own(all, element) {
                    Ok(p) if end.get() < VACUOUS => turned(Upper::of(p.curves(end.get()))),
                    _ => Upper::of(f64::INFINITY),
                },
                Self::Polynomial(bend) => {
                    let ends = [-z, z].map(|z| (Upper::of(z) + reach).get());
                    let most = if reach.get() < VACUOUS {
                        bend.bound_bend(-ends[0], ends[1])
                    } else {
                        Ok(f64::INFINITY)
                    };
                    // Beyond the polynomial's domain nothing is proved.
                    turned(Upper::of(most.unwrap_or(f64::INFINITY)).over(bend.scale()))
                }
                // The slope is right until z + d changes its sign; where z itself may have the other
                // sign than its midpoint, it is wrong on at most the whole way.
                Self::Relu(_) if z.abs() <= radius => d,
                Self::Relu(_) => (reach + Upper::of(-z.abs())).max(Upper::ZERO),
            };
            bound.get()
        };
        Ok((slope, remainder))
    }
}

/// The polynomial of an element.
fn own(all: &Runs, element: usize) -> Result<&Steepness> {
    let found = all.steepness(element);
    found.ok_or_else(|| Error::domain(format!("no polynomial for element {element}")))
}
