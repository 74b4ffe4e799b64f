//! Proves the statements of a checker's report a second time: by the certifier's own engine,
//! prepared afresh, and by the oracle at sampled points and at the stated witnesses.

use super::direct;
use super::{rational, tournament_error, Ball, Oracle, Random};
use polycert::certify::claims::{closeness, growth, relu_error};
use polycert::certify::composite::cascade::Branch;
use polycert::poly::composite::Composite;
use polycert_checker::{Argmax, Clip, Part, Report, Statement, Verdict, Witness};
use rug::float::Round;
use rug::{Float, Integer, Rational};
use std::collections::HashMap;

/// Precision of the second proof.
const PREC: u32 = 256;

/// The checker's number as the producer's.
pub fn convert(x: &polycert_checker::Rational) -> Rational {
    let int = |s: String| Integer::from_str_radix(&s, 10).unwrap();
    Rational::from((int(x.numer().to_string()), int(x.denom().to_string())))
}

/// Upper and lower bounds of one quantity, by the certifier.
type Enclosure = (Rational, Rational);

/// Proves statements again; enclosures are kept, since few polynomials and intervals occur.
pub struct Judge {
    oracle: Oracle,
    branches: Vec<Branch>,
    known: HashMap<String, Option<Enclosure>>,
}

impl Judge {
    /// Prepares the composite for |x| <= reach (0: no statement is about sides); none if the engine cannot.
    pub fn new(composite: Composite, reach: &Rational) -> Option<Self> {
        if reach.is_zero() {
            return Some(Self {
                oracle: Oracle::new(composite),
                branches: Vec::new(),
                known: HashMap::new(),
            });
        }
        let up = Float::with_val_round(PREC, reach, Round::Up).0;
        let branches = composite.branches.iter();
        let branches: polycert::error::Result<_> =
            branches.map(|b| Branch::new(b, &up, PREC)).collect();
        Some(Self {
            branches: branches.ok()?,
            oracle: Oracle::new(composite),
            known: HashMap::new(),
        })
    }

    fn enclosure(&mut self, quantity: &str, from: &Rational, to: &Rational) -> Option<Enclosure> {
        let key = format!("{quantity} {from} {to}");
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let branches = &self.branches;
        let exact = |x: &Float| x.to_rational().unwrap();
        let found = match quantity {
            "closeness" => closeness::enclose(branches, from, to)
                .map(|c| (exact(&c.witness.lo), exact(&c.bound_hi))),
            "deviation" => {
                let to = Float::with_val_round(PREC, to, Round::Up).0;
                relu_error::enclose(branches, &to, 2.0f64.powi(-44))
                    .map(|d| (exact(&d.witness.lo), exact(&d.bound_hi)))
            }
            "derivative" => {
                growth::slope(branches, to).map(|g| (exact(&g.witness.lo), exact(&g.bound_hi)))
            }
            _ => {
                growth::magnitude(branches, to).map(|g| (exact(&g.witness.lo), exact(&g.bound_hi)))
            }
        };
        let found = found.ok();
        self.known.insert(key, found.clone());
        found
    }

    /// Points of [from, to], both signs.
    fn samples(&self, from: &Rational, to: &Rational) -> Vec<Rational> {
        let width = Rational::from(to - from);
        let even = (0..=24).map(|k| Rational::from((k, 24)) * &width + from);
        let log = (1..=16).map(|k| (width.clone() >> k as u32) + from);
        let criticals = self
            .branches
            .iter()
            .flat_map(|b| &b.stages[0].value.criticals);
        let critical = criticals.map(|c| c.place.ball().0.to_rational().unwrap());
        let ys = even.chain(log).chain(critical);
        let ys: Vec<Rational> = ys.filter(|y| *y > 0u32 && y >= from && y <= to).collect();
        ys.iter()
            .cloned()
            .chain(ys.iter().map(|y| Rational::from(-y)))
            .collect()
    }

    /// max of the quantity <= hi, and quantity(witness) >= lo: by points and by the engine.
    fn bound(
        &mut self,
        quantity: &str,
        (from, to): (&Rational, &Rational),
        hi: &Rational,
        witness: &Witness,
    ) -> Result<(), String> {
        let value = |oracle: &Oracle, x: &Rational| -> Ball {
            let v = oracle.at(x, quantity == "derivative");
            match quantity {
                "closeness" => v.closeness(),
                "deviation" => v.deviation(),
                "derivative" => v.derivative(),
                _ => v.magnitude(*x < 0u32),
            }
        };
        for x in self.samples(from, to) {
            if value(&self.oracle, &x).above(hi) {
                return Err(format!("{quantity} above hi at {x}"));
            }
        }
        let (x, lo) = (convert(&witness.x), convert(&witness.lo));
        if x.clone().abs() > *to || x.clone().abs() < *from || value(&self.oracle, &x).below(&lo) {
            return Err(format!("{quantity}: the witness {x} does not reach {lo}"));
        }
        if let Some((least, most)) = self.enclosure(quantity, from, to) {
            if *hi < least || lo > most {
                return Err(format!("{quantity}: [{lo}, {hi}] misses [{least}, {most}]"));
            }
        }
        Ok(())
    }

    /// One statement of a report.
    pub fn statement(
        &mut self,
        statement: &Statement,
        earlier: &[Statement],
    ) -> Result<(), String> {
        let zero = Rational::new();
        match statement {
            Statement::StageRanges { from, to, ranges } => {
                let (from, to) = (convert(from), convert(to));
                let ranges: Vec<Enclosure> = ranges
                    .iter()
                    .map(|(l, h)| (convert(l), convert(h)))
                    .collect();
                for x in self.samples(&from, &to) {
                    for (v, (lo, hi)) in self.oracle.at(&x, false).stages.iter().zip(&ranges) {
                        if v.above(hi) || v.below(lo) {
                            return Err(format!("a stage is outside its range at {x}"));
                        }
                    }
                }
                // The certifier's images are exact but for rounding: none may stick out by more.
                let images = closeness::stage_ranges(&self.branches, &from, &to)
                    .map_err(|e| e.to_string())?;
                for (image, (lo, hi)) in images.iter().zip(&ranges) {
                    let room = (image.magnitude().to_rational().unwrap() + 1u32) >> 40u32;
                    let inner = (
                        image.lo.to_rational().unwrap() + &room,
                        image.hi.to_rational().unwrap() - &room,
                    );
                    if *lo > inner.0 || *hi < inner.1 {
                        return Err(format!("the range [{lo}, {hi}] is too narrow"));
                    }
                }
                Ok(())
            }
            Statement::Closeness {
                from,
                to,
                hi,
                witness,
            } => {
                let ends = (&convert(from), &convert(to));
                self.bound("closeness", ends, &convert(hi), witness)
            }
            Statement::Deviation { to, hi, witness } => {
                self.bound("deviation", (&zero, &convert(to)), &convert(hi), witness)
            }
            Statement::Derivative { to, hi, witness } => {
                self.bound("derivative", (&zero, &convert(to)), &convert(hi), witness)
            }
            Statement::Magnitude {
                to,
                hi,
                witness,
                escape,
            } => {
                let (to, hi) = (convert(to), convert(hi));
                self.bound("magnitude", (&zero, &to), &hi, witness)?;
                if let Some(w) = escape {
                    let x = convert(&w.x);
                    let value = self.oracle.at(&x, false).magnitude(x < 0u32);
                    if x.clone().abs() <= to || !value.above(&hi) || value.below(&convert(&w.lo)) {
                        return Err(format!("no escape at {x}"));
                    }
                }
                Ok(())
            }
            Statement::Pool {
                inputs,
                range,
                input_scale,
                hi,
                witness,
                lo,
                ..
            } => {
                let (range, c) = (convert(range), convert(input_scale));
                let (hi, lo) = (convert(hi), convert(lo));
                let witness: Vec<Rational> = witness.iter().map(convert).collect();
                let error = tournament_error(&self.oracle, &witness, &c);
                if witness.iter().any(|x| x.clone().abs() > range) || witness.len() != *inputs {
                    return Err("pool: the witness is outside the range".to_owned());
                }
                if error.below(&lo) || error.above(&hi) {
                    return Err("pool: the witness does not fit".to_owned());
                }
                let mut random = Random(5);
                for _ in 0..10 {
                    let inputs: Vec<Rational> = (0..*inputs)
                        .map(|_| rational(random.signed()) * &range)
                        .collect();
                    if tournament_error(&self.oracle, &inputs, &c).above(&hi) {
                        return Err(format!("pool: more than {hi} at {inputs:?}"));
                    }
                }
                Ok(())
            }
            Statement::Lines { parts, hi, witness } => self.lines(parts, &convert(hi), witness),
            Statement::Contraction {
                at,
                radius,
                order,
                hi,
            } => self.contraction(&convert(at), &convert(radius), *order, &convert(hi)),
            Statement::Clip(clip) => self.clip(clip),
            Statement::Argmax(argmax) => self.argmax(argmax),
            Statement::Target(t) => {
                let (lo, hi, scale) = (convert(&t.lo), convert(&t.hi), convert(&t.scale));
                let slope = convert(&t.slope);
                let one = Rational::from(1);
                let cited = earlier.get(t.cites).ok_or("target cites nothing")?;
                use polycert_checker::Function as F;
                let (least, most) = match (t.function, cited) {
                    (F::Sign | F::Step, Statement::Closeness { from, to, .. }) => {
                        self.enclosure("closeness", &convert(from), &convert(to))
                    }
                    (F::Relu | F::LeakyRelu, Statement::Deviation { to, .. }) => {
                        self.enclosure("deviation", &zero, &convert(to))
                    }
                    // a - b covers [-B, B] for a, b in [0, B], whatever more is certified.
                    (F::Max, Statement::Deviation { to, .. }) if convert(to) >= 1u32 => {
                        self.enclosure("deviation", &zero, &one)
                    }
                    (F::Abs, Statement::Deviation { to, .. }) => {
                        self.enclosure("deviation", &zero, &convert(to))
                    }
                    (F::MaxPool, Statement::Pool { hi, lo, .. }) => {
                        Some((convert(lo), convert(hi)))
                    }
                    (F::Argmax, Statement::Argmax(a)) => Some((convert(&a.lo), convert(&a.hi))),
                    (F::Clip, Statement::Clip(c)) => Some((convert(&c.witness.lo), convert(&c.hi))),
                    (F::Relu6, Statement::Clip(c)) => {
                        if convert(&c.lower) != 0u32 || convert(&c.upper) != 6u32 {
                            return Err("not ReLU6".to_owned());
                        }
                        Some((convert(&c.witness.lo), convert(&c.hi)))
                    }
                    (F::Direct(shape), Statement::Lines { parts, hi, witness }) => {
                        for part in parts {
                            direct::is_part(shape, &slope, &t.ends, part)?;
                        }
                        Some((convert(&witness.lo), convert(hi)))
                    }
                    _ => return Err("target cites a claim of another kind".to_owned()),
                }
                .ok_or("the engine did not prove it again")?;
                let factor = match t.function {
                    F::Step => Rational::from((1, 2)),
                    F::LeakyRelu => (one - slope).abs() * &scale,
                    F::Abs => scale * 2u32,
                    F::Sign | F::MaxPool | F::Argmax | F::Clip | F::Relu6 | F::Direct(_) => one,
                    _ => scale,
                };
                if hi < least * &factor || lo > most * &factor {
                    return Err(format!("the target's [{lo}, {hi}] is false"));
                }
                let Some(claim) = &t.claim else { return Ok(()) };
                let bound = convert(&claim.bound);
                let holds = match claim.verdict {
                    Verdict::Proved => hi <= bound,
                    Verdict::Refuted => lo > bound,
                    Verdict::Undecided => lo <= bound && bound < hi,
                };
                holds.then_some(()).ok_or("the verdict is false".to_owned())
            }
            _ => Err("a statement of an unknown kind".to_owned()),
        }
    }
}

impl Judge {
    /// |p - f| at many points of every part, and at the witness.
    fn lines(&self, parts: &[Part], hi: &Rational, witness: &Witness) -> Result<(), String> {
        let error = |part: &Part, x: &Rational| -> Ball {
            let line = convert(&part.slope) * x + convert(&part.intercept);
            direct::value(&self.oracle, x)
                .minus(&Ball::new(&line))
                .abs()
        };
        for part in parts {
            let (from, to) = (convert(&part.from), convert(&part.to));
            for x in direct::points(&from, &to) {
                if error(part, &x).above(hi) {
                    return Err(format!("lines: above hi at {x}"));
                }
            }
        }
        let (x, lo) = (convert(&witness.x), convert(&witness.lo));
        let inside = |p: &&Part| convert(&p.from) <= x && x <= convert(&p.to);
        let part = parts
            .iter()
            .find(inside)
            .ok_or("lines: the witness is in no part")?;
        let value = error(part, &x);
        if value.below(&lo) || value.above(hi) {
            return Err("lines: the witness does not fit".to_owned());
        }
        Ok(())
    }

    fn contraction(
        &self,
        at: &Rational,
        radius: &Rational,
        order: usize,
        hi: &Rational,
    ) -> Result<(), String> {
        let power = |u: Rational| (0..order).fold(Rational::from(1), |p, _| p * &u);
        let (from, to) = (Rational::from(at - radius), Rational::from(at + radius));
        for x in direct::points(&from, &to) {
            let off = direct::value(&self.oracle, &x).minus(&Ball::new(at)).abs();
            let most = power(Rational::from(&x - at).abs()) * hi;
            if off.above(&most) || off.above(&Rational::from(&x - at).abs()) {
                return Err(format!("contraction: too far at {x}"));
            }
        }
        Ok(())
    }

    fn clip(&self, clip: &Clip) -> Result<(), String> {
        let (l, u) = (convert(&clip.lower), convert(&clip.upper));
        let (scale, hi) = (convert(&clip.scale), convert(&clip.hi));
        let (from, to) = (convert(&clip.from), convert(&clip.to));
        let error = |x: &Rational| -> Ball {
            let r = |end: &Rational| direct::relu(&self.oracle, &(Rational::from(x - end)), &scale);
            let exact = x.clone().max(l.clone()).min(u.clone());
            Ball::new(&l)
                .plus(&r(&l))
                .minus(&r(&u))
                .minus(&Ball::new(&exact))
                .abs()
        };
        for x in direct::points(&from, &to) {
            if error(&x).above(&hi) {
                return Err(format!("clip: above hi at {x}"));
            }
        }
        let (x, lo) = (convert(&clip.witness.x), convert(&clip.witness.lo));
        if x < from || x > to || error(&x).below(&lo) {
            return Err("clip: the witness does not fit".to_owned());
        }
        Ok(())
    }

    fn argmax(&self, a: &Argmax) -> Result<(), String> {
        let (b, c, gap) = (convert(&a.range), convert(&a.input_scale), convert(&a.gap));
        let (hi, lo) = (convert(&a.hi), convert(&a.lo));
        let witness: Vec<Rational> = a.witness.iter().map(convert).collect();
        if witness.len() != a.inputs || witness.iter().any(|x| x.clone().abs() > b) {
            return Err("argmax: the witness is outside the range".to_owned());
        }
        let (off, margin) = direct::one_hot_error(&self.oracle, &witness, &c);
        if margin < gap || off.iter().all(|w| w.below(&lo)) {
            return Err("argmax: the witness does not fit".to_owned());
        }
        let mut random = Random(7);
        for round in 0..10 {
            // The greatest anywhere, the others up to just the gap below it.
            let top = Rational::from(&b - &gap) * rational(random.unit()) + &gap;
            let most = Rational::from(&top - &gap);
            let width = Rational::from(&most + &b);
            let mut inputs: Vec<Rational> = (0..a.inputs)
                .map(|_| {
                    let part = if round % 2 == 0 { random.unit() } else { 1.0 };
                    width.clone() * rational(part) - &b
                })
                .collect();
            let place = random.below(a.inputs);
            inputs[place] = top;
            let (off, _) = direct::one_hot_error(&self.oracle, &inputs, &c);
            if off.iter().any(|w| w.above(&hi)) {
                return Err(format!("argmax: more than {hi} at {inputs:?}"));
            }
        }
        Ok(())
    }
}

/// The largest |x| that a report speaks about.
pub fn reach(report: &Report) -> Rational {
    let ends = report.statements().iter().map(|s| match s {
        Statement::StageRanges { to, .. }
        | Statement::Closeness { to, .. }
        | Statement::Deviation { to, .. }
        | Statement::Derivative { to, .. }
        | Statement::Magnitude { to, .. } => convert(to),
        _ => Rational::new(),
    });
    ends.max().unwrap_or_default()
}
