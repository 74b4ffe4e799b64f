//! Verbs on tables: what the commands `certify`, `search` and `values` call.

use crate::error::exception;
use crate::options::Options;
use crate::work::run;
use polycert::arith::number::{self, f64_above, f64_below};
use polycert::error::Result;
use polycert::function::formula::Formula;
use polycert::function::program::Program;
use polycert::jobs::certify::{self as certified, held, Request};
use polycert::jobs::search::{
    self as searches, CostTable, Gap, Objective, SmoothRequest, MAX_ALPHA,
};
use polycert::jobs::{json, values as enclosed};
use polycert::poly::Table;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// A table as it is written, its SHA-256, its target, its degrees.
type Described = (String, String, String, Vec<usize>);

/// Reads a table's JSON.
#[pyfunction]
pub fn table(py: Python<'_>, text: &str) -> PyResult<Described> {
    described(py, Table::from_json(text))
}

/// Reads a table's file.
#[pyfunction]
pub fn table_file(py: Python<'_>, path: PathBuf) -> PyResult<Described> {
    described(py, Table::read(&path))
}

fn described(py: Python<'_>, table: Result<Table>) -> PyResult<Described> {
    let table = table.map_err(|e| exception(py, &e))?;
    let target = table.target.name().to_owned();
    Ok((table.to_json(), table.sha256(), target, table.degrees()))
}

/// Certifies a table: (JSON, certificate, the checker's words).
#[pyfunction]
pub fn certify(
    py: Python<'_>,
    table: String,
    options: &Bound<'_, PyDict>,
) -> PyResult<(String, String, String)> {
    let options = Options::new(options)?;
    let mut request = asked(&options)?;
    request.target = options.read("target", str::parse)?;
    request.claim = options.number("claim")?;
    request.density = options.read("mean_square", str::parse)?;
    request.extend = options.take("extend")?.unwrap_or_default();
    request.evaluation = options.read("evaluation", str::parse)?;
    let coefficients = options.read("coefficients", str::parse)?;
    request.coefficients = held(coefficients, request.evaluation);
    if let Some(bound) = options.number("bound")? {
        request.scale = bound;
    }
    request.slope = options.number("slope")?;
    request.window = options.whole("window", 2..=32)?;
    request.lower = options.number("lower")?;
    request.upper = options.number("upper")?;
    request.inputs = options.whole("inputs", 2..=1_024)?;
    request.input_gap = options.number("input_gap")?;
    request.input_scale = options.number("input_scale")?;
    request.range = options.ends("range")?;
    request.eps = options.number("eps")?;
    request.to = options.number("to")?;
    if let Some(gap) = options.number("gap")? {
        request.gap = gap;
    }
    request.zone = options.number("zone")?;
    request.rho = options.number("rho")?;
    request.limit = options.number("limit")?;
    request.only_error = options.take("only_error")?.unwrap_or_default();
    options.finish()?;
    run(py, move |_| {
        let table = Table::from_json(&table)?;
        let answer = certified::certify(&table, &request)?;
        let said = json::certify(&table, &answer).to_string();
        Ok((said, answer.certificate, answer.report.to_string()))
    })
}

/// What `certify` and `values` are both asked.
fn asked(options: &Options<'_>) -> PyResult<Request> {
    Ok(Request {
        function: options.read("function", Formula::function)?,
        value: options.read("value", Program::parse)?,
        error: options.read("error", str::parse)?,
        ..Request::default()
    })
}

/// Finds a composite: (JSON, table, certificate).
#[pyfunction]
pub fn search(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<(String, String, String)> {
    let options = Options::new(options)?;
    let mut request =
        searches::Request::new(options.whole("alpha", 2..=MAX_ALPHA)?.unwrap_or_default());
    if let Some(target) = options.read("target", str::parse)? {
        request.target = target;
    }
    request.window = options.whole("window", 2..=32)?;
    request.cost_table = options.read("cost_table", CostTable::from_json)?;
    request.objective = options
        .read("objective", objective)?
        .unwrap_or(Objective::Depth);
    if let Some(degree) = options.take("max_degree")? {
        request.max_degree = degree;
    }
    if let Some(zeta) = options.take("zeta")? {
        request.eps = Gap::Zeta(zeta);
    }
    request.depth = options.take("depth")?;
    request.more_precise = options.take("more_precise")?.unwrap_or_default();
    if let Some(folder) = options.take("cache")? {
        request.cache = Some(folder);
    }
    options.finish()?;
    run(py, move |stop| {
        let answer = searches::search(&request, &mut |_| stop.check())?;
        let said = json::search(&request, &answer).to_string();
        Ok((said, answer.table.to_json(), answer.certificate))
    })
}

fn objective(text: &str) -> std::result::Result<Objective, String> {
    match text {
        "depth" => Ok(Objective::Depth),
        "mults" | "products" => Ok(Objective::Mults),
        "cost" => Ok(Objective::Cost),
        other => Err(format!("{other:?}; expected depth, mults or cost")),
    }
}

/// Finds how to compute a smooth function: (JSON, table, certificate).
#[pyfunction]
pub fn search_smooth(
    py: Python<'_>,
    function: &str,
    range: (String, String),
    precision: u32,
    relative: bool,
    by: &str,
) -> PyResult<(String, String, String)> {
    let read = || -> Result<_> {
        let function = Formula::named(function).map_err(|e| e.within("--function"))?;
        Ok((function, number::parse(&range.0)?, number::parse(&range.1)?))
    };
    let (function, lo, hi) = read().map_err(|e| exception(py, &e))?;
    let wrong = |words| exception(py, &polycert::error::Error::parse("--by", words));
    let request = SmoothRequest {
        function,
        lo,
        hi,
        precision,
        relative,
        objective: objective(by).map_err(wrong)?,
    };
    run(py, move |stop| {
        let answer = searches::search_smooth(&request, &mut |_| stop.check())?;
        let said = json::search_smooth(&request, &answer).to_string();
        Ok((said, answer.table.to_json(), answer.certified.certificate))
    })
}

/// Ends of an interval, rounded outward.
type Ends = (f64, f64);

/// Encloses p(x), the value computed from it, f(x) and the error at points.
#[pyfunction]
pub fn values(
    py: Python<'_>,
    table: String,
    points: Vec<String>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Vec<[Ends; 4]>> {
    let options = Options::new(options)?;
    let mut request = asked(&options)?;
    if let Some(mode) = options.read("coefficients", str::parse)? {
        request.coefficients = mode;
    }
    options.finish()?;
    run(py, move |_| {
        let table = Table::from_json(&table)?;
        let points = points.iter().map(|x| number::parse(x));
        let points: Vec<_> = points
            .collect::<Result<_>>()
            .map_err(|e| e.within("--at"))?;
        let found = enclosed::values(&table, &request, &points)?;
        let exact = |x: &polycert::rug::Float| x.to_rational();
        let down = |x| exact(x).map_or(f64::NEG_INFINITY, |x| f64_below(&x));
        let up = |x| exact(x).map_or(f64::INFINITY, |x| f64_above(&x));
        Ok(found
            .iter()
            .map(|v| [&v.p, &v.value, &v.f, &v.error].map(|i| (down(&i.lo), up(&i.hi))))
            .collect())
    })
}
