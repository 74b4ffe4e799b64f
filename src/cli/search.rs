//! `polycert search`: the cheapest composites that reach a precision.

use crate::approx::cost::{CostTable, Prices, MAX_DEGREE};
use crate::approx::search::{Eps, Found, Problem, Search, MAX_ALPHA, MAX_DEPTH};
use crate::approx::{ApproxError, Scaling, DEFAULT_BITS};
use crate::arith::number;
use crate::certificate::{build::document, publish};
use crate::certify::proof::{prove, Proof, Request, Verdict};
use crate::cli::generate::{Recipe, BEST_EPS};
use crate::cli::{note, output, read_text};
use crate::error::{Error, Result};
use crate::poly::table::MAX_COMPONENTS;
use crate::poly::{Basis, Function, Table, Target};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest alpha searched with eps free at any depth: the labels grow some tenfold every 6 bits.
const FREE_ALPHA: u32 = 32;
/// Greatest depth with eps free beyond that alpha.
const FREE_DEPTH: usize = 24;

/// Largest cost table that is read.
const MAX_COST_BYTES: usize = 1 << 16;

/// Find the cheapest composite that reaches a precision, and prove that it does.
///
/// Prints the designs that no other undercuts in both depth and price, each with its proved error; the
/// best one by --objective is written. ReLU and max on [-1, 1] to within 2^-ALPHA; sign to within 2^(1-ALPHA) on
/// 2^-ALPHA <= |x| <= 1 (so a comparison to within 2^-ALPHA).
#[derive(clap::Args)]
pub struct Arguments {
    /// Precision in bits.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=i64::from(MAX_ALPHA)))]
    alpha: u32,
    /// sign, relu or max.
    #[arg(long, default_value = "relu")]
    target: Function,
    /// Least depth, least number of multiplications, or least price under --cost-table.
    #[arg(long, default_value = "depth", value_parser = ["depth", "mults", "cost"])]
    objective: String,
    /// JSON {"cost": {"1": PRICE, ...}}: price of a multiplication by level, 1 the last of all.
    #[arg(long, value_name = "FILE")]
    cost_table: Option<PathBuf>,
    /// Greatest degree of a component.
    #[arg(long, default_value_t = 31)]
    max_degree: usize,
    /// free: the best for each design; zeta:Z: eps = Z 2^-ALPHA (arXiv 2105.10879). Not for sign.
    #[arg(long, default_value = "free")]
    eps: String,
    /// Greatest depth, the product x p(x) included.
    #[arg(long)]
    depth: Option<usize>,
    /// Table file to write.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Certificate file to write (it is made and checked all the same).
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let problem = problem(a)?;
    if a.max_degree > 31 {
        note("progress: fitting the curves of all degrees, some seconds");
    }
    if matches!(problem.eps, Eps::Free) && a.alpha > FREE_ALPHA {
        if problem.max_depth > FREE_DEPTH {
            return Err(Error::unsupported(format!(
                "--alpha {}: with eps free the search takes too long above {FREE_ALPHA} bits; give --eps zeta:Z, or --depth up to {FREE_DEPTH} for the best reachable",
                a.alpha
            )));
        }
    } else if a.alpha > 20 && problem.max_depth > FREE_DEPTH {
        note("progress: searching; some seconds, up to a minute at alpha = 32");
    }
    let search = Search::new(a.max_degree).map_err(|e| domain(&e))?;
    let front = search.front(&problem).map_err(|e| domain(&e))?;
    let best = if a.objective == "depth" {
        front.first()
    } else {
        front.last()
    };
    let best = match best {
        Some(best) => best,
        None => return Err(unreachable(a, &search, &problem)),
    };
    if best.design.degrees.len() > MAX_COMPONENTS {
        let n = best.design.degrees.len();
        return Err(Error::unsupported(format!(
            "the best design has {n} components, a table holds {MAX_COMPONENTS}: lower --depth"
        )));
    }
    let (table, proof, certificate) = certified(a, best, false)?;
    let rows = front
        .iter()
        .map(|found| Row::new(a, found, best))
        .collect::<Result<Vec<_>>>()?;
    if let Some(path) = &a.output {
        output(Some(path), &table.to_json())?;
    }
    if let Some(path) = &a.certificate {
        output(Some(path), &certificate)?;
    }
    let answer = if a.json {
        json(a, &rows, &table, &proof)
    } else {
        words(a, &problem, &rows, &proof)
    };
    output(None, &answer)?;
    Ok(if proof.verdict == Some(Verdict::Proved) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn domain(error: &ApproxError) -> Error {
    Error::domain(error.to_string())
}

fn problem(a: &Arguments) -> Result<Problem> {
    if !matches!(a.target, Function::Sign | Function::Relu | Function::Max) {
        let detail = format!(
            "--target: search knows sign, relu and max, not {}",
            a.target
        );
        return Err(Error::domain(detail));
    }
    if !(3..=MAX_DEGREE).contains(&a.max_degree) {
        let detail = format!(
            "--max-degree is from 3 to {MAX_DEGREE}, not {}",
            a.max_degree
        );
        return Err(Error::domain(detail));
    }
    let sign = a.target == Function::Sign;
    let eps = match (a.eps.as_str(), a.eps.strip_prefix("zeta:")) {
        ("free", _) if sign => Eps::Fixed(Rational::from(1) >> a.alpha),
        ("free", _) => Eps::Free,
        (_, Some(_)) if sign => {
            return Err(Error::domain(
                "--eps is for relu and max: sign has eps = 2^-ALPHA",
            ));
        }
        (_, Some(zeta)) => {
            let zeta = number::parse(zeta).map_err(|e| e.within("--eps"))?;
            let eps = Rational::from(&zeta >> a.alpha);
            if eps <= 0u32 || eps >= 1u32 {
                let detail = format!("--eps: zeta 2^-alpha is between 0 and 1, not {eps}");
                return Err(Error::domain(detail));
            }
            Eps::Fixed(eps)
        }
        (other, None) => {
            return Err(Error::domain(format!(
                "--eps is free or zeta:Z, not {other:?}"
            )));
        }
    };
    let prices = match (&a.cost_table, a.objective == "cost") {
        (Some(path), true) => {
            let text = read_text(path, MAX_COST_BYTES)?;
            Prices::Table(CostTable::from_json(&text).map_err(|e| e.in_file(path))?)
        }
        (None, false) => Prices::Unit,
        (None, true) => return Err(Error::domain("--objective cost needs --cost-table")),
        (Some(_), false) => return Err(Error::domain("--cost-table needs --objective cost")),
    };
    let priced = match &prices {
        Prices::Table(table) => table.levels(),
        Prices::Unit => MAX_DEPTH,
    };
    if let Some(depth) = a.depth.filter(|d| *d > priced) {
        return Err(Error::domain(match &prices {
            Prices::Table(_) => format!(
                "--depth {depth}: level {} has no price in the cost table",
                priced + 1
            ),
            Prices::Unit => format!("--depth is at most {MAX_DEPTH}, not {depth}"),
        }));
    }
    Ok(Problem {
        alpha: a.alpha,
        eps,
        product: !sign,
        prices,
        max_depth: a.depth.unwrap_or(priced),
    })
}

/// The claimed bound.
fn claim(a: &Arguments) -> Rational {
    let bits = if a.target == Function::Sign {
        a.alpha - 1
    } else {
        a.alpha
    };
    Rational::from(1) >> bits
}

/// No design reaches the precision: says which one comes nearest.
fn unreachable(a: &Arguments, search: &Search, problem: &Problem) -> Error {
    let asked = format!(
        "no composite of degrees up to {} and depth up to {} reaches alpha = {}",
        a.max_degree, problem.max_depth, a.alpha
    );
    let nearest = match &problem.eps {
        Eps::Free => search.most_precise(problem).ok().flatten(),
        Eps::Fixed(_) => None,
    };
    Error::domain(match (nearest, &problem.eps) {
        (Some(found), _) => format!(
            "{asked}; the best there is 2^-{:.4} (estimate) by degrees {} at depth {}",
            found.estimate_alpha(&problem.eps),
            degrees(&found),
            found.depth
        ),
        (None, Eps::Fixed(eps)) => format!("{asked} on [{}, 1]", number::write(eps)),
        (None, Eps::Free) => asked,
    })
}

fn table(a: &Arguments, best: &Found) -> Table {
    let fit_words = match a.eps.strip_prefix("zeta:") {
        Some(zeta) => format!("eps = {zeta} 2^-{} (arXiv 2105.10879)", a.alpha),
        None if a.target == Function::Sign => format!("eps = 2^-{} (ePrint 2020/834)", a.alpha),
        None => BEST_EPS.to_owned(),
    };
    let recipe = Recipe {
        target: a.target,
        name: None,
        basis: Basis::Chebyshev,
        scaling: Scaling::None,
        bits: DEFAULT_BITS,
        command: "search",
        fit_words,
    };
    recipe.table(&best.design)
}

fn degrees(found: &Found) -> String {
    let list: Vec<String> = found.design.degrees.iter().map(usize::to_string).collect();
    list.join(",")
}

/// A design's table, the proof of its error, and the certificate, which the checker has verified.
fn certified(a: &Arguments, found: &Found, only_error: bool) -> Result<(Table, Proof, String)> {
    let table = table(a, found);
    table.validate()?;
    let mut request = Request::new(Target::new(a.target));
    request.claim = Some(claim(a));
    request.only_error = only_error;
    let proof = prove(&table, &request)?;
    let (certificate, _) = publish::checked(document(&table, &proof))?;
    Ok((table, proof, certificate))
}

/// A line of the Pareto front.
struct Row<'a> {
    found: &'a Found,
    best: bool,
    /// The proved error; none for more components than a table holds.
    bound_hi: Option<Rational>,
}

impl<'a> Row<'a> {
    fn new(a: &Arguments, found: &'a Found, best: &Found) -> Result<Self> {
        let bound_hi = (found.design.degrees.len() <= MAX_COMPONENTS)
            .then(|| certified(a, found, true).map(|c| c.1.bound_hi))
            .transpose()?;
        Ok(Self {
            found,
            best: std::ptr::eq(found, best),
            bound_hi,
        })
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "degrees": self.found.design.degrees,
            "depth": self.found.depth,
            "mults": self.found.mults,
            "cost": self.found.price,
            "bound_hi": self.bound_hi.as_ref().map(number::write),
            "estimate_hi_log2": self.bound_hi.as_ref().map(number::estimate_log2),
        })
    }
}

fn words(a: &Arguments, problem: &Problem, rows: &[Row], proof: &Proof) -> String {
    let priced = matches!(problem.prices, Prices::Table(_));
    let cost = |found: &Found| {
        if priced {
            format!("  {:9}", found.price)
        } else {
            String::new()
        }
    };
    let verdict = proof.verdict.map_or_else(String::new, |v| v.to_string());
    let mut text = format!(
        "{verdict} {} error at most {}\nerror in [{}, {}] = 2^[{:.4}, {:.4}]\n",
        a.target,
        number::write(&claim(a)),
        number::decimal(&proof.bound_lo, 12, false),
        number::decimal(&proof.bound_hi, 12, true),
        number::estimate_log2(&proof.bound_lo),
        number::estimate_log2(&proof.bound_hi),
    );
    text.push_str("Pareto front, every error proved (* by the certificate above):\n");
    let heading = if priced { "       cost" } else { "" };
    text.push_str(&format!("  depth  mults{heading}  log2 bound  degrees\n"));
    for row in rows {
        let bound = row.bound_hi.as_ref().map_or_else(
            || "-".to_owned(),
            |b| format!("{:.4}", number::estimate_log2(b)),
        );
        text.push_str(&format!(
            "{} {:5}  {:5}{}  {bound:>10}  {}\n",
            if row.best { '*' } else { ' ' },
            row.found.depth,
            row.found.mults,
            cost(row.found),
            degrees(row.found)
        ));
    }
    text
}

fn json(a: &Arguments, rows: &[Row], table: &Table, proof: &Proof) -> String {
    let best = rows.iter().find(|r| r.best).map(Row::json);
    let answer = serde_json::json!({
        "target": a.target.name(),
        "alpha": a.alpha,
        "objective": a.objective,
        "best": best,
        "bound_lo": number::write(&proof.bound_lo),
        "bound_hi": number::write(&proof.bound_hi),
        "estimate_hi_log2": number::estimate_log2(&proof.bound_hi),
        "verdict": proof.verdict.map(|v| v.to_string()),
        "table_sha256": table.sha256(),
        "front": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    answer.to_string() + "\n"
}
