//! OpenFHE's bootstrapping, JSON with the names of its C++ calls: what `SetSecretKeyDist`, `SetFirstModSize` and the rest were given.
//!
//! **Source** openfheorg/openfhe-development, `ckksrns-fhe.{h,cpp}`, releases 1.2 to 1.5: K, degrees, double angles, weights, the
//! correction factor.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::jobs::bootstrap::lattigo::fault;
use crate::jobs::bootstrap::set::{failure_bits, Claims, Kind, Part, Set};
use crate::noise::overflow::Secret;
use rug::Rational;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Raw {
    #[serde(rename = "library")]
    _library: Library,
    name: Option<String>,
    provenance: Option<String>,
    secret_key_dist: Dist,
    ring_dim: u32,
    first_mod_size: u32,
    scaling_mod_size: u32,
    multiplicative_depth: u32,
    num_large_digits: Option<u32>,
    level_budget: [u32; 2],
    approx_mod_depth: Option<u32>,
    num_slots: Option<u32>,
    correction_factor: Option<u32>,
    num_iterations: Option<u32>,
    hamming_weight: Option<u32>,
    /// `K_SPARSE`, `K_UNIFORM` or `K_SPARSE_ENCAPSULATED`.
    #[serde(rename = "K")]
    k: Option<u32>,
    /// `R_SPARSE` or `R_UNIFORM`.
    #[serde(rename = "R")]
    r: Option<u32>,
    degree: Option<u32>,
    /// `g_coefficients...` as it stands in the source, where c_0 counts half.
    coefficients: Option<Vec<f64>>,
    failure: Option<String>,
    precision: Option<String>,
}

#[derive(Deserialize)]
enum Library {
    #[serde(rename = "OpenFHE")]
    OpenFhe,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Dist {
    SparseTernary,
    UniformTernary,
    SparseEncapsulated,
}

/// Reads a file.
///
/// # Errors
/// The field or line, and what is wrong with it.
pub fn read(text: &str) -> Result<Set> {
    let raw: Raw = serde_json::from_str(text).map_err(|e| fault("", &e))?;
    let mut assumed = Vec::new();
    if !raw.ring_dim.is_power_of_two() {
        return Err(Error::parse("ringDim", "is no power of two"));
    }
    let log_n = raw.ring_dim.trailing_zeros();
    let slots = raw.num_slots.unwrap_or((raw.ring_dim / 2).max(1));
    if !slots.is_power_of_two() {
        return Err(Error::parse("numSlots", "is no power of two"));
    }
    if raw.multiplicative_depth > 200 || raw.first_mod_size > 128 || raw.scaling_mod_size > 128 {
        let detail = "at most 200 levels of at most 128 bits";
        return Err(Error::parse("multiplicativeDepth", detail));
    }
    let log_slots = slots.trailing_zeros();
    // Published: K, double angles, degree, weight of the secret that raises.
    let (k, r, degree, weight) = match raw.secret_key_dist {
        Dist::SparseTernary => (28, 3, 44, 192),
        Dist::UniformTernary => (512, 6, 88, 0),
        Dist::SparseEncapsulated => (16, 3, 32, 32),
    };
    let mut unless = |given: Option<u32>, published: u32, what: &str| {
        given.unwrap_or_else(|| {
            assumed.push(format!("{what} is the library's {published}"));
            published
        })
    };
    let k = unless(raw.k, k, "K");
    let r = unless(raw.r, r, "the number of double angles");
    let degree = match &raw.coefficients {
        Some(all) if !(3..=256).contains(&all.len()) => {
            return Err(Error::parse(
                "coefficients",
                format!("{}: 3 to 256", all.len()),
            ));
        }
        Some(all) => all.len() as u32 - 1,
        None => unless(raw.degree, degree, "the degree of EvalMod"),
    };
    if raw.degree.is_some_and(|d| d != degree) {
        let detail = format!("is not {degree}, that of the coefficients");
        return Err(Error::parse("degree", detail));
    }
    let correction = match raw.correction_factor {
        Some(bits) if bits > 0 => bits,
        _ => {
            // The library's own fit by N and slots.
            let fit = -0.265 * f64::from(2 * log_n + log_slots) + 19.1;
            let bits = fit.round().clamp(7.0, 13.0) as u32;
            assumed.push(format!(
                "the correction factor is the library's {bits}, as FLEXIBLEAUTO has it"
            ));
            bits
        }
    };
    assumed.push(
        "messages have coefficients of at most 2^-correctionFactor q_0 when the modulus is raised"
            .to_owned(),
    );
    let (main, ephemeral) = match raw.secret_key_dist {
        Dist::UniformTernary => (Secret::UniformTernary(raw.ring_dim), None),
        Dist::SparseTernary => {
            let h = unless_weight(raw.hamming_weight, weight, &mut assumed);
            (Secret::Weight(h), None)
        }
        Dist::SparseEncapsulated => {
            let h = unless_weight(raw.hamming_weight, weight, &mut assumed);
            assumed.push("the main secret has weight 192".to_owned());
            (Secret::Weight(192), Some(h))
        }
    };
    let mut q = vec![raw.first_mod_size];
    q.extend(std::iter::repeat_n(
        raw.scaling_mod_size,
        raw.multiplicative_depth as usize,
    ));
    let digits = raw.num_large_digits.unwrap_or(3).max(1) as usize;
    let widest = q
        .chunks(q.len().div_ceil(digits))
        .map(|d| d.iter().sum::<u32>())
        .max();
    let special = widest.unwrap_or(1).div_ceil(60).max(1);
    assumed.push(format!(
        "P is {special} primes of 60 bits, as wide as a digit of {digits}"
    ));
    let depth = raw.approx_mod_depth.unwrap_or_else(|| {
        // Levels of a Chebyshev series whose interval is not [-1, 1] already: up to degree 5, 13, 27, 59, 119, 247.
        let levels = [5, 13, 27, 59, 119, 247].iter().position(|d| degree <= *d);
        let depth = levels.map_or(9, |i| i as u32 + 3) + r.min(64);
        assumed.push(format!("EvalMod takes {depth} levels"));
        depth
    });
    let table = |all: Vec<f64>| -> Result<Vec<Rational>> {
        let exact = |x: f64| {
            Rational::from_f64(x)
                .ok_or_else(|| Error::parse("coefficients", "a number that is not finite"))
        };
        let mut all: Vec<Rational> = all.into_iter().map(exact).collect::<Result<_>>()?;
        all[0] /= 2;
        Ok(all)
    };
    let coefficients = raw.coefficients.map(table).transpose()?;
    if coefficients.is_none() {
        let words = "the polynomial is the exact Chebyshev interpolant; the library's table of doubles (`coefficients`) is off by some 2^-53 more, times what double angles gain: with six, more than the interpolant itself";
        assumed.push(words.to_owned());
    }
    let part = |levels: u32| Part {
        levels,
        bits: levels.saturating_mul(raw.scaling_mod_size),
    };
    Set {
        library: "OpenFHE",
        name: raw.name,
        provenance: raw.provenance,
        log_n,
        log_slots,
        q_bits: q,
        p_bits: vec![60; special as usize],
        main,
        ephemeral,
        log_ratio: correction,
        k,
        kind: Kind::ChebyshevCosine,
        degree,
        coefficients,
        double_angles: r,
        arcsine_degree: 0,
        iterations: raw.num_iterations.unwrap_or(1),
        coeffs_to_slots: part(raw.level_budget[0].min(64)),
        eval_mod: part(depth.min(64)),
        slots_to_coeffs: part(raw.level_budget[1].min(64)),
        claims: Claims {
            failure_bits: raw.failure.as_deref().map(failure_bits).transpose()?,
            precision_bits: raw.precision.as_deref().map(number::parse).transpose()?,
        },
        assumed,
    }
    .checked()
}

fn unless_weight(given: Option<u32>, published: u32, assumed: &mut Vec<String>) -> u32 {
    given.unwrap_or_else(|| {
        assumed.push(format!("the secret has the library's weight {published}"));
        published
    })
}
