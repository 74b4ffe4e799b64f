//! Search: the cheapest composites that reach a precision, each with its proved error.

mod problem;
mod request;
mod smooth;

pub use crate::approx::search::cost::CostTable;
pub use crate::approx::search::MAX_ALPHA;
pub use crate::jobs::cache::{cache_file, folder, Progress};
pub use request::{Gap, Objective, Request};
pub use smooth::{search_smooth, Form, SmoothAnswer, SmoothRequest, SmoothRow, MAX_PRECISION};

use crate::approx::search::{self, Found, Problem, Search};
use crate::approx::{Scaling, DEFAULT_BITS};
use crate::certify::proof::{Proof, Request as Asked};
use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::jobs::cache::{self, domain};
use crate::jobs::certify::{self, certified};
use crate::jobs::generate::{Recipe, BEST_EPS};
use crate::poly::component::Basis;
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use crate::poly::table::MAX_COMPONENTS;
use problem::{problem, unreachable};
use rug::Rational;

/// A line of the Pareto front.
#[derive(Debug, Clone)]
pub struct Row {
    /// Degrees, first applied first.
    pub degrees: Vec<usize>,
    /// Depth and multiplications of the whole target.
    pub cost: Cost,
    /// Under the prices; of a max-pool the multiplications.
    pub price: u64,
    /// Whether it is the best by the objective.
    pub best: bool,
    /// The proved error; none for more components than a table holds.
    pub bound_hi: Option<Rational>,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The best design's table.
    pub table: Table,
    /// The proof of its error; its verdict is on [`Request::claim`].
    pub proof: Proof,
    /// Its certificate, verified by the independent checker.
    pub certificate: String,
    /// The designs that no other undercuts in both depth and price.
    pub front: Vec<Row>,
}

/// Finds the cheapest composite that reaches a precision, and proves that it does.
///
/// **Guarantee** every error in the answer is proved; that no design is cheaper rests on the search, an *estimate*.
/// **Cost** a second or two for alpha up to 20; the error curves are fitted once and kept.
///
/// # Errors
/// Requests that make no sense together, and a precision that no design reaches, with the nearest that one does.
///
/// ```
/// use polycert::jobs::search::{search, Request};
///
/// let request = Request { max_degree: 7, cache: None, ..Request::new(6) };
/// let answer = search(&request, &mut |_| ())?;
/// assert!(answer.proof.bound_hi <= request.claim());
/// assert_eq!(answer.front.iter().filter(|row| row.best).count(), 1);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn search(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let problem = problem(request)?;
    let search = cache::search(request.max_degree, request.cache.as_deref(), progress)?;
    let front = front(&search, &problem, progress)?;
    let best = match request.objective {
        Objective::Depth => front.first(),
        Objective::Mults | Objective::Cost => front.last(),
    };
    let best = match best {
        Some(best) => best,
        None => return Err(unreachable(request, &search, &problem)?),
    };
    if best.design.degrees.len() > MAX_COMPONENTS {
        let n = best.design.degrees.len();
        return Err(Error::unsupported(format!(
            "the best design has {n} components, a table holds {MAX_COMPONENTS}: lower --depth"
        )));
    }
    let (table, certified) = proved(request, best, false)?;
    let more = if request.more_precise {
        more_precise(&search, &problem, &front, progress)?
    } else {
        Vec::new()
    };
    let mut listed: Vec<&Found> = front.iter().chain(&more).collect();
    listed.sort_by_key(|f| (f.depth, f.price));
    let rows = listed.into_iter().map(|found| row(request, found, best));
    Ok(Answer {
        table,
        proof: certified.proof,
        certificate: certified.certificate,
        front: rows.collect::<Result<_>>()?,
    })
}

fn row(request: &Request, found: &Found, best: &Found) -> Result<Row> {
    let bound_hi = (found.design.degrees.len() <= MAX_COMPONENTS)
        .then(|| proved(request, found, true).map(|(_, c)| c.proof.bound_hi))
        .transpose()?;
    let cost = request.cost(found);
    Ok(Row {
        degrees: found.design.degrees.clone(),
        cost,
        price: request.inputs().map_or(found.price, |_| cost.mults as u64),
        best: std::ptr::eq(found, best),
        bound_hi,
    })
}

/// The front of designs that no other undercuts.
fn front(
    search: &Search,
    problem: &Problem,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Found>> {
    // The cheapest designs were 1.75 alpha deep: an estimate of where the search ends.
    let end = (1.8 * problem.alpha).min(problem.max_depth as f64).max(1.0);
    let mut told = |p: search::Progress| {
        progress(Progress::Designs {
            share: (p.depth as f64 / end).min(0.99),
            depth: p.depth,
            partial: p.labels,
            found: p.found,
        });
    };
    let front = search.front_with(problem, &mut told);
    progress(Progress::Front);
    front.map_err(|e| domain(&e))
}

/// Designs that reach one bit more, two, ... at no greater depth and price than those of the front, and that
/// no other undercuts in depth and price at its precision or a greater one.
fn more_precise(
    search: &Search,
    problem: &Problem,
    front: &[Found],
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Found>> {
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
        let mut found = self::front(search, &finer, progress)?;
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

fn table(request: &Request, found: &Found) -> Table {
    let fit_words = match &request.eps {
        Gap::Zeta(zeta) => format!("eps = {zeta} 2^-{} (arXiv 2105.10879)", request.alpha),
        Gap::Free if request.target == Function::Sign => {
            format!("eps = 2^-{} (ePrint 2020/834)", request.alpha)
        }
        Gap::Free => BEST_EPS.to_owned(),
    };
    let recipe = Recipe {
        target: request.target,
        name: None,
        basis: Basis::Chebyshev,
        scaling: Scaling::None,
        bits: DEFAULT_BITS,
        command: "search",
        fit_words,
    };
    recipe.table(&found.design)
}

/// A design's table, with the proof of its error and the certificate.
fn proved(request: &Request, found: &Found, only_error: bool) -> Result<(Table, certify::Answer)> {
    let table = table(request, found);
    table.validate()?;
    let mut target = Target::new(request.target);
    target.inputs = request.inputs().unwrap_or(target.inputs);
    let mut asked = Asked::new(target);
    asked.claim = Some(request.claim());
    asked.only_error = only_error;
    let certified = certified(&table, &asked)?;
    Ok((table, certified))
}
