//! Certificates of smooth functions, with hints from plain floating point: the checker trusts none of it.

// Hints and judgements are in floats; the checker has none.
#![allow(clippy::disallowed_types, clippy::type_complexity)]

use super::{outcome, sign, verified, with};
use num_bigint::BigInt;
use polycert_checker::Report;
use serde_json::{json, Value};

/// What a certificate is about; every number is exact in f64.
pub struct Case<'a> {
    pub function: &'a str,
    pub f: &'a dyn Fn(f64) -> f64,
    /// With the value it gives from x and p(x).
    pub value: Option<(&'a str, &'a dyn Fn(f64, f64) -> f64)>,
    /// `absolute`, `relative` or `weight:...`, and the error from x, the value and the function.
    pub error: (&'a str, &'a dyn Fn(f64, f64, f64) -> f64),
    /// Coefficients of powers of x, in one list for each component.
    pub components: &'a [&'a [f64]],
    pub parts: &'a [(f64, f64)],
    /// Where cells end inside the parts.
    pub cuts: &'a [f64],
    pub degree: usize,
    pub precision: usize,
}

pub const ABSOLUTE: (&str, &dyn Fn(f64, f64, f64) -> f64) = ("absolute", &|_, g, f| g - f);
pub const RELATIVE: (&str, &dyn Fn(f64, f64, f64) -> f64) = ("relative", &|_, g, f| g / f - 1.0);

/// |p - f| on one interval in one cell, at precision 128.
pub fn plain<'a>(
    function: &'a str,
    f: &'a dyn Fn(f64) -> f64,
    components: &'a [&'a [f64]],
    parts: &'a [(f64, f64)],
) -> Case<'a> {
    Case {
        function,
        f,
        value: None,
        error: ABSOLUTE,
        components,
        parts,
        cuts: &[],
        degree: 30,
        precision: 128,
    }
}

/// A float as an exact number of the format.
pub fn dyadic(x: f64) -> String {
    let mut exponent = 0;
    // No -0.
    let mut mantissa = x + 0.0;
    while mantissa.fract() != 0.0 {
        mantissa *= 2.0;
        exponent += 1;
    }
    match exponent {
        0 => format!("{mantissa}"),
        _ => format!("{mantissa}*2^-{exponent}"),
    }
}

/// The same in the form of the digest.
fn rational(x: f64) -> String {
    let text = dyadic(x);
    match text.split_once("*2^-") {
        Some((n, k)) => format!("{n}/{}", 1_u128 << k.parse::<u32>().unwrap()),
        None => text,
    }
}

/// The polynomial through f at Chebyshev points, with coefficients of 30 bits behind the point.
pub fn fit(f: &dyn Fn(f64) -> f64, from: f64, to: f64, degree: usize) -> Vec<f64> {
    let n = degree + 1;
    let angle = |i: usize| (2 * i + 1) as f64 * std::f64::consts::PI / (2 * n) as f64;
    let points: Vec<f64> = (0..n)
        .map(|i| (from + to + (to - from) * angle(i).cos()) / 2.0)
        .collect();
    // Divided differences, then powers.
    let mut c: Vec<f64> = points.iter().map(|x| f(*x)).collect();
    for k in 1..n {
        for i in (k..n).rev() {
            c[i] = (c[i] - c[i - 1]) / (points[i] - points[i - k]);
        }
    }
    let mut powers = vec![0.0; n];
    for i in (0..n).rev() {
        for j in (1..n).rev() {
            powers[j] = powers[j - 1] - points[i] * powers[j];
        }
        powers[0] = c[i] - points[i] * powers[0];
    }
    let unit = 2_f64.powi(30);
    powers.iter().map(|c| (c * unit).round() / unit).collect()
}

impl Case<'_> {
    fn error_at(&self, x: f64) -> f64 {
        let horner = |y: f64, c: &&[f64]| c.iter().rev().fold(0.0, |sum, c| sum * y + c);
        let p = self.components.iter().fold(x, horner);
        let g = self.value.map_or(p, |(_, value)| value(x, p));
        (self.error.1)(x, g, (self.f)(x))
    }

    /// Segments on [-1, 1] that hold one critical point of the error each; and the error's largest value, with its x.
    fn pieces(&self, a: f64, b: f64) -> (Value, (f64, f64)) {
        let (c, h) = ((a + b) / 2.0, (b - a) / 2.0);
        let e = |v: f64| self.error_at(c + h * v);
        let step = 1.0 / 4096.0;
        let slope = |v: f64| e((v + step).min(1.0)) - e((v - step).max(-1.0));
        let grid = 1000;
        let at = |k: i32| f64::from(k) / f64::from(grid);
        let mut turns = Vec::new();
        for k in -grid..grid {
            let (mut u, mut v) = (at(k), at(k + 1));
            if slope(u).signum() == slope(v).signum() {
                continue;
            }
            for _ in 0..40 {
                let m = (u + v) / 2.0;
                match slope(u).signum() == slope(m).signum() {
                    true => u = m,
                    false => v = m,
                }
            }
            turns.push(u);
        }
        let round = |v: f64, bits: i32| (v * 2_f64.powi(bits)).round() / 2_f64.powi(bits);
        // Cuts between the turns, and at sixteenths that are not near one: short segments have few sign changes.
        let width = 2_f64.powi(-11);
        let near = |v: f64| turns.iter().any(|turn| (turn - v).abs() < 2.0 * width);
        let mut cuts: Vec<f64> = (-16..=16).map(|k| f64::from(k) / 16.0).collect();
        cuts.retain(|v| v.abs() == 1.0 || !near(*v));
        cuts.extend(
            turns
                .windows(2)
                .map(|pair| round((pair[0] + pair[1]) / 2.0, 12)),
        );
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut segments = Vec::new();
        for ends in cuts.windows(2) {
            let (lo, hi) = (ends[0], ends[1]);
            let boxes: Vec<Value> = turns
                .iter()
                .filter(|turn| **turn > lo && **turn <= hi)
                .map(|turn| {
                    let (u, v) = (round(turn - width, 30), round(turn + width, 30));
                    json!([dyadic(u.max(lo)), dyadic(v.min(hi))])
                })
                .collect();
            segments.push(json!({"lo": dyadic(lo), "hi": dyadic(hi), "boxes": boxes}));
        }
        let mut points: Vec<f64> = turns.iter().map(|v| round(c + h * v, 40)).collect();
        points.extend([a, b]);
        points.retain(|x| *x >= a && *x <= b);
        let size = |x: f64| (self.error_at(x).abs(), x);
        let largest = points.into_iter().map(size);
        let largest = largest.max_by(|m, n| m.0.total_cmp(&n.0)).unwrap();
        (json!(segments), largest)
    }

    pub fn certificate(&self) -> Value {
        let mut largest = (0.0, 0.0);
        let mut parts = Vec::new();
        for (from, to) in self.parts {
            let mut cells = Vec::new();
            let mut left = *from;
            let inside = self.cuts.iter().filter(|cut| *cut > from && *cut < to);
            for right in inside.chain([to]) {
                let (pieces, most) = self.pieces(left, *right);
                if most.0 > largest.0 {
                    largest = most;
                }
                let degree = self.degree.to_string();
                cells.push(json!({"to": dyadic(*right), "degree": degree, "pieces": pieces}));
                left = *right;
            }
            parts.push(json!({"from": dyadic(*from), "to": dyadic(*to), "cells": cells}));
        }
        let (error, x) = largest;
        let up = (error * 1.0001 * 2_f64.powi(60)).ceil() / 2_f64.powi(60);
        let down = (error * 0.9999 * 2_f64.powi(60)).floor() / 2_f64.powi(60);
        let coefficients = |c: &&[f64]| -> Vec<String> { c.iter().map(|x| rational(*x)).collect() };
        let component = |c: &&[f64]| json!({"basis": "power", "coefficients": coefficients(c)});
        let components: Vec<Value> = self.components.iter().map(component).collect();
        let (first, last) = (self.parts[0].0, self.parts[self.parts.len() - 1].1);
        let mut claim = json!({"rule": "series", "function": self.function, "error": self.error.0,
            "parts": parts, "hi": dyadic(up), "witness": {"x": dyadic(x), "lo": dyadic(down)}});
        let mut table = json!({"format": "polycert-table/1", "name": "smooth", "target": "smooth",
            "domain": {"lo": rational(first), "hi": rational(last)}, "function": self.function,
            "components": components, "provenance": {"source": "written by hand"}});
        if self.parts.len() > 1 {
            let ends = |(lo, hi): &(f64, f64)| json!([rational(*lo), rational(*hi)]);
            table["domain"]["segments"] = self.parts.iter().map(ends).collect();
        }
        if let Some((value, _)) = self.value {
            claim["value"] = value.into();
            table["value"] = value.into();
        }
        let mut certificate = json!({
            "format": "polycert-certificate/1", "table_sha256": "", "table": table,
            "coefficients": "exact", "precision": self.precision.to_string(), "claims": [claim,
            {"rule": "target", "cites": "0", "function": "smooth", "lo": dyadic(down), "hi": dyadic(up)}]});
        sign(&mut certificate);
        certificate
    }

    /// Verified; and rejected where the bound is a ten-thousandth too low, or that of the witness too high.
    pub fn verified(&self) -> Report {
        let good = self.certificate();
        let (hi, lo) = ("/claims/0/hi", "/claims/0/witness/lo");
        let bound = |place: &str| good.pointer(place).unwrap().clone();
        for (place, value, message) in [
            (hi, bound(lo), ": the error is not within hi"),
            (lo, bound(hi), "the witness is not proved to be at least lo"),
        ] {
            let text = outcome(&with(&good, place, value)).to_string();
            assert!(
                text.starts_with("REJECTED") && text.contains(message),
                "{}: {text}",
                self.function
            );
        }
        verified(&good)
    }
}

/// Bits of narrow boxes.
const FINE: usize = 200;

/// The ends of a box around a turn of sum_k r_k T_k(v), k from n + 1, by bisection: T_k' = k U_(k-1).
fn narrowed(turn: f64, n: usize, r: &[BigInt]) -> (BigInt, BigInt) {
    let one = BigInt::from(1) << FINE;
    let negative = |v: &BigInt| {
        let (mut below, mut u) = (BigInt::from(0), one.clone());
        let mut sum = BigInt::from(0);
        for k in 1..n + 1 + r.len() {
            if let Some(r) = k.checked_sub(n + 1).and_then(|i| r.get(i)) {
                sum += r * k * &u;
            }
            let next = ((v * &u) >> (FINE - 1)) - &below;
            below = std::mem::replace(&mut u, next);
        }
        sum < BigInt::from(0)
    };
    let start = BigInt::from((turn * 2_f64.powi(60)) as i64) << (FINE - 60);
    let width = BigInt::from(1) << (FINE - 30);
    let (mut u, mut v) = (&start - &width, start + width);
    while &v - &u > BigInt::from(1) << (FINE - 72) {
        let m: BigInt = (&u + &v) >> 1;
        if negative(&m) == negative(&u) {
            u = m;
        } else {
            v = m;
        }
    }
    (u, v)
}

/// exp on [-1, 1] by its Chebyshev series to degree n, with the hints for a proof that the enclosure of its error has a
/// relative width of 2^-40.
///
/// The coefficient of T_k is 2 I_k(1), I_k(1) = sum_m 2^-(2m+k)/(m! (m+k)!); the error is -2 sum_(k > n) I_k(1) T_k.
pub fn exp_of_degree(n: usize, precision: usize, degree: usize, segments: usize) -> Value {
    let bits = precision + 60;
    let coefficient = |k: usize| {
        let mut term: BigInt = BigInt::from(2) << bits;
        for j in 1..=k {
            term /= 2 * j;
        }
        let (mut sum, mut m) = (term.clone(), 1);
        while term != BigInt::from(0) {
            term = term / 4 / m / (m + k);
            sum += &term;
            m += 1;
        }
        if k == 0 {
            sum / 2
        } else {
            sum
        }
    };
    let rational = |n: BigInt| {
        let zeros = n.trailing_zeros().unwrap_or(0).min(bits as u64);
        format!(
            "{}/{}",
            n >> zeros,
            BigInt::from(1) << (bits as u64 - zeros)
        )
    };
    let coefficients: Vec<String> = (0..=n).map(|k| rational(coefficient(k))).collect();
    // The error over its first coefficient, in floats: turns to 50 bits.
    let first = coefficient(n + 1);
    let ratio = |k: usize| {
        let r: BigInt = (coefficient(k) << 60) / &first;
        r.to_string().parse::<f64>().unwrap() / 2_f64.powi(60)
    };
    let ratios: Vec<f64> = (n + 1..n + 7).map(ratio).collect();
    let sum = |t: f64, f: &dyn Fn(f64, f64) -> f64| -> f64 {
        ratios
            .iter()
            .zip(n + 1..)
            .map(|(r, k)| r * f(k as f64, t))
            .sum()
    };
    // With v = cos t: turns are roots of the derivative in t.
    let slope = |t: f64| sum(t, &|k, t| k * (k * t).sin());
    let mut turns = Vec::new();
    for j in 1..=n {
        let around = std::f64::consts::PI / (n + 1) as f64;
        let (mut u, mut v) = ((j as f64 - 0.5) * around, (j as f64 + 0.5) * around);
        for _ in 0..60 {
            let m = (u + v) / 2.0;
            if slope(u).signum() == slope(m).signum() {
                u = m
            } else {
                v = m
            }
        }
        turns.push(u.cos());
    }
    turns.sort_by(f64::total_cmp);
    let exact: Vec<BigInt> = (n + 1..n + 30)
        .map(|k| (coefficient(k) << FINE) / &first)
        .collect();
    let round = |v: f64, bits: i32| (v * 2_f64.powi(bits)).round() / 2_f64.powi(bits);
    let mut cuts: Vec<f64> = vec![-1.0];
    let mut lists: Vec<Vec<Value>> = vec![Vec::new()];
    for (i, turn) in turns.iter().enumerate() {
        let wanted = -1.0 + 2.0 * cuts.len() as f64 / segments as f64;
        if *turn > wanted && cuts.len() < segments {
            cuts.push(round((turns[i - 1] + turn) / 2.0, 7));
            lists.push(Vec::new());
        }
        // Interval arithmetic in powers of v loses a bit or more a degree: boxes are narrow.
        let (u, v) = narrowed(*turn, n, &exact);
        lists
            .last_mut()
            .unwrap()
            .push(json!([format!("{u}*2^-{FINE}"), format!("{v}*2^-{FINE}")]));
    }
    cuts.push(1.0);
    let pieces: Vec<Value> = cuts
        .windows(2)
        .zip(lists)
        .map(|(ends, boxes)| json!({"lo": dyadic(ends[0]), "hi": dyadic(ends[1]), "boxes": boxes}))
        .collect();
    // The largest error is at 1, where every T_k is 1.
    let total: BigInt = (n + 1..n + 40).map(coefficient).sum();
    let part = |f: i64| format!("{}*2^-{bits}", (&total * ((1_i64 << 41) + f)) >> 41);
    let cells = json!([{"to": "1", "degree": degree.to_string(), "pieces": pieces}]);
    let mut certificate = json!({
    "format": "polycert-certificate/1", "table_sha256": "", "coefficients": "exact",
    "precision": precision.to_string(),
    "table": {"format": "polycert-table/1", "name": "exp", "target": "smooth", "function": "exp(x)",
        "domain": {"lo": "-1", "hi": "1"}, "provenance": {"source": "its Chebyshev series"},
        "components": [{"basis": "chebyshev", "coefficients": coefficients}]},
    "claims": [
        {"rule": "series", "function": "exp(x)", "error": "absolute", "hi": part(1),
            "parts": [{"from": "-1", "to": "1", "cells": cells}], "witness": {"x": "1", "lo": part(-1)}},
        {"rule": "target", "cites": "0", "function": "smooth", "lo": part(-1), "hi": part(1)}
    ]});
    sign(&mut certificate);
    certificate
}
