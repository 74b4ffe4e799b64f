//! A certificate as a theorem for Coq's kernel: the document as a value, its statement, and the proof by computation.
//!
//! What the theorem is about stands in the file, so that nothing of this program has to be trusted for it; the words are
//! those of `src/checker/proof/Statement.v`. `polycert-check-proved --coq` writes the same text, byte for byte.

mod terms;

use self::terms::{call, exact, integer, list, natural, optional, record};
use crate::arith::number;
use crate::certificate::kind::Kind;
use crate::certificate::schema::{Asked, Branch, Cells, Claim, Document, Part, Segment, Witness};
use crate::error::{Error, Result};
use crate::poly::table::{RawComponent, RawTable};
use polycert_checker::{check, Outcome};
use rug::Integer;

/// A certificate as the text of a file for `coqc`.
///
/// **Inputs** a `polycert-certificate/1`; with `pure` the kernel computes with Coq's own integers alone, else with its
/// machine words.
/// **Guarantee** none is needed: Coq's kernel judges the text. A document that the checker rejects is written, too.
///
/// # Errors
/// What is no such document, as the checker's strict reader has it; rules that are not proved in Coq, by name.
pub fn theorem(bytes: &[u8], pure: bool) -> Result<String> {
    if let Some(kind) = Kind::of(bytes).filter(|kind| *kind != Kind::Certificate) {
        return Err(Error::unsupported(format!("the file {}", kind.words())));
    }
    if let Outcome::Unreadable { path, detail } = check(bytes) {
        return Err(Error::parse(path, detail));
    }
    let document: Document =
        serde_json::from_slice(bytes).map_err(|e| Error::parse("", e.to_string()))?;
    let (examine, library) = match pure {
        true => ("pure_examine", "Pure"),
        false => ("fast_examine", "Fast"),
    };
    Ok([
        "(* coqc -R target/prove Polycert FILE.v; Statement.v says what is stated of this value. *)\n",
        "From Coq Require Import ZArith QArith List.\n",
        "From Polycert Require Import Vocabulary Statement core.Pieces core.Cascade core.Ground core.Composite Check\n",
        &format!("  kernel.Document kernel.{library}.\n"),
        "Import ListNotations.\n",
        &format!("Definition document : certificate := {}.\n", value(&document)?),
        "Theorem proved : statement document.\n",
        &format!("Proof. computed {examine} {examine}_ok. Qed.\n"),
    ]
    .concat())
}

fn outside(what: &str) -> Error {
    Error::unsupported(format!(
        "{what}: not proved in Coq, where certificates of composites and of piecewise linear functions are"
    ))
}

fn value(d: &Document) -> Result<String> {
    let bits: u32 = d
        .precision
        .parse()
        .map_err(|_| Error::parse("precision", "not a number"))?;
    let hints = Hints(bits);
    let Some((goal, claims)) = d.claims.split_last() else {
        return Err(Error::parse("claims", "no target among them"));
    };
    let claims = list(claims, |c| {
        let (statement, cells, pieces) = claim(&hints, c)?;
        let hint = record(&[
            ("claim_cells", cells),
            ("claim_pieces", pieces),
            // Series claims are refused by name.
            ("claim_series", "[]".to_owned()),
        ]);
        Ok(format!("({statement}, {hint})"))
    })?;
    let goal = target(goal)?;
    let step = d.table.output.as_deref() == Some("step");
    Ok(record(&[
        ("held_as", mode(&d.coefficients)?),
        ("step_output", step.to_string()),
        ("components", list(&d.table.components, component)?),
        ("precision", integer(&Integer::from(bits))),
        ("branches", hints.branches(&d.branches)?),
        ("claims", claims),
        ("goal", goal),
        ("made_for", optional(made_for(&d.table)?)),
    ]))
}

fn mode(text: &str) -> Result<String> {
    Ok(match text.split_once(':') {
        Some((_, bits)) => {
            let bits = number::parse(bits)?;
            call("FixedPoint", &[integer(bits.numer())])
        }
        None if text == "exact" => "Exact".to_owned(),
        None => text.to_uppercase(),
    })
}

fn component(c: &RawComponent) -> Result<String> {
    let map = c.input_map.as_ref();
    Ok(record(&[
        ("chebyshev", (c.basis == "chebyshev").to_string()),
        ("scale", exact(map.map_or("1", |m| &m.scale))?),
        ("offset", exact(map.map_or("0", |m| &m.offset))?),
        ("coefficients", list(&c.coefficients, |x| exact(x))?),
    ]))
}

fn made_for(table: &RawTable) -> Result<Option<String>> {
    Ok(match (&table.slope, &table.lower, &table.upper) {
        (Some(slope), _, _) => Some(call("LeakyReluShape", &[exact(slope)?])),
        (None, Some(lower), Some(upper)) => {
            Some(call("ClipShape", &[exact(lower)?, exact(upper)?]))
        }
        _ => None,
    })
}

/// Hints: numbers in units of 2^-bits.
struct Hints(u32);

impl Hints {
    fn units(&self, text: &str) -> Result<String> {
        let x = number::parse(text)? << self.0;
        match x.is_integer() {
            true => Ok(integer(x.numer())),
            false => Err(Error::parse(
                "",
                format!("{text:?} is no multiple of 2^-{}", self.0),
            )),
        }
    }

    fn pieces(&self, segments: &[Segment]) -> Result<String> {
        list(segments, |s| {
            let boxes = list(&s.boxes, |[u, v]| {
                Ok(format!("({}, {})", self.units(u)?, self.units(v)?))
            })?;
            Ok(record(&[
                ("lo", self.units(&s.lo)?),
                ("hi", self.units(&s.hi)?),
                ("boxes", boxes),
            ]))
        })
    }

    fn branches(&self, branches: &[Branch]) -> Result<String> {
        let side = |branch: &Branch| {
            list(&branch.stages, |stage| {
                let slope = stage.slope.as_ref().map(|s| self.pieces(s)).transpose()?;
                Ok(record(&[
                    ("hvalue", self.pieces(&stage.value)?),
                    ("hslope", optional(slope)),
                ]))
            })
        };
        Ok(match branches {
            [] => "NoBranches".to_owned(),
            [both] => call("Both", &[side(both)?]),
            [positive, negative, ..] => call("Sides", &[side(positive)?, side(negative)?]),
        })
    }

    fn cells(&self, cells: &[Cells]) -> Result<String> {
        list(cells, |c| {
            let (first, rest) = match c.points.split_first() {
                Some((first, rest)) if rest.len() == c.orders.len() => {
                    let rest: Vec<_> = rest.iter().zip(c.orders.bytes()).collect();
                    let rest = list(&rest, |(v, order)| {
                        Ok(format!("({}, {})", *order == b'1', self.units(v)?))
                    })?;
                    (self.units(first)?, rest)
                }
                // A list that is not well formed is one that proves nothing.
                _ => (integer(&Integer::from(1)), "[]".to_owned()),
            };
            Ok(record(&[("first", first), ("rest", rest)]))
        })
    }
}

fn witness(w: &Witness) -> Result<String> {
    Ok(record(&[
        ("at_x", exact(&w.x)?),
        ("at_least", exact(&w.lo)?),
    ]))
}

fn part(a: &Part) -> Result<String> {
    Ok(record(&[
        ("part_from", exact(&a.from)?),
        ("part_to", exact(&a.to)?),
        ("part_slope", exact(&a.slope)?),
        ("part_intercept", exact(&a.intercept)?),
    ]))
}

/// A claim, its cells and its pieces.
fn claim(h: &Hints, c: &Claim) -> Result<(String, String, String)> {
    let none = || "[]".to_owned();
    let rule = |name: &str| Err(outside(&format!("claims of the rule {name}")));
    let over_cells = |name, to: &str, cells: &[Cells], hi: &str, w: &Witness| {
        let arguments = [exact(to)?, exact(hi)?, witness(w)?];
        Ok((call(name, &arguments), h.cells(cells)?, none()))
    };
    let statement = match c {
        Claim::StageRanges { from, to, ranges } => {
            let ranges = list(ranges, |[lo, hi]| {
                Ok(format!("({}, {})", exact(lo)?, exact(hi)?))
            })?;
            call("StageRanges", &[exact(from)?, exact(to)?, ranges])
        }
        Claim::Closeness {
            from,
            to,
            hi,
            witness: w,
        } => call(
            "Closeness",
            &[exact(from)?, exact(to)?, exact(hi)?, witness(w)?],
        ),
        Claim::Deviation {
            to,
            cells,
            hi,
            witness,
        } => return over_cells("Deviation", to, cells, hi, witness),
        Claim::Derivative {
            to,
            cells,
            hi,
            witness,
        } => return over_cells("Derivative", to, cells, hi, witness),
        Claim::Magnitude {
            to,
            cells,
            hi,
            witness: w,
            escape,
        } => {
            let escape = optional(escape.as_ref().map(witness).transpose()?);
            let statement = call("Magnitude", &[exact(to)?, exact(hi)?, witness(w)?, escape]);
            return Ok((statement, h.cells(cells)?, none()));
        }
        Claim::Pool {
            cites,
            inputs,
            range,
            input_scale,
            hi,
            witness,
        } => {
            let fields = [
                ("pool_cites", natural(cites)),
                ("pool_inputs", natural(inputs)),
                ("pool_range", exact(range)?),
                ("pool_scale", exact(input_scale)?),
                ("pool_hi", exact(hi)?),
                ("pool_at", list(&witness.inputs, |x| exact(x))?),
                ("pool_lo", exact(&witness.lo)?),
            ];
            call("Pool", &[record(&fields)])
        }
        Claim::Argmax {
            deviation,
            closeness,
            ranges,
            inputs,
            range,
            input_scale,
            gap,
            hi,
            witness,
        } => {
            let fields = [
                ("argmax_deviation", natural(deviation)),
                ("argmax_closeness", natural(closeness)),
                ("argmax_ranges", natural(ranges)),
                ("argmax_inputs", natural(inputs)),
                ("argmax_range", exact(range)?),
                ("argmax_scale", exact(input_scale)?),
                ("argmax_gap", exact(gap)?),
                ("argmax_hi", exact(hi)?),
                ("argmax_at", list(&witness.inputs, |x| exact(x))?),
                ("argmax_lo", exact(&witness.lo)?),
            ];
            call("Argmax", &[record(&fields)])
        }
        Claim::Clip {
            cites,
            scale,
            lower,
            upper,
            from,
            to,
            hi,
            witness: w,
        } => {
            let fields = [
                ("clip_cites", natural(cites)),
                ("clip_scale", exact(scale)?),
                ("clip_lower", exact(lower)?),
                ("clip_upper", exact(upper)?),
                ("clip_from", exact(from)?),
                ("clip_to", exact(to)?),
                ("clip_hi", exact(hi)?),
                ("clip_witness", witness(w)?),
            ];
            call("Clip", &[record(&fields)])
        }
        Claim::Lines {
            parts,
            hi,
            witness: w,
        } => {
            let statement = call("Lines", &[list(parts, part)?, exact(hi)?, witness(w)?]);
            return Ok((statement, none(), list(parts, |a| h.pieces(&a.pieces))?));
        }
        Claim::Contraction {
            at,
            radius,
            order,
            pieces,
            hi,
        } => {
            let arguments = [exact(at)?, exact(radius)?, natural(order), exact(hi)?];
            let pieces = format!("[{}]", h.pieces(pieces)?);
            return Ok((call("Contraction", &arguments), none(), pieces));
        }
        Claim::Series { .. } => return rule("series"),
        Claim::Stages { .. } => return rule("stages"),
        Claim::MeanSquare { .. } => return rule("mean_square"),
        Claim::Rounding { .. } => return rule("rounding"),
        Claim::Target { .. } => {
            return Err(Error::parse(
                "claims",
                "a target claim that is not the last",
            ))
        }
    };
    Ok((statement, none(), none()))
}

fn asked(a: &Asked) -> Result<String> {
    let verdict = match a.verdict.as_str() {
        "PROVED" => "Proved",
        "REFUTED" => "Refuted",
        _ => "Undecided",
    };
    Ok(format!("({}, {verdict})", exact(&a.bound)?))
}

fn target(c: &Claim) -> Result<String> {
    let Claim::Target {
        cites,
        function,
        scale,
        slope,
        lower,
        upper,
        lo,
        hi,
        claim,
    } = c
    else {
        return Err(Error::parse("claims", "the last is not a target claim"));
    };
    let given = |x: &Option<String>, name: &str| {
        let text = x
            .as_deref()
            .ok_or_else(|| Error::parse(name, "the field is missing"));
        text.and_then(exact)
    };
    let direct = |shape: &str| call("Direct", &[shape.to_owned()]);
    let function = match function.as_str() {
        "sign" => "Sign".to_owned(),
        "step" => "Step".to_owned(),
        "relu" => "Relu".to_owned(),
        "leaky_relu" => call("LeakyRelu", &[given(slope, "slope")?]),
        "abs" => "Abs".to_owned(),
        "max" => "Max".to_owned(),
        "clip" => "ClipByRelus".to_owned(),
        "relu6" => "Relu6".to_owned(),
        "max_pool" => "MaxPool".to_owned(),
        "argmax" => "OneHot".to_owned(),
        "direct_sign" => direct("SignShape"),
        "direct_step" => direct("StepShape"),
        "direct_bit" => direct("BitShape"),
        "direct_relu" => direct("ReluShape"),
        "direct_leaky_relu" => direct(&call("LeakyReluShape", &[given(slope, "slope")?])),
        "direct_abs" => direct("AbsShape"),
        "direct_clip" => direct(&call(
            "ClipShape",
            &[given(lower, "lower")?, given(upper, "upper")?],
        )),
        "direct_relu6" => direct("Relu6Shape"),
        other => return Err(outside(&format!("the function {other}"))),
    };
    Ok(record(&[
        ("target_function", function),
        ("target_cites", natural(cites)),
        ("target_scale", exact(scale.as_deref().unwrap_or("1"))?),
        ("target_lo", exact(lo)?),
        ("target_hi", exact(hi)?),
        (
            "target_claim",
            optional(claim.as_ref().map(asked).transpose()?),
        ),
    ]))
}
