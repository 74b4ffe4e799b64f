//! The polynomials of a box analysis as files: a table for every neuron, and an index of them.
//!
//! A neuron's polynomial P(z) = h sum c_k T_k(z/h + c) has f64 numbers, so its table is exactly what the bound is
//! about: coefficients h c_k, input map 1/h and c, on the range where its error is proved. Of a composite the table
//! is the given one, and the index names each neuron's scale.

use super::polynomials::{Chosen, Kind, Polynomials};
use crate::arith::number::write_canonical;
use crate::certify::neuron::kink::Neuron;
use crate::error::{Error, Result};
use crate::files::{replaced_in, write_atomically};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::network::boxes::stages::Stage;
use crate::poly::component::{Basis, Component, MAX_COEFFICIENTS};
use crate::poly::table::{Domain, Table};
use rug::Rational;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The format tag of the index.
const FORMAT: &str = "polycert-box-tables/1";
/// The index's name.
const INDEX: &str = "index.json";
/// Most files of one analysis.
const MAX_FILES: usize = 100_000;

/// Refuses degrees that no table holds, before any work.
pub(super) fn check_degrees(degrees: &[usize]) -> Result<()> {
    match degrees.iter().find(|d| **d >= MAX_COEFFICIENTS) {
        None => Ok(()),
        Some(d) => Err(Error::unsupported(format!(
            "--tables: a table holds degrees up to {}, not {d}; ask for it without --tables",
            MAX_COEFFICIENTS - 1
        ))),
    }
}

/// The files in the folder that are replaced by an index and tables.
pub(super) fn replaced(folder: &Path) -> Vec<PathBuf> {
    let table = |name: &str| name.starts_with("degree") && name.ends_with(".json");
    replaced_in(folder, |name| name == INDEX || table(name))
}

/// The tables of one run, written to the folder; the run's entry of the index.
pub(super) fn write(
    folder: &Path,
    kind: &Kind,
    stages: &[Stage],
    chosen: &Polynomials,
    bound_difference: f64,
) -> Result<Value> {
    if chosen.len() > MAX_FILES {
        let detail = format!(
            "{} neurons; --tables writes {MAX_FILES} at most",
            chosen.len()
        );
        return Err(Error::unsupported(detail));
    }
    let mut neurons: Vec<_> = chosen.iter().collect();
    neurons.sort_by_key(|(at, _)| **at);
    let mut entries = Vec::with_capacity(neurons.len());
    for ((k, i), chosen) in neurons {
        let mut entry = json!({"layer": stages[*k].name, "neuron": i});
        match (kind, chosen) {
            (_, Chosen::Neuron(neuron)) => {
                let degree = neuron.coefficients.len().saturating_sub(1);
                let name = format!("degree{degree}.{k}.{i}");
                let table = table(&name, neuron)?;
                let file = format!("{name}.json");
                write_atomically(&folder.join(&file), &table.to_json())?;
                entry["table"] = json!(file);
                entry["table_sha256"] = json!(table.sha256());
                entry["domain"] = json!([
                    write_canonical(&table.domain.lo),
                    write_canonical(&table.domain.hi)
                ]);
                entry["bound_error"] = json!(neuron.bound_error);
            }
            (Kind::Composite { sha256, .. }, Chosen::Scale(scale)) => {
                entry["table_sha256"] = json!(sha256);
                entry["scale"] = json!(Rational::from_f64(*scale).map(|q| write_canonical(&q)));
            }
            (Kind::Degree(_), Chosen::Scale(_)) => {
                return Err(Error::domain("a neuron without its polynomial"))
            }
        }
        entries.push(entry);
    }
    Ok(json!({
        "polynomials": kind.name(),
        "bound_greatest_difference": bound_difference,
        "neurons": entries,
    }))
}

/// The index of all runs.
pub(super) fn write_index(folder: &Path, network_sha256: &str, runs: &[Value]) -> Result<()> {
    let index = json!({"format": FORMAT, "network_sha256": network_sha256, "runs": runs});
    write_atomically(&folder.join(INDEX), &format!("{index:#}\n"))
}

/// A neuron's polynomial, exactly, on [-h (1 + c), h (1 - c)].
fn table(name: &str, neuron: &Neuron) -> Result<Table> {
    let exact =
        |x: f64| Rational::from_f64(x).ok_or_else(|| Error::domain("a number that is not finite"));
    let (h, c) = (exact(neuron.range.half)?, exact(neuron.range.kink)?);
    let one = Rational::from(1);
    let coefficients = neuron.coefficients.iter();
    let coefficients = coefficients.map(|x| Ok(exact(*x)? * &h));
    let component = Component {
        basis: Basis::Chebyshev,
        scale: Rational::from(h.recip_ref()),
        offset: c.clone(),
        coefficients: coefficients.collect::<Result<_>>()?,
    };
    let table = Table {
        name: name.to_owned(),
        target: Function::Direct(Shape::Relu),
        output: crate::poly::table::Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain: Domain {
            lo: -Rational::from(&one + &c) * &h,
            hi: Rational::from(&one - &c) * &h,
            eps: None,
        },
        components: vec![component],
        provenance: BTreeMap::from([(
            "source".to_owned(),
            "polycert network box: near-best on the neuron's own proved range".to_owned(),
        )]),
    };
    table.validate()?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approx::known::kink::relu_coefficients;
    use crate::certify::proof::prove;
    use crate::certify::request::Request;
    use crate::function::target::Target;

    /// The certifier of tables proves of the written table what the box analysis said of the neuron.
    #[test]
    fn a_written_table_errs_as_the_neuron_was_proved_to() {
        for (lo, hi, degree) in [(-1.0, 1.0, 2), (-0.3, 2.7, 9), (-5.0, 0.125, 24)] {
            let neuron = Neuron::new(lo, hi, |kink| relu_coefficients(degree, kink)).unwrap();
            let table = Table::from_json(&table("n", &neuron).unwrap().to_json()).unwrap();
            assert!(table.domain.lo <= lo && table.domain.hi >= hi);
            let mut request = Request::new(Target::new(Function::Direct(Shape::Relu)));
            request.only_error = true;
            let proof = prove(&table, &request).unwrap();
            let (most, stated) = (proof.bound_hi.to_f64(), neuron.bound_error);
            assert!(most <= stated && stated < 1.01 * most, "{most} {stated}");
        }
        assert!(check_degrees(&[255]).is_ok());
        let error = check_degrees(&[2, 400]).unwrap_err().to_string();
        assert!(error.contains("up to 255, not 400"), "{error}");
    }
}
