//! A network and its polynomial twin over a box of inputs: ranges of all neurons, and how far the
//! outputs can be apart.
//!
//! # Method
//! Stage by stage three quantities are bounded by linear relaxations propagated backward ([`super::boxes::relax`]):
//! the ReLU network's pre-activations z, the twin's pre-activations u, and their differences
//! d = u - z. The three meet: u lies in z + d, d in u - z, z in u - d. On the proved range of u the
//! neuron then gets its polynomial, whose proved error e joins the lines of the next stages:
//! - z: ReLU below its chord, above 0 or z;
//! - u: the same, e higher and e lower;
//! - d: relu(z + d) - relu(z) is d where both are active and 0 where neither is; else it lies between a
//!   convex and a concave function of d (below), both replaced by their chords, plus and minus e. For
//!   symmetric d this is d/2 with remainder max|d|/2, not the max|d| of interval arithmetic; and
//!   rows keep the cancellation between neurons.
//!
//! The ranges of u are those in which the twin's polynomials are evaluated: no polynomial leaves its
//! domain on this box.

pub mod apart;
pub mod attack;
pub mod bounds;
pub mod coupling;
mod dense;
pub mod maps;
pub mod relax;
pub mod stages;
mod stencil;

pub use bounds::{Bounds, Options, Replacement, StageBounds};

use crate::arith::upper::Upper;
use crate::error::{Error, Result};
use crate::network::boxes::apart::Planes;
use crate::network::boxes::bounds::{added, contradiction, meet, negative, size, sum};
use crate::network::boxes::relax::{bound_both_signs, chord_above, Knowledge, Lines};
use crate::network::boxes::stages::Stage;

/// Proves ranges and differences of every stage over a box.
///
/// **Inputs** the stages of a network; the box, a pair (lo, hi) for each input of stage 0;
/// `polynomial`, which gives each neuron (stage, neuron, proved range [lo, hi]) its polynomial, and answers
/// what is proved about it on that range; none where ReLU itself stays, as it may where it is linear.
/// **Guarantee** for every real input in the box each pre-activation and each difference is within its
/// bounds. **Cost** about 6 n rows for each stage of n neurons, each through all earlier stages.
///
/// # Errors
/// A box that is empty or not finite, a bound that is vacuous, and what `polynomial` says.
pub fn analyse(
    stages: &[Stage],
    input: &[Bounds],
    polynomial: impl FnMut(usize, usize, f64, f64) -> Result<Option<Replacement>>,
) -> Result<Vec<StageBounds>> {
    analyse_with(stages, input, &Options::default(), polynomial)
}

/// [`analyse`], with options.
///
/// # Errors
/// As there.
pub fn analyse_with(
    stages: &[Stage],
    input: &[Bounds],
    options: &Options,
    mut polynomial: impl FnMut(usize, usize, f64, f64) -> Result<Option<Replacement>>,
) -> Result<Vec<StageBounds>> {
    relax::check_box(input, stages[0].size)?;
    let start = Knowledge {
        bound_after: input.iter().map(|&b| size(b)).collect(),
        ..Knowledge::default()
    };
    // The ReLU network, its twin, and their difference, which is 0 at the input.
    let mut relu = vec![start.clone()];
    let mut twin = vec![start];
    let mut difference = vec![Knowledge {
        bound_after: vec![0.0; input.len()],
        ..Knowledge::default()
    }];
    // Planes of p(u) - relu(z), and whether any is no line in d alone.
    let mut planes: Vec<Vec<Planes>> = vec![Vec::new()];
    let mut turned = false;
    let mut all = vec![StageBounds {
        bound_relu: input.to_vec(),
        bound_twin: input.to_vec(),
        bound_difference: vec![(0.0, 0.0); input.len()],
        bound_error: vec![0.0; input.len()],
        replaced: vec![None; input.len()],
    }];
    let mut greatest = input.iter().map(|b| size(*b)).fold(0.0, f64::max);
    for (k, stage) in stages.iter().enumerate().skip(1) {
        let bounds = |known: &[Knowledge], input| bound_both_signs(stages, known, input, k);
        let mut z = bounds(&relu, Some(input))?;
        let differ = all.iter().any(|s| s.bound_error.iter().any(|e| *e > 0.0));
        let (mut u, mut d) = if differ {
            (bounds(&twin, Some(input))?, bounds(&difference, None)?)
        } else {
            (z.clone(), vec![(0.0, 0.0); stage.size])
        };
        if turned {
            let found = apart::bound_both_signs(stages, &difference, &relu, &planes, input, k)?;
            for (i, (d, b)) in d.iter_mut().zip(found).enumerate() {
                let both = meet(*d, b);
                *d = both.ok_or_else(|| contradiction("difference", k, i, *d, b))?;
            }
        }
        for i in 0..stage.size {
            let meet = |what, a, b| meet(a, b).ok_or_else(|| contradiction(what, k, i, a, b));
            for _ in 0..2 {
                u[i] = meet("twin", u[i], sum(z[i], d[i]))?;
                d[i] = meet("difference", d[i], sum(u[i], negative(z[i])))?;
                z[i] = meet("ReLU network", z[i], sum(u[i], negative(d[i])))?;
            }
        }
        greatest = z
            .iter()
            .chain(&u)
            .map(|b| size(*b))
            .fold(greatest, f64::max);
        let mut bound_error = vec![0.0; stage.size];
        let mut next = [
            Knowledge::default(),
            Knowledge::default(),
            Knowledge::default(),
        ];
        let mut here = Vec::with_capacity(stage.size);
        let mut replaced = Vec::with_capacity(stage.size);
        for i in 0..stage.size {
            if stage.relu {
                u[i] = options.widen(u[i], greatest);
            }
            let (lo, hi) = u[i];
            let (mut tilted, mut off) = (None, (0.0, 0.0));
            let replacement = if stage.relu {
                polynomial(k, i, lo, hi)?
            } else {
                None
            };
            if let Some(replacement) = &replacement {
                off = replacement.bound_apart;
                let e = size(off);
                if !(0.0..relax::MAX_MAGNITUDE).contains(&e) {
                    return Err(Error::domain(format!(
                        "stage {k}, neuron {i}: {e} is no bound of a polynomial's error"
                    )));
                }
                bound_error[i] = e;
                tilted = replacement.bound_tilted;
            }
            let e = bound_error[i];
            if stage.relu {
                next[0].push(lines_of_relu(z[i], (0.0, 0.0)), z[i], 0.0);
                next[1].push(lines_of_twin(u[i], off, tilted), u[i], e);
                let alone = apart::in_difference(z[i], u[i], d[i], off);
                next[2].push(alone.lines(), d[i], e);
                let both = apart::planes(z[i], u[i], d[i], replacement.as_ref());
                turned |= both != alone;
                here.push(both);
            } else {
                for (known, b) in next.iter_mut().zip([z[i], u[i], d[i]]) {
                    known.push(LINEAR, b, 0.0);
                }
                here.push(apart::EQUAL);
            }
            replaced.push(replacement);
        }
        let [a, b, c] = next;
        relu.push(a);
        twin.push(b);
        difference.push(c);
        planes.push(here);
        all.push(StageBounds {
            bound_relu: z,
            bound_twin: u,
            bound_difference: d,
            bound_error,
            replaced,
        });
    }
    let coupled = options
        .coupled
        .then(|| coupling::bound_outputs(stages, &all));
    if let Some(bounds) = coupled.flatten() {
        let last = all.len() - 1;
        let differences = all[last].bound_difference.iter_mut().zip(bounds);
        for (i, (d, b)) in differences.enumerate() {
            let other = (-b, b);
            let both = meet(*d, other);
            *d = both.ok_or_else(|| contradiction("difference", last, i, *d, other))?;
        }
    }
    Ok(all)
}

/// Lines of a stage without ReLU.
const LINEAR: Lines = Lines {
    above: (1.0, 0.0),
    below: (1.0, 0.0),
};

impl Knowledge {
    /// One more neuron: |a| is at most |pre-activation| + e in all three systems.
    fn push(&mut self, lines: Lines, before: Bounds, e: f64) {
        let most = size(before);
        self.lines.push(lines);
        self.bound_before.push(most);
        self.bound_after
            .push((Upper::of(most) + Upper::of(e)).get());
    }
}

/// Lines of a polynomial that exceeds ReLU by `apart` on [lo, hi].
fn lines_of_relu((lo, hi): Bounds, apart: Bounds) -> Lines {
    let (above, below) = if lo >= 0.0 {
        ((1.0, 0.0), (1.0, 0.0))
    } else if hi <= 0.0 {
        ((0.0, 0.0), (0.0, 0.0))
    } else {
        // Of the two lines below, the one that leaves the smaller area.
        let slope = if hi > -lo { 1.0 } else { 0.0 };
        (chord_above((lo, 0.0), (hi, hi)), (slope, 0.0))
    };
    Lines {
        above: (above.0, added(above.1, apart.1)),
        below: (below.0, -added(-below.1, -apart.0)),
    }
}

/// Lines of the twin's polynomial: its own parallel lines where they leave a smaller area.
fn lines_of_twin((lo, hi): Bounds, apart: Bounds, tilted: Option<(f64, Bounds)>) -> Lines {
    let lines = lines_of_relu((lo, hi), apart);
    let Some((slope, (least, most))) = tilted else {
        return lines;
    };
    let middle = (lo + hi) / 2.0;
    let at = |(s, o): (f64, f64)| s * middle + o;
    if most - least < at(lines.above) - at(lines.below) {
        Lines {
            above: (slope, most),
            below: (slope, least),
        }
    } else {
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::network::boxes::maps::{Map, Matrix};

    #[test]
    fn disjoint_intervals_are_an_error_that_names_neuron_and_intervals() {
        assert_eq!(meet((0.0, 2.0), (1.0, 3.0)), Some((1.0, 2.0)));
        assert_eq!(meet((0.0, 1.0), (1.0, 3.0)), Some((1.0, 1.0)));
        assert_eq!(meet((0.0, 1.0), (1.0f64.next_up(), 3.0)), None);
        assert_eq!(meet((0.0, 1.0), (f64::NAN, 0.5)), None);
        assert_eq!(meet((0.0, f64::NAN), (0.0, 0.5)), None);
        let error = contradiction("twin", 3, 7, (0.0, 1.0), (2.0, 2.5));
        assert!(matches!(&error.kind, ErrorKind::Contradiction(_)));
        assert!(error.to_string().ends_with(
            "stage 3, neuron 7, twin: [0e0, 1e0] and [2e0, 2.5e0] have nothing in common"
        ));
    }

    /// A polynomial that is said to lie within 0.001 of ReLU and between 90 and 90.1 cannot exist. The twin's
    /// lines carry the second, the difference's the first, and they meet behind the next layer.
    #[test]
    fn contradicting_bounds_of_a_polynomial_are_an_error() {
        let stage = |relu, sources: &[usize]| {
            let matrix = |&source: &usize| Matrix::new(source, Map::Dense(vec![1.0]), 1, 1);
            Stage {
                name: String::new(),
                size: 1,
                pixels: 1,
                matrices: sources.iter().map(matrix).collect(),
                bias: vec![0.0],
                bound_bias_off: vec![0.0],
                relu,
            }
        };
        let stages = [stage(false, &[]), stage(true, &[0]), stage(false, &[1])];
        let run = |tilted| {
            analyse(&stages, &[(-1.0, 1.0)], |_, _, _, _| {
                Ok(Some(Replacement {
                    bound_apart: (0.0, 1e-3),
                    bound_tilted: Some((0.0, tilted)),
                }))
            })
        };
        assert!(run((0.0, 1.001)).is_ok());
        let error = run((90.0, 90.1)).unwrap_err();
        assert!(
            matches!(&error.kind, ErrorKind::Contradiction(t) if t.starts_with("stage 2, neuron 0, twin"))
        );
    }
}
