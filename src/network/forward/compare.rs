//! The network beside its polynomial twin on one input: does the class stay?

use crate::error::{Error, Result};
use crate::network::forward::twin::Activation;
use crate::network::forward::{
    fixed, wide, Evaluation, Extreme, Given, Lost, Model, Outcome, Prepared, Range, PAIR_BITS,
    SINGLE_BITS,
};
use crate::network::model::graph::{Network, NodeId};
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
    /// Proved: a polynomial is asked beyond [-B, B], or beyond its table's own domain.
    Outside(Excess),
    /// The numbers may lie there, their radii do not: more than the evaluation's bits are needed.
    Exhausted(Excess),
    /// The numbers of a layer of the network, or else of its twin, or their radii, are beyond what the evaluation holds.
    Overflow(Lost),
}

impl Verdict {
    /// One word, for files and people.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Same(_) => "same",
            Self::Different(..) => "different",
            Self::Undecided => "undecided",
            Self::Outside(_) => "outside",
            Self::Exhausted(_) | Self::Overflow(_) => "exhausted",
        }
    }
}

/// An input of an activation that is not proved to lie in [-B, B], or in the table's own domain.
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
    /// Where it is proved to leave: what is asked there, or farther out.
    pub surely: Option<Extreme>,
    /// Bits of the evaluation that met it.
    pub bits: u32,
    /// The stated B.
    pub scale: Rational,
    /// Where p itself is meant, its domain.
    pub domain: Option<(Rational, Rational)>,
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
    /// What the network is.
    pub against: Against,
}

/// What the twin is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The network whose activations its polynomials replace.
    Network,
    /// Nothing: all activations are polynomials of the network's own, and the network is its twin.
    Itself,
    /// Another network.
    Reference,
}

impl Against {
    /// What the twin of a network is held against, where there is another network for that or not.
    pub fn of(network: &Network, reference: bool) -> Self {
        match reference {
            true => Self::Reference,
            false if network.replaced() == 0 => Self::Itself,
            false => Self::Network,
        }
    }
}

impl Comparison {
    /// Upper bound of the greatest |change of a logit|; none where the network is its own twin.
    pub fn bound_change(&self) -> Option<f64> {
        if self.against == Against::Itself {
            return None;
        }
        let twin = self.twin.as_ref()?;
        let pairs = self.network.logits.iter().zip(&twin.logits);
        let change = |(a, b): (&crate::arith::ball::Ball, &crate::arith::ball::Ball)| {
            let d = a.plus(b.negated());
            d.upper().max(-d.lower())
        };
        Some(pairs.map(change).fold(0.0, f64::max))
    }
}

/// Which precisions are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Whether f64 midpoints come first, or about 106 bits at once.
    pub single: bool,
    /// Most bits, for inputs that are exact.
    pub most_bits: u32,
}

/// Most bits, if nothing else is said.
pub const MOST_BITS: u32 = 1_024;

impl Precision {
    /// f64 midpoints, then about 106 bits, then fixed point of as many bits as should decide; floats of any exponent where
    /// that does not, and the network is small.
    pub const BY_NEED: Self = Self {
        single: true,
        most_bits: MOST_BITS,
    };
    /// About 106 bits at once, then fixed point.
    pub const PAIRS: Self = Self {
        single: false,
        most_bits: MOST_BITS,
    };

    /// The same with another limit.
    #[must_use]
    pub fn up_to(self, most_bits: u32) -> Self {
        Self { most_bits, ..self }
    }
}

/// A network whose polynomials stand at its activations, and what it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Both<'a> {
    /// The network.
    pub prepared: &'a Prepared<'a>,
    /// What stands at its activations.
    pub polynomials: &'a [Activation],
    /// Another network that is meant, instead of this one as it is.
    pub reference: Option<&'a Prepared<'a>>,
}

/// Evaluates a network and its polynomial twin and compares their classes, see [`Both::compare`].
///
/// # Errors
/// As there.
pub fn compare(
    prepared: &Prepared,
    polynomials: &[Activation],
    input: Given,
    precision: Precision,
) -> Result<Comparison> {
    let both = Both {
        prepared,
        polynomials,
        reference: None,
    };
    both.compare(input, precision)
}

impl Both<'_> {
    /// What the twin is held against.
    pub fn against(&self) -> Against {
        Against::of(self.prepared.network(), self.reference.is_some())
    }

    /// Evaluates both networks and compares their classes.
    ///
    /// **Guarantee** [`Verdict::Same`] and [`Verdict::Different`] are proved of the exact networks (over the
    /// reals, with exact weights and coefficients) for every point of the input balls, or, where it is given, for the
    /// exact input. Of a network that is held against nothing `Same` means that its class is proved.
    ///
    /// **Cost** two evaluations, four where f64 does not decide; those in fixed point where pairs do not either and the
    /// input is exact: one, if the estimate of the bits that it takes is right, and one more for every step up to the limit
    /// if not. Half of it where the network is its own twin.
    ///
    /// # Errors
    /// What [`Prepared::evaluate`] refuses.
    pub fn compare(&self, input: Given, precision: Precision) -> Result<Comparison> {
        let against = self.against();
        let meant = self.reference.unwrap_or(self.prepared);
        let outputs = meant.network().output_shape().len();
        let mut overflow = None;
        let (outcome, bits) = decide(meant, input, Model::Relu, precision)?;
        let domains = self.polynomials.iter().any(|p| p.domain().is_some());
        let (found, bits_of_twin) = if against == Against::Itself && !domains {
            (outcome.clone(), bits)
        } else {
            let model = Model::Twin(self.polynomials);
            decide(self.prepared, input, model, precision)?
        };
        let network = match outcome {
            Outcome::Done(network) => network,
            Outcome::Lost(lost, ranges) => {
                overflow = Some(lost);
                Evaluation::unknown(outputs, ranges, bits)
            }
            Outcome::Outside(_) => return Err(Error::domain("ReLU has no domain to leave")),
        };
        let (twin, twin_ranges, verdict) = match found {
            Outcome::Done(twin) => {
                let verdict = match (network.class(), twin.class(), overflow) {
                    (Some(a), Some(b), _) if a == b => Verdict::Same(a),
                    (Some(a), Some(b), _) => Verdict::Different(a, b),
                    (_, _, Some(lost)) => Verdict::Overflow(lost),
                    _ => Verdict::Undecided,
                };
                let ranges = twin.ranges.clone();
                (Some(twin), ranges, verdict)
            }
            Outcome::Lost(lost, ranges) => {
                (None, ranges, Verdict::Overflow(overflow.unwrap_or(lost)))
            }
            Outcome::Outside(ranges) => {
                let verdict = outside(&ranges, self.polynomials, bits_of_twin)?;
                (None, ranges, verdict)
            }
        };
        Ok(Comparison {
            network,
            twin,
            twin_ranges,
            verdict,
            against,
        })
    }
}

/// The verdict where a polynomial is not proved to be asked inside its domain.
fn outside(ranges: &[Range], polynomials: &[Activation], bits: u32) -> Result<Verdict> {
    let activation = ranges.len().saturating_sub(1);
    let both = ranges.last().zip(polynomials.get(activation));
    let (last, polynomial) = both.ok_or_else(|| Error::domain("a range without activation"))?;
    let surely = polynomial.surely_outside(last);
    let excess = Excess {
        node: last.node,
        activation,
        neuron: surely.map_or_else(|| polynomial.doubtful(last), |e| e.neuron),
        bound_reach: last.bound_reach,
        surely,
        bits,
        scale: polynomial.scale().clone(),
        domain: polynomial.domain().map(|(lo, hi)| (lo.clone(), hi.clone())),
    };
    Ok(match surely {
        Some(_) => Verdict::Outside(excess),
        None => Verdict::Exhausted(excess),
    })
}

/// Raises the precision until the class is decided, or a polynomial surely asked beyond its domain, or the limit is met: the
/// last evaluation that said anything, and its bits.
///
/// **Guarantee** that of [`Prepared::evaluate`] and [`Prepared::evaluate_fixed`].
///
/// # Errors
/// What the last of these refuses, where none of them said anything.
pub fn decide(
    prepared: &Prepared,
    input: Given,
    model: Model,
    precision: Precision,
) -> Result<(Outcome, u32)> {
    if precision.single {
        // In f64 the balls may leave [-B, B], or overflow, by their own rounding.
        if let Ok(found @ Outcome::Done(_)) = prepared.evaluate(input.balls, model, false) {
            if is_decided(&found, model) {
                return Ok((found, SINGLE_BITS));
            }
        }
    }
    let found = prepared.evaluate(input.balls, model, true);
    let exact = input.exact.is_some() || input.balls.radius.iter().all(|r| *r == 0.0);
    let most = fixed::BITS.into_iter().rfind(|b| *b <= precision.most_bits);
    let Some(most) = most.filter(|_| exact && !found.as_ref().is_ok_and(|f| is_decided(f, model)))
    else {
        return Ok((found?, PAIR_BITS));
    };
    let mut last = found.map(|f| (f, PAIR_BITS));
    let needed = prepared
        .estimate_growth(input.balls, model)?
        .estimate_bits();
    let mut next = fixed::at_least(needed).map_or(most, |b| b.min(most));
    loop {
        match prepared.evaluate_fixed(input, model, next) {
            // What was lost says least.
            Ok(Outcome::Lost(..))
                if last
                    .as_ref()
                    .is_ok_and(|l| !matches!(l.0, Outcome::Lost(..))) => {}
            Ok(found) => {
                let decided = is_decided(&found, model);
                last = Ok((found, next));
                if decided {
                    return last;
                }
            }
            // Pairs may have said something.
            Err(e) if last.is_err() => last = Err(e),
            Err(_) => {}
        }
        match fixed::at_least(next + 1).filter(|b| *b <= most) {
            Some(more) => next = more,
            None => break,
        }
    }
    // Not for want of bits, perhaps, but of exponents.
    for bits in wide::BITS.into_iter().filter(|b| *b <= precision.most_bits) {
        match prepared.evaluate_wide(input, model, bits)? {
            Some(found) if is_decided(&found, model) => return Ok((found, bits)),
            Some(_) => {}
            None => break,
        }
    }
    last
}

/// Whether more precision would change nothing.
pub(in crate::network) fn is_decided(found: &Outcome, model: Model) -> bool {
    match (found, model) {
        (Outcome::Done(e), _) => e.class().is_some(),
        (Outcome::Outside(ranges), Model::Twin(all)) => {
            let activation = ranges.len().checked_sub(1).and_then(|i| all.get(i));
            let last = ranges.last().zip(activation);
            last.is_some_and(|(r, a)| a.surely_outside(r).is_some())
        }
        (Outcome::Outside(_), Model::Relu) | (Outcome::Lost(..), _) => false,
    }
}

/// Bits behind the point with which the independent checker should be able to verify the class. *Estimate*: the checker
/// decides.
///
/// # Errors
/// An input of another shape.
pub fn estimate_checked_bits(
    prepared: &Prepared,
    polynomials: &[Activation],
    input: &Tensor,
) -> Result<u32> {
    let bits = |model| {
        Ok::<u32, Error>(
            prepared
                .estimate_growth(input, model)?
                .estimate_checked_bits(),
        )
    };
    Ok(bits(Model::Relu)?.max(bits(Model::Twin(polynomials))?))
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
            compare(&prepared, &twin, Given::from(&x), Precision::PAIRS)
                .unwrap()
                .verdict
        };
        match at(0.0, 1e-3) {
            Verdict::Exhausted(e) => assert_eq!((e.activation, e.surely), (1, None)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(at(0.9, 0.2), Verdict::Exhausted(e) if e.activation == 0));
        assert!(matches!(at(2.0, 0.5), Verdict::Outside(e) if e.surely.unwrap().bound_inner > 1.0));
        // r(1/2) is about 2^37.
        assert!(matches!(at(0.5, 0.0), Verdict::Outside(e) if e.activation == 1));
        // On the border itself it is inside: r(1) is about 2^39, which the second one is not made for.
        assert!(matches!(at(1.0, 0.0), Verdict::Outside(e) if e.activation == 1));
        assert!(matches!(at(-1.0, 0.0), Verdict::Outside(e) if e.activation == 1));
    }
}
