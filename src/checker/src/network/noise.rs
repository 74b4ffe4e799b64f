//! Rule N10: what a certificate states of noise, compared with the bounds that the checker computes.

use crate::claims::shape::Shape;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::balls::Balls;
use crate::network::document::{LevelWords, NetworkDocument, NoiseClaim, Stated, Targets};
use crate::network::model::expand::Expanded;
use crate::network::rows::standing::RowsTable;
use crate::network::rows::upper::Upper;
use crate::network::rows::{bounds, Bounds, RowsTask, FAILURE};
use crate::words::numerals::Numerals;

/// What the checker proves of one level of noise, rounded up to dyadics of 24 bits, as a certificate
/// writes them.
#[derive(Debug, Clone)]
pub struct NoiseBounds {
    /// For each activation the greatest |deviation| of its inputs.
    pub layers: Vec<String>,
    /// The |deviation| of each target.
    pub deviations: Vec<String>,
    /// Whether these leave the class.
    pub stays: bool,
}

/// The linear functions of the result: differences to the class, all logits, or both.
fn targets(document: &NetworkDocument, noise: &NoiseClaim) -> Checked<Vec<Vec<(usize, i64)>>> {
    let outputs = document.network_logits.len();
    let logits = (0..outputs).map(|i| vec![(i, 1)]);
    if noise.targets == Targets::Logits {
        return Ok(logits.collect());
    }
    let class = usize::try_from(document.class).unwrap_or(usize::MAX);
    if outputs < 2 || class >= outputs {
        return Err(Fault::rejected(
            Rule::Own("targets"),
            "margins are of a class among two or more",
        ));
    }
    let others = (0..outputs).filter(|&j| j != class);
    let margins = others.map(|j| vec![(class, 1), (j, -1)]);
    Ok(match noise.targets {
        Targets::Both => margins.chain(logits).collect(),
        _ => margins.collect(),
    })
}

/// Bounds on the trajectory of `centres`.
pub(crate) fn prove(
    document: &NetworkDocument,
    noise: &NoiseClaim,
    expanded: &Expanded,
    activations: &[(Option<usize>, Rational)],
    centres: &[Balls],
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<Bounds> {
    let tables = document.tables.iter().map(|t| RowsTable {
        polynomials: &t.polynomials,
        domain: t.is_direct().then_some(&t.domain),
        leaky: matches!(t.target, Function::Direct(Shape::LeakyRelu)),
    });
    let tables: Vec<RowsTable> = tables.collect();
    let task = RowsTask {
        expanded,
        centres,
        tables: noise.exact_centre.then_some(tables.as_slice()),
        activations,
        levels: &noise.levels,
        targets: &targets(document, noise)?,
        precision: document.precision,
    };
    bounds(&task, progress)
}

/// The computed bounds as numbers for a certificate.
pub(crate) fn short(
    document: &NetworkDocument,
    noise: &NoiseClaim,
    bounds: &Bounds,
) -> Checked<Vec<NoiseBounds>> {
    let mut all = Vec::new();
    for (layers, targets) in bounds.layers.iter().zip(&bounds.targets) {
        let short = |list: &[Upper]| {
            let each = list.iter().map(|x| {
                let text = x.short().text();
                text.ok_or_else(|| {
                    Fault::rejected(Rule::Own("noise"), "a bound is beyond any number")
                })
            });
            each.collect::<Checked<Vec<String>>>()
        };
        let exact = targets.iter().filter_map(|x| x.short().exact());
        let exact: Vec<Rational> = exact.collect();
        all.push(NoiseBounds {
            layers: short(layers)?,
            deviations: short(targets)?,
            stays: exact.len() == targets.len() && stays(document, noise, &exact),
        });
    }
    Ok(all)
}

/// Whether the stated enclosures without noise, moved by the deviations, still decide the class.
fn stays(document: &NetworkDocument, noise: &NoiseClaim, deviations: &[Rational]) -> bool {
    let zero = Rational::integer(0);
    let logits = match noise.exact_centre {
        true => &document.twin_logits,
        false => &document.network_logits,
    };
    if let ([(lo, hi)], [d]) = (logits.as_slice(), deviations) {
        return match document.class {
            1 => *lo > *d,
            0 => hi.plus(d) < zero,
            _ => false,
        };
    }
    let Ok(class) = usize::try_from(document.class) else {
        return false;
    };
    let Some((lo, _)) = logits.get(class) else {
        return false;
    };
    let mut others = logits.iter().enumerate().filter(|(j, _)| *j != class);
    let margins = logits.len() - 1;
    let targets = match noise.targets {
        Targets::Margins => margins,
        Targets::Logits => logits.len(),
        Targets::Both => margins + logits.len(),
    };
    if deviations.len() != targets {
        return false;
    }
    if noise.targets != Targets::Logits {
        let mut pairs = others.zip(deviations);
        return pairs.all(|((_, (_, hi)), d)| *lo > hi.plus(d));
    }
    let Some(own) = deviations.get(class) else {
        return false;
    };
    others.all(|(j, (_, hi))| {
        let d = deviations.get(j);
        d.is_some_and(|d| *lo > hi.plus(d).plus(own))
    })
}

/// Every stated bound is at least the computed one, and a class that is said to stay stays. Returns the
/// statements in words.
pub(crate) fn judge(
    document: &NetworkDocument,
    noise: &NoiseClaim,
    proved: &Bounds,
) -> Checked<Vec<String>> {
    let levels = noise.stated.iter().zip(&proved.layers).zip(&proved.targets);
    let mut words = Vec::new();
    for (i, (((level, stated), layers), targets)) in levels.enumerate() {
        let Some(stated) = stated else {
            let fault = Fault::unreadable("the field is missing");
            return Err(fault.at("layers").item(i).at("levels"));
        };
        for (what, list, computed) in [
            ("layers", &stated.layers, layers),
            ("deviations", &stated.deviations, targets),
        ] {
            if list.len() != computed.len() {
                return Err(Fault::rejected(
                    Rule::Own("noise"),
                    format!(
                        "level {i}: {} {what}, where there are {}",
                        list.len(),
                        computed.len()
                    ),
                ));
            }
            let above = |(bound, x): (&Upper, &Rational)| !bound.is_at_most(x);
            if let Some(k) = computed.iter().zip(list).position(above) {
                return Err(Fault::rejected(
                    Rule::Own("noise"),
                    format!("level {i}: {what} {k}: the stated bound is below what is proved"),
                ));
            }
        }
        if stated.stays && !stays(document, noise, &stated.deviations) {
            return Err(Fault::rejected(
                Rule::Own("noise"),
                format!(
                    "level {i}: the bounds do not decide class {}",
                    document.class
                ),
            ));
        }
        words.push(sentence(document, noise, level, stated)?);
    }
    Ok(words)
}

fn sentence(
    document: &NetworkDocument,
    noise: &NoiseClaim,
    level: &LevelWords,
    stated: &Stated,
) -> Checked<String> {
    let budget = Budget::new();
    let numerals = Numerals(&budget);
    let zero = Rational::integer(0);
    // Hypotheses are rounded down: less is assumed than was proved for.
    let amount = |list: &[Rational]| match (list.iter().min(), list.iter().max()) {
        (Some(least), Some(most)) if list.len() > 1 => Ok(format!(
            "what is listed for each activation, {} to {} B",
            numerals.down(least)?,
            numerals.down(most)?
        )),
        (Some(one), _) => Ok(format!("{} B", numerals.down(one)?)),
        _ => Err(Fault::internal("level")),
    };
    let some = |list: &[Rational]| list.iter().any(|x| *x > zero);
    let mut parts = Vec::new();
    if some(&level.worst) || !some(&level.sigma) {
        parts.push(format!("|noise| <= {}", amount(&level.worst)?));
    }
    if some(&level.sigma) {
        parts.push(format!(
            "independent sub-Gaussian noise of proxy {} each, with probability 1 - 2^-{FAILURE}",
            amount(&level.sigma)?
        ));
    }
    if let Some((tau, zone)) = &level.envelope {
        parts.push(format!(
            "at most {} |x| for |x| >= {} B",
            numerals.down(tau)?,
            numerals.down(zone)?
        ));
    }
    let margins = format!("logit {} minus any other", document.class);
    let most = |list: &[Rational]| numerals.decimal(list.iter().max().unwrap_or(&zero), true);
    let split = document.network_logits.len().saturating_sub(1);
    let moves = match (noise.targets, stated.deviations.split_at_checked(split)) {
        (Targets::Both, Some((first, rest))) => format!(
            "{margins} moves by at most {}, every logit by at most {}",
            most(first)?,
            most(rest)?
        ),
        (targets, _) => {
            let what = match targets {
                Targets::Logits => "every logit",
                _ => &margins,
            };
            format!("{what} moves by at most {}", most(&stated.deviations)?)
        }
    };
    let class = match stated.stays {
        true => format!("class {} stays", document.class),
        false => "whether the class stays is not proved".to_owned(),
    };
    Ok(format!("{}: {moves}; {class}", parts.join(", ")))
}
