//! What the files of a run are about: the encryption parameters and the program, each by a digest.

use crate::ckks::parameters::Parameters;
use crate::encrypted::levels::Levels;
use crate::encrypted::program::{Program, Step, Term};
use crate::encrypted::scheme::Scheme;
use crate::files::{hexadecimal, sha256};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Digests that every file of a run carries, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Of the encryption parameters.
    pub parameters: String,
    /// Of the program.
    pub program: String,
}

impl Binding {
    /// The digests of a program: everything that a run's bytes depend on but for keys and input.
    ///
    /// **Inputs** the network's digest; what the polynomials depend on, as text.
    /// **Cost** SHA-256 of all diagonals.
    #[must_use]
    pub fn new(
        (network, polynomials): (&str, &str),
        (program, levels): (&Program, &Levels),
        (scheme, parameters): (&Scheme, &Parameters),
    ) -> Self {
        let mut text = format!(
            "polycert-encrypted-program/1\nnetwork {network}\n{polynomials}{}\n",
            parameters.canonical()
        );
        if let Some(literal) = scheme.bootstrapping() {
            let _ = writeln!(text, "{literal:?}");
        }
        let _ = writeln!(text, "{levels:?}\n{:?}", program.input);
        for step in &program.steps {
            text.push_str(&line(step));
        }
        Self {
            parameters: hexadecimal(&parameters.digest()),
            program: sha256(text.as_bytes()),
        }
    }
}

/// A step; its numbers by their digest.
fn line(step: &Step) -> String {
    let terms: Vec<String> = step.terms.par_iter().map(term).collect();
    format!(
        "step {:?} {:?} {:?} bias {} terms {}\n",
        step.name,
        step.layout,
        step.activation,
        digest(&step.bias),
        terms.join(" ")
    )
}

fn term(term: &Term) -> String {
    let map = &term.map;
    let each: Vec<String> = (map.diagonals.par_iter())
        .map(|(k, d)| format!("{k}:{}", digest(d)))
        .collect();
    let all = sha256(each.join(" ").as_bytes());
    format!("{} {} {} {all}", term.value, map.from, map.to)
}

fn digest(numbers: &[f64]) -> String {
    let mut hasher = Sha256::new();
    numbers.iter().for_each(|x| hasher.update(x.to_le_bytes()));
    hexadecimal(&hasher.finalize())
}
