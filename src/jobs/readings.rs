//! Other readings of an imported file: where one of them would meet a refuted claim, it is named.
//!
//! Only what was taken for granted on import is read otherwise: the basis, the order of coefficients, the
//! order of stages, and whether the polynomial stands for sign. And a last stage that gives 0 or 1 where -1 or 1
//! is stated, whoever states it. A hint, never a verdict.

use crate::arith::number;
use crate::certify::proof::{prove, Request as Asked, Verdict};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::interchange::ASSUMPTIONS;
use crate::poly::component::Basis;
use crate::poly::table::{Output, Table};

/// Largest sum of degrees for which other readings are tried.
const MAX_DEGREES: usize = 512;
/// Relative gap of the enclosures: 2^-8 is enough for a hint.
const GAP: f64 = 1.0 / 256.0;

/// The readings that meet the claim, in words.
pub(super) fn that_meet_the_claim(table: &Table, asked: &Asked) -> Vec<String> {
    let assumed = table.provenance.get(ASSUMPTIONS).map_or("", String::as_str);
    let imported = !assumed.is_empty();
    let steps = table.estimate_is_step();
    if !imported && !steps || table.degrees().iter().sum::<usize>() > MAX_DEGREES {
        return Vec::new();
    }
    let direct = direct(asked.target.function).filter(|_| table.components.len() == 1);
    // Each way to read otherwise: what it does, and the option that says it.
    let possible = [
        assumed.contains("--basis"),
        assumed.contains("--order"),
        imported && table.components.len() > 1,
        direct.is_some() && assumed.contains("--target"),
        steps || table.output == Output::Step && assumed.contains("--last-stage"),
    ];
    let mut found = Vec::new();
    for choice in 1..1u32 << possible.len() {
        let chosen = |i: usize| choice >> i & 1 == 1;
        if (0..possible.len()).any(|i| chosen(i) && !possible[i]) {
            continue;
        }
        let mut other = table.clone();
        let mut request = Asked {
            only_error: true,
            gap: GAP.max(asked.gap),
            ..asked.clone()
        };
        let mut words = Vec::new();
        if chosen(0) {
            for c in &mut other.components {
                c.basis = match c.basis {
                    Basis::Power => Basis::Chebyshev,
                    Basis::Chebyshev => Basis::Power,
                };
            }
            let basis = other.components.first().map_or("", |c| c.basis.name());
            words.push(format!("--basis {basis}"));
        }
        if chosen(1) {
            for c in &mut other.components {
                c.coefficients.reverse();
            }
            let highest = assumed.contains("degree 0 upwards");
            words.push(format!(
                "--order {}",
                if highest { "highest" } else { "lowest" }
            ));
        }
        if chosen(2) {
            other.components.reverse();
            words.push("the components in the opposite order".to_owned());
        }
        if let Some(function) = direct.filter(|_| chosen(3)) {
            request.target.function = function;
            request.to = None;
            words.push(format!("--target {function}"));
        }
        if chosen(4) {
            let (output, word) = match other.output {
                Output::Sign => (Output::Step, "step"),
                Output::Step => (Output::Sign, "sign"),
            };
            other.output = output;
            words.push(format!("--last-stage {word}"));
        }
        let met = prove(&other, &request).is_ok_and(|p| p.verdict == Some(Verdict::Proved));
        if met {
            let claim = asked.claim.as_ref().map(number::write).unwrap_or_default();
            found.push(format!(
                "read with {} the claim {claim} would hold",
                words.join(" and ")
            ));
        }
    }
    found
}

/// What a table may be that is taken for a sign, and is near 0 and 1 at the ends of its domain.
pub(super) fn of_a_step(table: &Table) -> Option<String> {
    table.estimate_is_step().then(|| {
        "its values at the ends of the domain are about 0 and 1, taken for a sign of -1 and 1; --last-stage step says \
         that the last stage gives 0 and 1, a direct target (such as direct_relu) that the polynomial stands for itself"
            .to_owned()
    })
}

/// The same function for the polynomial itself.
fn direct(function: Function) -> Option<Function> {
    Some(Function::Direct(match function {
        Function::Sign => Shape::Sign,
        Function::Step => Shape::Step,
        Function::Relu => Shape::Relu,
        Function::LeakyRelu => Shape::LeakyRelu,
        Function::Abs => Shape::Abs,
        Function::Clip => Shape::Clip,
        Function::Relu6 => Shape::Relu6,
        _ => return None,
    }))
}
