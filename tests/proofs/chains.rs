//! Values that are computed in steps: random programs against exact rationals, ranges of stages that hold and are near,
//! and the families that write such tables.

use crate::support::effort::multiplier;
use polycert::function::program::Program;
use polycert::jobs::certify::{certify, Answer, Request};
use polycert::poly::table::Table;
use rug::Rational;
use serde_json::json;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    /// A short number in [-2, 2].
    fn number(&mut self) -> Rational {
        let numerator = self.below(65) as i32 - 32;
        Rational::from((numerator, 16))
    }
}

/// One operation on two of the values so far; 0 is x, 1 is p.
#[derive(Clone)]
enum Step {
    Plus(usize, usize),
    Minus(Rational, usize),
    Times(usize, usize),
    Multiple(Rational, usize),
    Square(usize),
    Below(usize),
}

impl Step {
    fn random(random: &mut Random, known: usize) -> Self {
        let mut any = || random.below(known as u64) as usize;
        let (i, j) = (any(), any());
        match random.below(6) {
            0 => Self::Plus(i, j),
            1 => Self::Minus(random.number(), i),
            2 => Self::Times(i, j),
            3 => Self::Multiple(random.number(), i),
            4 => Self::Square(i),
            _ => Self::Below(i),
        }
    }

    fn text(&self, names: &[String]) -> String {
        match self {
            Self::Plus(i, j) => format!("{} + {}", names[*i], names[*j]),
            Self::Minus(c, i) => format!("{c} - {}", names[*i]),
            Self::Times(i, j) => format!("{}*{}", names[*i], names[*j]),
            Self::Multiple(c, i) => format!("({c})*{}", names[*i]),
            Self::Square(i) => format!("{}^2 / 4", names[*i]),
            Self::Below(i) => format!("1/(1 + {}^2)", names[*i]),
        }
    }

    fn value(&self, known: &[Rational]) -> Rational {
        match self {
            Self::Plus(i, j) => Rational::from(&known[*i] + &known[*j]),
            Self::Minus(c, i) => Rational::from(c - &known[*i]),
            Self::Times(i, j) => Rational::from(&known[*i] * &known[*j]),
            Self::Multiple(c, i) => Rational::from(c * &known[*i]),
            Self::Square(i) => known[*i].clone().square() / 4u32,
            Self::Below(i) => {
                let sum: Rational = known[*i].clone().square() + 1u32;
                sum.recip()
            }
        }
    }
}

/// The components of a table in powers, at x: the value of each.
fn components(table: &Table, x: &Rational) -> Vec<Rational> {
    let mut y = x.clone();
    let mut all = Vec::new();
    for c in &table.components {
        let u = y * &c.scale + &c.offset;
        let terms = c.coefficients.iter().rev();
        y = terms.fold(Rational::new(), |sum, c| sum * &u + c);
        all.push(y.clone());
    }
    all
}

/// Every stage lies in its range at the points, and the ranges are near to what is seen there.
fn in_range(answer: &Answer, values: &[Vec<Rational>]) {
    let stages = answer.proof.stages.as_ref().unwrap();
    for (i, (lo, hi)) in stages.bound_ranges.iter().enumerate() {
        let seen = || values.iter().map(|at| &at[i]);
        for value in seen() {
            assert!(lo <= value && value <= hi, "{}", stages.names[i]);
        }
        let least = seen().min().unwrap().clone();
        let most = seen().max().unwrap().clone();
        let size = least
            .clone()
            .abs()
            .max(most.clone().abs())
            .max((1u32, 1 << 20).into());
        // 2^-10, and what lies between the points.
        let near = size >> 7u32;
        assert!(
            Rational::from(&least - lo) <= near && Rational::from(hi - &most) <= near,
            "{}: [{lo}, {hi}] of [{least}, {most}]",
            stages.names[i]
        );
    }
}

/// 120 programs of up to 9 steps; 3,000 with a multiplier of 25. The function is x: exact as well.
#[test]
fn random_programs_hold_exact_values() {
    let mut random = Random(41);
    let mut steps_seen = 0;
    for round in 0..120 * multiplier() {
        let mut names = vec!["x".to_owned(), "p".to_owned()];
        let mut steps = Vec::new();
        let mut text = String::new();
        for i in 0..random.below(9) {
            let step = Step::random(&mut random, names.len());
            let name = format!("s_{i}");
            text += &format!("{name} = {} ; ", step.text(&names));
            names.push(name);
            steps.push(step);
        }
        let last = &names[names.len() - 1];
        text += &format!("{last} - x + p/3");
        let count = 1 + random.below(2) as usize;
        let lists: Vec<Vec<String>> = (0..count)
            .map(|_| {
                (0..1 + random.below(4))
                    .map(|_| (random.number() / 2u32).to_string())
                    .collect()
            })
            .collect();
        let all: Vec<_> = lists
            .iter()
            .map(|c| json!({"basis": "power", "coefficients": c, "input_map": {"scale": "1/2", "offset": "1/8"}}))
            .collect();
        let table = json!({"format": "polycert-table/1", "name": "random", "target": "smooth", "function": "x",
            "value": text, "domain": {"lo": "-3/4", "hi": "5/4"}, "components": all});
        let table = Table::from_json(&table.to_string()).unwrap();
        let answer = certify(&table, &Request::default())
            .unwrap_or_else(|e| panic!("{round}: {e}\n{}", table.to_json()));
        let mut values = Vec::new();
        for k in 0..=64 {
            let x = Rational::from((2 * k, 64)) - Rational::from((3, 4));
            let mut stages = components(&table, &x);
            let p = stages.last().unwrap().clone();
            let mut known = vec![x.clone(), p.clone()];
            for step in &steps {
                let value = step.value(&known);
                known.push(value.clone());
                stages.push(value);
            }
            let value = Rational::from(known.last().unwrap() - &x) + Rational::from(&p / 3u32);
            let error = (value - &x).abs();
            assert!(error <= answer.proof.bound_hi, "{round} at {x}: {text}");
            values.push(stages);
        }
        in_range(&answer, &values);
        steps_seen += steps.len();
    }
    assert!(steps_seen > 300, "{steps_seen}");
}

/// Texts of random tokens, and programs with a token changed: the checker reads what the producer reads, and refuses what
/// it refuses.
#[test]
fn both_readers_take_the_same_programs() {
    const TOKENS: [&str; 24] = [
        "y", "z", "x", "p", "p_1", "pi", "exp", "root", "=", ";", "(", ")", "*", "+", "-", "/",
        "^", "2", "0.5", "1024", "exp(", ",", " ", "y_2",
    ];
    const GOOD: [&str; 4] = [
        "y = p*(2 - x*p); y*(2 - x*y)",
        "y=p;z=exp(y)-y^2;z/(y_2)",
        "y_2 = root(3, 2 + p); z = y_2*y_2; z - p/2 + pi",
        "y = p + 1e-3; z = 2*(y - -x)^-2; sqrt(z)*z",
    ];
    let table = json!({"format": "polycert-table/1", "name": "t", "target": "smooth", "function": "x", "value": "p",
        "domain": {"lo": "0", "hi": "1"}, "components": [{"basis": "power", "coefficients": ["0", "1"]}]});
    let answer = certify(
        &Table::from_json(&table.to_string()).unwrap(),
        &Request::default(),
    );
    let mut certificate: serde_json::Value =
        serde_json::from_str(&answer.unwrap().certificate).unwrap();
    let mut random = Random(77);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..6_000 * multiplier() {
        let any = |random: &mut Random| TOKENS[random.below(24) as usize];
        let text = match round % 3 {
            0 => (0..1 + random.below(9)).map(|_| any(&mut random)).collect(),
            _ => {
                let good = GOOD[random.below(4) as usize];
                let at = random.below(good.len() as u64) as usize;
                let cut = (at + random.below(3) as usize).min(good.len());
                format!("{}{}{}", &good[..at], any(&mut random), &good[cut..])
            }
        };
        certificate["table"]["value"] = text.as_str().into();
        let outcome = polycert_checker::check(certificate.to_string().as_bytes()).to_string();
        let theirs = !outcome.starts_with("UNREADABLE table.value: ");
        let ours = Program::parse(&text);
        // That p has to occur is asked by the producer alone.
        let without_p = matches!(&ours, Err(e) if e.to_string().contains("has no p"));
        assert!(
            ours.is_ok() || without_p == theirs,
            "{text}: {ours:?}, {outcome}"
        );
        assert!(ours.is_err() || theirs, "{text}: {outcome}");
        taken += u32::from(theirs);
        refused += u32::from(!theirs);
    }
    assert!(taken > 300 && refused > 2_000, "{taken} {refused}");
}
