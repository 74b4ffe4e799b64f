//! `polycert bootstrap`: parameter sets of bootstrapping.

use crate::ckks::parameters::security::Security;
use crate::cli::activation;
use crate::cli::refresh;
use crate::cli::terminal::{output, rational};
use crate::error::Result;
use crate::jobs::bootstrap::judge::{log2, log2_of};
use crate::jobs::bootstrap::{
    failure_bits, judge, read, Claim, Claims, Judgement, Request, Row, Set, Verdict,
};
use crate::noise::overflow::{Probability, Secret};
use rug::float::Round;
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The schema of what `--json` prints.
const SCHEMA: &str = "polycert-bootstrap-judgement/1";
/// Rows of the table that are printed, at most; JSON has all.
const ROWS: u32 = 40;

/// Judge a bootstrapping parameter set of Lattigo or OpenFHE: overflow, EvalMod's error at every overflow, what is claimed; or
/// certify and measure one of our own.
///
/// --judge: errors are in units of q_0/ratio, the largest coefficient of a message that a set allows; failures are the expected
/// number of coefficients that are beyond, a bound of the probability. Noise of ciphertexts is not in them.
/// --relu: a table's ReLU behind a bootstrapping of our own, one certificate for both; --measure runs it on ciphertexts.
#[derive(clap::Args)]
#[command(
    after_help = "FILE: literals of Go (Lattigo), {\"SchemeParams\", \"BootstrappingParams\"} as Lattigo marshals them, or \
    {\"library\": \"OpenFHE\", \"secretKeyDist\", \"ringDim\", \"firstModSize\", \"scalingModSize\", \"multiplicativeDepth\", \"levelBudget\", \
    ...}. Exit code 0: judged, and every claim holds, or all measured values within the bound; 1: a claim does not hold or is not \
    proved, a value beyond the bound, a table without the margin; 2: refused.",
    group(clap::ArgGroup::new("own").args(["measure", "relu"]).multiple(true))
)]
pub struct Arguments {
    /// The parameter set to judge; `-` is standard input.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "own",
        conflicts_with = "own"
    )]
    judge: Option<PathBuf>,
    /// Measure a set of our own on ciphertexts instead: noise, overflows, times and memory, with new keys, beside what is
    /// proved. Exit code 1: a value beyond the bound.
    #[arg(long)]
    measure: bool,
    #[command(flatten)]
    activation: activation::Options,
    #[command(flatten)]
    options: refresh::Options,
    /// The literal, by its name, where a file of Go has several.
    #[arg(long, requires = "judge", value_name = "NAME")]
    pick: Option<String>,
    /// Number of bootstraps that the failure is counted over, 1 to 2^40.
    #[arg(long, default_value_t = 1, requires = "judge", value_name = "N")]
    bootstraps: u64,
    /// Coefficients of messages with their noise are at most this in units of q_0/ratio: 1 is all that a set allows.
    #[arg(long, default_value = "1", requires = "judge", value_name = "PART", value_parser = rational)]
    message: Rational,
    /// Failure of a bootstrap that the documentation claims, such as 2^-138.7 [default: the file's].
    #[arg(long, requires = "judge", value_name = "PROBABILITY", value_parser = |t: &str| failure_bits(t).map_err(|e| e.to_string()))]
    claims_failure: Option<Rational>,
    /// Bits of precision that it claims [default: the file's].
    #[arg(long, requires = "judge", value_name = "BITS", value_parser = rational)]
    claims_precision: Option<Rational>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    if let Some(table) = &a.activation.relu {
        return activation::run(table, &a.activation, &a.options, (a.measure, a.json));
    }
    let Some(file) = &a.judge else {
        return refresh::run(&a.options, a.json);
    };
    let request = Request {
        set: read(file, a.pick.as_deref())?,
        bootstraps: a.bootstraps,
        message: a.message.clone(),
        claims: Claims {
            failure_bits: a.claims_failure.clone(),
            precision_bits: a.claims_precision.clone(),
        },
    };
    let judgement = judge(&request)?;
    let text = match a.json {
        true => format!("{:#}\n", document(&judgement)),
        false => words(&judgement),
    };
    output(None, &text)?;
    let holds = judgement.claims.iter().all(|c| c.verdict == Verdict::Holds);
    Ok(ExitCode::from(u8::from(!holds)))
}

fn secret(s: Secret) -> String {
    match s {
        Secret::Weight(h) => format!("ternary of weight {h}"),
        Secret::UniformTernary(_) => "uniform ternary".to_owned(),
    }
}

/// For display.
fn nearest(x: &Rational) -> f64 {
    rug::Float::with_val(53, x).to_f64()
}

/// log2 rounded outward to hundredths.
fn hundredths(x: f64, up: bool) -> String {
    if x == f64::NEG_INFINITY {
        return "0".to_owned();
    }
    let scaled = x * 100.0;
    let whole = if up { scaled.ceil() } else { scaled.floor() };
    format!("2^{:.2}", whole / 100.0)
}

fn words(j: &Judgement) -> String {
    let set = &j.set;
    let mut out = String::new();
    let name = set.name.as_deref().unwrap_or("parameters");
    let _ = writeln!(out, "{}: {name}", set.library);
    if let Some(provenance) = &set.provenance {
        let _ = writeln!(out, "provenance    {provenance}");
    }
    let total = |bits: &[u32]| bits.iter().sum::<u32>();
    let _ = writeln!(
        out,
        "read          N = 2^{}, 2^{} slots; log2(Q) = {}, log2(P) = {}, log2(QP) = {}; secret {}; raised under {}",
        set.log_n,
        set.log_slots,
        total(&set.q_bits),
        total(&set.p_bits),
        set.log_qp(),
        secret(set.main),
        set.ephemeral.map_or("the same".to_owned(), |h| format!("an ephemeral one of weight {h}")),
    );
    let _ = writeln!(
        out,
        "              message ratio 2^{}, K = {}, {} of degree {}, {} double angles, arcsine degree {}, {} iteration(s)",
        set.log_ratio,
        set.k,
        set.kind.name(),
        set.degree,
        set.double_angles,
        set.arcsine_degree,
        set.iterations
    );
    let part = |p: crate::jobs::bootstrap::Part| format!("{} levels, {} bits", p.levels, p.bits);
    let _ = writeln!(
        out,
        "consumes      CoeffsToSlots {}; EvalMod {}; SlotsToCoeffs {}",
        part(set.coeffs_to_slots),
        part(set.eval_mod),
        part(set.slots_to_coeffs)
    );
    for line in security(set) {
        let _ = writeln!(out, "security      {line}");
    }
    for line in &set.assumed {
        let _ = writeln!(out, "assumed       {line}");
    }
    let _ = writeln!(
        out,
        "assumed       c_1 is uniform modulo q_0; coefficients of messages with noise are at most {} q_0/ratio",
        j.message
    );
    let _ = writeln!(
        out,
        "\n{:>5} {:>22} {:>18} {:>18} {:>24}",
        "|I|", "polynomial, at least", "at most", "with sine, most", "beyond |I|, at most"
    );
    let step = set.k / ROWS + 1;
    let shown = |r: &&Row| r.overflow % step == 0 || r.overflow + 1 >= set.k;
    for r in j.rows.iter().filter(shown) {
        let _ = writeln!(
            out,
            "{:>5} {:>22} {:>18} {:>18} {:>24}",
            r.overflow,
            hundredths(log2(&r.lower_polynomial(), Round::Down), false),
            hundredths(log2(&r.bound_polynomial(), Round::Up), true),
            hundredths(log2(&r.bound_whole(), Round::Up), true),
            hundredths(log2_of(&r.beyond.upper, Round::Up), true),
        );
    }
    let _ = writeln!(
        out,
        "\nerrors in units of q_0/ratio; beyond: expected coefficients in {} bootstrap(s) of {} iteration(s), 2^{} coefficients each",
        j.bootstraps,
        set.iterations,
        set.log_slots + 1
    );
    if set.made_for() < set.k {
        let _ = writeln!(
            out,
            "the polynomial has nodes for |I| <= {}, none at K = {}",
            set.made_for(),
            set.k
        );
    }
    for c in &j.claims {
        let _ = writeln!(out, "{}", claim(c));
    }
    out
}

fn claim(c: &Claim) -> String {
    let bits = nearest(&c.bits);
    let up_to = c
        .overflow
        .map_or("no I".to_owned(), |k| format!("|I| <= {k}"));
    let meant = match c.name {
        "failure" => format!("failure beyond {up_to}"),
        "precision" => format!("precision of the polynomial, every {up_to}"),
        _ => format!("failure beyond {up_to}, where the precision is proved"),
    };
    let lower = c.lower_log2.map_or(String::new(), |l| {
        format!(", at least {}", hundredths(l, false))
    });
    let by = match (c.verdict, c.lower_log2) {
        (Verdict::DoesNotHold, Some(l)) => {
            format!(" by {:.1} bits", ((l + bits) * 10.0).floor() / 10.0)
        }
        _ => String::new(),
    };
    let bound = match c.bound_log2 {
        f64::INFINITY => "nothing proved".to_owned(),
        b => format!("at most {}", hundredths(b, true)),
    };
    format!(
        "{meant}: {bound}{lower}; claimed 2^-{bits}: {}{by}",
        c.verdict.name()
    )
}

/// What the tables say, and what is outside of them.
fn security(set: &Set) -> Vec<String> {
    let log_qp = set.log_qp();
    let limit = |s: Security| s.limit_log2(set.log_n);
    let reached = Security::ALL
        .into_iter()
        .rev()
        .find(|s| limit(*s).is_some_and(|l| log_qp <= l));
    let table = "ePrint 2024/463, Table 5.2";
    let most = limit(Security::Bits128).map_or("none".to_owned(), |l| l.to_string());
    let against = match reached {
        Some(s) => format!("{} bits by {table}", s.bits()),
        None => format!("below 128 bits by {table}: {log_qp} above {most}"),
    };
    let half = 1u32 << (set.log_n - 1);
    let mut out = vec![match set.main {
        Secret::UniformTernary(_) => against,
        Secret::Weight(h) if h >= half => format!("{against}, which is for uniform ternary secrets (weight {h} of 2^{} is near)", set.log_n),
        Secret::Weight(h) => format!(
            "a secret of weight {h} is outside of the tables ({table}); log2(QP) = {log_qp}, where a uniform ternary secret of 128 bits has at most {most}"
        ),
    }];
    if let Some(h) = set.ephemeral {
        let q0 = set.q_bits[0];
        let p = set.p_bits[0];
        out.push(format!(
            "the ephemeral secret of weight {h} is outside of the tables too (ePrint 2022/024); its key has q_0 and one special prime or more: {} bits",
            q0 + p
        ));
    }
    out
}

fn document(j: &Judgement) -> Value {
    let set = &j.set;
    let number = |x: f64| if x.is_finite() { json!(x) } else { Value::Null };
    let probability = |p: &Probability| {
        json!({
            "bound_log2": number(log2_of(&p.upper, Round::Up)),
            "lower_log2": p.lower.as_ref().map(|l| number(log2_of(l, Round::Down))),
        })
    };
    let row = |r: &Row| {
        json!({
            "overflow": r.overflow,
            "bound_polynomial_log2": number(log2(&r.bound_polynomial(), Round::Up)),
            "lower_polynomial_log2": number(log2(&r.lower_polynomial(), Round::Down)),
            "least_polynomial_log2": number(log2(&r.least_polynomial(), Round::Down)),
            "bound_whole_log2": number(log2(&r.bound_whole(), Round::Up)),
            "beyond": probability(&r.beyond),
        })
    };
    let secret = |s: Secret| match s {
        Secret::Weight(h) => json!({"weight": h}),
        Secret::UniformTernary(_) => json!("uniform_ternary"),
    };
    let part = |p: crate::jobs::bootstrap::Part| json!({"levels": p.levels, "bits": p.bits});
    let claims: Vec<Value> = j
        .claims
        .iter()
        .map(|c| {
            json!({
                "claim": c.name,
                "claimed_log2": -nearest(&c.bits),
                "overflow": c.overflow,
                "bound_log2": number(c.bound_log2),
                "lower_log2": c.lower_log2.map(number),
                "verdict": c.verdict.name(),
            })
        })
        .collect();
    let exact = j.rows.iter().find(|r| r.overflow == set.made_for());
    let text = |x: &Rational| {
        format!(
            "{}/{}",
            x.numer().to_string_radix(16),
            x.denom().to_string_radix(16)
        )
    };
    json!({
        "schema": SCHEMA,
        "set": {
            "library": set.library,
            "name": set.name,
            "provenance": set.provenance,
            "log_n": set.log_n,
            "log_slots": set.log_slots,
            "q_bits": set.q_bits,
            "p_bits": set.p_bits,
            "log_qp": set.log_qp(),
            "secret": secret(set.main),
            "raised_under": secret(set.raised_under()),
            "log_message_ratio": set.log_ratio,
            "k": set.k,
            "polynomial": set.kind.name(),
            "nodes_up_to": set.made_for(),
            "degree": set.degree,
            "double_angles": set.double_angles,
            "arcsine_degree": set.arcsine_degree,
            "iterations": set.iterations,
            "coeffs_to_slots": part(set.coeffs_to_slots),
            "eval_mod": part(set.eval_mod),
            "slots_to_coeffs": part(set.slots_to_coeffs),
            "assumed": set.assumed,
            "security": security(set),
        },
        "bootstraps": j.bootstraps,
        "message": crate::arith::number::write_canonical(&j.message),
        "beyond_nodes_hexadecimal": exact.map(|r| json!({
            "bound": text(&r.beyond.upper),
            "lower": r.beyond.lower.as_ref().map(text),
        })),
        "rows": j.rows.iter().map(row).collect::<Vec<Value>>(),
        "claims": claims,
    })
}
