//! Random composites of every kind that a certifier may meet.

use super::{rational, Random};
use polycert::approx::{design, round_design, Fit, Scaling};
use polycert::function::target::Function;
use polycert::poly::component::{Basis, Component};
use polycert::poly::table::{Domain, Table};
use rug::Rational;
use std::collections::BTreeMap;

/// Kinds of random composites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Odd minimax composites and the like, perturbed.
    SignLike,
    /// The same with tiny even coefficients.
    NotQuiteOdd,
    /// Random coefficients of a tame size, odd, even or mixed, both bases, with input maps.
    Random,
    /// Constants, degrees 0 and 1, multiple critical points.
    Degenerate,
    /// Stages that may explode.
    Wild,
}

/// Coefficients from numerators over a common denominator, odd degrees only.
fn odd(numerators: &[i64], denominator: i64) -> Vec<Rational> {
    let mut c = Vec::new();
    for &n in numerators {
        c.push(Rational::new());
        c.push(Rational::from((n, denominator)));
    }
    c
}

/// The polynomials f_1..f_4 and g_1..g_4 of CKK19 (f_n has critical points of order n at -1 and 1).
pub fn ckk19() -> Vec<Component> {
    [
        odd(&[3, -1], 2),
        odd(&[15, -10, 3], 8),
        odd(&[35, -35, 21, -5], 16),
        odd(&[315, -420, 378, -180, 35], 128),
        odd(&[2126, -1359], 1 << 10),
        odd(&[3334, -6108, 3796], 1 << 10),
        odd(&[4589, -16577, 25614, -12860], 1 << 10),
        odd(&[5850, -34974, 97015, -113492, 46623], 1 << 10),
    ]
    .into_iter()
    .map(|c| Component::new(Basis::Power, c))
    .collect()
}

/// Minimax composites to start from.
pub fn designs() -> Vec<Vec<Component>> {
    let mut all = Vec::new();
    for (i, (degrees, eps)) in [
        (vec![3], (1, 4)),
        (vec![7], (1, 8)),
        (vec![31], (1, 32)),
        (vec![3, 5], (1, 16)),
        (vec![7, 7], (1, 64)),
        (vec![15, 15], (1, 1 << 9)),
        (vec![5, 5, 5], (1, 1 << 6)),
        (vec![3, 3, 5, 7], (1, 1 << 7)),
    ]
    .into_iter()
    .enumerate()
    {
        let eta = Rational::from((i as u32 % 2, 1u32 << 20));
        let found = design(&degrees, &Fit::Eps(Rational::from(eps)), &eta).unwrap();
        for basis in [Basis::Power, Basis::Chebyshev] {
            all.push(round_design(&found, basis, Scaling::None, 60));
        }
        all.push(round_design(
            &found,
            Basis::Chebyshev,
            Scaling::Normalized,
            40,
        ));
    }
    all
}

/// Makes random composites.
pub struct Generator {
    pub random: Random,
    designs: Vec<Vec<Component>>,
    families: Vec<Component>,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            designs: designs(),
            families: ckk19(),
        }
    }

    pub fn table(&mut self, kind: Kind) -> Table {
        let components = match kind {
            Kind::SignLike => self.sign_like(),
            Kind::NotQuiteOdd => {
                let mut components = self.sign_like();
                let bits = 4 + self.random.below(140) as u32;
                for c in &mut components {
                    for a in c.coefficients.iter_mut().step_by(2) {
                        if self.random.chance(0.4) {
                            *a += self.random.rational(1.0) >> bits;
                        }
                    }
                }
                components
            }
            Kind::Random => self.chain(4, Self::tame),
            Kind::Degenerate => self.chain(4, Self::degenerate),
            Kind::Wild => {
                let n = 1 + self.random.below(4);
                (0..n).map(|_| self.wild()).collect()
            }
        };
        let eps = Rational::from((1 + self.random.below(20) as u32, 64u32));
        Table {
            name: format!("{kind:?}"),
            target: Function::Relu,
            output: polycert::poly::Output::default(),
            slope: None,
            ends: None,
            smooth: None,
            domain: Domain {
                lo: Rational::from(-1),
                hi: Rational::from(1),
                eps: Some(eps),
            },
            components,
            provenance: BTreeMap::new(),
        }
    }

    fn sign_like(&mut self) -> Vec<Component> {
        let r = &mut self.random;
        let mut components = if r.chance(0.6) {
            r.pick(&self.designs)
        } else {
            (0..1 + r.below(4))
                .map(|_| r.pick(&self.families))
                .collect()
        };
        if r.chance(0.6) {
            let bits = 4 + r.below(50) as u32;
            for c in &mut components {
                for a in c.coefficients.iter_mut().skip(1).step_by(2) {
                    let size = a.to_f64().abs();
                    *a += r.rational(size) >> bits;
                }
            }
        }
        components
    }

    /// 1 to `most` stages, each told the size of its input and telling that of its output.
    fn chain(
        &mut self,
        most: usize,
        stage: fn(&mut Self, f64) -> (Component, f64),
    ) -> Vec<Component> {
        let n = 1 + self.random.below(most);
        let mut size = 1.0;
        let mut components = Vec::new();
        for _ in 0..n {
            let (component, out) = stage(self, size);
            components.push(component);
            size = out.max(2.0f64.powi(-30));
        }
        components
    }

    /// |P| <= about 2 for |y| <= size.
    fn tame(&mut self, size: f64) -> (Component, f64) {
        let r = &mut self.random;
        let degree = if r.chance(0.2) {
            r.below(32)
        } else {
            r.below(10)
        };
        let parity = r.below(4);
        let decay = 0.4 + 0.7 * r.unit();
        let (out, power) = (0.5 + 1.5 * r.unit(), r.chance(0.5));
        let mut c: Vec<f64> = (0..=degree)
            .map(|j| match (parity, j % 2) {
                (0, 0) | (1, 1) => 0.0,
                _ => r.signed() * decay.powi(j as i32),
            })
            .collect();
        let sum: f64 = c.iter().map(|c| c.abs()).sum();
        for (j, c) in c.iter_mut().enumerate() {
            *c *= out / sum.max(1e-9) / if power { size.powi(j as i32) } else { 1.0 };
        }
        let exact = c.iter().map(|&c| {
            if c == 0.0 {
                Rational::new()
            } else {
                rational(c) + (r.rational(c) >> 30u32)
            }
        });
        let exact = exact.collect();
        let mut component = Component::new(
            if power {
                Basis::Power
            } else {
                Basis::Chebyshev
            },
            exact,
        );
        if !power {
            // u = scale y + offset in [-1, 1].
            let offset = if r.chance(0.5) { 0.0 } else { 0.9 * r.signed() };
            let scale = (1.0 - f64::abs(offset)) / size * if r.chance(0.2) { -1.0 } else { 1.0 };
            component.scale = rational((scale * 1024.0).trunc() / 1024.0);
            if component.scale.is_zero() {
                component.scale = Rational::from((1, 1024));
            }
            component.offset = rational((offset * 64.0).trunc() / 64.0);
        }
        (component, out)
    }

    fn degenerate(&mut self, size: f64) -> (Component, f64) {
        let r = &mut self.random;
        let power = |c: Vec<Rational>| Component::new(Basis::Power, c);
        match r.below(6) {
            0 => (power(vec![r.rational(1.0)]), 1.0),
            1 => (
                power(vec![
                    r.rational(1.0),
                    r.rational(1.0) + Rational::from((1, 3)),
                ]),
                1.5 * size + 1.0,
            ),
            2 => (power(vec![Rational::new(), r.rational(1.5)]), 1.5 * size),
            3 if size <= 1.0 => (r.pick(&self.families[..4]), 1.2),
            4 => {
                let mut c = vec![Rational::new(); 2 + r.below(9)];
                let n = c.len() - 1;
                c[n] = rational(size.powi(-(n as i32)));
                (power(c), 1.0)
            }
            _ => {
                let c = with_derivative_roots(r, size).0;
                let sum: f64 = (0..)
                    .zip(&c)
                    .map(|(j, c)| c.to_f64().abs() * size.powi(j))
                    .sum();
                let factor = rational((2.0f64).powi(-(sum.log2().ceil().max(-60.0) as i32)));
                (power(c.into_iter().map(|c| c * &factor).collect()), 1.0)
            }
        }
    }

    fn wild(&mut self) -> Component {
        let r = &mut self.random;
        let degree = r.below(32);
        let spread = r.pick(&[2.0, 8.0, 40.0]);
        let c = (0..=degree)
            .map(|_| {
                let size = (spread * r.signed()).exp2();
                r.rational(size)
            })
            .collect();
        let mut component = Component::new(r.pick(&[Basis::Power, Basis::Chebyshev]), c);
        if r.chance(0.3) {
            component.scale = r.rational(2.0) + Rational::from((1, 1_000_003));
            component.offset = r.rational(2.0);
        }
        component
    }
}

/// A polynomial in powers whose derivative has known rational roots, some multiple, and the roots.
pub fn with_derivative_roots(r: &mut Random, size: f64) -> (Vec<Rational>, Vec<Rational>) {
    let mut derivative = vec![Rational::from(1)];
    let mut roots = Vec::new();
    for _ in 0..1 + r.below(4) {
        let root = match r.below(5) {
            0 => Rational::new(),
            1 => rational(size),
            2 => Rational::from((r.below(41) as i32 - 20, 21)) * rational(size),
            _ => Rational::from((r.below(33) as i32 - 16, 16)) * rational(size),
        };
        for _ in 0..r.pick(&[1, 1, 1, 2, 3]) {
            derivative.push(Rational::new());
            for i in (0..derivative.len()).rev() {
                let mut v = Rational::from(&derivative[i] * &root);
                v = -v;
                if i > 0 {
                    v += &derivative[i - 1];
                }
                derivative[i] = v;
            }
        }
        roots.push(root);
    }
    let mut c = vec![r.rational(1.0)];
    if r.chance(0.5) {
        c[0] = Rational::new();
    }
    c.extend(
        derivative
            .into_iter()
            .zip(1u32..)
            .map(|(d, j)| d / Rational::from(j)),
    );
    (c, roots)
}
