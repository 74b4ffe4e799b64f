//! `polycert search`: the cheapest composites that reach a precision.

use crate::arith::number;
use crate::certify::proof::Verdict;
use crate::cli::progress::Line;
use crate::cli::search_smooth;
use crate::cli::terminal::{guard, note, output};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::Function;
use crate::jobs::json;
use crate::jobs::search::{
    cache_file, folder, search, Answer, CostTable, Gap, Objective, Progress, Request, Row,
    MAX_ALPHA,
};
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest cost table that is read.
const MAX_COST_BYTES: usize = 1 << 16;

/// Find the cheapest composite that reaches a precision, and prove that it does.
///
/// Prints the designs that no other undercuts in both depth and price, each with its proved error; the
/// best one by --objective is written. ReLU and max on [-1, 1] to within 2^-ALPHA; sign to within 2^(1-ALPHA) on
/// 2^-ALPHA <= |x| <= 1 (so a comparison to within 2^-ALPHA); max_pool: the maximum of K x K inputs in
/// [-1, 1] to within 2^-ALPHA by a tournament, whose depth (levels) and multiplications (all matches) are counted.
///
/// With --function a smooth function on --range to within 2^-PRECISION: one minimax polynomial, and where there are such
/// chains, exp by squaring, cos and sin by double angles, 1/x and 1/sqrt(x) by Newton's and Goldschmidt's steps. A product
/// with a number that is no integer takes a level and is no product.
#[derive(clap::Args)]
pub struct Arguments {
    /// Precision in bits.
    #[arg(long, required_unless_present = "function", value_parser = clap::value_parser!(u32).range(2..=i64::from(MAX_ALPHA)))]
    alpha: Option<u32>,
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
    #[command(flatten)]
    smooth: search_smooth::Smooth,
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
    if let Some(request) = a.smooth.request()? {
        guard([a.output.as_ref(), a.certificate.as_ref()], [])?;
        let files = (a.output.as_ref(), a.certificate.as_ref());
        return search_smooth::run(&request, files, a.json);
    }
    let cache = (!a.no_cache)
        .then(|| a.cache.clone().or_else(folder))
        .flatten();
    let kept = cache.as_deref().map(cache_file);
    guard(
        [
            a.output.as_ref(),
            a.certificate.as_ref(),
            cache.as_ref(),
            kept.as_ref(),
        ],
        [a.cost_table.as_ref()],
    )?;
    let request = request(a, cache)?;
    let answer = search(&request, &mut progress())?;
    if let Some(path) = &a.output {
        output(Some(path), &answer.table.to_json())?;
    }
    if let Some(path) = &a.certificate {
        output(Some(path), &answer.certificate)?;
    }
    let text = if a.json {
        json::search(&request, &answer).to_string() + "\n"
    } else {
        words(&request, &answer)
    };
    output(None, &text)?;
    Ok(if answer.proof.verdict == Some(Verdict::Proved) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn request(a: &Arguments, cache: Option<PathBuf>) -> Result<Request> {
    let eps = match (a.eps.as_str(), a.eps.strip_prefix("zeta:")) {
        ("free", _) => Gap::Free,
        (_, Some(zeta)) => Gap::Zeta(zeta.to_owned()),
        (other, None) => {
            return Err(Error::domain(format!(
                "--eps is free or zeta:Z, not {other:?}"
            )));
        }
    };
    let cost_table = match &a.cost_table {
        Some(path) if a.objective == "cost" => {
            let text = read_text(path, MAX_COST_BYTES)?;
            Some(CostTable::from_json(&text).map_err(|e| e.in_file(path))?)
        }
        Some(_) => return Err(Error::domain("--cost-table needs --objective cost")),
        None => None,
    };
    Ok(Request {
        alpha: a.alpha.unwrap_or_default(),
        target: a.target,
        window: a.window,
        objective: match a.objective.as_str() {
            "depth" => Objective::Depth,
            "mults" => Objective::Mults,
            _ => Objective::Cost,
        },
        cost_table,
        max_degree: a.max_degree,
        eps,
        depth: a.depth,
        more_precise: a.more_precise,
        cache,
    })
}

/// Lines on standard error.
fn progress() -> impl FnMut(Progress) {
    let mut line = Line::new();
    move |at| match at {
        Progress::Curves { share } => line.show(
            &format!("progress: error curves {:3.0} %", 100.0 * share),
            share >= 1.0,
        ),
        Progress::Designs {
            share,
            depth,
            partial,
            found,
        } => {
            let text = format!(
                "progress: about {:3.0} %, depth {depth}, {partial} partial designs, {found} found",
                100.0 * share
            );
            line.show(&text, false);
        }
        Progress::Front => {
            line.show("progress: 100 %", true);
            line = Line::new();
        }
        Progress::Note(words) => note(&format!("note: {words}")),
    }
}

fn degrees(row: &Row) -> String {
    let list: Vec<String> = row.degrees.iter().map(usize::to_string).collect();
    list.join(",")
}

fn words(request: &Request, answer: &Answer) -> String {
    let proof = &answer.proof;
    let priced = request.objective == Objective::Cost;
    let price = |row: &Row| {
        if priced {
            format!("  {:9}", row.price)
        } else {
            String::new()
        }
    };
    let verdict = proof.verdict.map_or_else(String::new, |v| v.to_string());
    let mut text = format!(
        "{verdict} {}{} error at most {}\nerror in [{}, {}] = 2^[{:.4}, {:.4}]\n",
        request.target,
        request
            .inputs()
            .map_or_else(String::new, |n| format!(" of {n} inputs in [-1, 1],")),
        number::write(&request.claim()),
        number::decimal(&proof.bound_lo, 12, false),
        number::decimal(&proof.bound_hi, 12, true),
        number::estimate_log2(&proof.bound_lo),
        number::estimate_log2(&proof.bound_hi),
    );
    text.push_str("Pareto front, every error proved (* by the certificate above):\n");
    let heading = if priced { "       cost" } else { "" };
    text.push_str(&format!("  depth  mults{heading}  log2 bound  degrees\n"));
    for row in &answer.front {
        let bound = row.bound_hi.as_ref().map_or_else(
            || "-".to_owned(),
            |b| format!("{:.4}", number::estimate_log2(b)),
        );
        text.push_str(&format!(
            "{} {:5}  {:5}{}  {bound:>10}  {}\n",
            if row.best { '*' } else { ' ' },
            row.cost.depth,
            row.cost.mults,
            price(row),
            degrees(row)
        ));
    }
    text
}
