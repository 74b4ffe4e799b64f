//! The network beside its polynomial twin on one input: does the class stay?

use crate::error::{Error, Result};
use crate::network::forward::twin::Activation;
use crate::network::forward::{Evaluation, Model, Outcome, Prepared, Range};
use crate::network::model::graph::NodeId;
use crate::network::model::ops::Op;
use crate::network::model::tensor::Tensor;
use rug::Rational;

/// What was proved of the two classes.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Proved: both networks answer this class.
    Same(usize),
    /// Proved: the network answers the first class, its twin the second.
    Different(usize, usize),
    /// The enclosures do not decide a class of the network, or of its twin.
    Undecided,
    /// Proved: a polynomial is asked beyond [-B, B].
    Outside(Excess),
    /// The numbers may lie in [-B, B], their radii do not: more than the evaluation's bits are needed.
    Exhausted(Excess),
}

impl Verdict {
    /// One word, for files and people.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Same(_) => "same",
            Self::Different(..) => "different",
            Self::Undecided => "undecided",
            Self::Outside(_) => "outside",
            Self::Exhausted(_) => "exhausted",
        }
    }
}

/// An input of an activation that is not proved to lie in [-B, B].
#[derive(Debug, Clone, PartialEq)]
pub struct Excess {
    /// The activation's node.
    pub node: NodeId,
    /// Which activation it is.
    pub activation: usize,
    /// The element.
    pub neuron: usize,
    /// Upper bound of |x|.
    pub bound_reach: f64,
    /// Lower bound of the greatest |x|: B must be above it.
    pub bound_least_reach: f64,
    /// The stated B.
    pub scale: Rational,
    /// Where p itself is meant, its domain, and what it may be asked: the network's range, or both signs of the reach.
    pub direct: Option<Asked>,
}

/// A polynomial that may be asked beyond its own domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The domain.
    pub domain: (Rational, Rational),
    /// Lower bound of x.
    pub bound_lo: f64,
    /// Upper bound of x.
    pub bound_hi: f64,
}

/// The two evaluations and the verdict.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The network with ReLU and max.
    pub network: Evaluation,
    /// Its twin; none where a polynomial was asked beyond [-B, B].
    pub twin: Option<Evaluation>,
    /// Ranges of the twin's activations, as far as it was evaluated.
    pub twin_ranges: Vec<Range>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Comparison {
    /// Upper bound of the greatest |change of a logit|.
    pub fn bound_change(&self) -> Option<f64> {
        let twin = self.twin.as_ref()?;
        let pairs = self.network.logits.iter().zip(&twin.logits);
        let change = |(a, b): (&crate::arith::ball::Ball, &crate::arith::ball::Ball)| {
            let d = a.plus(b.negated());
            d.upper().max(-d.lower())
        };
        Some(pairs.map(change).fold(0.0, f64::max))
    }
}

/// Bits of the midpoints, about, with single f64 or with pairs.
pub fn bits(double: bool) -> u32 {
    if double {
        106
    } else {
        53
    }
}

/// Which precisions are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f64 midpoints first, about 106 bits where these do not decide.
    ByNeed,
    /// About 106 bits at once.
    Double,
}

/// Evaluates both networks and compares their classes.
///
/// **Guarantee** [`Verdict::Same`] and [`Verdict::Different`] are proved of the exact networks (over the
/// reals, with exact weights and coefficients) for every point of the input balls.
///
/// **Cost** two evaluations, four where f64 does not decide.
///
/// # Errors
/// What [`Prepared::evaluate`] refuses.
pub fn compare(
    prepared: &Prepared,
    polynomials: &[Activation],
    input: &Tensor,
    precision: Precision,
) -> Result<Comparison> {
    let network = network(prepared, input, precision)?;
    let mut twin = Outcome::Outside(vec![]);
    if precision == Precision::ByNeed {
        // In f64 the balls may leave [-B, B], or overflow, by their own rounding.
        twin = prepared
            .evaluate(input, Model::Twin(polynomials), false)
            .unwrap_or(twin);
    }
    let decided = matches!(&twin, Outcome::Done(e) if e.class().is_some());
    if !decided {
        twin = prepared.evaluate(input, Model::Twin(polynomials), true)?;
    }
    Ok(match twin {
        Outcome::Done(twin) => {
            let verdict = match (network.class(), twin.class()) {
                (Some(a), Some(b)) if a == b => Verdict::Same(a),
                (Some(a), Some(b)) => Verdict::Different(a, b),
                _ => Verdict::Undecided,
            };
            let twin_ranges = twin.ranges.clone();
            Comparison {
                network,
                twin: Some(twin),
                twin_ranges,
                verdict,
            }
        }
        Outcome::Outside(ranges) => {
            let activation = ranges.len().saturating_sub(1);
            let last = ranges
                .last()
                .copied()
                .ok_or_else(|| Error::domain("a range without activation"))?;
            let polynomial = &polynomials[activation];
            let pool = matches!(prepared.network().nodes[last.node].op, Op::MaxPool(_));
            let asked = |(lo, hi): (&Rational, &Rational)| Asked {
                domain: (lo.clone(), hi.clone()),
                bound_lo: if pool {
                    -last.bound_reach
                } else {
                    last.bound_lo
                },
                bound_hi: if pool {
                    last.bound_reach
                } else {
                    last.bound_hi
                },
            };
            let excess = Excess {
                node: last.node,
                activation,
                neuron: last.neuron,
                bound_reach: last.bound_reach,
                bound_least_reach: last.bound_least_reach,
                scale: polynomial.scale().clone(),
                direct: polynomial.domain().map(asked),
            };
            let surely = polynomial.surely_outside(last.bound_least_reach);
            let verdict = if surely {
                Verdict::Outside(excess)
            } else {
                Verdict::Exhausted(excess)
            };
            Comparison {
                network,
                twin: None,
                twin_ranges: ranges,
                verdict,
            }
        }
    })
}

/// The network with ReLU and max.
fn network(prepared: &Prepared, input: &Tensor, precision: Precision) -> Result<Evaluation> {
    for double in [false, true] {
        if !double && precision == Precision::Double {
            continue;
        }
        match prepared.evaluate(input, Model::Relu, double) {
            Ok(Outcome::Done(e)) if double || e.class().is_some() => return Ok(e),
            Err(e) if double => return Err(e),
            _ => {}
        }
    }
    Err(Error::domain("ReLU has no domain to leave"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::ball::Ball;
    use crate::network::model::graph::{Builder, Preprocessing};
    use crate::network::model::ops::{Op, TensorShape};
    use crate::poly::composite::Composite;

    /// Two activations; p(y) = 2^40 y is so steep that a narrow input leaves the second one's [-1, 1].
    #[test]
    fn a_radius_that_leaves_the_domain_is_not_a_number_that_does() {
        let mut b = Builder::new(TensorShape::flat(1)).unwrap();
        let first = b.push("first", Op::Relu { slope: 0.0 }, &[0]).unwrap();
        let last = b.push("last", Op::Relu { slope: 0.0 }, &[first]).unwrap();
        let n = b.finish("n", last, Preprocessing::default()).unwrap();
        let steep = Composite::from_stages(vec![vec![Rational::new(), Rational::from(1) << 40]]);
        let one = Rational::from(1);
        let steep = Activation::new(&steep, &one).unwrap();
        let twin = vec![steep.clone(), steep];
        let prepared = Prepared::new(&n).unwrap();
        let at = |mid: f64, radius: f64| {
            let x = Tensor::from_balls(TensorShape::flat(1), &[Ball::new((mid, 0.0), radius)]);
            compare(&prepared, &twin, &x, Precision::Double)
                .unwrap()
                .verdict
        };
        match at(0.0, 1e-3) {
            Verdict::Exhausted(e) => assert_eq!((e.activation, e.bound_least_reach), (1, 0.0)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(at(0.9, 0.2), Verdict::Exhausted(e) if e.activation == 0));
        assert!(matches!(at(2.0, 0.5), Verdict::Outside(e) if e.bound_least_reach > 1.0));
        // r(1/2) is about 2^37.
        assert!(matches!(at(0.5, 0.0), Verdict::Outside(e) if e.activation == 1));
        // On the border itself one rounding is too much.
        assert!(matches!(at(1.0, 0.0), Verdict::Exhausted(e) if e.activation == 0));
    }
}
