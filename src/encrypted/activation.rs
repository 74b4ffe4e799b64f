//! The polynomial at every activation, as the circuit that an evaluator runs.

use crate::arith::rounding::CoefficientMode;
use crate::circuit::composite::{Output, Plan};
use crate::ckks::parameters::Parameters;
use crate::error::{Error, Result};
use crate::network::forward::twin::Twin;
use crate::noise::composite::bound::{Begun, Input, Request, Task};
use crate::noise::formula::Model;
use rug::Rational;
use std::sync::Arc;

/// Room that every stage leaves for noise: 2^-MARGIN of its inputs.
const MARGIN: i32 = 9;

/// For each activation of the network, by its number, ReLU by the twin's composite.
///
/// The scale of a plan is for its user to set; the reaches of its stages are proved (`noise::composite`).
///
/// # Errors
/// Polynomials that are not made of a sign, coefficients that are rounded, tables that have no circuit in this chain: which
/// activation.
pub fn plans(twin: &Twin, parameters: &Parameters) -> Result<Vec<Arc<Plan>>> {
    if twin.coefficients != CoefficientMode::Exact {
        return Err(Error::unsupported(format!(
            "coefficients {}: circuits are made of exact ones",
            twin.coefficients
        )));
    }
    let model = Model::new(parameters);
    let mut made: Vec<(usize, Rational, Arc<Plan>)> = Vec::new();
    let mut out = Vec::with_capacity(twin.activations.len());
    for (i, activation) in twin.activations.iter().enumerate() {
        let place = |e: Error| Error::parse(format!("activation {i}"), e.to_string());
        if activation.is_own() || activation.domain().is_some() {
            return Err(place(Error::unsupported(
                "ReLU by a table made of sign is run, and no polynomial that is the function itself",
            )));
        }
        let table = i.min(twin.tables.len().saturating_sub(1));
        let scale = activation.scale();
        let known = made.iter().find(|(t, b, _)| *t == table && b == scale);
        if let Some((_, _, plan)) = known {
            out.push(plan.clone());
            continue;
        }
        let request = Request {
            task: Task::Single(Output::Relu),
            domain: scale.clone(),
            input: Input::Given(Rational::new()),
            within: None,
            k: 40,
            level: None,
            margin: MARGIN,
        };
        let begun = Begun::new(&twin.tables[table]).and_then(|mut b| b.with(&model, request));
        let plan = Arc::new(begun.map_err(place)?.plan);
        made.push((table, scale.clone(), plan.clone()));
        out.push(plan);
    }
    Ok(out)
}
