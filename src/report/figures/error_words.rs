//! Words, legends and data of the error figures.

use crate::arith::number::decimal;
use crate::report::figures::claimed::Quantity;
use crate::report::figures::curve::{Column, Curve};
use crate::report::figures::figure::{Data, Key};
use crate::report::figures::plot::Role;
use rug::{Float, Rational};

pub(super) fn legend(curve: &Curve, envelope: bool) -> Vec<Key> {
    let mut all = vec![Key {
        role: Role::Proved,
        filled: false,
        words: format!(
            "proved: at most {}",
            decimal(&curve.claimed.bound_hi, 6, true)
        ),
    }];
    if let Some((tau, zone)) = curve.claimed.envelope.as_ref().filter(|_| envelope) {
        let slope = Rational::from(tau * &curve.claimed.factor) / &curve.claimed.scale;
        let zone = Rational::from(zone * &curve.claimed.scale);
        all.push(Key {
            role: Role::ProvedToo,
            filled: false,
            words: format!(
                "proved: at most {} |x| from |x| = {}",
                decimal(&slope, 4, true),
                decimal(&zone, 4, true)
            ),
        });
    }
    all.push(Key {
        role: Role::Measured,
        filled: true,
        words: "measured: sampled error".to_owned(),
    });
    all
}

/// One row a column, with what is proved of it.
pub(super) fn data(curve: &Curve, parts: &[(bool, Vec<Column>)]) -> Data {
    let header = [
        "x_from [input units]",
        "x_to [input units]",
        "measure_error_min [output units]",
        "measure_error_max [output units]",
        "bound_error [output units]",
    ];
    let mut rows = Vec::new();
    for (negative, columns) in parts {
        let sign = if *negative { -1.0 } else { 1.0 };
        for c in columns {
            rows.push(vec![
                plain(sign * c.x.0),
                plain(sign * c.x.1),
                decimal(&exact(&c.measure_min), 7, false),
                decimal(&exact(&c.measure_max), 7, false),
                decimal(&curve.claimed.bound_between(c.x), 7, true),
            ]);
        }
    }
    Data {
        header: header.map(str::to_owned).to_vec(),
        rows,
    }
}

/// The shortest decimal that is this float.
pub(super) fn plain(x: f64) -> String {
    if x == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e6).contains(&x.abs()) {
        format!("{x}")
    } else {
        format!("{x:e}")
    }
}

pub(super) fn exact(x: &Float) -> Rational {
    x.to_rational().unwrap_or_default()
}

/// The difference for max, else x.
pub(super) fn variable(function: &str) -> &'static str {
    match function {
        "max" | "max_pool" => "a \u{2212} b",
        _ => "x",
    }
}

/// The error in words.
pub(super) fn quantity(function: &str, quantity: &Quantity) -> &'static str {
    match (function, quantity) {
        ("direct_sign", _) => "|p(x) \u{2212} sign(x)|",
        ("direct_relu", _) => "|p(x) \u{2212} ReLU(x)|",
        (_, Quantity::Lines(_)) => "|p(x) \u{2212} f(x)|",
        (_, Quantity::Clip { .. }) => "|error of clip(x)|",
        ("step", _) => "|(1 + p(x))/2 \u{2212} [x > 0]|",
        ("leaky_relu", _) => "|error of leaky ReLU|",
        ("max", _) => "|m(a, b) \u{2212} max(a, b)|",
        ("abs", _) => "|x p(x) \u{2212} |x||",
        (_, Quantity::Closeness) => "|p(x) \u{2212} sign(x)|",
        ("max_pool", _) => "error of one match",
        (_, Quantity::Deviation) => "|r(x) \u{2212} ReLU(x)|",
    }
}

pub(super) fn log2(x: &Rational) -> f64 {
    float_log2(&Float::with_val(64, x))
}

/// Far below every axis for 0.
pub(super) fn float_log2(x: &Float) -> f64 {
    if x.is_zero() {
        return -1e6;
    }
    x.clone().log2().to_f64()
}
