//! `polycert certify`: prove, refute, or say what was proved.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::certify::proof::{Proof, Verdict};
use crate::cli::terminal::{digest, guard, input_bound, interval, output, rational, BOUND_BEFORE};
use crate::error::{Error, Result};
use crate::function::formula::{Density, Formula, Measure};
use crate::function::program::Program;
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::jobs::certify::{certify, held, Answer, Request};
use crate::jobs::json;
use crate::poly::evaluation::Evaluation;
use crate::poly::role::Role;
use crate::poly::table::{Output, Table};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Certify the maximum error of a table, and a claim about it.
///
/// Proves an enclosure [lo, hi] of the maximum error, ranges of all stages, the envelope near 0,
/// the slope, and the overflow margin; has the independent checker verify the certificate before it
/// is written. With --claim the verdict is PROVED, REFUTED (with a witness) or UNDECIDED.
#[derive(clap::Args)]
#[command(
    after_help = "JSON, all in the units of the function's input and value (with --bound B those of [-B, B], not of \
    x/B): bound_lo, bound_hi: the maximum error's enclosure. valid_to: up to this |x| the error stays within the claim \
    if that is proved, else within bound_hi. overflow_to: up to this |x|, |B r(x/B)| <= B LIMIT, whatever the error. \
    envelope_from: the envelope's least |x|. witness_x: where the error is at least bound_lo. (Of max_pool and argmax \
    the last three are differences in a match, as the composite sees them.)"
)]
pub struct Arguments {
    /// Table file (polycert-table/1).
    table: PathBuf,
    /// sign, step, relu, leaky_relu, abs, clip, relu6, max, max_pool or argmax through sign;
    /// direct_relu and so on: the table itself; smooth: the table itself, or a value computed from it, against --function
    /// (the table's own if left out).
    #[arg(long)]
    target: Option<Function>,
    /// Claimed bound of the maximum error, in the units of the scaled function.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    claim: Option<Rational>,
    /// Certify coefficients as a program holds them: exact, f64, f32 or fixed:BITS (exact if left out, or the format of
    /// --evaluation).
    #[arg(long)]
    coefficients: Option<CoefficientMode>,
    /// smooth: also enclose the mean squared error for a density of x on the domain: uniform, normal (the standard one,
    /// not divided by its share of the domain) or an expression such as "exp(-x^2/8)/sqrt(8*pi)".
    #[arg(long, value_name = "DENSITY", allow_hyphen_values = true)]
    mean_square: Option<Density>,
    /// smooth: also find the largest domain around this one on which the error stays within the claim if that is proved,
    /// else within its maximum.
    #[arg(long)]
    extend: bool,
    /// Functions of p itself: also bound what rounding adds in a program that evaluates p by horner:f64, horner:f32,
    /// clenshaw:f64 or clenshaw:f32, with coefficients held in that format.
    #[arg(long, value_name = "SCHEME:FORMAT")]
    evaluation: Option<Evaluation>,
    /// B: inputs in [-B, B], the composite is applied to x/B.
    #[arg(long, alias = BOUND_BEFORE, value_name = "B", value_parser = input_bound, allow_hyphen_values = true, default_value = "1")]
    bound: Rational,
    /// Slope of a leaky ReLU for x < 0 (1/100 if left out; of direct_leaky_relu the table's own, where it states one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    slope: Option<Rational>,
    /// K of a K x K max-pool window.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=32))]
    window: Option<u32>,
    /// Lower end of a clip (-1 if left out; of direct_clip the table's own, where it states one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    lower: Option<Rational>,
    /// Upper end of a clip (1 if left out; of direct_clip the table's own, where it states one).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    upper: Option<Rational>,
    /// Number of inputs of an argmax (default 10).
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=1024))]
    inputs: Option<u32>,
    /// argmax: the greatest input exceeds all others by GAP, in the inputs' units (the least that proves
    /// the claim, or weights within 2^-6, if left out).
    #[arg(long, value_name = "GAP", value_parser = rational, allow_hyphen_values = true)]
    input_gap: Option<Rational>,
    /// c of the input map x -> c x + 1/2 of max-pool and argmax (the largest possible if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    input_scale: Option<Rational>,
    /// smooth: the function, an expression of x with exp, log, sqrt, root(n, x), sin, cos, atan, asin, acos, erf, tanh,
    /// sigmoid, softplus, gelu, gelu_tanh, silu and pi, such as "exp(-x^2/2)" (the table's own if left out).
    #[arg(long, value_name = "EXPR", value_parser = Formula::function, allow_hyphen_values = true)]
    function: Option<Formula>,
    /// smooth: what is computed from x and the table's polynomial p, such as "x/2 + p", in steps that have names too:
    /// "y = p*(2 - x*p); y*(2 - x*y)" (the table's own if left out, p where it states none).
    #[arg(long, value_name = "PROGRAM", value_parser = Program::parse, allow_hyphen_values = true)]
    value: Option<Program>,
    /// smooth: how the error of the value against the function is measured: absolute, relative or weight:EXPR (absolute
    /// if left out).
    #[arg(long, value_name = "MEASURE")]
    error: Option<Measure>,
    /// smooth: the domain (the table's own if left out).
    #[arg(long, value_name = "LO,HI", value_parser = interval, allow_hyphen_values = true)]
    range: Option<(Rational, Rational)>,
    /// Functions that jump: the error is meant EPS or more from the jump, in units of x/B (the table's own if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    eps: Option<Rational>,
    /// The composite's domain is [-TO, TO], before scaling (the table's own domain if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    to: Option<Rational>,
    /// What the table's last stage gives: sign (-1 or 1), or step (0 or 1; the composite that is meant is then 2 p - 1).
    /// The table's own if left out; the certificate is about the table with what is said here.
    #[arg(long, value_parser = ["sign", "step"])]
    last_stage: Option<String>,
    /// Wanted relative gap (hi - lo)/lo of the enclosure.
    #[arg(long, value_parser = rational, allow_hyphen_values = true, default_value = "2^-40")]
    gap: Rational,
    /// Envelope |r - ReLU| <= tau |x| for |x| >= ZONE, in units of x/B (the least zone with tau = hi if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    zone: Option<Rational>,
    /// Also bound |r| on |x| <= TO + RHO, in units of x/B; smooth: the size of the value on the domain and RHO beyond it.
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    rho: Option<Rational>,
    /// Overflow margin: the greatest rho with |r| <= LIMIT on |x| <= TO + rho, in units of x/B (2 if left out).
    #[arg(long, value_parser = rational, allow_hyphen_values = true)]
    limit: Option<Rational>,
    /// Only the enclosure: no ranges, envelope, slope or overflow margin.
    #[arg(long)]
    only_error: bool,
    /// Refuse any table but the one with this digest.
    #[arg(long, value_name = "HEX", value_parser = digest)]
    table_sha256: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Certificate file to write (none if left out; it is checked all the same).
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    guard([a.output.as_ref()], [Some(&a.table)])?;
    let mut table = Table::read(&a.table)?;
    if let Some(word) = &a.last_stage {
        if table.role() != Role::Sign {
            let detail = format!(
                "--last-stage: the table's target is {}, p itself and no sign or step",
                table.target
            );
            return Err(Error::domain(detail).in_file(&a.table));
        }
        table.output = Output::parse(Some(word))?;
        table.validate().map_err(|e| e.in_file(&a.table))?;
    }
    let request = request(a);
    request.check(&table)?;
    let answer = certify(&table, &request).map_err(|e| e.in_file(&a.table))?;
    if let Some(path) = &a.output {
        output(Some(path), &answer.certificate)?;
    }
    let proof = &answer.proof;
    let text = if a.json {
        let mut value = json::certify(&table, &answer);
        value["certificate"] = a.output.as_ref().map(|p| p.display().to_string()).into();
        value.to_string() + "\n"
    } else {
        words(&answer)
    };
    output(None, &text)?;
    Ok(match proof.verdict {
        None | Some(Verdict::Proved) => ExitCode::SUCCESS,
        Some(Verdict::Refuted | Verdict::Undecided) => ExitCode::FAILURE,
    })
}

fn request(a: &Arguments) -> Request {
    Request {
        target: a.target,
        claim: a.claim.clone(),
        coefficients: held(a.coefficients, a.evaluation),
        evaluation: a.evaluation,
        density: a.mean_square.clone(),
        extend: a.extend,
        scale: a.bound.clone(),
        slope: a.slope.clone(),
        window: a.window,
        lower: a.lower.clone(),
        upper: a.upper.clone(),
        inputs: a.inputs,
        input_gap: a.input_gap.clone(),
        input_scale: a.input_scale.clone(),
        function: a.function.clone(),
        value: a.value.clone(),
        error: a.error.clone(),
        range: a.range.clone(),
        eps: a.eps.clone(),
        to: a.to.clone(),
        gap: a.gap.clone(),
        zone: a.zone.clone(),
        rho: a.rho.clone(),
        limit: a.limit.clone(),
        only_error: a.only_error,
        table_sha256: a.table_sha256.clone(),
    }
}

/// The verdict and the checker's words.
fn words(answer: &Answer) -> String {
    let (proof, report) = (&answer.proof, &answer.report);
    let mut text = String::new();
    if let (Some(v), Some(claim)) = (proof.verdict, &proof.request.claim) {
        let claim = number::write(claim);
        text.push_str(&format!("{v} claim {claim}\n"));
    }
    text.push_str(&format!(
        "error in [{}, {}] = 2^[{:.4}, {:.4}], relative gap 2^{:.1}\n{report}\n",
        number::decimal(&proof.bound_lo, 20, false),
        number::decimal(&proof.bound_hi, 20, true),
        number::estimate_log2(&proof.bound_lo),
        number::estimate_log2(&proof.bound_hi),
        proof.estimate_gap().log2(),
    ));
    if let Some(m) = &proof.mean_square {
        let root = rug::Float::with_val_round(80, &m.bound_hi, rug::float::Round::Up).0;
        let root = rug::Float::with_val_round(80, root.sqrt_ref(), rug::float::Round::Up).0;
        text.push_str(&format!(
            "  root of the mean square for {}: at most {}\n",
            m.density.text(),
            number::decimal(&root.to_rational().unwrap_or_default(), 8, true)
        ));
    }
    if proof.request.extend && proof.extended.is_none() {
        text.push_str("  not proved: a wider domain (the error leaves its bound at the ends, or nothing is found)\n");
    }
    if let Some(r) = &proof.rounding {
        // Of a value that is computed from p the second bound would be another one.
        let of_p = proof
            .series
            .as_ref()
            .is_none_or(|s| s.difference.value.is_none());
        let all = Rational::from(&r.bound_hi + &proof.bound_hi);
        let absolute = proof
            .series
            .as_ref()
            .is_none_or(|s| s.difference.measure == Measure::Absolute);
        text.push_str(&match of_p && absolute {
            true => format!(
                "  as coded ({}): rounding adds at most {}, so the error of the program is at most {}\n",
                r.evaluation,
                number::decimal(&r.bound_hi, 6, true),
                number::decimal(&all, 20, true)
            ),
            false => format!(
                "  as coded ({}): rounding moves p(x) by at most {}\n",
                r.evaluation,
                number::decimal(&r.bound_hi, 6, true)
            ),
        });
    }
    text.push_str(&left_out(proof, report.components().len()));
    for reading in &answer.other_readings {
        text.push_str(&format!(
            "  hint: {reading}: import the file again if that is what it means\n"
        ));
    }
    text
}

/// What was asked for and could not be proved: said, rather than left out.
fn left_out(proof: &Proof, components: usize) -> String {
    if proof.request.only_error {
        return String::new();
    }
    if let Some(series) = &proof.series {
        let value = series.difference.value.is_some();
        return match proof.stages.is_none() && (value || components > 1) {
            true => "  not proved: ranges of the stages\n".to_owned(),
            false => String::new(),
        };
    }
    if proof.lines.is_some() {
        let bit = proof.request.target.function == Function::Direct(Shape::Bit);
        return if bit && proof.contractions.len() < 2 {
            "  not proved: a contraction towards both 0 and 1\n".to_owned()
        } else {
            String::new()
        };
    }
    let mut text = String::new();
    let limit = number::write(&proof.request.limit);
    if proof.overflow.is_none() {
        text.push_str(&format!(
            "  not proved: an overflow margin (|r| <= {limit} does not hold, or not provably, on the whole domain)\n"
        ));
    }
    if proof.slope.is_none() {
        text.push_str(
            "  not proved: a bound of the slope of r (out of reach of the method here)\n",
        );
    }
    if proof.closeness.is_none() {
        text.push_str("  not proved: an envelope (no zone below the domain's end has tau = hi)\n");
    }
    text
}
