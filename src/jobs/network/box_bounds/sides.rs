//! The box: all inputs between two ends, or those near a sample, with the preparation's mean and deviation.

use super::request::Request;
use crate::arith::number::{f64_above, f64_below};
use crate::error::{Error, Result};
use crate::jobs::network::preparation;
use crate::network::boxes::Bounds;
use crate::network::model::graph::Preprocessing;
use crate::network::read::load::Loaded;
use rug::Rational;

/// A box of inputs.
pub(super) struct Sides {
    /// The sides of the box that is asked about.
    pub sides: Vec<Bounds>,
    /// Those of the whole box that it is a part of.
    pub whole: Vec<Bounds>,
    /// What is to be said of the sample that it is near to.
    pub said: Vec<String>,
}

/// The box that is asked about.
pub(super) fn sides(request: &Request, loaded: &Loaded) -> Result<Sides> {
    if request.lo > request.hi {
        return Err(Error::domain(format!(
            "the box [{}, {}] is empty",
            request.lo, request.hi
        )));
    }
    let shape = loaded.network.input_shape();
    let pixels = shape.pixels();
    let everywhere = |preparation: &Preprocessing| -> Vec<Bounds> {
        let all = 0..shape.len();
        all.map(|i| prepared(preparation, i / pixels, &request.lo, &request.hi))
            .collect()
    };
    let Some(near) = &request.near else {
        let all = everywhere(&loaded.network.preprocessing);
        return Ok(Sides {
            sides: all.clone(),
            whole: all,
            said: Vec::new(),
        });
    };
    let inputs = near.file.load(loaded)?;
    // Also refuses numbers that are not finite or outside the domain.
    inputs.sample(near.sample)?;
    let Some(radius) = near.radius.as_ref().filter(|r| **r >= 0) else {
        return Err(Error::domain("--input needs a --radius of 0 or more"));
    };
    let own = &inputs.preprocessing;
    let raw = inputs
        .samples
        .raw(near.sample, own.reversed)
        .into_iter()
        .enumerate();
    let part = raw.map(|(i, v)| {
        let c = Rational::from_f64(v).unwrap_or_default() * &own.scale;
        let lo = Rational::from(&c - radius).max(request.lo.clone());
        let hi = Rational::from(&c + radius).min(request.hi.clone());
        if lo > hi {
            return Err(Error::domain(format!(
                "input {i}: {} is further than {radius} from [{}, {}]",
                c.to_f64(),
                request.lo,
                request.hi
            )));
        }
        Ok(prepared(own, i / pixels, &lo, &hi))
    });
    Ok(Sides {
        sides: part.collect::<Result<_>>()?,
        whole: everywhere(own),
        said: preparation::said(&inputs, &loaded.network, [near.sample])?,
    })
}

/// [lo, hi] less the channel's mean, over its deviation, rounded outward.
fn prepared(p: &Preprocessing, channel: usize, lo: &Rational, hi: &Rational) -> Bounds {
    let (factor, offset) = p.affine(channel);
    // The factor has the scale in it, which the ends have behind them.
    let factor = factor / &p.scale;
    let at = |x: &Rational| Rational::from(x * &factor) + &offset;
    (f64_below(&at(lo)), f64_above(&at(hi)))
}
