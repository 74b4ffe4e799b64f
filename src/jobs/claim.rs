//! Claims that say nothing: a bound that the zero polynomial meets, and what was meant by it.

use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::poly::table::Table;
use rug::Rational;

/// Refuses a claim below 0, or above the error that a polynomial without any use has.
///
/// # Errors
/// Such a claim, with the power of two that may be meant.
pub(super) fn judge(
    claim: &Rational,
    target: &Target,
    table: &Table,
    to: Option<&Rational>,
) -> Result<()> {
    let whole = claim.numer().to_i32().filter(|_| *claim.denom() == 1u32);
    let bits = whole
        .map(i32::unsigned_abs)
        .filter(|n| (1..=200).contains(n));
    let meant = bits.map_or(String::new(), |n| format!("; did you mean 2^-{n}?"));
    if *claim < 0u32 {
        let detail = format!("--claim {claim}: a bound of an error is not below 0{meant}");
        return Err(Error::domain(detail));
    }
    match trivial(target, table, to) {
        Some(most) if *claim > most => Err(Error::domain(format!(
            "--claim {claim} says nothing: the zero polynomial meets {most} for {}{meant}",
            target.function
        ))),
        _ => Ok(()),
    }
}

/// The error of the zero polynomial in place of the table's, or an upper bound of it.
fn trivial(target: &Target, table: &Table, to: Option<&Rational>) -> Option<Rational> {
    let one = Rational::from(1);
    let reach = Rational::from(&target.scale * to.unwrap_or(&one).max(&one));
    let (l, u) = (target.ends.0.clone().abs(), target.ends.1.clone().abs());
    Some(match target.function {
        Function::Sign | Function::Argmax => one,
        Function::Step => one / 2u32,
        Function::Relu | Function::Max => reach / 2u32,
        Function::LeakyRelu => (one - &target.slope).abs() * reach / 2u32,
        Function::Abs | Function::MaxPool => reach,
        Function::Clip => l.max(u) + reach,
        Function::Relu6 => reach + 6u32,
        // Nothing exact is known of it here.
        Function::Smooth => return None,
        Function::Direct(shape) => {
            let f = shape.function(&target.slope, &target.ends).ok()?;
            let (lo, hi) = match to {
                Some(to) => (Rational::from(-to), to.clone()),
                None => (table.domain.lo.clone(), table.domain.hi.clone()),
            };
            let lines = f.on(&lo, &hi, &Rational::new()).ok()?;
            let ends = lines.iter().flat_map(|line| {
                let at = |x: &Rational| (Rational::from(&line.slope * x) + &line.intercept).abs();
                [at(&line.from), at(&line.to)]
            });
            ends.max()?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::number::parse;

    fn judged(claim: &str, target: &str, scale: u32) -> Result<()> {
        let text = r#"{"format":"polycert-table/1","name":"t","target":"relu",
            "domain":{"lo":"-2","hi":"4"},
            "components":[{"basis":"power","coefficients":["0","1"]}]}"#;
        let mut t = Target::new(target.parse()?);
        t.scale = Rational::from(scale);
        judge(&parse(claim)?, &t, &Table::from_json(text)?, None)
    }

    #[test]
    fn claims_that_say_nothing_are_refused() {
        for (claim, target, scale) in [
            ("1/2", "relu", 1),
            ("5", "relu", 10),
            ("0", "relu", 1),
            ("1", "sign", 1),
            ("1/2", "step", 1),
            ("4", "direct_relu", 1),
            ("10", "abs", 10),
        ] {
            judged(claim, target, scale).unwrap_or_else(|e| panic!("{claim} {target}: {e}"));
        }
        for (claim, target, scale, part) in [
            ("13", "relu", 1, "did you mean 2^-13?"),
            ("13", "relu", 20, "did you mean 2^-13?"),
            ("-7", "relu", 1, "did you mean 2^-7?"),
            ("-1/7", "relu", 1, "not below 0"),
            ("2", "sign", 1, "meets 1 for sign"),
            ("0.7", "step", 1, "says nothing"),
            ("4.1", "direct_relu", 1, "meets 4 for direct_relu"),
        ] {
            let error = judged(claim, target, scale).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
