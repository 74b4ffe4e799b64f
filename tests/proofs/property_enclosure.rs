//! Acceptance of the certifier: whatever composite it is given, what it proves holds at every point
//! that is evaluated afresh with some 900 bits (`support::oracle::Oracle`), and the independent checker agrees.
//!
//! 10,000 random composites by default: minimax and CKK19 composites, perturbed; tiny even
//! coefficients; random stages of both bases with input maps; constants and multiple critical
//! points; stages that explode. Bounds from above are compared at sampled points (cell ends,
//! critical places, the witness, near 0 and `to`), bounds from below at their witnesses.

use crate::support::effort::multiplier;
use crate::support::oracle::generator::{Generator, Kind};
use crate::support::oracle::{rational, tournament_error, Ball, Oracle, Random, Values};
use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::claims::growth::Growth;
use polycert::certify::composite::cells::Cells;
use polycert::certify::proof::{prove, Proof, Request};
use polycert::error::ErrorKind;
use polycert::function::target::{Function, Target};
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rug::{Float, Rational};

/// What became of a run of random composites.
#[derive(Debug, Default)]
struct Tally {
    composites: usize,
    proved: usize,
    odd: usize,
    full: usize,
    unsupported: usize,
    not_converged: usize,
    other: usize,
    points: usize,
    exact: usize,
    unknown: usize,
    failures: Vec<String>,
}

/// Compares everything proved with the oracle, point by point.
struct Judge<'a> {
    proof: &'a Proof,
    oracle: &'a Oracle,
    tally: &'a mut Tally,
    complaints: Vec<String>,
}

fn exact(x: &Float) -> Rational {
    x.to_rational().unwrap()
}

impl Judge<'_> {
    fn at_most(&mut self, value: &Ball, bound: &Rational, what: &str, x: &Rational) {
        self.tally.unknown += usize::from(!value.known());
        if value.above(bound) {
            self.complaints
                .push(format!("{what} above its bound at x = {x}"));
        }
    }

    fn at_least(&mut self, value: &Ball, bound: &Rational, what: &str, x: &Rational) {
        self.tally.unknown += usize::from(!value.known());
        if value.below(bound) {
            self.complaints
                .push(format!("{what} below its bound at the witness x = {x}"));
        }
    }

    /// Every upper bound whose domain holds |x|.
    fn point(&mut self, x: &Rational) {
        self.tally.points += 1;
        let proof = self.proof;
        let y = x.clone().abs();
        let slope = proof.slope.as_ref().filter(|g| y <= g.to);
        let values = self.oracle.at(x, slope.is_some());
        let to = proof.request.to.clone().unwrap_or(Rational::from(1));
        if let Some(d) = proof.relu_error.as_ref().filter(|d| y <= exact(&d.to)) {
            self.at_most(&values.deviation(), &exact(&d.bound_hi), "deviation", x);
            if y <= to && proof.request.target.function != Function::MaxPool {
                let scaled = values
                    .deviation()
                    .times(&Ball::new(&factor(&proof.request.target)));
                self.at_most(&scaled, &proof.bound_hi, "error", x);
            }
        }
        if let Some(c) = proof
            .closeness
            .as_ref()
            .filter(|c| y >= c.from && y <= c.to)
        {
            self.at_most(&values.closeness(), &exact(&c.bound_hi), "closeness", x);
            if proof.request.target.function.needs_eps() {
                let scaled = values
                    .closeness()
                    .times(&Ball::new(&factor(&proof.request.target)));
                self.at_most(&scaled, &proof.bound_hi, "error", x);
            }
        }
        for r in proof.ranges.iter().filter(|r| y >= r.from && y <= r.to) {
            for (i, ((lo, hi), v)) in r.bound_ranges.iter().zip(&values.stages).enumerate() {
                if v.above(hi) || v.below(lo) {
                    self.complaints
                        .push(format!("stage {i} outside its range at x = {x}"));
                }
            }
        }
        if let Some(g) = slope {
            self.at_most(&values.derivative(), &exact(&g.bound_hi), "slope", x);
        }
        for g in proof
            .magnitude
            .iter()
            .chain(&proof.overflow)
            .filter(|g| y <= g.to)
        {
            self.at_most(
                &values.magnitude(*x < 0u32),
                &exact(&g.bound_hi),
                "magnitude",
                x,
            );
        }
    }

    /// Every lower bound, at its witness.
    fn witnesses(&mut self) {
        let proof = self.proof;
        let target = &proof.request.target;
        if let Some(d) = &proof.relu_error {
            let x = exact(&d.witness.x);
            let value = self.oracle.at(&x, false).deviation();
            self.at_least(&value, &exact(&d.witness.lo), "deviation", &x);
            let difference = x.clone().abs() <= 1u32;
            if target.function == Function::Max && !difference && proof.bound_lo > 0u32 {
                let no = format!("the witness {x} is no difference of values in [0, 1]");
                self.complaints.push(no);
            } else if target.function != Function::MaxPool {
                let scaled = value.times(&Ball::new(&factor(target)));
                self.at_least(&scaled, &proof.bound_lo, "error", &x);
            }
        }
        if let Some(c) = &proof.closeness {
            let x = exact(&c.witness.x);
            let value = self.oracle.at(&x, false).closeness();
            self.at_least(&value, &exact(&c.witness.lo), "closeness", &x);
            if x.clone().abs() < c.from || x.clone().abs() > c.to {
                self.complaints
                    .push(format!("closeness witness {x} outside its range"));
            }
            if target.function.needs_eps() {
                let scaled = value.times(&Ball::new(&factor(target)));
                self.at_least(&scaled, &proof.bound_lo, "error", &x);
            }
        }
        if let Some(g) = &proof.slope {
            let x = exact(&g.witness.x);
            let value = self.oracle.at(&x, true).derivative();
            self.at_least(&value, &exact(&g.witness.lo), "slope", &x);
        }
        for g in proof.magnitude.iter().chain(&proof.overflow) {
            for w in std::iter::once(&g.witness).chain(&g.escape) {
                let x = exact(&w.x);
                let value = self.oracle.at(&x, false).magnitude(x < 0u32);
                self.at_least(&value, &exact(&w.lo), "magnitude", &x);
            }
            if let Some(w) = &g.escape {
                let x = exact(&w.x);
                let value = self.oracle.at(&x, false).magnitude(x < 0u32);
                if x.clone().abs() <= g.to || !value.above(&exact(&g.bound_hi)) {
                    self.complaints.push(format!("no escape at x = {x}"));
                }
            }
        }
        if let Some(p) = &proof.pool {
            let value = tournament_error(self.oracle, &p.witness.0, &p.input_scale);
            self.at_least(&value, &p.witness.1, "pool", &p.witness.0[0]);
        }
    }

    /// Random inputs of the tournament, some of them equal or extreme.
    fn tournaments(&mut self, random: &mut Random) {
        let Some(p) = &self.proof.pool else { return };
        for _ in 0..8 {
            let inputs: Vec<Rational> = (0..p.inputs)
                .map(|_| match random.below(4) {
                    0 => p.range.clone(),
                    1 => Rational::from(-&p.range),
                    _ => rational(random.signed()) * &p.range,
                })
                .collect();
            let value = tournament_error(self.oracle, &inputs, &p.input_scale);
            self.at_most(&value, &p.bound_hi, "pool", &inputs[0]);
        }
    }

    /// Low degrees: p(x) by exact rationals lies in the oracle's ball, and under the bound.
    fn exact_points(&mut self, xs: &[Rational]) {
        if self.oracle.total_degree() > 12 {
            return;
        }
        for x in xs {
            self.tally.exact += 1;
            let p = self.oracle.composite.eval_exact(x);
            let values: Values = self.oracle.at(x, false);
            let sign = if *x < 0u32 { -1 } else { 1 };
            let q = Rational::from(&p * sign);
            if values.q.known() && !values.q.holds(&q) {
                self.complaints
                    .push(format!("the oracle is wrong at x = {x}"));
            }
            if let Some(d) = &self.proof.relu_error {
                let error = (Rational::from(1) - q) * x / 2u32;
                if x.clone().abs() <= exact(&d.to) && error.abs() > exact(&d.bound_hi) {
                    self.complaints
                        .push(format!("exact deviation above its bound at x = {x}"));
                }
            }
        }
    }
}

/// The factor from the composite's error to the function's.
fn factor(target: &Target) -> Rational {
    match target.function {
        Function::Sign => Rational::from(1),
        Function::Step => Rational::from((1, 2)),
        Function::LeakyRelu => (Rational::from(1) - &target.slope).abs() * &target.scale,
        _ => target.scale.clone(),
    }
}

/// Points where something is likely to go wrong, and random ones, of both signs.
fn points(proof: &Proof, random: &mut Random, count: usize) -> Vec<Rational> {
    let mut ys: Vec<Rational> = Vec::new();
    let to = proof.request.to.clone().unwrap_or(Rational::from(1));
    let tiny = Rational::from(1) >> 70u32;
    let near = |y: &Rational, ys: &mut Vec<Rational>| {
        ys.extend([
            y.clone(),
            Rational::from(y + &tiny),
            Rational::from(y - &tiny),
        ]);
    };
    near(&to, &mut ys);
    ys.extend([tiny.clone(), Rational::from(1) >> 20u32]);
    let cells: Vec<&Cells> = proof
        .relu_error
        .iter()
        .flat_map(|d| &d.cells)
        .chain(proof.slope.iter().flat_map(|g| &g.cells))
        .collect();
    for c in cells {
        for _ in 0..count / 4 {
            let i = random.below(c.points.len() - 1);
            let (u, v) = (exact(&c.points[i]), exact(&c.points[i + 1]));
            ys.push(Rational::from(&v - &u) * rational(random.unit()) + &u);
            ys.push(v);
        }
    }
    for w in proof.relu_error.iter().map(|d| &d.witness) {
        near(&exact(&w.x).abs(), &mut ys);
    }
    if let Some(c) = &proof.closeness {
        near(&exact(&c.witness.x).abs(), &mut ys);
        near(&c.from, &mut ys);
    }
    let growths: Vec<&Growth> = proof
        .slope
        .iter()
        .chain(&proof.magnitude)
        .chain(&proof.overflow)
        .collect();
    for g in growths {
        near(&exact(&g.witness.x).abs(), &mut ys);
        near(&g.to, &mut ys);
        ys.push(rational(random.unit()) * &g.to);
    }
    for b in &proof.branches {
        for c in b.stages[0].value.criticals.iter().take(8) {
            near(&exact(&c.place.ball().0), &mut ys);
        }
    }
    for _ in 0..count {
        ys.push(rational(random.unit()) * &to);
        ys.push(rational((-30.0 * random.unit()).exp2()) * &to);
    }
    let mut xs = Vec::new();
    for y in ys.into_iter().filter(|y| *y > 0u32) {
        let odd = proof.branches.len() == 1 && random.chance(0.8);
        if odd || random.chance(0.5) {
            xs.push(Rational::from(-&y));
        }
        if !odd || random.chance(0.5) {
            xs.push(y);
        }
    }
    xs
}

fn request(random: &mut Random) -> Request {
    let function = random.pick(&[
        Function::Relu,
        Function::Relu,
        Function::LeakyRelu,
        Function::Max,
        Function::Sign,
        Function::Step,
        Function::MaxPool,
    ]);
    let mut target = Target::new(function);
    if random.chance(0.5) {
        target.scale = rational(1.0 + 50.0 * random.unit()) / 3u32;
    }
    if function == Function::LeakyRelu {
        target.slope = random.pick(&[
            Rational::from((1, 100)),
            Rational::from((-3, 7)),
            Rational::from(5),
        ]);
    }
    if function == Function::MaxPool {
        target.inputs = random.pick(&[2, 3, 4, 9]);
    }
    let mut request = Request::new(target);
    request.gap = (-8.0 - 36.0 * random.unit()).exp2();
    request.coefficients = match random.below(8) {
        0 => CoefficientMode::F64,
        1 => CoefficientMode::F32,
        2 => CoefficientMode::Fixed(5 + random.below(60) as u32),
        _ => CoefficientMode::Exact,
    };
    if random.chance(0.2) {
        // max needs the whole of [-1, 1].
        let least = match function {
            Function::Max | Function::MaxPool => 1.0,
            _ => 0.5,
        };
        request.to = Some(rational(least + (1.5 - least) * random.unit()));
    }
    if random.chance(0.3) {
        request.rho = Some(rational(random.unit()) >> 6u32);
    }
    request.only_error = random.chance(0.8);
    request
}

fn one(table: &Table, request: &Request, random: &mut Random, tally: &mut Tally) {
    tally.composites += 1;
    let proof = match prove(table, request) {
        Ok(proof) => proof,
        Err(e) => {
            match e.kind {
                ErrorKind::Unsupported(_) => tally.unsupported += 1,
                ErrorKind::NotConverged(_) => tally.not_converged += 1,
                _ => tally.other += 1,
            }
            return;
        }
    };
    tally.proved += 1;
    tally.odd += usize::from(proof.branches.len() == 1);
    tally.full += usize::from(!request.only_error);
    let oracle = Oracle::new(Composite::new(table, request.coefficients).unwrap());
    let xs = points(&proof, random, 10);
    let mut judge = Judge {
        proof: &proof,
        oracle: &oracle,
        tally,
        complaints: Vec::new(),
    };
    judge.witnesses();
    for x in &xs {
        judge.point(x);
    }
    judge.tournaments(random);
    judge.exact_points(&xs[..xs.len().min(6)]);
    let mut complaints = judge.complaints;
    if let Err(e) = publish::checked(document(table, &proof)) {
        complaints.push(e.to_string());
    }
    complaints.truncate(3);
    for c in complaints {
        tally
            .failures
            .push(format!("{c}\n  {request:?}\n  {}", table.to_json()));
    }
}

/// `count` composites of each kind; at least the share `least` of them must be provable.
fn run(seed: u64, kinds: &[Kind], count: usize, least: f64) {
    for (k, &kind) in kinds.iter().enumerate() {
        let start = std::time::Instant::now();
        let mut generator = Generator::new(seed + 1_000 * k as u64);
        let mut tally = Tally::default();
        for _ in 0..count * multiplier() as usize {
            let table = generator.table(kind);
            let request = request(&mut generator.random);
            one(&table, &request, &mut generator.random, &mut tally);
        }
        let failures = std::mem::take(&mut tally.failures);
        println!(
            "{kind:?} in {:.1} s: {tally:?}",
            start.elapsed().as_secs_f64()
        );
        for f in failures.iter().take(20) {
            println!("FAILED {f}");
        }
        assert!(
            failures.is_empty(),
            "{} failures, {}",
            failures.len(),
            failures[0]
        );
        // Wild composites may reach 2^900, where the oracle's fixed radius says nothing.
        let percent = if kind == Kind::Wild { 2 } else { 1 };
        assert!(
            tally.unknown * 100 <= percent * tally.points,
            "the oracle knows too little"
        );
        let share = tally.proved as f64 / tally.composites as f64;
        assert!(
            share >= least,
            "{kind:?}: only {share:.3} of the composites were proved"
        );
    }
}

#[test]
fn sign_like_composites() {
    run(1, &[Kind::SignLike, Kind::NotQuiteOdd], 2_250, 0.9);
}

#[test]
fn random_and_degenerate_composites() {
    run(2, &[Kind::Random, Kind::Degenerate], 2_250, 0.6);
}

#[test]
fn wild_composites() {
    run(3, &[Kind::Wild], 1_000, 0.02);
}
