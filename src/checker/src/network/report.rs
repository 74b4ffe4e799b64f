//! What the check of a network certificate says.

use crate::claims::target::Function;
use crate::core::number::Rational;
use crate::format::manifest::Subject;
use crate::words::judged::Judged;
use std::fmt;

/// The result of [`check_network`](crate::check_network).
pub type NetworkOutcome = Judged<NetworkReport>;

/// What a network certificate proves.
#[derive(Debug)]
pub struct NetworkReport {
    pub(crate) class: u64,
    pub(crate) activations: usize,
    /// Layers of polynomials of the network's own.
    pub(crate) own: usize,
    pub(crate) network_sha256: String,
    pub(crate) input_sha256: String,
    /// For each activation the digest of its table, what it stands for, and B; empty where any polynomial may stand for ReLU.
    pub(crate) uses: Vec<(String, Function, Rational)>,
    /// Levels of noise, of the worst case alone and for each activation, under which the class stays.
    pub(crate) standing: Vec<Vec<Rational>>,
    /// Whether a table is p(x) itself.
    pub(crate) direct: bool,
    pub(crate) tables: Vec<String>,
    /// Enclosures of the twin's logits; none where any polynomial may stand for ReLU.
    pub(crate) twin: Vec<(String, String)>,
    /// The statements about noise.
    pub(crate) noise: Option<Vec<String>>,
}

impl NetworkReport {
    /// The class that both networks answer.
    pub fn class(&self) -> u64 {
        self.class
    }

    /// What a manifest lists and the certificate is not about.
    pub fn unmet(&self, subject: &Subject) -> Vec<String> {
        let Subject::Network {
            network_sha256,
            input_sha256,
            class,
        } = subject
        else {
            return vec!["a network certificate, where one of a table is listed".to_owned()];
        };
        let mut unmet = Vec::new();
        if self.network_sha256 != *network_sha256 {
            unmet.push(format!("the network {network_sha256} is listed"));
        }
        if self.input_sha256 != *input_sha256 {
            unmet.push(format!("the input {input_sha256} is listed"));
        }
        if self.class != *class {
            unmet.push(format!("class {class} is listed"));
        }
        unmet
    }
}

impl fmt::Display for NetworkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.activations;
        // No polynomial of a table: the network is its own twin.
        let alone = n == 0;
        let own = match self.own {
            0 => String::new(),
            own => format!("; {own} layers of polynomials of the network's own"),
        };
        match self.twin.is_empty() {
            false if alone => writeln!(
                f,
                "VERIFIED the polynomial network answers class {} on this input",
                self.class
            )?,
            false => writeln!(
                f,
                "VERIFIED the network and its polynomial twin both answer class {} on this input",
                self.class
            )?,
            true => writeln!(
                f,
                "VERIFIED the network answers class {} on this input",
                self.class
            )?,
        }
        match (&self.noise, self.twin.is_empty()) {
            (None, _) if alone => writeln!(
                f,
                "  exact centre: {} layers of polynomials in exact arithmetic, as the network has them, no noise",
                self.own
            )?,
            (None, _) => writeln!(
                f,
                "  exact centre: {n} activations in exact arithmetic, every polynomial inside its {}, no noise{own}",
                match self.direct {
                    true => "domain ([-B, B] where it is made of sign)",
                    false => "[-B, B]",
                }
            )?,
            (Some(_), false) if alone => writeln!(
                f,
                "  exact centre: {} layers of polynomials as the network has them; noise at the output of every one",
                self.own
            )?,
            (Some(_), false) => writeln!(
                f,
                "  exact centre: {n} activations{own}; noise at the output of every polynomial; where the bounds below hold, none leaves its [-B, B]"
            )?,
            (Some(_), true) => writeln!(
                f,
                "  relu within: any functions that keep to the levels in place of the {n} activations; where the bounds below hold, none is asked beyond its [-B, B]"
            )?,
        }
        for level in self.noise.iter().flatten() {
            writeln!(f, "  {level}")?;
        }
        for (i, (lo, hi)) in self.twin.iter().enumerate() {
            writeln!(
                f,
                "  {} {i} is in [{lo}, {hi}]{}",
                if alone { "logit" } else { "the twin's logit" },
                match self.noise {
                    None => "",
                    Some(_) => " without noise",
                }
            )?;
        }
        writeln!(f, "  exact network sha256 {}", self.network_sha256)?;
        write!(f, "  exact input sha256 {}", self.input_sha256)?;
        for table in &self.tables {
            write!(f, "\n  table sha256 {table}")?;
        }
        Ok(())
    }
}
