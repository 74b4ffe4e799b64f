//! Certificates of refreshed activations: bootstrapping, ReLU and their noise, written down for the checker.
//!
//! The document is an evaluation certificate whose input is `refreshed`; meaning and conditions are in
//! `certificates/EVALUATION.md`, rules B1 to B7.

use crate::arith::number::write;
use crate::certificate::composite::{self, Grid};
use crate::certificate::evaluated::{Block, EvaluationDocument, RawMap, RawRefresh, StageNodes};
use crate::certificate::evaluation::{checked, node, parameters, published, FORMAT};
use crate::certify::proof;
use crate::certify::request::Request as ProofRequest;
use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::refresh::{Refresher, GAIN};
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::noise::bootstrap::activation::{Bounded, Refreshed};
use crate::noise::bootstrap::{Prepared, Stated, CELLS};
use crate::noise::composite::bound::MARGINS;
use crate::noise::composite::propagate::Margin;
use crate::poly::table::Table;
use polycert_checker::Report;
use rug::{Float, Rational};

/// Room for what the checker rounds differently.
const ROOM: f64 = 1.0 / (1u64 << 12) as f64;

/// The linear maps down and up.
type Maps = (Vec<Stated>, Vec<Stated>);

/// What is to be certified.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// B: the activation is ReLU on [-B, B].
    pub domain: Rational,
    /// What is meant by inputs is within this of 0; all of the domain if none.
    pub within: Option<Rational>,
    /// How far slots may be from what is meant, in units of x.
    pub off: Rational,
    /// k: but for 2^-k, noise and overflow.
    pub k: u32,
}

/// A certificate that the checker has verified.
pub struct Certified {
    /// The document.
    pub text: String,
    /// What the checker says of it.
    pub report: Report,
    /// What evaluates it.
    pub refresher: Refresher,
    /// The bounds of the producer.
    pub bounded: Bounded,
    /// `bound` of the noise as published.
    pub bound_noise: Rational,
    /// `bound` of approximation and noise together as published.
    pub bound_error: Rational,
}

/// A certificate, or the margin that the table does not have.
pub type Outcomes = std::result::Result<Box<Certified>, Margin>;

/// Certifies a table's ReLU behind a bootstrapping.
///
/// **Guarantee** the certificate was verified by the independent checker.
/// **Cost** at N = 2^16 some 10 s and 2 GB.
///
/// # Errors
/// A table that is no sign's, what the literal and its parameters refuse, a value that could wrap, a certificate that does not
/// pass its own check.
pub fn certify(table: &Table, literal: &Literal, wanted: &Wanted) -> Result<Outcomes> {
    let within = wanted.within.as_ref().unwrap_or(&wanted.domain);
    if *within <= 0u32 || *within > wanted.domain {
        return Err(Error::domain(format!(
            "inputs within {}: the domain ends at {}, and it is above 0",
            write(within),
            write(&wanted.domain)
        )));
    }
    let ring = Ring::new(&Parameters::new(&literal.encryption)?)?;
    let (mut missing, mut before) = (None, None::<Refresher>);
    for margin in MARGINS {
        let refreshed = Refreshed::new(table, literal, &wanted.domain, margin)?;
        // Maps are the same whatever the margin.
        let refresher = match before {
            Some(before) => before.another(refreshed.value.clone())?,
            None => Refresher::new(&ring, literal, refreshed.value.clone())?,
        };
        match certify_with(&refreshed, refresher, wanted)? {
            (Ok(made), _) => return Ok(Ok(made)),
            (Err(margin), refresher) => (missing, before) = (Some(margin), refresher),
        }
    }
    missing.map(Err).ok_or_else(|| Error::domain("no margin"))
}

/// The same of an activation and its refresher, as they are run; the refresher comes back where no certificate takes it.
///
/// # Errors
/// As [`certify`].
pub fn certify_with(
    refreshed: &Refreshed,
    refresher: Refresher,
    wanted: &Wanted,
) -> Result<(Outcomes, Option<Refresher>)> {
    let within = wanted.within.as_ref().unwrap_or(&wanted.domain);
    let prepared = Prepared::new(&refresher);
    // Half of the probability is the overflow's.
    let tier = prepared.high_probability(wanted.k + 1);
    match refreshed.bound(&prepared, (within, &wanted.off), tier)? {
        Ok(bounded) => {
            let maps = prepared.maps();
            let made = write_down(refreshed, (refresher, maps), bounded, wanted)?;
            Ok((Ok(Box::new(made)), None))
        }
        Err(margin) => Ok((Err(margin), Some(refresher))),
    }
}

fn write_down(
    refreshed: &Refreshed,
    (refresher, maps): (Refresher, Maps),
    bounded: Bounded,
    wanted: &Wanted,
) -> Result<Certified> {
    let mut target = Target::new(Function::Relu);
    target.scale = wanted.domain.clone();
    let mut asked = ProofRequest::new(target);
    asked.only_error = true;
    let proof = proof::prove(&refreshed.table, &asked)?;
    let (bound_noise, bound_error) = published(bounded.bound_noise, ROOM, &proof);
    let certificate = composite::document(&refreshed.table, &proof);
    let mut document = document(
        certificate,
        refreshed,
        (&refresher, &maps),
        &bounded,
        wanted,
    )?;
    document.noise = write(&bound_noise);
    document.error = write(&bound_error);
    let (text, report) = checked(document)?;
    Ok(Certified {
        text,
        report,
        refresher,
        bounded,
        bound_noise,
        bound_error,
    })
}

fn document(
    certificate: super::schema::Document,
    refreshed: &Refreshed,
    (refresher, maps): (&Refresher, &Maps),
    bounded: &Bounded,
    wanted: &Wanted,
) -> Result<EvaluationDocument> {
    let mut grid = Grid {
        bits: refreshed.estimate_fixed_bits,
    };
    let branches = (refreshed.branches.iter())
        .map(|b| composite::branch(b, true, &mut grid))
        .collect();
    let (circuit, built) = (refresher.circuit(), refresher.built());
    let (Some(block), Some(plan)) = (&built.block, refreshed.plan()) else {
        return Err(Error::domain("the refresher is of another activation"));
    };
    let mut cells = Vec::new();
    for points in &bounded.cells {
        let hint = |p: &f64| grid.hint(&Float::with_val(53, *p));
        cells.push(points.iter().map(hint).collect());
    }
    let spans = circuit.stages[block.stages.clone()].iter();
    Ok(EvaluationDocument {
        format: FORMAT.to_owned(),
        certificate,
        precision: grid.bits.to_string(),
        parameters: parameters(refresher.ring().params()),
        k: Some(wanted.k.to_string()),
        input: match wanted.off == 0u32 {
            true => "refreshed".to_owned(),
            false => format!("refreshed:{}", write(&wanted.off)),
        },
        within: wanted.within.as_ref().map(write),
        reaches: plan.reaches.iter().map(write).collect(),
        centres: None,
        branches,
        nodes: circuit.nodes.iter().map(node).collect(),
        refresh: Some(raw(refresher, maps, block.stages.start)?),
        blocks: vec![Block {
            argument: built.sine.to_string(),
            output: built.output.to_string(),
            stages: spans.map(StageNodes::new).collect(),
            cells,
        }],
        output: built.output.to_string(),
        noise: String::new(),
        error: String::new(),
    })
}

/// The bootstrapping; `behind` is the first stage behind the arcsine.
fn raw(refresher: &Refresher, (down, up): &Maps, behind: usize) -> Result<RawRefresh> {
    let (literal, circuit) = (refresher.literal(), refresher.circuit());
    let mod1 = &literal.mod1;
    let map = |(stages, babies, scale): &(u32, i64, Rational)| RawMap {
        stages: stages.to_string(),
        babies: babies.to_string(),
        scale: write(scale),
    };
    let all = |c: Vec<Rational>| c.iter().map(write).collect();
    let [square, polynomial, doublings @ .., inverse] = &circuit.stages[..behind] else {
        return Err(Error::domain("the circuit is no bootstrapping's"));
    };
    Ok(RawRefresh {
        waiver: literal.sparse_waiver().to_owned(),
        weight: literal.weight.to_string(),
        log_values: literal.log_values.to_string(),
        gain: GAIN.to_string(),
        scale: write(&refresher.input().1),
        to_coefficients: down.iter().map(map).collect(),
        to_slots: up.iter().map(map).collect(),
        overflow: mod1.overflow.to_string(),
        ratio_log2: mod1.ratio_log2.to_string(),
        unit: write(&mod1.sine_unit()),
        cosine: all(mod1.cosine()),
        arcsine: all(mod1.arcsine()),
        cells: CELLS.to_string(),
        square: StageNodes::new(square),
        polynomial: StageNodes::new(polynomial),
        doublings: doublings.iter().map(StageNodes::new).collect(),
        inverse: StageNodes::new(inverse),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        let path = format!("{}/certificates/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Table::read(path.as_ref()).unwrap()
    }

    /// A toy's certificate is verified, and the checker says what it is about.
    #[test]
    fn a_refreshed_activation_is_verified() {
        let wanted = Wanted {
            domain: Rational::from(8),
            within: Some(Rational::from(7)),
            off: Rational::from((1, 1 << 20)),
            k: 40,
        };
        let made = certify(&table("relu07"), &Literal::toy(10, 8), &wanted);
        let made = made.unwrap().unwrap();
        assert!(made
            .report
            .to_string()
            .contains("INSECURE: no security is claimed of the ephemeral"));
    }

    #[test]
    #[ignore = "half a minute and 3 GB"]
    fn r57_is_verified() {
        let wanted = Wanted {
            domain: Rational::from(40),
            within: Some(Rational::from(38)),
            off: Rational::new(),
            k: 40,
        };
        let start = std::time::Instant::now();
        let made = certify(&table("relu13"), &Literal::r57(14), &wanted);
        let made = made.unwrap().unwrap();
        println!("made in {:?}, {} bytes", start.elapsed(), made.text.len());
        let start = std::time::Instant::now();
        assert!(matches!(
            polycert_checker::check(made.text.as_bytes()),
            polycert_checker::Outcome::Verified(_)
        ));
        println!(
            "checked in {:?}: B 2^{:.3}",
            start.elapsed(),
            (made.bound_noise.to_f64() / 40.0).log2()
        );
        println!("{}", made.report);
    }
}
