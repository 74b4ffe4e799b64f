//! The noise of a plan on ciphertexts in words.

use super::amounts::amount;
use crate::jobs::plan::{Budget, Closing};
use rug::Rational;
use std::fmt::Write as _;
use std::path::Path;

fn or(x: Option<&Rational>, words: &str) -> String {
    x.map_or_else(|| words.to_owned(), amount)
}

/// What is proved of a layer's noise, and what is allowed, in units of B.
pub(super) fn row(closing: &Closing, layer: usize) -> String {
    let budget = &closing.budget;
    let proved = budget.evaluated[layer].certificate.as_ref().ok();
    format!(
        "{} / {}",
        or(proved.map(|p| &p.bound_noise), "no bound"),
        or(budget.allowed.as_ref().map(|all| &all[layer]), "none")
    )
}

/// What is proved of the plan, and of one design everywhere.
pub(super) fn proved(closing: &Closing, folder: &Path) -> String {
    let (mut text, budget, k) = (String::new(), &closing.budget, closing.encryption.k);
    let binding = budget.binding();
    let scale = closing.encryption.parameters.log_scale();
    let _ = match (budget.bound_noise(), &binding.certificate) {
        (_, Err(why)) => writeln!(
            text,
            "          no bound of the noise of layer {:?} on ciphertexts: {why}",
            binding.name
        ),
        (bound, Ok(_)) => writeln!(
            text,
            "PROVED    every activation of fresh encryptions adds at most {} B of noise ({}), but for 2^-{k} a ciphertext; {}, scale \
             2^{scale}: {}/evaluation",
            or(bound, "-"),
            binding.name,
            closing.parameters(),
            folder.display()
        ),
    };
    let _ = match budget.bits_left().filter(|_| budget.closes()) {
        Some(bits) => writeln!(
            text,
            "PROVED    noise closes with {:.2} bits left for linear layers and bootstraps: {} leaves the class on these inputs",
            (bits * 100.0).floor() / 100.0,
            match budget.left() {
                Some(left) if budget.is_by_layer() =>
                    format!("what each activation adds and {} B more", amount(&left)),
                _ => format!("{} B everywhere", or(budget.allowed_there(), "-")),
            }
        ),
        None => writeln!(text, "          noise {}", open(budget, scale)),
    };
    text.push_str(&closes_at("the plan", budget));
    if let Some(uniform) = &closing.uniform {
        let budget = &uniform.budget;
        let name = format!("one design everywhere, {}", budget.binding().name);
        let _ = match budget.bits_left().filter(|_| budget.closes()) {
            Some(bits) => writeln!(
                text,
                "PROVED    {name}, closes on the same inputs with {:.2} bits left",
                (bits * 100.0).floor() / 100.0
            ),
            None => writeln!(text, "          {name}, {}", open(budget, scale)),
        };
        text.push_str(&closes_at(&name, budget));
    }
    text
}

/// That it does not close, and where.
fn open(budget: &Budget, scale: u32) -> String {
    let binding = budget.binding();
    let why = match (budget.allowed_there(), &binding.certificate) {
        (None, _) => "no level of noise is proved to leave the least margins".to_owned(),
        (_, Err(why)) => why.clone(),
        (Some(allowed), Ok(proved)) => format!(
            "{} adds at most {} B, and at most {} B is proved to leave the least margins",
            binding.name,
            amount(&proved.bound_noise),
            amount(allowed)
        ),
    };
    format!("DOES NOT CLOSE at scale 2^{scale}: {why}")
}

/// The scale at which certificates close it.
fn closes_at(name: &str, budget: &Budget) -> String {
    let needed = budget.needed.as_ref();
    let proved = needed.and_then(|n| n.proved.as_ref().map(|bound| (n, bound)));
    proved.map_or_else(String::new, |(needed, bound)| {
        format!(
            "PROVED    {name}: closes at {} bits a level ({}), {} B by a certificate\n",
            needed.bits,
            needed.chain,
            amount(bound)
        )
    })
}

/// The scales that would do where no certificate says so.
pub(super) fn estimated(closing: &Closing) -> String {
    let mut text = String::new();
    let uniform = closing
        .uniform
        .as_ref()
        .map(|u| ("one design everywhere", &u.budget));
    for (name, budget) in [("the plan", &closing.budget)].into_iter().chain(uniform) {
        if let Some(needed) = budget.needed.as_ref().filter(|n| n.proved.is_none()) {
            let _ = writeln!(
                text,
                "ESTIMATE  noise of {name} needs some {} bits a level",
                needed.bits
            );
        }
    }
    text
}
