//! What stands at an activation without noise, its slope on the trajectory, and the remainder of that line.

use crate::certify::neuron::bend::Bend;
use crate::error::{Error, Result};
use crate::network::rows::VACUOUS;

/// What stands undisturbed at an activation.
#[derive(Debug, Clone, Copy)]
pub enum Response<'a> {
    /// The polynomial itself (error model: exact centre).
    Polynomial(&'a Bend),
    /// ReLU; the noise is all that a polynomial may differ from it on [-B, B] (error models Sup and
    /// Envelope; nothing is known of it outside). The number is B.
    Relu(f64),
}

impl<'a> Response<'a> {
    /// B.
    pub fn scale(self) -> f64 {
        match self {
            Self::Polynomial(bend) => bend.scale(),
            Self::Relu(scale) => scale,
        }
    }

    /// The slope at z, rounded; 0 where there is none.
    ///
    /// *Estimate*.
    pub fn estimate_slope(self, z: f64) -> f32 {
        match self {
            Self::Relu(_) => f32::from(u8::from(z > 0.0)),
            Self::Polynomial(bend) => bend.slope(z).map_or(0.0, |s| s.0),
        }
    }

    /// A slope at z (known within `radius`), and a function that bounds
    /// |f(z + d) - f(z) - slope d| for |d| <= D.
    pub fn linear(self, z: f64, radius: f64) -> Result<(f32, impl Fn(f64) -> f64 + use<'a>)> {
        let (slope, off) = match self {
            Self::Polynomial(bend) => bend.slope(z)?,
            Self::Relu(scale) if z.abs() + radius * (1.0 + 1e-9) <= scale => {
                (if z > 0.0 { 1.0 } else { 0.0 }, 0.0)
            }
            Self::Relu(scale) => {
                return Err(Error::domain(format!(
                    "{z} is not proved to lie in [-{scale}, {scale}], where the polynomial is close to ReLU"
                )))
            }
        };
        let remainder = move |d: f64| {
            // What is known of a polynomial in place of ReLU is known on [-B, B].
            if matches!(self, Self::Relu(scale) if (z.abs() + d + radius) * (1.0 + 1e-9) > scale) {
                return f64::INFINITY;
            }
            if d == 0.0 {
                return 0.0;
            }
            let reach = (d + radius) * (1.0 + 1e-9);
            let bound = match self {
                Self::Polynomial(bend) => {
                    let most = if reach < VACUOUS {
                        bend.bound_bend((z - reach).next_down(), (z + reach).next_up())
                    } else {
                        Ok(f64::INFINITY)
                    };
                    // Beyond the polynomial's domain nothing is proved.
                    let curve = most.unwrap_or(f64::INFINITY) / bend.scale() * (1.0 + 1e-9);
                    0.5 * curve * d * d + (off + curve * radius) * d
                }
                // Beyond [-B, B] the polynomial may be anything.
                Self::Relu(scale) if (z.abs() + reach).next_up() > scale => f64::INFINITY,
                // The slope is right until z + d changes its sign; where z itself may have the other
                // sign than its midpoint, it is wrong on at most the whole way.
                Self::Relu(_) if z.abs() <= radius => d,
                Self::Relu(_) => (reach - z.abs()).max(0.0),
            };
            bound * (1.0 + 1e-9)
        };
        Ok((slope, remainder))
    }
}
