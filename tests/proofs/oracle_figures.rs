//! Oracles for the certifier: figures of Sollya (made by `oracle_figures/sollya.sollya`), and published
//! figures of the best-eps composites, proved here as enclosures.

use polycert::approx::{
    best_eps, composite, minimax_odd, round_design, Design, Scaling, Settings, DEFAULT_BITS,
};
use polycert::arith::number::parse;
use polycert::certify::proof::{prove, Proof, Request};
use polycert::function::target::{Function, Target};
use polycert::poly::component::{Basis, Component};
use polycert::poly::table::{Domain, Table};
use rug::float::Round;
use rug::{Float, Rational};
use std::collections::BTreeMap;

fn table(components: Vec<Component>, eps: Rational, hi: Rational) -> Table {
    Table {
        name: "oracle".into(),
        target: Function::Relu,
        output: polycert::poly::Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain: Domain {
            lo: Rational::from(-&hi),
            hi,
            eps: Some(eps),
        },
        components,
        provenance: BTreeMap::new(),
    }
}

/// The enclosure of max |p - sign| on eps <= |x| <= to.
fn closeness(table: &Table, to: &Rational) -> Proof {
    let mut request = Request::new(Target::new(Function::Sign));
    request.to = Some(to.clone());
    request.only_error = true;
    prove(table, &request).unwrap()
}

fn relu(design: &Design) -> Proof {
    let components = round_design(design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS);
    let table = table(components, design.eps.clone(), Rational::from(1));
    let mut request = Request::new(Target::new(Function::Relu));
    request.only_error = true;
    prove(&table, &request).unwrap()
}

#[test]
fn sollya_agrees_on_minimax_errors_and_supremum_norms() {
    let figures = include_str!("oracle_figures/sollya.txt");
    let (mut fits, mut norms) = (0, 0);
    for line in figures.lines() {
        let fields: Vec<&str> = line.split(';').map(str::trim).collect();
        let [name, body, a, b, lo, hi] = fields[..] else {
            panic!("{line}")
        };
        let number = |t: &str| parse(t).unwrap();
        let (a, b, lo, hi) = (number(a), number(b), number(lo), number(hi));
        if name == "minimax" {
            let float = |x: &Rational| Float::with_val(300, x);
            let fit = minimax_odd(
                body.parse().unwrap(),
                &float(&a),
                &float(&b),
                &Settings::default(),
            )
            .unwrap();
            let ratio = (fit.levelled_error / float(&lo)).to_f64();
            assert!((ratio - 1.0).abs() < 2e-9, "{name} {body}: {ratio}");
            fits += 1;
        } else {
            let coefficients = body.split_whitespace().map(number).collect();
            let table = table(
                vec![Component::new(Basis::Power, coefficients)],
                a,
                b.clone(),
            );
            let proof = closeness(&table, &b);
            // Two rigorous enclosures of one number meet; ours is the narrower by far.
            assert!(proof.bound_lo <= hi && lo <= proof.bound_hi, "{name}");
            assert!(
                proof.bound_hi.clone() - &proof.bound_lo < (hi - lo) >> 8u32,
                "{name}"
            );
            norms += 1;
        }
    }
    assert_eq!((fits, norms), (6, 6));
}

/// Whether both ends of a proved enclosure round to the same text as was published.
fn both_round_to(lo: &Rational, hi: &Rational, published: &str) {
    let digits = published
        .trim_start_matches(['-', '0', '.'])
        .chars()
        .filter(char::is_ascii_digit);
    let digits = digits.count()
        - published
            .split('e')
            .nth(1)
            .map_or(0, |e| e.trim_matches('-').len());
    let want: f64 = published.parse().unwrap();
    for end in [lo, hi] {
        // Rounded to the published number of significant digits by exact decimal conversion.
        let text = Float::with_val(200, end).to_string_radix(10, Some(digits));
        assert_eq!(text.parse::<f64>().unwrap(), want, "{text} {published}");
    }
}

/// Published figures: degrees, component errors, log2 of the ReLU error, log2 eps.
///
/// The last log2 eps was published as -9.98864, which is -9.988635 (six decimals) rounded a second
/// time; the balance is at -9.98863485.
const PUBLISHED: [(&[usize], &[&str], &str, &str); 4] = [
    (&[7, 7], &["0.400661", "0.0149932"], "-7.0596", "-3.56868"),
    (
        &[7, 7, 13],
        &["0.865071", "0.452465", "1.78400e-3"],
        "-10.1307",
        "-6.33130",
    ),
    (
        &[15, 15, 27],
        &["0.956636", "0.588898", "2.17706e-4"],
        "-13.1653",
        "-9.14962",
    ),
    (
        &[15, 27, 29],
        &["0.975467", "0.586736", "1.17253e-4"],
        "-14.0581",
        "-9.988635",
    ),
];

#[test]
fn best_eps_figures_are_proved_to_all_digits() {
    for (degrees, errors, relu_log2, eps_log2) in PUBLISHED {
        let design = best_eps(degrees, &Rational::new()).unwrap();
        let eps = Float::with_val(200, &design.eps).log2();
        let eps = eps.to_rational().unwrap();
        both_round_to(&eps, &eps, eps_log2);

        // The error of component i is that of the first i components as a composite.
        let components = round_design(&design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS);
        for (i, published) in errors.iter().enumerate() {
            let table = table(
                components[..=i].to_vec(),
                design.eps.clone(),
                Rational::from(1),
            );
            let proof = closeness(&table, &Rational::from(1));
            both_round_to(&proof.bound_lo, &proof.bound_hi, published);
        }

        let proof = relu(&design);
        let log2 = |x: &Rational, round| {
            let mut f = Float::with_val_round(200, x, round).0;
            f.log2_round(round);
            f.to_rational().unwrap()
        };
        let (lo, hi) = (
            log2(&proof.bound_lo, Round::Down),
            log2(&proof.bound_hi, Round::Up),
        );
        both_round_to(&lo, &hi, relu_log2);
        assert!(hi - lo < Rational::from((1, 1u64 << 39)));

        // It is the best eps: a little to either side the proved error is larger.
        for factor in [
            Rational::from((999_999, 1_000_000)),
            Rational::from((1_000_001, 1_000_000)),
        ] {
            let other = composite(degrees, &(&design.eps * factor), &Rational::new()).unwrap();
            assert!(relu(&other).bound_lo > proof.bound_hi, "{degrees:?}");
        }
    }
}
