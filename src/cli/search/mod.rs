//! `polycert search`: the cheapest composites that reach a precision.

mod answer;
mod cache;

use crate::approx::search::cost::{CostTable, Prices, MAX_DEGREE};
use crate::approx::search::{Eps, Found, Problem, Progress, Search, MAX_ALPHA, MAX_DEPTH};
use crate::approx::{ApproxError, Scaling, DEFAULT_BITS};
use crate::arith::number;
use crate::certificate::composite::document;
use crate::certificate::publish;
use crate::certify::claims::pool::needed_error;
use crate::certify::proof::{prove, Proof, Request, Verdict};
use crate::cli::generate::{Recipe, BEST_EPS};
use crate::cli::output;
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::{Function, Target};
use crate::poly::component::Basis;
use crate::poly::cost::{tournament, Cost};
use crate::poly::table::Table;
use crate::poly::table::MAX_COMPONENTS;
use answer::{json, words, Row};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest precision searched with eps free, in bits: about a second there, and no end after minutes at 54.
const FREE_ALPHA: f64 = 50.0;
/// Greatest depth at which the best reachable is looked for beyond that precision.
const FREE_DEPTH: usize = 24;

/// Largest cost table that is read.
const MAX_COST_BYTES: usize = 1 << 16;

/// Find the cheapest composite that reaches a precision, and prove that it does.
///
/// Prints the designs that no other undercuts in both depth and price, each with its proved error; the
/// best one by --objective is written. ReLU and max on [-1, 1] to within 2^-ALPHA; sign to within 2^(1-ALPHA) on
/// 2^-ALPHA <= |x| <= 1 (so a comparison to within 2^-ALPHA); max_pool: the maximum of K x K inputs in
/// [-1, 1] to within 2^-ALPHA by a tournament, whose depth (levels) and multiplications (all matches) are counted.
#[derive(clap::Args)]
pub struct Arguments {
    /// Precision in bits.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=i64::from(MAX_ALPHA)))]
    alpha: u32,
    /// sign, relu, max or max_pool.
    #[arg(long, default_value = "relu")]
    target: Function,
    /// max_pool: K of a K x K window (2 if left out).
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=32))]
    window: Option<u32>,
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
    /// Greatest depth in levels, the product x p(x) included (max_pool: of the whole tournament).
    #[arg(long)]
    depth: Option<usize>,
    /// Also list designs that are more precise, by whole bits, at no greater depth and price than those listed.
    #[arg(long)]
    more_precise: bool,
    /// Folder that keeps the error curves (POLYCERT_CACHE, else the user's cache folder; at most 200 kB).
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Neither read nor write kept error curves.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
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
    if matches!(problem.eps, Eps::Free)
        && problem.alpha > FREE_ALPHA
        && problem.max_depth > FREE_DEPTH
    {
        return Err(Error::unsupported(format!(
            "{}: with eps free the search goes up to {FREE_ALPHA} bits{}; give --eps zeta:Z (relu, max), or --depth up to {} for the best reachable",
            asked(a),
            inputs(a).map_or_else(String::new, |_| format!(" (a match would need {:.2})", problem.alpha)),
            FREE_DEPTH * levels(a),
        )));
    }
    let folder = cache::folder(a.cache.as_ref(), a.no_cache);
    let search = cache::search(a.max_degree, folder.as_deref())?;
    let front = front(&search, &problem)?;
    let best = if a.objective == "depth" {
        front.first()
    } else {
        front.last()
    };
    let best = match best {
        Some(best) => best,
        None => return Err(unreachable(a, &search, &problem)?),
    };
    if best.design.degrees.len() > MAX_COMPONENTS {
        let n = best.design.degrees.len();
        return Err(Error::unsupported(format!(
            "the best design has {n} components, a table holds {MAX_COMPONENTS}: lower --depth"
        )));
    }
    let (table, proof, certificate) = certified(a, best, false)?;
    let more = if a.more_precise {
        more_precise(&search, &problem, &front)?
    } else {
        Vec::new()
    };
    let mut listed: Vec<&Found> = front.iter().chain(&more).collect();
    listed.sort_by_key(|f| (f.depth, f.price));
    let rows = listed
        .into_iter()
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

/// The front, with progress on standard error.
fn front(search: &Search, problem: &Problem) -> Result<Vec<Found>> {
    let mut line = cache::Line::new();
    // The cheapest designs were 1.75 alpha deep: an estimate of where the search ends.
    let end = (1.8 * problem.alpha).min(problem.max_depth as f64).max(1.0);
    let mut progress = |p: Progress| {
        let share = (100.0 * p.depth as f64 / end).min(99.0);
        let text = format!(
            "progress: about {share:3.0} %, depth {}, {} partial designs, {} found",
            p.depth, p.labels, p.found
        );
        line.show(&text, false);
    };
    let front = search.front_with(problem, &mut progress);
    line.show("progress: 100 %", true);
    front.map_err(|e| domain(&e))
}

/// Designs that reach one bit more, two, ... at no greater depth and price than those of the front, and that
/// no other undercuts in depth and price at its precision or a greater one.
fn more_precise(search: &Search, problem: &Problem, front: &[Found]) -> Result<Vec<Found>> {
    let (Some(first), Some(last)) = (front.first(), front.last()) else {
        return Ok(Vec::new());
    };
    let mut more: Vec<Found> = Vec::new();
    for bits in 1..=MAX_ALPHA {
        let finer = Problem {
            alpha: problem.alpha + f64::from(bits),
            max_depth: last.depth,
            ..problem.clone()
        };
        if finer.alpha > f64::from(MAX_ALPHA) {
            break;
        }
        let mut found = self::front(search, &finer)?;
        found.retain(|f| f.price <= first.price);
        if found.is_empty() {
            break;
        }
        // A design may reach several bits more: it is listed once.
        let listed = |f: &Found| {
            let mut all = front.iter().chain(&more);
            all.any(|g| g.design.degrees == f.design.degrees)
        };
        found.retain(|f| !listed(f));
        more.retain(|m| {
            !found
                .iter()
                .any(|f| f.depth <= m.depth && f.price <= m.price)
        });
        more.append(&mut found);
    }
    Ok(more)
}

/// Levels of the tournament; 1 for all other targets.
fn levels(a: &Arguments) -> usize {
    inputs(a).map_or(1, |n| tournament(n).0)
}

/// Inputs of a max-pool.
fn inputs(a: &Arguments) -> Option<usize> {
    let k = a.window.unwrap_or(2) as usize;
    (a.target == Function::MaxPool).then_some(k * k)
}

/// Depth and multiplications of the whole target.
fn cost(a: &Arguments, found: &Found) -> Cost {
    let one = Cost {
        depth: found.depth,
        mults: found.mults,
    };
    inputs(a).map_or(one, |n| one.of_tournament(n))
}

/// The option that was asked for, in words.
fn asked(a: &Arguments) -> String {
    match inputs(a) {
        Some(_) => format!("--alpha {} --window {}", a.alpha, a.window.unwrap_or(2)),
        None => format!("--alpha {}", a.alpha),
    }
}

fn domain(error: &ApproxError) -> Error {
    Error::domain(error.to_string())
}

fn problem(a: &Arguments) -> Result<Problem> {
    let known = [
        Function::Sign,
        Function::Relu,
        Function::Max,
        Function::MaxPool,
    ];
    if !known.contains(&a.target) {
        let detail = format!(
            "--target: search knows sign, relu, max and max_pool, not {}",
            a.target
        );
        return Err(Error::domain(detail));
    }
    if a.window.is_some() && a.target != Function::MaxPool {
        let detail = format!("--window is for --target max_pool, not {}", a.target);
        return Err(Error::domain(detail));
    }
    if a.target == Function::MaxPool && a.objective == "cost" {
        return Err(Error::domain(
            "--objective cost is not for max_pool: its matches lie at different levels; use depth or mults",
        ));
    }
    if !(3..=MAX_DEGREE).contains(&a.max_degree) {
        let detail = format!(
            "--max-degree is from 3 to {MAX_DEGREE}, not {}",
            a.max_degree
        );
        return Err(Error::domain(detail));
    }
    if a.more_precise && (a.target == Function::Sign || a.eps != "free") {
        return Err(Error::domain(
            "--more-precise is for eps free: relu, max and max_pool",
        ));
    }
    let sign = a.target == Function::Sign;
    let eps = match (a.eps.as_str(), a.eps.strip_prefix("zeta:")) {
        ("free", _) if sign => Eps::Fixed(Rational::from(1) >> a.alpha),
        ("free", _) => Eps::Free,
        (_, Some(_)) if a.target == Function::MaxPool => {
            return Err(Error::domain(
                "--eps zeta:Z is for relu and max: max_pool has eps free",
            ));
        }
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
    let most = priced * levels(a);
    if let Some(depth) = a.depth.filter(|d| *d > most) {
        return Err(Error::domain(match &prices {
            Prices::Table(_) => format!(
                "--depth {depth}: level {} has no price in the cost table",
                priced + 1
            ),
            Prices::Unit => format!("--depth is at most {most}, not {depth}"),
        }));
    }
    let alpha = match inputs(a) {
        Some(n) => {
            // What each match must reach; a little more, for the rounding of the input scale.
            let e = needed_error(n, &claim(a));
            1e-5 - number::estimate_log2(&e)
        }
        None => f64::from(a.alpha),
    };
    if alpha > f64::from(MAX_ALPHA) {
        let detail = format!(
            "{}: a match would need {alpha:.1} bits, the limit is {MAX_ALPHA}",
            asked(a)
        );
        return Err(Error::domain(detail));
    }
    Ok(Problem {
        alpha,
        eps,
        product: !sign,
        prices,
        max_depth: a.depth.map_or(priced, |d| d / levels(a)),
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
fn unreachable(a: &Arguments, search: &Search, problem: &Problem) -> Result<Error> {
    let limit = problem.max_depth * levels(a);
    let asked = format!(
        "no composite of degrees up to {} and depth up to {limit} reaches alpha = {}",
        a.max_degree, a.alpha
    );
    let none = format!("{asked}, nor any precision at all at that depth");
    let words = match &problem.eps {
        Eps::Free => match search.most_precise(problem).map_err(|e| domain(&e))? {
            None => none,
            Some(found) => {
                let mut alpha = found.estimate_alpha(&problem.eps);
                if let Some(n) = inputs(a) {
                    // The error of the tournament from that of its matches.
                    let (need, ask) = (needed_error(n, &claim(a)), claim(a));
                    alpha += number::estimate_log2(&need) - number::estimate_log2(&ask);
                }
                format!(
                    "{asked}; the best there is 2^-{alpha:.4} (estimate) by degrees {} at depth {}",
                    degrees(&found),
                    cost(a, &found).depth
                )
            }
        },
        Eps::Fixed(eps) => match nearest(a, search, problem)? {
            None => format!("{asked} on [{}, 1], nor does any lower alpha", number::write(eps)),
            Some((alpha, found)) => format!(
                "{asked} on [{}, 1]; the best there is alpha = {alpha} (estimate) by degrees {} at depth {}",
                number::write(eps),
                degrees(&found),
                found.depth
            ),
        },
    };
    Ok(Error::domain(words))
}

/// The greatest whole alpha below the one asked for that is reached, eps by the same convention.
fn nearest(a: &Arguments, search: &Search, problem: &Problem) -> Result<Option<(u32, Found)>> {
    let Eps::Fixed(eps) = &problem.eps else {
        return Ok(None);
    };
    let (mut reached, mut beyond) = (1, a.alpha);
    let mut best = None;
    while beyond - reached > 1 {
        let alpha = (reached + beyond) / 2;
        let eps = Rational::from(eps << (a.alpha - alpha));
        let lower = Problem {
            alpha: alpha.into(),
            eps: Eps::Fixed(eps.clone()),
            ..problem.clone()
        };
        let front = if eps < 1u32 {
            search.front(&lower).map_err(|e| domain(&e))?
        } else {
            Vec::new()
        };
        match front.into_iter().next() {
            Some(found) => {
                best = Some((alpha, found));
                reached = alpha;
            }
            // An eps of 1 or more only means that alpha is too low for the convention.
            None if eps >= 1u32 => reached = alpha,
            None => beyond = alpha,
        }
    }
    Ok(best)
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
    let mut target = Target::new(a.target);
    target.inputs = inputs(a).unwrap_or(target.inputs);
    let mut request = Request::new(target);
    request.claim = Some(claim(a));
    request.only_error = only_error;
    let proof = prove(&table, &request)?;
    let (certificate, _) = publish::checked(document(&table, &proof))?;
    Ok((table, proof, certificate))
}
