//! Parts of sentences that several statements share.

use crate::claims::clip::Clip;
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::core::statement::Witness;
use crate::words::numerals::Numerals;

/// Where a quantity is large, and how large at least.
pub(crate) fn at(witness: &Witness, n: &Numerals) -> Checked<String> {
    Ok(format!(
        "at x = {} it is at least {}",
        n.full(&witness.x)?,
        n.down(&witness.lo)?
    ))
}

/// A multiple of x.
pub(crate) fn of_x(slope: &Rational, n: &Numerals) -> Checked<String> {
    Ok(match n.full(slope)?.as_str() {
        "1" => "x".to_owned(),
        "-1" => "-x".to_owned(),
        other => format!("{other} x"),
    })
}

/// The error of a clip, and where.
pub(crate) fn clipped(clip: &Clip, n: &Numerals) -> Checked<(String, String)> {
    let (from, to) = (n.full(&clip.from)?, n.full(&clip.to)?);
    let (lower, upper) = (n.full(&clip.lower)?, n.full(&clip.upper)?);
    let b = bracketed(n.full(&clip.scale)?);
    Ok((
        "|l + R(x - l) - R(x - u) - clip(x, l, u)|".to_owned(),
        format!("on [{from}, {to}] with l = {lower}, u = {upper}, R(x) = {b} r(x/{b})"),
    ))
}

/// A factor or divisor, in brackets unless it is an integer.
pub(crate) fn bracketed(number: String) -> String {
    if number.contains(['/', '*', '^']) {
        format!("({number})")
    } else {
        number
    }
}
