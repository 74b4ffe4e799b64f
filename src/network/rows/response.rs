//! What stands at an activation without noise, its slope on the trajectory, and the remainder of that line.

use crate::arith::upper::{gamma, Upper, UNIT};
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
    /// a x + (1 - a) r(x) with the slope a below 0 and the polynomial r.
    LeakyPolynomial(f64, &'a Bend),
    /// a x + (1 - a) max(x, 0), as [`Response::Relu`]: a, then B.
    LeakyRelu(f64, f64),
    /// Polynomials of the network's own, wherever they are asked; and the unit of their noise.
    Own(&'a Runs, f64),
}

impl<'a> Response<'a> {
    /// The unit of the noise: B, and 1 where the polynomial is the activation itself.
    pub fn scale(self) -> f64 {
        match self {
            Self::Polynomial(bend) | Self::LeakyPolynomial(_, bend) => bend.unit(),
            Self::Relu(scale) | Self::LeakyRelu(_, scale) | Self::Own(_, scale) => scale,
        }
    }

    /// a and r of f(x) = a x + (1 - a) r(x).
    fn parts(self) -> (f64, Alone<'a>) {
        match self {
            Self::Polynomial(bend) => (0.0, Alone::Polynomial(bend)),
            Self::Relu(scale) => (0.0, Alone::Relu(scale)),
            Self::LeakyPolynomial(a, bend) => (a, Alone::Polynomial(bend)),
            Self::LeakyRelu(a, scale) => (a, Alone::Relu(scale)),
            Self::Own(all, _) => (0.0, Alone::Own(all)),
        }
    }

    /// The slope of an element's function at z, rounded; 0 where there is none.
    ///
    /// *Estimate*.
    pub fn estimate_slope(self, element: usize, z: f64) -> f32 {
        let (a, of) = self.parts();
        let slope = match of {
            Alone::Own(all) => own(all, element).map_or(0.0, |p| p.slope(z).0 as f32),
            Alone::Polynomial(bend) => bend.slope(z).map_or(0.0, |s| s.0),
            Alone::Relu(_) => f32::from(u8::from(z > 0.0)),
        };
        beside(a, slope).0
    }

    /// A slope of an element's function f at z (known within `radius`), and a function that bounds
    /// |f(z + d) - f(z) - slope d| for |d| <= D.
    ///
    /// Of a polynomial: f'(z) is within C radius of the slope at the midpoint, and what is left is C D^2/2 at most, C a bound
    /// of |f''| within radius + D of the midpoint. With a slope a below 0, f(z + d) - f(z) - (a + (1 - a) s) d is 1 - a times
    /// what is left of r with its slope s; a + (1 - a) s is rounded, which costs the distance times D.
    ///
    /// # Errors
    /// A z where nothing is known of f.
    pub fn linear(
        self,
        element: usize,
        z: f64,
        radius: f64,
    ) -> Result<(f32, impl Fn(f64) -> f64 + use<'a>)> {
        let (below, of) = self.parts();
        let (slope, off) = match of {
            Alone::Own(all) => {
                let (slope, off) = own(all, element)?.slope(z);
                let rounded = slope as f32;
                // The difference of two f64 is rounded once.
                let apart = Upper::computed((slope - f64::from(rounded)).abs(), 1);
                (rounded, (apart + Upper::of(off)).get())
            }
            Alone::Polynomial(bend) => bend.slope(z)?,
            Alone::Relu(scale) if (Upper::size(z) + Upper::of(radius)).get() <= scale => {
                // 0 where the sign is not known, as in a max-pooling of equal values, not what rounding made of it:
                // any slope will do there, and this one the checker takes too.
                (if z > radius { 1.0 } else { 0.0 }, 0.0)
            }
            Alone::Relu(scale) => {
                return Err(Error::domain(format!(
                    "{z} is not proved to lie in [-{scale}, {scale}], where the polynomial is close to ReLU"
                )))
            }
        };
        let (slope, apart) = beside(below, slope);
        // At least |1 - a|.
        let rest = Upper::of((1.0 - below).abs().next_up());
        let remainder = move |d: f64| {
            let reach = Upper::of(d) + Upper::of(radius);
            let end = Upper::size(z) + reach;
            // What is known of a polynomial in place of ReLU is known on [-B, B].
            if matches!(of, Alone::Relu(scale) if end.get() > scale) {
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
            let bound = match of {
                Alone::Own(all) => match own(all, element) {
                    Ok(p) if end.get() < VACUOUS => turned(Upper::of(p.curves(end.get()))),
                    _ => Upper::of(f64::INFINITY),
                },
                Alone::Polynomial(bend) => {
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
                Alone::Relu(_) if z.abs() <= radius => d,
                Alone::Relu(_) => (reach + Upper::of(-z.abs())).max(Upper::ZERO),
            };
            match below == 0.0 {
                true => bound,
                false => bound * rest + apart * d,
            }
            .get()
        };
        Ok((slope, remainder))
    }
}

/// r without a slope beside it.
#[derive(Debug, Clone, Copy)]
enum Alone<'a> {
    Polynomial(&'a Bend),
    Relu(f64),
    Own(&'a Runs),
}

/// a + (1 - a) s rounded to f32, and how far that may be off.
fn beside(a: f64, s: f32) -> (f32, Upper) {
    if a == 0.0 {
        return (s, Upper::ZERO);
    }
    let s = f64::from(s);
    let sum = a + (1.0 - a) * s;
    let rounded = sum as f32;
    // The difference, the product and the sum are rounded once each, and so is the distance.
    let size = Upper::size(a) + Upper::size((1.0 - a).abs().next_up()).scaled(s.abs());
    let distance = Upper::computed((f64::from(rounded) - sum).abs(), 1);
    (rounded, distance + gamma(3, UNIT) * size)
}

/// The polynomial of an element.
fn own(all: &Runs, element: usize) -> Result<&Steepness> {
    let found = all.steepness(element);
    found.ok_or_else(|| Error::domain(format!("no polynomial for element {element}")))
}
