//! Planning: what the command `plan` calls.

use crate::error::exception;
use crate::options::Options;
use crate::work::run;
use polycert::error::Error;
use polycert::jobs::json;
use polycert::jobs::plan::{self as plans, Encryption, Goal, Kinds, Literal, Objective, Outcome};
use polycert::jobs::plan::{Parameters, Request};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// Plans: (JSON, whether there is a plan, whether every class is proved to stay, whether the noise closes).
#[pyfunction]
pub fn plan(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<(String, bool, bool, bool)> {
    let options = Options::new(options)?;
    let request = asked(py, &options)?;
    options.finish()?;
    run(py, move |stop| {
        Ok(match plans::plan(&request, &|_| stop.check())? {
            Outcome::Planned(answer) => (
                answer.manifest.to_string(),
                true,
                answer.stays(),
                answer.closes(),
            ),
            Outcome::Infeasible(found) => {
                (json::infeasible(&found).to_string(), false, false, false)
            }
        })
    })
}

fn asked(py: Python<'_>, options: &Options<'_>) -> PyResult<Request> {
    let output: PathBuf = options.take("output")?.unwrap_or_default();
    let mut request = Request::new(options.model()?, options.input()?, output);
    request.labels = options.take("labels")?;
    let (agreement, margin) = (options.take("agreement")?, options.take("margin")?);
    request.goal = match (agreement, margin, options.take("logits")?) {
        (None, None, None) => Goal::Agreement(1.0),
        (Some(share), None, None) => Goal::Agreement(share),
        (None, Some(share), None) => Goal::Margin(share),
        (None, None, Some(most)) => Goal::Logits(most),
        _ => {
            let detail = "one goal: --agreement, --margin or --logits";
            return Err(exception(py, &Error::domain(detail)));
        }
    };
    let objective = |text: &str| match text {
        "cost" => Ok(Objective::Cost),
        "levels" => Ok(Objective::Levels),
        _ => Err("cost or levels"),
    };
    if let Some(objective) = options.read("minimise", objective)? {
        request.objective = objective;
    }
    if let Some(profile) = options.take("profile")? {
        request.profile = profile;
    }
    if let Some(kinds) = options.take::<Vec<String>>("designs")? {
        let has = |word: &str| kinds.iter().any(|k| k == word);
        request.designs = Kinds {
            composite: has("composite"),
            direct: has("direct"),
        };
        if let Some(other) = kinds
            .iter()
            .find(|k| !["composite", "direct"].contains(&k.as_str()))
        {
            let detail = format!("{other:?}: composite or direct, or both");
            return Err(exception(py, &Error::parse("--designs", detail)));
        }
    }
    request.select = options.take("select")?;
    request.state = options.take("state")?;
    request.seed = options.take("seed")?.unwrap_or(request.seed);
    request.margin = options.number("range_margin")?.unwrap_or(request.margin);
    request.levels = options.take("levels")?;
    request.compare = options.take("compare")?;
    request.risk = options.take("risk")?.unwrap_or(request.risk);
    request.threads = options.threads()?;
    request.certify = options.take("certify")?.unwrap_or(request.certify);
    request.margins = options.take("margins")?.unwrap_or(request.margins);
    let k = options.whole("k", 1..=80)?.unwrap_or(40);
    if let Some(name) = options.take::<String>("preset")? {
        let parameters = Literal::preset(&name)
            .ok_or_else(|| Error::domain(format!("there is no preset {name:?}: A or B")))
            .and_then(|literal| Parameters::new(&literal))
            .map_err(|e| exception(py, &e))?;
        request.encryption = Some(Encryption { parameters, k });
    }
    request.command = "polycert for Python: plan".to_owned();
    Ok(request)
}
