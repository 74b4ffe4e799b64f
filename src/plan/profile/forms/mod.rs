//! Costs and encryption parameters in the forms of other programs, read and written.
//!
//! | form | what | of |
//! |---|---|---|
//! | `polycert` | costs: `polycert-profile/1` | this program |
//! | `orbit` | costs: `latencyTable`, index i for level i + 1 | HEIR, `--ilp-bootstrap-placement=orbit-cost-model=` |
//! | `dacapo` | costs: `latencyTable`, `earth.*` by level | DaCapo, `profiled_*.json` |
//! | `orion` | parameters: YAML | Orion, `configs/*.yml` |
//! | `lattigo` | parameters: literals of Go | Lattigo |
//! | `cheddar` | parameters: JSON | Cheddar, `parameters/*.json` |
//! | `heir` | parameters: `#ckks.scheme_param<...>` | HEIR |
//!
//! A file is written back in its own form with every field it had; comments are not kept. Between forms what both have
//! goes over, and what is lost is named.
//!
//! **Sources** google/heir, lib/Transforms/ILPBootstrapPlacement and tests/Transforms; corelab-src/dacapo,
//! profiled_HEAAN_GPU.json; baahl-nyu/orion, configs/resnet.yml; tuneinsight/lattigo,
//! circuits/ckks/bootstrapping/default_parameters.go; scale-snu/cheddar-fhe, parameters/bootparam_40.json.

pub mod cheddar;
pub mod form;
pub mod go;
pub mod latency;
pub mod lattigo;
pub mod orion;
pub mod parameters;
pub mod scheme_param;

pub use form::{Form, FORMS};
pub use latency::Latency;
pub use parameters::Parameters;

use crate::error::{Error, Result};
use crate::plan::profile::cost::Profile;

/// What a file states.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// Costs, as a profile.
    Profile(Box<Profile>),
    /// Costs, as a table of latency.
    Latency(Box<Latency>),
    /// Encryption parameters.
    Parameters(Box<Parameters>),
}

/// Reads a text of any of the forms, by what it holds.
///
/// **Inputs** the name of the literal to pick where a text of Go has several.
///
/// # Errors
/// A text of none of the forms; the field, line or level, and the limit that is broken.
pub fn read(text: &str, pick: Option<&str>) -> Result<Document> {
    let json = text.trim_start().starts_with('{');
    let go = !json && lattigo::is_one(text) && !scheme_param::is_one(text);
    if pick.is_some() && !go {
        return Err(Error::domain(
            "--pick names a literal of a text of Go, and this is none",
        ));
    }
    let parameters = |p: Parameters| Document::Parameters(Box::new(p));
    if json && latency::is_one(text) {
        Ok(Document::Latency(Box::new(Latency::read(text)?)))
    } else if json && cheddar::is_one(text) {
        cheddar::read(text).map(parameters)
    } else if json {
        Ok(Document::Profile(Box::new(Profile::from_json(text)?)))
    } else if scheme_param::is_one(text) {
        scheme_param::read(text).map(parameters)
    } else if go {
        lattigo::read(text, pick).map(parameters)
    } else {
        orion::read(text).map(parameters)
    }
}

impl Document {
    /// The form that it was read from.
    #[must_use]
    pub fn form(&self) -> Form {
        match self {
            Self::Profile(_) => Form::Polycert,
            Self::Latency(l) => l.form(),
            Self::Parameters(p) => p.form,
        }
    }

    /// The text in a form, and what that form cannot say.
    ///
    /// **Inputs** the source that an imported profile names; log2 of N where the file does not state N.
    ///
    /// # Errors
    /// Costs asked of parameters or the other way round; what the form needs and the file lacks.
    pub fn write(
        &self,
        form: Form,
        source: &str,
        log_n: Option<u32>,
    ) -> Result<(String, Vec<String>)> {
        if form.has_costs() != self.form().has_costs() {
            let what = |costs: bool| {
                if costs {
                    "costs"
                } else {
                    "encryption parameters"
                }
            };
            return Err(Error::domain(format!(
                "the file states {}, and the form {form} {}",
                what(self.form().has_costs()),
                what(form.has_costs())
            )));
        }
        match self {
            Self::Profile(p) if form == Form::Polycert => Ok((p.to_json(), Vec::new())),
            Self::Profile(p) => {
                let (table, mut lost) = Latency::of(p);
                let (text, more) = table.write(form)?;
                lost.extend(more);
                Ok((text, lost))
            }
            Self::Latency(l) if form == Form::Polycert => {
                Ok((l.profile(source, log_n)?.to_json(), Vec::new()))
            }
            Self::Latency(l) => l.write(form),
            Self::Parameters(p) => {
                if form != p.form {
                    cheddar::plain(p)?;
                }
                let text = match form {
                    Form::Orion => orion::write(p),
                    Form::Lattigo => lattigo::write(p),
                    Form::Cheddar => cheddar::write(p)?,
                    _ => scheme_param::write(p)?,
                };
                Ok((text, p.lost(form)))
            }
        }
    }
}
