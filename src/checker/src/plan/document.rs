//! The reader of `polycert-plan/1`: what a plan states, typed; nothing of it is proved here.

use crate::check::PLAN;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::json::{each, parse, Fields, Tree};
use crate::format::manifest::{digest, is_plain, MAX_NAME};
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::format::table::constant;

/// Greatest level.
const MAX_LEVEL: u64 = 64;
/// Activations, and steps, at most: those of an exact network.
const MAX_STEPS: usize = 10_000;
/// Refreshes inside one activation at most.
const MAX_INSIDE: usize = 256;
/// Inputs that choose, and that state, at most.
const MAX_INPUTS: usize = 20_000;
/// Network certificates at most.
const MAX_CERTIFIED: usize = 4_096;
/// Estimates at most.
const MAX_ESTIMATES: usize = 64;
/// Fractional bits of the ends of an interval.
pub(crate) const SHARE_BITS: u64 = 16;

/// A file of the plan's folder.
#[derive(Debug, Clone)]
pub(crate) struct FileName {
    /// `tables/00-d62.json`: a folder and a name, or a name.
    pub(crate) path: String,
    pub(crate) sha256: String,
}

/// What stands in for an activation.
#[derive(Debug)]
pub(crate) struct Activation {
    /// As the network's author calls it; any text.
    pub(crate) name: String,
    pub(crate) table: FileName,
    pub(crate) table_sha256: String,
    pub(crate) certificate: FileName,
    pub(crate) b: Rational,
    /// The stated bound of its error on [-B, B].
    pub(crate) error: Rational,
    /// The levels that it takes where nothing is refreshed inside.
    pub(crate) levels: u64,
    pub(crate) noise: Option<Noise>,
}

/// What an encrypted activation adds, and what it may, in units of its B.
#[derive(Debug)]
pub(crate) struct Noise {
    pub(crate) evaluation: FileName,
    pub(crate) proved: Rational,
    pub(crate) allowed: Rational,
}

/// What is done at a node of the network.
#[derive(Debug)]
pub(crate) struct Step {
    /// The level at which it begins, and at which it ends.
    pub(crate) enter: u64,
    pub(crate) leave: u64,
    /// The level that its value is refreshed to.
    pub(crate) refreshed: Option<u64>,
    /// Refreshes inside: behind which part, and to what level.
    pub(crate) inside: Vec<(u64, u64)>,
}

/// An input whose class a network certificate proves to stay.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) certificate: FileName,
    pub(crate) input_sha256: String,
    pub(crate) class: u64,
}

/// What the producer's audit of the stated inputs found.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) file: FileName,
    pub(crate) same: u64,
    pub(crate) different: u64,
    pub(crate) outside: u64,
    pub(crate) inside: u64,
}

/// An interval of a share.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) lo: Rational,
    pub(crate) hi: Rational,
}

/// A plan.
#[derive(Debug)]
pub(crate) struct PlanDocument {
    pub(crate) network: FileName,
    pub(crate) activations: Vec<Activation>,
    /// The greatest level, and the least from which a value is refreshed.
    pub(crate) top: u64,
    pub(crate) refresh_from: u64,
    pub(crate) steps: Vec<Step>,
    /// Levels in all activations, and refreshes.
    pub(crate) levels: u64,
    pub(crate) bootstraps: u64,
    /// What linear layers and bootstraps may add to an activation's noise, in units of B.
    pub(crate) rest: Option<Rational>,
    pub(crate) selected: Vec<String>,
    pub(crate) stated: Vec<String>,
    /// Stated inputs that are the same as one that chose, or as another stated one.
    pub(crate) repeated: u64,
    pub(crate) certified: Vec<Certified>,
    pub(crate) audit: Audit,
    pub(crate) risk: Rational,
    pub(crate) same: Share,
    pub(crate) outside: Share,
    /// Lines of the producer's that nothing here proves.
    pub(crate) estimates: Vec<String>,
}

/// Reads a plan.
pub(crate) fn read(bytes: &[u8]) -> Checked<PlanDocument> {
    let budget = &Budget::new();
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, PLAN))?;
    let activation = |t: Tree| activation(t, budget);
    let level = |t: Tree| parse_count(t.text()?, 0, MAX_LEVEL);
    let count = |t: Tree| parse_count(t.text()?, 0, u64::from(u32::MAX));
    let digests = |t: Tree| each(t.list_of(1, MAX_INPUTS)?, digest);
    let document = PlanDocument {
        network: fields.take("network", file)?,
        activations: fields.take("activations", |t| {
            each(t.list_of(1, MAX_STEPS)?, activation)
        })?,
        top: fields.take("top", |t| parse_count(t.text()?, 1, MAX_LEVEL))?,
        refresh_from: fields.take("refresh_from", level)?,
        steps: fields.take("steps", |t| each(t.list_of(2, MAX_STEPS + 1)?, step))?,
        levels: fields.take("levels", count)?,
        bootstraps: fields.take("bootstraps", count)?,
        rest: fields.take_maybe("rest", |t| above_zero(&t, budget))?,
        selected: fields.take("selected", digests)?,
        stated: fields.take("stated", digests)?,
        repeated: fields.take("repeated", count)?,
        certified: fields.take("certified", |t| {
            each(t.list_of(0, MAX_CERTIFIED)?, certified)
        })?,
        audit: fields.take("audit", audit)?,
        risk: fields.take("risk", |t| {
            let risk = above_zero(&t, budget)?;
            match risk < Rational::integer(1) && risk.bits() <= 128 {
                true => Ok(risk),
                false => Err(Fault::unreadable("not below 1, or longer than 128 bits")),
            }
        })?,
        same: fields.take("same", |t| share(t, budget))?,
        outside: fields.take("outside", |t| share(t, budget))?,
        estimates: fields.take("estimates", |t| {
            each(t.list_of(0, MAX_ESTIMATES)?, |t| Ok(printable(t.text()?)))
        })?,
    };
    // Of the producer: names, costs, what was asked. Strings, lists and objects; not read further.
    fields.take("producer", |t| t.object())?;
    fields.finish()?;
    Ok(document)
}

fn activation(t: Tree, budget: &Budget) -> Checked<Activation> {
    let mut fields = t.object()?;
    let name = fields.take("name", |t| Ok(printable(t.text()?)))?;
    let noise = fields.take_maybe("noise", |t| {
        let mut fields = t.object()?;
        let noise = Noise {
            evaluation: fields.take("evaluation", file)?,
            proved: fields.take("proved", |t| above_zero(&t, budget))?,
            allowed: fields.take("allowed", |t| above_zero(&t, budget))?,
        };
        fields.finish()?;
        Ok(noise)
    })?;
    let activation = Activation {
        name,
        table: fields.take("table", file)?,
        table_sha256: fields.take("table_sha256", digest)?,
        certificate: fields.take("certificate", file)?,
        b: fields.take("B", |t| above_zero(&t, budget))?,
        error: fields.take("error", |t| above_zero(&t, budget))?,
        levels: fields.take("levels", |t| parse_count(t.text()?, 0, 4_096))?,
        noise,
    };
    fields.finish()?;
    Ok(activation)
}

fn step(t: Tree) -> Checked<Step> {
    let level = |t: Tree| parse_count(t.text()?, 0, MAX_LEVEL);
    let mut fields = t.object()?;
    let inside = |t: Tree| {
        each(t.list_of(1, MAX_INSIDE)?, |t| {
            let (part, to) = t.pair()?;
            Ok((parse_count(part.text()?, 0, 4_096)?, level(to)?))
        })
    };
    let step = Step {
        enter: fields.take("enter", level)?,
        leave: fields.take("leave", level)?,
        refreshed: fields.take_maybe("refreshed", level)?,
        inside: fields.take_maybe("inside", inside)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(step)
}

fn certified(t: Tree) -> Checked<Certified> {
    let mut fields = t.object()?;
    let certified = Certified {
        certificate: fields.take("certificate", file)?,
        input_sha256: fields.take("input_sha256", digest)?,
        class: fields.take("class", |t| parse_count(t.text()?, 0, 4_095))?,
    };
    fields.finish()?;
    Ok(certified)
}

fn audit(t: Tree) -> Checked<Audit> {
    let count = |fields: &mut Fields, name: &str| {
        fields.take(name, |t| parse_count(t.text()?, 0, MAX_INPUTS as u64))
    };
    let mut fields = t.object()?;
    let audit = Audit {
        file: fields.take("file", file)?,
        same: count(&mut fields, "same")?,
        different: count(&mut fields, "different")?,
        outside: count(&mut fields, "outside")?,
        inside: count(&mut fields, "inside")?,
    };
    fields.finish()?;
    Ok(audit)
}

/// Two numbers from 0 to 1, multiples of 2^-16, so that powers of them stay short enough.
fn share(t: Tree, budget: &Budget) -> Checked<Share> {
    let end = |t: Tree| {
        let x = Rational::parse(t.text()?, budget)?;
        let inside = x >= Rational::integer(0) && x <= Rational::integer(1);
        let short = x.denom().bits() <= SHARE_BITS + 1;
        let dyadic = x.floor_at(SHARE_BITS) == x.ceil_at(SHARE_BITS);
        match inside && short && dyadic {
            true => Ok(x),
            false => Err(Fault::unreadable(format!(
                "not a multiple of 2^-{SHARE_BITS} from 0 to 1"
            ))),
        }
    };
    let (lo, hi) = t.pair()?;
    let share = Share {
        lo: end(lo)?,
        hi: end(hi)?,
    };
    match share.lo <= share.hi {
        true => Ok(share),
        false => Err(Fault::unreadable("ends before it begins")),
    }
}

fn above_zero(t: &Tree, budget: &Budget) -> Checked<Rational> {
    let x = Rational::parse(t.text()?, budget)?;
    match x.is_positive() {
        true => Ok(x),
        false => Err(Fault::unreadable("not above 0")),
    }
}

fn file(t: Tree) -> Checked<FileName> {
    let (path, sha256) = t.pair()?;
    Ok(FileName {
        path: name(path.text()?)?,
        sha256: digest(sha256)?,
    })
}

/// A name in the folder, or in a folder of it: no way out, and nothing that another system reads as one.
fn name(text: &str) -> Checked<String> {
    let mut parts = text.split('/');
    let fits = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, None) => is_plain(name),
        (Some(folder), Some(name), None) => is_plain(folder) && is_plain(name),
        _ => false,
    };
    match fits && text.len() <= MAX_NAME {
        true => Ok(text.to_owned()),
        false => Err(Fault::unreadable(format!(
            "a file is NAME or FOLDER/NAME, at most {MAX_NAME} letters, digits and ._-+=@, neither beginning with a dot"
        ))),
    }
}
