//! Certificates of smooth functions, with hints from plain floating point: the checker trusts none of it.

use super::{sign, verified};
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
    /// Cells of each part, the ends in the ratio of powers of `ratio` if that is not 1.
    pub cells: usize,
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
        cells: 1,
        degree: 30,
        precision: 128,
    }
}

/// A float as an exact number of the format.
pub fn dyadic(x: f64) -> String {
    let mut exponent = 0;
    let mut mantissa = x;
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
            for k in 1..=self.cells {
                let right = from + (to - from) * k as f64 / self.cells as f64;
                let (pieces, most) = self.pieces(left, right);
                if most.0 > largest.0 {
                    largest = most;
                }
                cells.push(json!({"to": dyadic(right), "degree": self.degree.to_string(), "pieces": pieces}));
                left = right;
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

    pub fn verified(&self) -> Report {
        verified(&self.certificate())
    }
}
