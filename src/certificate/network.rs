//! Network certificates (`certificates/NETWORK.md`): that a network and its twin answer one class on one input,
//! and how far noise at the activations moves the result.
//!
//! Bounds under noise are the producer's, from backward rows in f32 and f64 ([`crate::network::rows`]), and rounded up to
//! 24 bits. The checker proves its own in integers, by another program, and accepts what is no smaller.

use crate::arith::ball::Ball;
use crate::arith::mp::short;
use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::certificate::limits;
use crate::certificate::rule::Rule;
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use crate::network::forward::compare::{Comparison, Verdict};
use crate::network::forward::twin::Activation;
use crate::network::model::graph::Network;
use crate::network::model::tensor::Tensor;
use crate::network::model::tournament;
use crate::network::rows::subject::{Bends, Centre, Start};
use crate::network::rows::{self, Asked, Tails};
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use polycert_checker::{check_network, check_network_with, NetworkOutcome};
use rug::float::Round;
use rug::{Float, Rational};
use serde_json::{json, Value};

/// Fractional bits that are tried, until the checker's radii are below the stated enclosures.
const PRECISIONS: [u32; 4] = [160, 256, 512, 1_024];
/// Significant bits of stated bounds under noise.
const STATED_BITS: u32 = 24;
/// How far above the producer's bound the stated one is, relative.
///
/// Both sides bound the same quantities with slopes and curvatures of their own: the producer with f32 rows and f64
/// cells, the checker with rows of 30 bits, slopes of 27 and cells of integers. The producer pays for the rounding of its
/// f32 sums, at least 4e-5 of every bound, so the checker's numbers are lower: on the Fashion-MNIST network by 0.6 % for
/// worst 2^-26 and 5 % for sigma 2^-24, 4 % where the remainders weigh most (worst 2^-18). 2^-16 is room for
/// what the checker rounds up in sums that the producer has exactly (a few units of 2^-25 for each activation);
/// what it does not cover is refused by the checker, and never replaced by the checker's number.
const SLACK: f64 = 1.0 / 65_536.0;

/// What a certificate speaks of.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The exact network's text.
    pub network: &'a str,
    /// The exact input's text.
    pub input: &'a str,
    /// The tables, and how their coefficients are held.
    pub tables: &'a [Table],
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// B of each activation.
    pub scales: &'a [Rational],
}

/// The certificate of a comparison that proved one class, verified by the independent checker.
///
/// Returns its text and the checker's words.
///
/// # Errors
/// A comparison that did not prove one class; [`ErrorKind::SelfCheck`] where the checker refuses.
pub fn certify(subject: &Subject, comparison: &Comparison) -> Result<(String, String)> {
    let (Verdict::Same(class), Some(twin)) = (&comparison.verdict, &comparison.twin) else {
        return Err(Error::domain("only one proved class can be certified"));
    };
    let mut document = common(subject, *class, &comparison.network.logits)?;
    document["format"] = json!("polycert-network/1");
    document["error_model"] = json!("exact_centre");
    document["activations"] = activations(subject);
    document["twin_logits"] = enclosures(&twin.logits)?;
    document["tables"] = tables(subject)?;
    let mut said = String::new();
    for precision in PRECISIONS {
        document["precision"] = json!(precision.to_string());
        let text = format!("{document:#}\n");
        match check_network(
            text.as_bytes(),
            subject.network.as_bytes(),
            subject.input.as_bytes(),
        ) {
            NetworkOutcome::Verified(report) => return Ok((text, report.to_string())),
            other => match limits::of_network(&other) {
                Some(met) => return Err(met),
                None => said = other.to_string(),
            },
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

/// What stands undisturbed at the activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorModel {
    /// The polynomials themselves; noise at their outputs.
    ExactCentre,
    /// ReLU; the noise is all that a function in its place may differ from it.
    ReluWithin,
}

/// A level of noise at every activation's output, in units of B.
#[derive(Debug, Clone)]
pub struct Level {
    /// A bound of |noise|.
    pub worst: Rational,
    /// Proxy of sub-Gaussian noise besides.
    pub sigma: Rational,
    /// (tau, zone): at most tau |x| wherever |x| >= zone B ([`ErrorModel::ReluWithin`] only).
    pub envelope: Option<(Rational, Rational)>,
}

impl Level {
    /// As rows take it: more noise, never less.
    fn rounded_up(&self) -> rows::Noise {
        let up = |x: &Rational| Float::with_val_round(53, x, Round::Up).0.to_f64();
        rows::Noise {
            worst: up(&self.worst),
            sigma: up(&self.sigma),
            envelope: self.envelope.as_ref().map(|(t, z)| (up(t), up(z))),
        }
    }
}

/// What is to be certified of noise.
#[derive(Debug, Clone)]
pub struct Noise<'a> {
    /// What stands undisturbed.
    pub model: ErrorModel,
    /// The levels, at most 8.
    pub levels: &'a [Level],
    /// Bound differences to the class's logit, instead of every logit.
    pub margins: bool,
}

/// The network, its twin and the input as numbers, where [`Subject`] has them as exact text.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// The network.
    pub network: &'a Network,
    /// One composite, or one for each activation.
    pub composites: &'a [Composite],
    /// The polynomial of each activation.
    pub twin: &'a [Activation],
    /// The input after preprocessing.
    pub input: &'a Tensor,
}

/// What is stated of one level: dyadics of [`STATED_BITS`].
struct Stated {
    layers: Vec<Rational>,
    deviations: Vec<Rational>,
    stays: bool,
}

/// The certificate of what noise moves, verified by the independent checker.
///
/// The bounds are the producer's ([`crate::network::rows`]); the checker proves its own and accepts the
/// certificate if they are no larger.
///
/// Returns its text, the checker's words, and whether the class is proved to stay at every level.
///
/// **Cost** the producer's rows and the checker's.
///
/// # Errors
/// A comparison that did not prove one class; what the rows refuse, a vacuous bound included;
/// [`ErrorKind::SelfCheck`] with the checker's reason where it refuses.
pub fn certify_noise(
    subject: &Subject,
    sample: Sample,
    comparison: &Comparison,
    noise: &Noise,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(String, String, bool)> {
    let class = match (noise.model, &comparison.verdict) {
        (ErrorModel::ReluWithin, _) => comparison.network.class(),
        (ErrorModel::ExactCentre, Verdict::Same(class)) => Some(*class),
        _ => None,
    };
    let class = class.ok_or_else(|| Error::domain("only one proved class can be certified"))?;
    let mut document = common(subject, class, &comparison.network.logits)?;
    document["format"] = json!("polycert-network-deviation/1");
    document["targets"] = json!(if noise.margins { "margins" } else { "logits" });
    let logits = match (noise.model, &comparison.twin) {
        (ErrorModel::ExactCentre, Some(twin)) => {
            document["error_model"] = json!("exact_centre");
            document["activations"] = activations(subject);
            document["twin_logits"] = enclosures(&twin.logits)?;
            document["tables"] = tables(subject)?;
            &twin.logits
        }
        _ => {
            document["error_model"] = json!("relu_within");
            document["activations"] = subject.scales.iter().map(number::write).collect();
            &comparison.network.logits
        }
    };
    let stated = stated(sample, noise, class, logits, progress)?;
    let pairs = noise.levels.iter().zip(&stated);
    document["levels"] = pairs.map(|(l, s)| level(l, s)).collect();
    let stays = stated.iter().all(|s| s.stays);
    let (network, input) = (subject.network.as_bytes(), subject.input.as_bytes());
    let mut said = String::new();
    for precision in PRECISIONS {
        document["precision"] = json!(precision.to_string());
        let text = format!("{document:#}\n");
        let outcome = check_network_with(text.as_bytes(), network, input, progress);
        let rule = Rule::of_network(&outcome);
        match outcome {
            NetworkOutcome::Verified(report) => return Ok((text, report.to_string(), stays)),
            refused => match limits::of_network(&refused) {
                Some(met) => return Err(met),
                None => said = refused.to_string(),
            },
        }
        // More precision helps where a logit's ball is too wide, and only there. The checker compares logits before
        // it takes any row: a draft that is refused for them costs little.
        if rule != Some(Rule::Logits) {
            break;
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

/// The producer's bounds at every level.
fn stated(
    sample: Sample,
    noise: &Noise,
    class: usize,
    logits: &[Ball],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Stated>> {
    let centre = match noise.model {
        ErrorModel::ExactCentre => Centre::Polynomial,
        ErrorModel::ReluWithin => Centre::Relu,
    };
    let expanded = tournament::expand(sample.network)?;
    let bends = Bends::new(sample.composites, sample.twin)?;
    let rows = rows::subject::Subject::new(&expanded, sample.twin, &bends, centre)?;
    let Start::Decided(at) = rows.undisturbed(sample.input)? else {
        return Err(Error::domain(
            "the class is not decided where max-pooling is written as its tournament",
        ));
    };
    if at.class != class {
        return Err(Error::domain(format!(
            "class {class}, and {} where max-pooling is written as its tournament",
            at.class
        )));
    }
    let (outputs, margins) = at.targets.split_at(at.outputs());
    let levels: Vec<rows::Noise> = noise.levels.iter().map(Level::rounded_up).collect();
    let asked = Asked {
        noise: &levels,
        targets: if noise.margins { margins } else { outputs },
        tails: Tails::Counted,
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = rows.bound_asked(&at, asked, threads, progress)?;
    let level = |l: usize| {
        let mut layers = vec![0.0f64; sample.twin.len()];
        for (&origin, bounds) in rows.origins.iter().zip(&found.bound_layers) {
            layers[origin] = layers[origin].max(bounds[l]);
        }
        let deviations = found.targets.iter().map(|t| t[l].bound_deviation);
        let deviations: Vec<Rational> = deviations.map(above).collect::<Result<_>>()?;
        Ok(Stated {
            layers: layers.into_iter().map(above).collect::<Result<_>>()?,
            stays: stays(class, logits, noise.margins, &deviations),
            deviations,
        })
    };
    (0..levels.len()).map(level).collect()
}

/// A bound as it is stated: [`SLACK`] above, rounded up to [`STATED_BITS`].
fn above(bound: f64) -> Result<Rational> {
    if !bound.is_finite() {
        return Err(Error::domain(
            "a bound under noise is vacuous: an activation's input may be carried to where nothing is known",
        ));
    }
    let wide = Float::with_val(106, bound) * (1.0 + SLACK);
    Ok(short(&wide, STATED_BITS, Round::Up))
}

/// Whether enclosures without noise, moved by what is stated, still decide the class.
fn stays(class: usize, logits: &[Ball], margins: bool, deviations: &[Rational]) -> bool {
    let exact = |x: f64| Rational::from_f64(x);
    let ends: Option<Vec<(Rational, Rational)>> = logits
        .iter()
        .map(|b| Some((exact(b.lower())?, exact(b.upper())?)))
        .collect();
    let Some(ends) = ends else { return false };
    if let ([(lo, hi)], [d]) = (ends.as_slice(), deviations) {
        return if class == 1 {
            lo > d
        } else {
            Rational::from(hi + d) < 0
        };
    }
    let (lo, _) = &ends[class];
    let others = ends.iter().enumerate().filter(|(j, _)| *j != class);
    if margins {
        let mut pairs = others.zip(deviations);
        return pairs.all(|((_, (_, hi)), d)| *lo > Rational::from(hi + d));
    }
    let own = &deviations[class];
    others
        .zip(deviations.iter().enumerate().filter(|(j, _)| *j != class))
        .all(|((_, (_, hi)), (_, d))| *lo > Rational::from(hi + d) + own)
}

fn level(level: &Level, stated: &Stated) -> Value {
    let texts = |list: &[Rational]| -> Value { list.iter().map(number::write).collect() };
    let mut value = json!({
        "worst": number::write(&level.worst),
        "sigma": number::write(&level.sigma),
        "layers": texts(&stated.layers),
        "deviations": texts(&stated.deviations),
        "class": if stated.stays { "stays" } else { "open" },
    });
    if let Some((tau, zone)) = &level.envelope {
        value["envelope"] = json!([number::write(tau), number::write(zone)]);
    }
    value
}

/// The fields that all formats share.
fn common(subject: &Subject, class: usize, logits: &[Ball]) -> Result<Value> {
    Ok(json!({
        "network_sha256": sha256(subject.network.as_bytes()),
        "input_sha256": sha256(subject.input.as_bytes()),
        "class": class.to_string(),
        "network_logits": enclosures(logits)?,
    }))
}

fn tables(subject: &Subject) -> Result<Value> {
    let embed = |table: &Table| {
        let mut value: Value = serde_json::from_str(&table.to_json())
            .map_err(|e| Error::parse("table", e.to_string()))?;
        if let Some(fields) = value.as_object_mut() {
            // The checker computes the digest itself.
            fields.remove("sha256");
        }
        Ok(json!({"table": value, "coefficients": subject.coefficients.to_string()}))
    };
    subject.tables.iter().map(embed).collect()
}

fn activations(subject: &Subject) -> Value {
    let scales = subject.scales.iter().enumerate();
    let one = subject.tables.len() == 1;
    scales
        .map(|(i, b)| {
            json!([
                if one { "0".to_owned() } else { i.to_string() },
                number::write(b)
            ])
        })
        .collect()
}

/// The enclosures, rounded outward to f64.
fn enclosures(logits: &[Ball]) -> Result<Value> {
    let text = |x: f64| {
        let exact = Rational::from_f64(x).ok_or_else(|| Error::domain("an unbounded logit"))?;
        Ok::<String, Error>(number::write(&exact))
    };
    logits
        .iter()
        .map(|b| Ok(json!([text(b.lower())?, text(b.upper())?])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_bounds_are_above_by_the_slack_and_short() {
        assert_eq!(above(0.0).unwrap(), 0);
        for bound in [1e-20, 3.7e-4, 1.0, 12_345.678] {
            let exact = Rational::from_f64(bound).unwrap();
            let stated = above(bound).unwrap();
            let least = Rational::from(&exact * Rational::from((65_537, 65_536)));
            let most = least.clone() * Rational::from(((1 << 23) + 1, 1 << 23));
            assert!(stated >= least && stated <= most, "{bound}");
            assert!(stated.numer().clone().find_one(0).is_some());
            let odd = stated.numer().clone() >> stated.numer().find_one(0).unwrap_or(0);
            assert!(odd.significant_bits() <= STATED_BITS, "{bound}");
        }
        assert!(above(f64::INFINITY).is_err() && above(f64::NAN).is_err());
    }

    /// As the checker decides it: strictly above, with both deviations where every logit moves by itself.
    #[test]
    fn a_class_stays_only_where_no_bound_reaches_it() {
        let q = |n: i64| Rational::from((n, 8));
        let logits = [1.0, 4.0, -2.0].map(Ball::exact);
        assert!(stays(1, &logits, true, &[q(23), q(47)]));
        assert!(!stays(1, &logits, true, &[q(24), q(8)]));
        assert!(!stays(1, &logits, true, &[q(8), q(48)]));
        assert!(stays(1, &logits, false, &[q(12), q(11), q(36)]));
        assert!(!stays(1, &logits, false, &[q(12), q(12), q(8)]));
        assert!(!stays(1, &logits, false, &[q(8), q(12), q(36)]));
        let one = [Ball::exact(1.0)];
        assert!(stays(1, &one, false, &[q(7)]) && !stays(1, &one, false, &[q(8)]));
        let one = [Ball::exact(-1.0)];
        assert!(stays(0, &one, false, &[q(7)]) && !stays(0, &one, false, &[q(8)]));
    }
}
