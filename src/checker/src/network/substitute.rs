//! What stands in for an activation: a function made of p ~ sign, or p itself where the table's target says so.

use crate::claims::shape::Shape;
use crate::claims::target::Function;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::path::printable;
use crate::format::rounding::Mode;
use crate::network::activation::{leaky, SignPolynomial};
use crate::network::balls::Balls;
use crate::network::document::TwinTable;
use crate::network::model::layers::Dyadic;
use crate::series::expression::Formula;
use num_bigint::BigInt;
use num_traits::{One, Zero};

/// The polynomial of one activation.
#[derive(Debug)]
pub(crate) enum Substitute {
    /// r(x) = x (1 + p(x/B))/2 for max(x, 0).
    Sign(SignPolynomial),
    /// p(x) for x in the table's domain.
    Direct(Box<DirectPolynomial>),
}

/// p(x) for max(x, 0), for a leaky ReLU, or for a smooth function.
#[derive(Debug)]
pub(crate) struct DirectPolynomial {
    p: SignPolynomial,
    /// Over 2^precision, rounded inward.
    lo: BigInt,
    hi: BigInt,
    /// p stands for a leaky ReLU of this slope, and for nothing else.
    leaky: Option<Rational>,
    /// p stands for this smooth function, and for nothing else.
    function: Option<Formula>,
    precision: u64,
}

/// Why a table of a smooth function is refused elsewhere.
const NOT_RELU: &str = "a table of target smooth stands for its own function, not for ReLU or max";

fn refused(detail: impl Into<String>) -> Fault {
    Fault::rejected(Rule::Own("activations"), detail)
}

impl Substitute {
    /// What a table means for an activation with this B.
    ///
    /// # Errors
    /// A rejection of a table whose target is no activation, and of a B other than 1 where p is meant itself.
    pub(crate) fn new(table: &TwinTable, scale: &Rational, precision: u64) -> Checked<Self> {
        let p = SignPolynomial::new(&table.polynomials, scale, precision);
        let mut smooth = None;
        let leaky = match table.target {
            Function::Direct(Shape::Relu) => None,
            Function::Direct(Shape::LeakyRelu) => match &table.slope {
                Some(slope) => Some(slope.clone()),
                None => {
                    return Err(refused(
                        "a table of target direct_leaky_relu that states no slope stands for no activation",
                    ))
                }
            },
            Function::Smooth => {
                let Some((function, None)) = &table.smooth else {
                    return Err(refused(
                        "a table whose value is computed from p stands for no activation",
                    ));
                };
                if table.has_segments {
                    return Err(refused(
                        "a table that is meant on several intervals stands for no activation",
                    ));
                }
                smooth = Some(function.clone());
                None
            }
            Function::Direct(_) => {
                let name = table.target.name();
                return Err(refused(format!(
                    "a table of target {name} stands for no activation"
                )));
            }
            _ => return Ok(Self::Sign(p)),
        };
        if *scale != Rational::integer(1) {
            let name = table.target.name();
            return Err(refused(format!(
                "B is 1 where a table of target {name} is p(x) itself"
            )));
        }
        let (lo, hi) = &table.domain;
        Ok(Self::Direct(Box::new(DirectPolynomial {
            p,
            lo: lo.ceil_at(precision),
            hi: hi.floor_at(precision),
            leaky,
            function: smooth,
            precision,
        })))
    }

    /// Units of work that one element takes.
    pub(crate) fn work(&self) -> u64 {
        match self {
            Self::Sign(p) => p.work(),
            Self::Direct(direct) => direct.p.work(),
        }
    }

    /// In place of max(x, 0) + slope min(x, 0), for every element.
    ///
    /// # Errors
    /// A rejection if an element may leave the domain, and of a leaky polynomial in place of ReLU or of a leaky ReLU of
    /// another slope.
    pub(crate) fn relu(&self, slope: &Dyadic, x: &Balls, precision: u64) -> Checked<Balls> {
        let Self::Direct(p) = self else {
            return Ok(leaky(slope, x, self.rectified(x)?, precision));
        };
        if p.function.is_some() {
            return Err(refused(NOT_RELU));
        }
        match &p.leaky {
            None => Ok(leaky(slope, x, p.apply(x)?, precision)),
            Some(_) if slope.mantissa.is_zero() => Err(refused(
                "a table of target direct_leaky_relu stands for a leaky ReLU, not for ReLU",
            )),
            Some(stated) if !is_held_as(stated, slope)? => Err(refused(format!(
                "a table of target direct_leaky_relu and slope {stated} stands for no leaky ReLU of another slope"
            ))),
            Some(_) => p.apply(x),
        }
    }

    /// In place of max(x, 0).
    fn rectified(&self, x: &Balls) -> Checked<Balls> {
        match self {
            Self::Sign(p) => p.relu(x),
            Self::Direct(p) if p.leaky.is_some() => Err(refused(
                "a table of target direct_leaky_relu stands for no maximum",
            )),
            Self::Direct(p) if p.function.is_some() => Err(refused(NOT_RELU)),
            Self::Direct(p) => p.apply(x),
        }
    }

    /// In place of a smooth function.
    ///
    /// # Errors
    /// A rejection if an element may leave the domain, and of a table for another function.
    pub(crate) fn smooth(&self, function: &Formula, x: &Balls) -> Checked<Balls> {
        let wanted = printable(function.text());
        match self {
            Self::Direct(p) => match &p.function {
                Some(stated) if stated.tree == function.tree => p.apply(x),
                Some(stated) => Err(refused(format!(
                    "a table for {} does not stand for {wanted}, another expression",
                    printable(stated.text())
                ))),
                None => Err(refused(format!(
                    "a table for ReLU does not stand for {wanted}"
                ))),
            },
            Self::Sign(_) => Err(refused(format!(
                "a table made of sign does not stand for {wanted}"
            ))),
        }
    }

    /// max over each window by a tournament of max(a, b) ~ b + r(a - b).
    ///
    /// # Errors
    /// As [`Self::relu`], of the differences.
    pub(crate) fn tournament(
        &self,
        mut windows: Vec<Vec<BigInt>>,
        radius: &BigInt,
    ) -> Checked<Balls> {
        let mut radius = radius.clone();
        while windows.iter().any(|w| w.len() > 1) {
            let mut mid = Vec::new();
            for pair in windows.iter().flat_map(|w| w.chunks(2)) {
                if let [a, b] = pair {
                    mid.push(a - b);
                }
            }
            let differences = Balls {
                mid,
                radius: &radius * 2,
            };
            let won = self.rectified(&differences)?;
            let mut won_mid = won.mid.into_iter();
            for window in &mut windows {
                let mut next = Vec::with_capacity(window.len().div_ceil(2));
                for pair in window.chunks(2) {
                    match pair {
                        [_, b] => {
                            let r = won_mid.next().ok_or_else(|| Fault::internal("match"))?;
                            next.push(b + r);
                        }
                        rest => next.extend(rest.iter().cloned()),
                    }
                }
                *window = next;
            }
            radius += won.radius;
        }
        Ok(Balls {
            mid: windows.into_iter().flatten().collect(),
            radius,
        })
    }
}

/// Whether a file would hold this number as that one: exactly, or as the nearest f64 or f32, as ONNX does.
fn is_held_as(stated: &Rational, held: &Dyadic) -> Checked<bool> {
    let held = held.rational();
    for mode in [Mode::Exact, Mode::Binary64, Mode::Binary32] {
        // Too large for the format: it is not held in it.
        if mode.round(stated).is_ok_and(|rounded| rounded == held) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl DirectPolynomial {
    fn apply(&self, x: &Balls) -> Checked<Balls> {
        let outside = |m: &BigInt| m - &x.radius < self.lo || m + &x.radius > self.hi;
        if let Some(i) = x.mid.iter().position(outside) {
            return Err(Fault::rejected(
                Rule::Own("domain"),
                format!(
                    "element {i} may leave the table's domain, where the polynomial is not meant to be used"
                ),
            ));
        }
        // x itself, over 2^precision: y = x/1.
        let (mid, radii) = self.p.value(x, self.precision)?;
        let widest = radii.into_iter().max().unwrap_or_else(BigInt::one);
        Ok(Balls {
            mid,
            radius: widest,
        })
    }
}
