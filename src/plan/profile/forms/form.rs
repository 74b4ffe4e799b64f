//! The names of the forms.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// In what form costs or parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Costs: `polycert-profile/1`.
    Polycert,
    /// Costs: `latencyTable` of HEIR's `orbit-cost-model`, index i for level i + 1.
    Orbit,
    /// Costs: DaCapo's `latencyTable`, `earth.*` by level.
    Dacapo,
    /// Parameters: Orion's YAML.
    Orion,
    /// Parameters: a `ParametersLiteral` of Lattigo, Go.
    Lattigo,
    /// Parameters: Cheddar's JSON.
    Cheddar,
    /// Parameters: HEIR's attribute `#ckks.scheme_param`.
    Heir,
}

/// All forms.
pub const FORMS: [Form; 7] = [
    Form::Polycert,
    Form::Orbit,
    Form::Dacapo,
    Form::Orion,
    Form::Lattigo,
    Form::Cheddar,
    Form::Heir,
];

impl Form {
    /// As options spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Polycert => "polycert",
            Self::Orbit => "orbit",
            Self::Dacapo => "dacapo",
            Self::Orion => "orion",
            Self::Lattigo => "lattigo",
            Self::Cheddar => "cheddar",
            Self::Heir => "heir",
        }
    }

    /// Whether it states costs; else it states encryption parameters.
    #[must_use]
    pub fn has_costs(self) -> bool {
        matches!(self, Self::Polycert | Self::Orbit | Self::Dacapo)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Form {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        FORMS.into_iter().find(|f| f.name() == text).ok_or_else(|| {
            let names: Vec<&str> = FORMS.iter().map(|f| f.name()).collect();
            Error::domain(format!("{text:?} is no form: {}", names.join(", ")))
        })
    }
}
