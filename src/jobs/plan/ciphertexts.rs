//! A plan on ciphertexts: its budget of noise, that of one design everywhere, and what both rest on.

use crate::arith::number;
use crate::error::Result;
use crate::files::write_atomically;
use crate::jobs::network::Polynomials;
use crate::jobs::plan::closing::{evaluate_one, in_words, Budget, Evaluated};
use crate::jobs::plan::request::{Encryption, Request};
use crate::jobs::plan::rows::{Row, Stood, Uniform};
use crate::network::model::graph::Network;
use rug::Rational;

/// The folder of one design everywhere.
pub const UNIFORM: &str = "uniform";
/// Its table.
const UNIFORM_TABLE: &str = "uniform/00-table.json";
/// Its evaluation certificate.
const UNIFORM_EVALUATION: &str = "uniform/00-evaluation.json";
/// Its audit under noise.
pub const UNIFORM_NOISE: &str = "uniform/noise.json";

/// What activations add on ciphertexts, beside what the least margins stand.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The parameters.
    pub encryption: Encryption,
    /// The plan's.
    pub budget: Budget,
    /// That of one design everywhere; none where it was not asked, or where there is none.
    pub uniform: Option<UniformClosing>,
}

/// One design everywhere on ciphertexts.
#[derive(Debug, Clone)]
pub struct UniformClosing {
    /// What the same samples stand with it.
    pub stood: Option<Stood>,
    /// Its certificate beside that.
    pub budget: Budget,
}

/// What the least margins stand of a twin with one table, and of what is proved of it.
pub type Stands<'a> = dyn Fn(&Polynomials, Option<&Rational>) -> Result<Option<Stood>> + 'a;

/// Holds a plan's certificates against what its margins stand; where it is asked to compare, the same of one design
/// everywhere, on the same samples.
///
/// # Errors
/// What certifying and auditing refuse, files that cannot be written.
pub fn closing(
    request: &Request,
    (encryption, rows, evaluated, stood): (&Encryption, &[Row], Vec<Evaluated>, Option<&Stood>),
    uniform: Option<&Uniform>,
    stands: &Stands<'_>,
) -> Result<Closing> {
    let budget = Budget::of_rows(encryption, rows, evaluated, stood)?;
    let uniform = match uniform.filter(|_| request.compare.is_some()) {
        Some(uniform) => Some(of_uniform(request, encryption, uniform, stands)?),
        None => None,
    };
    Ok(Closing {
        encryption: encryption.clone(),
        budget,
        uniform,
    })
}

fn of_uniform(
    request: &Request,
    encryption: &Encryption,
    uniform: &Uniform,
    stands: &Stands<'_>,
) -> Result<UniformClosing> {
    let path = request.output.join(UNIFORM_TABLE);
    write_atomically(&path, &uniform.table.to_json())?;
    let (name, table) = (&uniform.design, &uniform.table);
    let evaluated = evaluate_one(request, encryption, name, table, UNIFORM_EVALUATION)?;
    let bound = evaluated.certificate.as_ref().ok();
    let twin = Polynomials::new(path, uniform.b.clone());
    let stood = stands(&twin, bound.map(|c| &c.bound_noise))?;
    Ok(UniformClosing {
        budget: Budget::of_one(encryption, &uniform.table, evaluated, stood.as_ref()),
        stood,
    })
}

impl Closing {
    /// The parameters in words.
    pub fn parameters(&self) -> String {
        in_words(&self.encryption.parameters)
    }

    /// What the budget rests on that no certificate speaks of.
    pub(super) fn assumed(&self, rows: &[Row], network: &Network) -> Vec<String> {
        let mut all = vec![match self.budget.left() {
            Some(left) => format!(
                "what linear layers, bootstraps and inputs noisier than fresh encryptions add is at most 2^{:.2} B at the output of \
                 every activation: the difference",
                // Rounded down: what is assumed is less than what is left.
                (number::estimate_log2(&left) * 100.0 - 1e-6).floor() / 100.0
            ),
            None => "activations, linear layers and bootstraps together add no more noise than is stated here: for \
                     activations that is not proved, the budget does not close"
                .to_owned(),
        }];
        all.push(
            "a value comes to each activation at the scale at which its certificate begins: a linear layer or a bootstrap between \
             two activations brings it there"
                .to_owned(),
        );
        let inside = rows.iter().filter(|r| !r.inside.is_empty()).count();
        if inside > 0 {
            all.push(format!(
                "bootstraps inside {inside} activations count as such: their certificates are of the circuits without them, from the top level"
            ));
        }
        if rows.iter().any(|r| r.players > 2) {
            all.push(
                "later rounds of max-pooling add no more noise than the first, whose level its certificate is about".to_owned(),
            );
        }
        if network.activations().len() > rows.len() {
            all.push(
                "the network's own polynomials add no more noise on ciphertexts than the least margins stand, in their own units: no \
                 certificate speaks of them"
                    .to_owned(),
            );
        }
        all
    }
}
