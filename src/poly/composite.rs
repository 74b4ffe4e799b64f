//! The exact composite p = p_k o ... o p_1 and its two one-sided branches.
//!
//! A composite need not be odd, so both signs of x are kept apart: for s in {+1, -1} and y >= 0,
//! F_i(y) = s P_i(s y) gives q_s(y) = F_k(...F_1(y)...) = s p(s y), which approximates 1 wherever p
//! approximates sign. An exactly odd composite has equal branches, and one serves both sides.

use crate::arith::rounding::CoefficientMode;
use crate::error::Result;
use crate::poly::table::{Output, Table};
use rug::Rational;

/// Which x a branch speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Both signs: the composite is exactly odd.
    Both,
    /// x > 0.
    Positive,
    /// x < 0.
    Negative,
}

impl Side {
    /// The name used in certificates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// q_s as its stages F_1..F_k, each in powers of y from degree 0 upwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The side it speaks about.
    pub side: Side,
    /// The stages, first applied first; each has one coefficient at least.
    pub stages: Vec<Vec<Rational>>,
}

impl Branch {
    /// q(y), exactly (numbers grow with the product of degrees: for tests and small composites).
    pub fn eval_exact(&self, y: &Rational) -> Rational {
        self.stages.iter().fold(y.clone(), |y, f| horner(f, &y))
    }
}

/// A composite with coefficients as a program holds them: one branch if exactly odd, else two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composite {
    /// `[both]`, or `[positive, negative]`.
    pub branches: Vec<Branch>,
}

impl Composite {
    /// The composite p ~ sign that a table denotes under a coefficient mode: 2 p - 1 where its last stage gives 0 or 1.
    ///
    /// # Errors
    /// A coefficient overflows the format of `mode`; the error names it.
    pub fn new(table: &Table, mode: CoefficientMode) -> Result<Self> {
        let mut stages: Vec<Vec<Rational>> = table
            .components
            .iter()
            .enumerate()
            .map(|(i, c)| {
                c.powers(mode)
                    .map_err(|e| e.within(&format!("components[{i}]")))
            })
            .collect::<Result<_>>()?;
        if table.output == Output::Step {
            // 2 p - 1, of the coefficients as they are held.
            if let Some(last) = stages.last_mut() {
                last.iter_mut().for_each(|c| *c *= 2u32);
                if let Some(constant) = last.first_mut() {
                    *constant -= 1u32;
                }
            }
        }
        Ok(Self::from_stages(stages))
    }

    /// A composite from its stages in powers.
    pub fn from_stages(stages: Vec<Vec<Rational>>) -> Self {
        let odd = stages
            .iter()
            .all(|p| p.iter().step_by(2).all(Rational::is_zero));
        if odd {
            return Self {
                branches: vec![Branch {
                    side: Side::Both,
                    stages,
                }],
            };
        }
        // F_i(y) = -P_i(-y): the even coefficients change sign.
        let mirrored = stages
            .iter()
            .map(|p| {
                let flip = |(j, c): (usize, &Rational)| {
                    if j % 2 == 0 {
                        Rational::from(-c)
                    } else {
                        c.clone()
                    }
                };
                p.iter().enumerate().map(flip).collect()
            })
            .collect();
        Self {
            branches: vec![
                Branch {
                    side: Side::Positive,
                    stages,
                },
                Branch {
                    side: Side::Negative,
                    stages: mirrored,
                },
            ],
        }
    }

    /// p(x), exactly.
    pub fn eval_exact(&self, x: &Rational) -> Rational {
        let branch = &self.branches[0];
        branch.eval_exact(x)
    }
}

/// Horner's scheme, exactly.
pub fn horner(p: &[Rational], y: &Rational) -> Rational {
    p.iter().rev().fold(Rational::new(), |acc, c| acc * y + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_mirror_the_composite() {
        let q = |v: &[i32]| {
            v.iter()
                .map(|&v| Rational::from((v, 7)))
                .collect::<Vec<_>>()
        };
        let c = Composite::from_stages(vec![q(&[1, 9, -2, -3]), q(&[-1, 8, 0, -2])]);
        assert_eq!(c.branches.len(), 2);
        for n in 0..10 {
            let y = Rational::from((n, 9));
            assert_eq!(c.branches[0].eval_exact(&y), c.eval_exact(&y));
            let minus = Rational::from(-&y);
            assert_eq!(c.branches[1].eval_exact(&y), -c.eval_exact(&minus));
        }
        let odd = Composite::from_stages(vec![q(&[0, 9, 0, -3])]);
        assert_eq!(odd.branches.len(), 1);
        assert_eq!(odd.branches[0].side, Side::Both);
    }
}
