//! The polynomial at every activation, as the circuit that an evaluator runs.
//!
//! A refreshed one is bootstrapping and ReLU at once, and the sine stands in front of its composite: what it computes is another
//! polynomial than the table's, as near to ReLU. Both have their reaches proved (`noise::composite`, `noise::bootstrap`).

use crate::arith::rounding::CoefficientMode;
use crate::circuit::composite::{Output, Plan};
use crate::ckks::bootstrap::literal::Literal as Bootstrapping;
use crate::ckks::bootstrap::mod1::Value;
use crate::ckks::parameters::Parameters;
use crate::error::{Error, Result};
use crate::network::forward::twin::{Activation, Twin};
use crate::noise::bootstrap::activation::Refreshed;
use crate::noise::composite::bound::{Begun, Input, Request, Task};
use crate::noise::formula::Model;
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::Rational;
use std::sync::Arc;

/// Room that every stage leaves for noise: 2^-MARGIN of its inputs. Certificates of what is run are made with the same.
pub const MARGIN: i32 = 12;

/// What may stand at an activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Bend {
    /// Without a refresh; the scale is for its user to set. None where the chain does not have its depth.
    pub plan: Arc<Plan>,
    /// With a refresh.
    pub refreshed: Option<Behind>,
}

/// An activation behind a refresh.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// What a refresher is made of.
    pub value: Value,
    /// The same polynomial in the clear.
    pub table: Arc<Table>,
}

/// For each activation of the network, by its number, ReLU by the twin's composite.
///
/// # Errors
/// Polynomials that are not made of a sign, coefficients that are rounded, tables that have no circuit in this chain: which
/// activation.
pub fn bends(
    twin: &Twin,
    parameters: &Parameters,
    bootstrapping: Option<&Bootstrapping>,
) -> Result<Vec<Arc<Bend>>> {
    if twin.coefficients != CoefficientMode::Exact {
        return Err(Error::unsupported(format!(
            "coefficients {}: circuits are made of exact ones",
            twin.coefficients
        )));
    }
    let mut made: Vec<(usize, Rational, Arc<Bend>)> = Vec::new();
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
        let bend = match known {
            Some((_, _, bend)) => bend.clone(),
            None => {
                let bend = bend(&twin.tables[table], scale, parameters, bootstrapping);
                let bend = Arc::new(bend.map_err(place)?);
                made.push((table, scale.clone(), bend.clone()));
                bend
            }
        };
        out.push(bend);
    }
    Ok(out)
}

fn bend(
    table: &Table,
    domain: &Rational,
    parameters: &Parameters,
    bootstrapping: Option<&Bootstrapping>,
) -> Result<Bend> {
    let request = Request {
        task: Task::Single(Output::Relu),
        domain: domain.clone(),
        input: Input::Given(Rational::new()),
        within: None,
        k: 40,
        level: None,
        scale: None,
        margin: MARGIN,
    };
    let plan = Begun::new(table)?
        .with(&Model::new(parameters), request)?
        .plan;
    let behind = |literal: &Bootstrapping| -> Result<Behind> {
        let made = Refreshed::new(table, literal, domain, MARGIN)?;
        Ok(Behind {
            value: made.value,
            table: Arc::new(made.table),
        })
    };
    Ok(Bend {
        plan: Arc::new(plan),
        refreshed: bootstrapping.map(behind).transpose()?,
    })
}

/// The polynomials that are computed, some of them refreshed: for readings of the network in the clear.
///
/// # Errors
/// Numbers beyond what f64 can hold.
pub fn computed(twin: &Twin, bends: &[Arc<Bend>], refreshed: &[bool]) -> Result<Vec<Activation>> {
    let mut last: Option<(Arc<Table>, Activation)> = None;
    let mut out = Vec::with_capacity(bends.len());
    for ((own, bend), &refreshed) in twin.activations.iter().zip(bends).zip(refreshed) {
        let behind = bend.refreshed.as_ref().filter(|_| refreshed);
        let Some(table) = behind.map(|b| &b.table) else {
            out.push(own.clone());
            continue;
        };
        let same =
            |(t, a): &&(Arc<Table>, Activation)| Arc::ptr_eq(t, table) && a.scale() == own.scale();
        let activation = match last.as_ref().filter(same) {
            Some((_, activation)) => activation.clone(),
            None => {
                let composite = Composite::new(table, CoefficientMode::Exact)?;
                Activation::new(&composite, own.scale())?
            }
        };
        last = Some((table.clone(), activation.clone()));
        out.push(activation);
    }
    Ok(out)
}
