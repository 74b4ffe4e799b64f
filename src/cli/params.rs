//! `polycert params`: encryption parameters, their security, keys and depth.

use crate::ckks::parameters::security::{Security, Waiver};
use crate::ckks::parameters::{log2, Chain, Literal, Parameters, Secret, MIN_SECURE_CBD};
use crate::ckks::scheme::keys::key_bytes;
use crate::cli::terminal::output;
use crate::error::{Error, Result};
use crate::jobs::network::compiled as jobs;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// Show CKKS parameters: the modulus chain, its security, memory of keys, largest depth.
#[derive(clap::Args)]
#[command(
    after_help = "Sizes are in bits, memory in bytes. Q is written as sizes with repetitions: \
    50+18x40. Exit code 0: the parameters are sound and secure (or stated insecure); 2: refused."
)]
pub struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Encryption parameters on the command line.
#[derive(clap::Args, Debug, Clone)]
pub struct Chosen {
    /// A preset: A (N = 2^15, 18 levels of 40 bits) or B (N = 2^16, 28 levels of 45 bits).
    #[arg(long, conflicts_with_all = ["log_n", "q", "p", "log_scale"])]
    preset: Option<String>,
    /// log2 of the ring degree N, 10 to 17.
    #[arg(long)]
    log_n: Option<u32>,
    /// Sizes of the primes of Q in bits, level 0 first: 50+18x40.
    #[arg(long)]
    q: Option<String>,
    /// Sizes of the special primes in bits: 2x48.
    #[arg(long)]
    p: Option<String>,
    /// log2 of the scale [default: the size of the last level's primes together].
    #[arg(long)]
    log_scale: Option<u32>,
    /// How many primes each level adds to the modulus, level 0 first, as in 4x1+8x2; a rescale divides by all of them [default:
    /// one each].
    #[arg(long)]
    level_primes: Option<String>,
    /// Primes of Q in a digit of the key switch [default: the number of special primes; with --level-primes as many as leave
    /// eight bits to P].
    #[arg(long)]
    digit_primes: Option<usize>,
    /// Hamming weight of the secret [default: uniform ternary].
    #[arg(long)]
    weight: Option<usize>,
    /// Errors are sums of that many centred fair bits; their variance is half of it.
    #[arg(long, default_value_t = MIN_SECURE_CBD)]
    cbd: u32,
    /// Security level in bits that log2(QP) is held to: 128, 192 or 256.
    #[arg(long, default_value_t = 128)]
    security: u32,
    /// Named exception for a sparse secret: log_n 16, weight >= 192, log2(QP) <= 1550.
    #[arg(long, conflicts_with = "insecure")]
    sparse_192: bool,
    /// Go on without any claim of security, for experiments. It is recorded with the parameters.
    #[arg(long)]
    insecure: bool,
}

impl Chosen {
    /// Whether anything is said of them.
    pub fn is_given(&self) -> bool {
        let sizes = [self.q.is_some(), self.p.is_some(), self.preset.is_some()];
        let numbers = [self.log_n, self.log_scale].iter().any(Option::is_some);
        let shape = self.digit_primes.is_some() || self.level_primes.is_some();
        let rest = shape || self.weight.is_some();
        let defaults = self.cbd == MIN_SECURE_CBD && self.security == 128;
        sizes.contains(&true) || numbers || rest || !defaults || self.sparse_192 || self.insecure
    }

    /// The checked parameters.
    ///
    /// # Errors
    /// What cannot be read, and what is refused.
    pub fn parameters(&self) -> Result<Parameters> {
        Parameters::new(&self.literal()?)
    }

    /// The parameters as they are written.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn literal(&self) -> Result<Literal> {
        literal(self)
    }

    /// A set with bootstrapping, its name not looked up; none where a chain is written or named that has none.
    pub fn bootstrapping(&self) -> Option<jobs::Chosen> {
        let chain = self.q.is_some() || self.p.is_some();
        let name = match self.preset.as_deref() {
            Some(name) if Literal::preset(name).is_some() => return None,
            name => name.unwrap_or("R57"),
        };
        (!chain).then(|| jobs::Chosen::Preset {
            name: name.to_owned(),
            log_n: self.log_n,
            insecure: self.insecure,
        })
    }
}

/// The parameters in one line.
pub fn line(p: &Parameters) -> String {
    let log_qp = log2(&(p.q_product(p.max_level()) * p.p_product()));
    format!(
        "N = 2^{}, {} primes in Q, {} in P, log2(QP) = {log_qp:.1}, scale 2^{}, secret {}; security: {}",
        p.log_n(),
        p.q().len(),
        p.p().len(),
        p.log_scale(),
        secret(p),
        security(p),
    )
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let parameters = a.chosen.parameters()?;
    let text = if a.json {
        format!("{:#}\n", document(&parameters))
    } else {
        words(&parameters)
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn literal(a: &Chosen) -> Result<Literal> {
    let mut literal = match (&a.preset, &a.q, &a.p) {
        (Some(name), _, _) => Literal::preset(name)
            .ok_or_else(|| Error::domain(format!("there is no preset {name:?}: A or B")))?,
        (None, Some(q), Some(p)) if a.log_n.is_some() => {
            let (q, p) = (sizes("--q", q)?, sizes("--p", p)?);
            let scale = a.log_scale.or(q.last().copied());
            let scale = scale.unwrap_or_default();
            Literal::new(a.log_n.unwrap_or_default(), q, p, scale)
        }
        _ => return Err(Error::domain("no encryption parameters are given: say --preset A (N = 2^15, 18 levels) or --preset B (N = 2^16, 28 levels), or --log-n, --q and --p")),
    };
    literal.cbd = a.cbd;
    if let Some(levels) = &a.level_primes {
        let counts = sizes("--level-primes", levels)?;
        let counts: Vec<usize> = counts.into_iter().map(|count| count as usize).collect();
        // The scale is as large as what the last level divides by.
        if let (None, Some(&last), Chain::Bits { q, .. }) =
            (a.log_scale, counts.last(), &literal.chain)
        {
            literal.log_scale = q.iter().rev().take(last).sum();
        }
        literal.levels = Some(counts);
    }
    literal.digit_primes = a.digit_primes;
    if let Some(h) = a.weight {
        literal.secret = Secret::Weight(h);
    }
    literal.security = Security::of_bits(a.security)
        .ok_or_else(|| Error::domain(format!("--security {}: 128, 192 or 256", a.security)))?;
    if a.insecure {
        literal.waiver = Waiver::Insecure;
    } else if a.sparse_192 {
        literal.waiver = Waiver::LattigoSparse192;
    }
    Ok(literal)
}

/// Sizes as `50+18x40`.
fn sizes(option: &str, text: &str) -> Result<Vec<u32>> {
    const MOST: usize = 1_000;
    let mut out = Vec::new();
    for term in text.split('+') {
        let (count, bits) = term.split_once('x').unwrap_or(("1", term));
        let bad = || Error::parse(option, format!("{term:?} is no size such as 40 or 18x40"));
        let count: usize = count.trim().parse().map_err(|_| bad())?;
        let bits: u32 = bits.trim().parse().map_err(|_| bad())?;
        if count == 0 || count > MOST || out.len() > MOST {
            return Err(Error::parse(
                option,
                format!("{term:?}: 1 to {MOST} primes"),
            ));
        }
        out.extend(std::iter::repeat_n(bits, count));
    }
    Ok(out)
}

/// What is claimed of security, in words.
fn security(p: &Parameters) -> String {
    match p.waiver() {
        Waiver::Insecure => "NONE CLAIMED (--insecure)".to_owned(),
        Waiver::LattigoSparse192 => {
            "128 bits by Lattigo's own estimate, outside of the tables (--sparse-192)".to_owned()
        }
        Waiver::None => format!(
            "{} bits, classical (ePrint 2024/463, Table 5.2)",
            p.reached_security().map_or(0, Security::bits)
        ),
    }
}

fn secret(p: &Parameters) -> String {
    match p.secret() {
        Secret::Ternary => "uniform ternary".to_owned(),
        Secret::Weight(h) => format!("ternary of Hamming weight {h}"),
    }
}

fn words(p: &Parameters) -> String {
    let top = p.max_level();
    let (q, special) = (p.q_product(top), p.p_product());
    let qp = log2(&(q.clone() * &special));
    let digits = p.digits(top).len();
    let mut out = String::new();
    let limits: Vec<String> = (Security::ALL.iter())
        .filter_map(|s| {
            s.limit_log2(p.log_n())
                .map(|limit| format!("{} bits: {limit}", s.bits()))
        })
        .collect();
    let _ = write!(
        out,
        "ring         N = 2^{} = {}, {} slots\n\
         modulus      log2 Q {:.2} ({} primes), log2 P {:.2} ({} primes), log2 QP {qp:.2}\n\
         security     {}\n\
         greatest QP  {}\n\
         secret       {}; errors centred binomial, variance {}, at most {}\n\
         scale        2^{}\n\
         depth        {top} multiplications, level {top} to 0{}\n\
         key switch   {digits} digits of {} primes, {} transforms\n",
        p.log_n(),
        p.n(),
        p.n() / 2,
        log2(&q),
        p.q().len(),
        log2(&special),
        p.p().len(),
        security(p),
        limits.join(", "),
        secret(p),
        f64::from(p.cbd()) / 2.0,
        p.cbd(),
        p.log_scale(),
        match p.levels() {
            None => String::new(),
            Some(levels) => format!(", primes of each {levels:?}"),
        },
        digit_lengths(p),
        p.switch_transforms(top),
    );
    let bytes = key_bytes(p);
    let _ = write!(
        out,
        "memory       switching key {} ({} in a file), public key {}, ciphertext {} at the top\n\
         digest       {}\n\nlevel  prime             log2      deviation from 2^bits\n",
        megabytes(bytes.switching),
        megabytes(bytes.switching_file),
        megabytes(bytes.public),
        megabytes(bytes.ciphertext),
        hex(&p.digest()),
    );
    let level = |i: usize| (0..=top).find(|&level| i < p.limbs(level)).unwrap_or(top);
    let primes = (p.q().iter().enumerate()).map(|(i, q)| (level(i).to_string(), *q));
    for (name, prime) in primes.chain(p.p().iter().map(|&q| ("P".to_owned(), q))) {
        let bits = (prime as f64).log2();
        let deviation = prime as f64 / bits.round().exp2() - 1.0;
        let _ = writeln!(out, "{name:>5}  {prime:<16}  {bits:<8.4}  {deviation:+.2e}");
    }
    out
}

/// How many primes the digits have: `5`, or the number of each.
fn digit_lengths(p: &Parameters) -> String {
    p.digit_primes().map_or_else(
        || {
            let lengths = p.digits(p.max_level()).into_iter();
            let lengths: Vec<String> = lengths.map(|digit| digit.len().to_string()).collect();
            lengths.join(", ")
        },
        |count| count.to_string(),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn document(p: &Parameters) -> Value {
    let top = p.max_level();
    let bytes = key_bytes(p);
    let (q, special) = (p.q_product(top), p.p_product());
    json!({
        "log_n": p.log_n(),
        "n": p.n(),
        "slots": p.n() / 2,
        "q": p.q(),
        "p": p.p(),
        "rounded_q_log2": log2(&q),
        "rounded_p_log2": log2(&special),
        "rounded_qp_log2": log2(&(q * special)),
        "log_scale": p.log_scale(),
        "secret": secret(p),
        "cbd": p.cbd(),
        "depth": top,
        "levels": p.levels(),
        "digit_primes": p.digit_primes(),
        "digits": p.digits(top).len(),
        "key_switch_transforms": p.switch_transforms(top),
        "security": {
            "waiver": p.waiver().name(),
            "held_to_bits": (p.waiver() != Waiver::Insecure).then(|| p.security().bits()),
            "reached_bits": p.reached_security().map(Security::bits),
            "greatest_qp_log2": Security::ALL.iter()
                .map(|s| (s.bits().to_string(), json!(s.limit_log2(p.log_n()))))
                .collect::<serde_json::Map<_, _>>(),
        },
        "bytes": {
            "switching_key": bytes.switching,
            "switching_key_file": bytes.switching_file,
            "public_key": bytes.public,
            "ciphertext": bytes.ciphertext,
        },
        "digest": hex(&p.digest()),
    })
}
