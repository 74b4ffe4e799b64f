//! Network certificates (`certificates/NETWORK.md`): that a network and its twin answer one class on one input,
//! and how far noise at the activations moves the result.
//!
//! Bounds under noise are the producer's, from backward rows in f32 and f64 ([`crate::network::rows`]), and rounded up to
//! 24 bits. The checker proves its own in integers, by another program, and accepts what is no smaller.

use crate::arith::ball::Ball;
use crate::arith::mp::short;
use crate::arith::number;
use crate::arith::number::f64_above;
use crate::arith::rounding::CoefficientMode;
use crate::certificate::limits;
use crate::certificate::rule::Rule;
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use crate::network::forward::compare::{Comparison, Verdict};
use crate::network::forward::twin::Activation;
use crate::network::forward::Given;
use crate::network::model::graph::Network;
use crate::network::model::tournament;
use crate::network::rows::subject::{Bends, Centre, Start};
use crate::network::rows::{self, Asked, Tails};
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use polycert_checker::{check_network, check_network_with, NetworkOutcome};
use rug::float::Round;
use rug::{Float, Rational};
use serde_json::{json, Value};

/// Least fractional bits of a certificate, and most.
const FEWEST_BITS: u32 = 160;
const MOST_BITS: u32 = 4_096;
/// Significant bits of stated bounds under noise.
const STATED_BITS: u32 = 24;
/// How far above the producer's bounds the stated ones are, relative: the next one where the checker's own are larger,
/// and none of them more than the last.
///
/// Both bound the same quantities by rows with slopes and curvatures of their own, and each pays for its own rounding:
/// the producer for sums of f32 products, the checker for rows that it rounds to some 27 bits at each convolution, times a
/// loose amount of deviation there. Around polynomials the producer pays more: on the Fashion-MNIST network its bounds are
/// above the checker's by 0.6 % (worst 2^-26), 4 % (2^-18) and 5 % (sigma 2^-24), and 2^-16 is room for what the checker rounds
/// up where both have next to nothing to pay. Around ReLU the checker pays more, 1.2 % (one sample; others not measured), and the producer's bounds were
/// below its own by at most 0.7 % on the same network: 2^-7 covers that.
const SLACKS: [f64; 3] = [1.0 / 65_536.0, 1.0 / 128.0, 1.0 / 16.0];

/// What a certificate speaks of.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The exact network's text.
    pub network: &'a str,
    /// The exact input's text.
    pub input: &'a str,
    /// The tables, and how their coefficients are held.
    pub tables: &'a [Table],
    /// For each activation that a table replaces the number of its table; none where there is one, or one for each in order.
    pub assigned: Option<&'a [usize]>,
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// B of each activation that a table replaces.
    pub scales: &'a [Rational],
    /// For each layer of polynomials of the network's own the unit of its noise.
    pub units: &'a [Rational],
    /// Fractional bits that the checker should need.
    pub estimate_bits: u32,
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
    for precision in precisions(subject.estimate_bits) {
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

/// Fractional bits that are tried, until the checker's radii are below the stated enclosures: what should do, and more
/// where it does not.
fn precisions(estimate: u32) -> impl Iterator<Item = u32> {
    let first = match estimate {
        ..=FEWEST_BITS => FEWEST_BITS,
        more => more.div_ceil(64).saturating_mul(64).min(MOST_BITS),
    };
    let tried = [0, 128, 384, 1_024].map(|more| (first + more).min(MOST_BITS));
    let mut last = 0;
    tried
        .into_iter()
        .filter(move |&b| std::mem::replace(&mut last, b) < b)
}

/// What stands undisturbed at the activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorModel {
    /// The polynomials themselves; noise at their outputs.
    ExactCentre,
    /// ReLU; the noise is all that a function in its place may differ from it.
    ReluWithin,
}

/// A level of noise at every activation's output, in units of B: one number, or one for each activation.
#[derive(Debug, Clone)]
pub struct Level {
    /// A bound of |noise|.
    pub worst: Vec<Rational>,
    /// Proxy of sub-Gaussian noise besides.
    pub sigma: Vec<Rational>,
    /// (tau, zone): at most tau |x| wherever |x| >= zone B ([`ErrorModel::ReluWithin`] only).
    pub envelope: Option<(Rational, Rational)>,
}

impl Level {
    /// As rows take it: more noise, never less.
    fn rounded_up(&self) -> rows::NoiseLevel {
        let up = f64_above;
        let of = |list: &[Rational], k: usize| {
            let x = list.get(k.min(list.len().saturating_sub(1)));
            x.map_or(f64::INFINITY, up)
        };
        let noise = |k: usize| rows::Noise {
            worst: of(&self.worst, k),
            sigma: of(&self.sigma, k),
            envelope: self.envelope.as_ref().map(|(t, z)| (up(t), up(z))),
        };
        match self.worst.len().max(self.sigma.len()) {
            0 | 1 => noise(0).into(),
            n => rows::NoiseLevel::Layers((0..n).map(noise).collect()),
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
    /// Which linear functions of the result are bounded.
    pub targets: Targets,
}

/// Linear functions of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    /// Differences of the class's logit to the others.
    Margins,
    /// Every logit.
    Logits,
    /// Differences, then every logit.
    Both,
}

impl Targets {
    fn word(self) -> &'static str {
        match self {
            Self::Margins => "margins",
            Self::Logits => "logits",
            Self::Both => "both",
        }
    }
}

/// A certificate before it is checked.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The document.
    pub document: &'a Value,
    /// For each level the stated bounds of the targets.
    pub deviations: &'a [&'a [Rational]],
}

/// What becomes of a draft: the verified text and the checker's words, or why it is refused.
pub type Judged = std::result::Result<(String, String), String>;

/// Has a draft checked; what it tells how far it is.
pub type Judge<'a> = dyn FnMut(Draft, &mut dyn FnMut(usize, usize)) -> Judged + 'a;

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
    pub input: Given<'a>,
}

/// What the producer proves of one level.
struct Proved {
    layers: Vec<f64>,
    deviations: Vec<f64>,
}

/// What is stated of one level: dyadics of [`STATED_BITS`].
struct Stated {
    layers: Vec<Rational>,
    deviations: Vec<Rational>,
    stays: bool,
}

/// The certificate of what noise moves, verified by the independent checker.
///
/// The bounds are the producer's ([`crate::network::rows`]) and a little above; the checker proves its own and
/// accepts the certificate if they are no larger. Its numbers are never taken over.
///
/// Returns its text, the checker's words, and whether the class is proved to stay at every level.
///
/// **Cost** the producer's rows and the checker's, the latter once more for each slack that did not do.
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
    let (network, input) = (subject.network.as_bytes(), subject.input.as_bytes());
    let judge: &mut Judge = &mut |draft, progress| {
        let text = format!("{:#}\n", draft.document);
        match check_network_with(text.as_bytes(), network, input, progress) {
            NetworkOutcome::Verified(report) => Ok((text, report.to_string())),
            NetworkOutcome::Rejected(text) | NetworkOutcome::Unreadable(text) => Err(text),
        }
    };
    certify_noise_as(subject, sample, comparison, noise, (judge, progress))
}

/// [`certify_noise`], whoever checks the draft: the text is what that one has verified.
///
/// # Errors
/// As there.
pub fn certify_noise_as(
    subject: &Subject,
    sample: Sample,
    comparison: &Comparison,
    noise: &Noise,
    (judge, progress): (&mut Judge, &mut dyn FnMut(usize, usize)),
) -> Result<(String, String, bool)> {
    let class = match (noise.model, &comparison.verdict) {
        (ErrorModel::ReluWithin, _) => comparison.network.class(),
        (ErrorModel::ExactCentre, Verdict::Same(class)) => Some(*class),
        _ => None,
    };
    let class = class.ok_or_else(|| Error::domain("only one proved class can be certified"))?;
    let mut document = common(subject, class, &comparison.network.logits)?;
    document["format"] = json!("polycert-network-deviation/1");
    document["targets"] = json!(noise.targets.word());
    let logits = match (noise.model, &comparison.twin) {
        (ErrorModel::ExactCentre, Some(twin)) => {
            document["error_model"] = json!("exact_centre");
            document["activations"] = activations(subject);
            document["twin_logits"] = enclosures(&twin.logits)?;
            document["tables"] = tables(subject)?;
            if !subject.units.is_empty() {
                document["polynomials"] = subject.units.iter().map(number::write).collect();
            }
            &twin.logits
        }
        _ => {
            document["error_model"] = json!("relu_within");
            document["activations"] = subject.scales.iter().map(number::write).collect();
            &comparison.network.logits
        }
    };
    let proved = proved(sample, noise, class, progress)?;
    let around_relu = noise.model == ErrorModel::ReluWithin;
    let mut precisions = precisions(subject.estimate_bits);
    let mut slacks = SLACKS.iter().skip(usize::from(around_relu));
    let (mut precision, mut slack) = (precisions.next(), slacks.next());
    let mut said = String::new();
    while let (Some(bits), Some(room)) = (precision, slack) {
        let stated: Vec<Stated> = proved
            .iter()
            .map(|p| p.stated(*room, class, logits, noise.targets))
            .collect::<Result<_>>()?;
        let pairs = noise.levels.iter().zip(&stated);
        document["levels"] = pairs.map(|(l, s)| level(l, s)).collect();
        document["precision"] = json!(bits.to_string());
        let deviations: Vec<&[Rational]> = stated.iter().map(|s| s.deviations.as_slice()).collect();
        let draft = Draft {
            document: &document,
            deviations: &deviations,
        };
        match judge(draft, progress) {
            Ok((text, words)) => {
                let stays = stated.iter().all(|s| s.stays);
                return Ok((text, words, stays));
            }
            Err(refused) => match limits::of_words(&refused) {
                Some(met) => return Err(met),
                None => said = refused,
            },
        }
        match Some(Rule::of_words(&said)) {
            // A logit's ball is too wide. The checker compares logits before it takes any row: this costs little.
            Some(Rule::Logits) => precision = precisions.next(),
            Some(Rule::Noise) => slack = slacks.next(),
            _ => break,
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

/// The producer's bounds at every level.
fn proved(
    sample: Sample,
    noise: &Noise,
    class: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Proved>> {
    let centre = match noise.model {
        ErrorModel::ExactCentre => Centre::Polynomial,
        ErrorModel::ReluWithin => Centre::Relu,
    };
    let expanded = tournament::expand(sample.network)?;
    let bends = Bends::new(sample.network, sample.composites, sample.twin)?;
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
    let both = [margins, outputs].concat();
    let levels: Vec<rows::NoiseLevel> = noise.levels.iter().map(Level::rounded_up).collect();
    let asked = Asked {
        noise: &levels,
        targets: match noise.targets {
            Targets::Margins => margins,
            Targets::Logits => outputs,
            Targets::Both => &both,
        },
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
        Proved {
            layers,
            deviations: deviations.collect(),
        }
    };
    Ok((0..levels.len()).map(level).collect())
}

impl Proved {
    fn stated(
        &self,
        slack: f64,
        class: usize,
        logits: &[Ball],
        targets: Targets,
    ) -> Result<Stated> {
        let list = |bounds: &[f64]| -> Result<Vec<Rational>> {
            bounds.iter().map(|b| above(*b, slack)).collect()
        };
        let deviations = list(&self.deviations)?;
        Ok(Stated {
            layers: list(&self.layers)?,
            stays: stays(class, logits, targets, &deviations),
            deviations,
        })
    }
}

/// A bound as it is stated: above by `slack`, and rounded up to [`STATED_BITS`].
fn above(bound: f64, slack: f64) -> Result<Rational> {
    if !bound.is_finite() {
        return Err(Error::domain(
            "a bound under noise is vacuous: an activation's input may be carried to where nothing is known",
        ));
    }
    let wide = Float::with_val(106, bound) * (1.0 + slack);
    Ok(short(&wide, STATED_BITS, Round::Up))
}

/// Whether enclosures without noise, moved by what is stated, still decide the class.
fn stays(class: usize, logits: &[Ball], targets: Targets, deviations: &[Rational]) -> bool {
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
    if targets != Targets::Logits {
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
    let amount = |list: &[Rational]| match list {
        [one] => json!(number::write(one)),
        list => texts(list),
    };
    let mut value = json!({
        "worst": amount(&level.worst),
        "sigma": amount(&level.sigma),
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
    let table = |i: usize| match (subject.assigned, subject.tables.len()) {
        (Some(assigned), _) => assigned.get(i).copied().unwrap_or(usize::MAX),
        (None, 1) => 0,
        (None, _) => i,
    };
    scales
        .map(|(i, b)| json!([table(i).to_string(), number::write(b)]))
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
        assert_eq!(above(0.0, SLACKS[0]).unwrap(), 0);
        for bound in [1e-20, 3.7e-4, 1.0, 12_345.678] {
            let exact = Rational::from_f64(bound).unwrap();
            let stated = above(bound, SLACKS[0]).unwrap();
            let least = &exact * Rational::from((65_537, 65_536));
            let most = least.clone() * Rational::from(((1 << 23) + 1, 1 << 23));
            assert!(stated >= least && stated <= most, "{bound}");
            assert!(stated.numer().clone().find_one(0).is_some());
            let odd = stated.numer().clone() >> stated.numer().find_one(0).unwrap_or(0);
            assert!(odd.significant_bits() <= STATED_BITS, "{bound}");
        }
        assert!(above(f64::INFINITY, 0.0).is_err() && above(f64::NAN, 0.0).is_err());
    }

    /// As the checker decides it: strictly above, with both deviations where every logit moves by itself.
    #[test]
    fn a_class_stays_only_where_no_bound_reaches_it() {
        let q = |n: i64| Rational::from((n, 8));
        let logits = [1.0, 4.0, -2.0].map(Ball::exact);
        // What each other may come closer by: up to the class's lower end, not reaching it.
        let end = |x: f64| Rational::from_f64(x).unwrap();
        let gap = |j: usize| end(logits[1].lower()) - end(logits[j].upper());
        let (near, far) = (gap(0), gap(2));
        let less = |x: &Rational| x - Rational::from((1, 1_000_000));
        assert!(stays(
            1,
            &logits,
            Targets::Margins,
            &[less(&near), less(&far)]
        ));
        assert!(!stays(1, &logits, Targets::Margins, &[near.clone(), q(8)]));
        assert!(!stays(1, &logits, Targets::Margins, &[q(8), far]));
        // Every logit by itself: both move.
        let half = near / 2u32;
        assert!(stays(
            1,
            &logits,
            Targets::Logits,
            &[half.clone(), less(&half), q(8)]
        ));
        assert!(!stays(
            1,
            &logits,
            Targets::Logits,
            &[half.clone(), half.clone(), q(8)]
        ));
        assert!(!stays(1, &logits, Targets::Logits, &[q(8), half, q(37)]));
        let one = [Ball::exact(1.0)];
        assert!(
            stays(1, &one, Targets::Logits, &[q(7)]) && !stays(1, &one, Targets::Logits, &[q(8)])
        );
        let one = [Ball::exact(-1.0)];
        assert!(
            stays(0, &one, Targets::Logits, &[q(7)]) && !stays(0, &one, Targets::Logits, &[q(8)])
        );
    }
}
