//! From a request to the problem that is searched, and what is said where it has no solution.

use crate::approx::search::cost::{Prices, MAX_DEGREE};
use crate::approx::search::{Eps, Found, Problem, Search, MAX_ALPHA, MAX_DEPTH};
use crate::arith::number;
use crate::certify::claims::pool::needed_error;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::jobs::cache::domain;
use crate::jobs::search::request::{Gap, Objective, Request};
use rug::Rational;

/// Largest precision searched with eps free, in bits: about a second there, and no end after minutes at 54.
const FREE_ALPHA: f64 = 50.0;
/// Greatest depth at which the best reachable is looked for beyond that precision.
const FREE_DEPTH: usize = 24;

/// The problem of one match, or of the composite itself.
pub(super) fn problem(request: &Request) -> Result<Problem> {
    check(request)?;
    let eps = eps(request)?;
    let prices = prices(request)?;
    let priced = match &prices {
        Prices::Table(table) => table.levels(),
        Prices::Unit => MAX_DEPTH,
    };
    let most = priced * request.levels();
    if let Some(depth) = request.depth.filter(|d| *d > most) {
        return Err(Error::domain(match &prices {
            Prices::Table(_) => format!(
                "--depth {depth}: level {} has no price in the cost table",
                priced + 1
            ),
            Prices::Unit => format!("--depth is at most {most}, not {depth}"),
        }));
    }
    let alpha = match request.inputs() {
        Some(n) => {
            // What each match must reach; a little more, for the rounding of the input scale.
            let e = needed_error(n, &request.claim());
            1e-5 - number::estimate_log2(&e)
        }
        None => f64::from(request.alpha),
    };
    if alpha > f64::from(MAX_ALPHA) {
        let detail = format!(
            "{}: a match would need {alpha:.1} bits, the limit is {MAX_ALPHA}",
            request.asked()
        );
        return Err(Error::domain(detail));
    }
    let problem = Problem {
        alpha,
        eps,
        product: request.target != Function::Sign,
        prices,
        max_depth: request.depth.map_or(priced, |d| d / request.levels()),
    };
    if matches!(problem.eps, Eps::Free)
        && problem.alpha > FREE_ALPHA
        && problem.max_depth > FREE_DEPTH
    {
        return Err(Error::unsupported(format!(
            "{}: with eps free the search goes up to {FREE_ALPHA} bits{}; give --eps zeta:Z (relu, max), or --depth up to {} for the best reachable",
            request.asked(),
            request.inputs().map_or_else(String::new, |_| format!(" (a match would need {:.2})", problem.alpha)),
            FREE_DEPTH * request.levels(),
        )));
    }
    Ok(problem)
}

/// Refuses requests that make no sense together.
fn check(request: &Request) -> Result<()> {
    if !(2..=MAX_ALPHA).contains(&request.alpha) {
        let detail = format!("--alpha is from 2 to {MAX_ALPHA}, not {}", request.alpha);
        return Err(Error::domain(detail));
    }
    if request.window.is_some_and(|k| !(2..=32).contains(&k)) {
        return Err(Error::domain("--window is from 2 to 32"));
    }
    let known = [
        Function::Sign,
        Function::Relu,
        Function::Max,
        Function::MaxPool,
    ];
    if !known.contains(&request.target) {
        let detail = format!(
            "--target: search knows sign, relu, max and max_pool, not {}",
            request.target
        );
        return Err(Error::domain(detail));
    }
    if request.window.is_some() && request.target != Function::MaxPool {
        let detail = format!("--window is for --target max_pool, not {}", request.target);
        return Err(Error::domain(detail));
    }
    if request.target == Function::MaxPool && request.objective == Objective::Cost {
        return Err(Error::domain(
            "--objective cost is not for max_pool: its matches lie at different levels; use depth or mults",
        ));
    }
    if !(3..=MAX_DEGREE).contains(&request.max_degree) {
        let detail = format!(
            "--max-degree is from 3 to {MAX_DEGREE}, not {}",
            request.max_degree
        );
        return Err(Error::domain(detail));
    }
    if request.more_precise && (request.target == Function::Sign || request.eps != Gap::Free) {
        return Err(Error::domain(
            "--more-precise is for eps free: relu, max and max_pool",
        ));
    }
    Ok(())
}

/// eps of the composite, or that it is free.
fn eps(request: &Request) -> Result<Eps> {
    let sign = request.target == Function::Sign;
    Ok(match &request.eps {
        Gap::Free if sign => Eps::Fixed(Rational::from(1) >> request.alpha),
        Gap::Free => Eps::Free,
        Gap::Zeta(_) if request.target == Function::MaxPool => {
            return Err(Error::domain(
                "--eps zeta:Z is for relu and max: max_pool has eps free",
            ));
        }
        Gap::Zeta(_) if sign => {
            return Err(Error::domain(
                "--eps is for relu and max: sign has eps = 2^-ALPHA",
            ));
        }
        Gap::Zeta(zeta) => {
            let zeta = number::parse(zeta).map_err(|e| e.within("--eps"))?;
            let eps = Rational::from(&zeta >> request.alpha);
            if eps <= 0u32 || eps >= 1u32 {
                let detail = format!("--eps: zeta 2^-alpha is between 0 and 1, not {eps}");
                return Err(Error::domain(detail));
            }
            Eps::Fixed(eps)
        }
    })
}

fn prices(request: &Request) -> Result<Prices> {
    match (&request.cost_table, request.objective == Objective::Cost) {
        (Some(table), true) => Ok(Prices::Table(table.clone())),
        (None, false) => Ok(Prices::Unit),
        (None, true) => Err(Error::domain("--objective cost needs --cost-table")),
        (Some(_), false) => Err(Error::domain("--cost-table needs --objective cost")),
    }
}

/// No design reaches the precision: says which one comes nearest.
pub(super) fn unreachable(request: &Request, search: &Search, problem: &Problem) -> Result<Error> {
    let limit = problem.max_depth * request.levels();
    let asked = format!(
        "no composite of degrees up to {} and depth up to {limit} reaches alpha = {}",
        request.max_degree, request.alpha
    );
    let none = format!("{asked}, nor any precision at all at that depth");
    let words = match &problem.eps {
        Eps::Free => match search.most_precise(problem).map_err(|e| domain(&e))? {
            None => none,
            Some(found) => {
                let mut alpha = found.estimate_alpha(&problem.eps);
                if let Some(n) = request.inputs() {
                    // The error of the tournament from that of its matches.
                    let (need, ask) = (needed_error(n, &request.claim()), request.claim());
                    alpha += number::estimate_log2(&need) - number::estimate_log2(&ask);
                }
                format!(
                    "{asked}; the best there is 2^-{alpha:.4} (estimate) by degrees {} at depth {}",
                    degrees(&found),
                    request.cost(&found).depth
                )
            }
        },
        Eps::Fixed(eps) => match nearest(request, search, problem)? {
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
fn nearest(request: &Request, search: &Search, problem: &Problem) -> Result<Option<(u32, Found)>> {
    let Eps::Fixed(eps) = &problem.eps else {
        return Ok(None);
    };
    let (mut reached, mut beyond) = (1, request.alpha);
    let mut best = None;
    while beyond - reached > 1 {
        let alpha = (reached + beyond) / 2;
        let eps = Rational::from(eps << (request.alpha - alpha));
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

/// The degrees of a design as text.
fn degrees(found: &Found) -> String {
    let list: Vec<String> = found.design.degrees.iter().map(usize::to_string).collect();
    list.join(",")
}
