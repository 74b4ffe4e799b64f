//! A refreshed activation in words.

use crate::core::fault::Checked;
use crate::evaluation::document::EvaluationDocument;
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::refresh::parameters;
use crate::words::numerals::Numerals;

/// What the inputs are.
pub(crate) fn input(refresh: &Refresh, n: &Numerals) -> Checked<String> {
    let off = match refresh.off.is_zero() {
        true => String::new(),
        false => format!(" within {} of what is meant,", n.up(&refresh.off)?),
    };
    Ok(format!(
        "any ciphertexts{off} at level {} and the scale of x that is {} over the end of the domain, refreshed (2^{} values repeated, and read \
         as the means of their repetitions)",
        refresh.to_coefficients.len(),
        refresh.scale,
        refresh.log_values
    ))
}

/// What is said of the bootstrapping, line by line.
pub(crate) fn lines(document: &EvaluationDocument, refresh: &Refresh) -> Vec<String> {
    vec![
        format!(
            "bootstrapping: ephemeral secret of weight {}, overflows up to K = {}, message ratio 2^{}, {} double angles; an overflow \
             beyond is in the probability that is stated",
            refresh.weight,
            refresh.overflow,
            refresh.ratio_log2,
            refresh.doublings.len()
        ),
        security(document, refresh),
        format!("sha256 of the bootstrapping {}", refresh.digest()),
    ]
}

/// What is said of the sparse secret's security.
pub(crate) fn security(document: &EvaluationDocument, refresh: &Refresh) -> String {
    parameters::sentence(&document.parameters, refresh)
}

/// What is assumed of the input ciphertexts: a program proves it of its own.
pub(crate) fn held(refresh: &Refresh) -> &'static str {
    match refresh.off.is_zero() {
        true => "the real part of every input slot, its noise included, is within the inputs that are stated",
        false => "what is meant by the real part of every input slot is within the inputs that are stated, and is as near as is stated",
    }
}

/// What is assumed beside K, A1, I and O.
pub(crate) fn assumptions(refresh: &Refresh) -> [String; 4] {
    [
        "c_1 modulo q_0 is uniform where the modulus is raised, independent of the sparse secret, and so are residues of rescales that share \
         their division with a linear map"
            .to_owned(),
        "the input ciphertexts are independent of the errors of all keys, those for products, rotations, conjugation and the sparse secret, \
         which are secure for messages that depend on them (circular)"
            .to_owned(),
        held(refresh).to_owned(),
        "the linear maps are those of the transform, their diagonals' coefficients within 1/2 + 2^-13 + 2^-52 of their scale of the \
         exact ones"
            .to_owned(),
    ]
}
