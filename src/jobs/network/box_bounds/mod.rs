//! Box bounds: proved ranges and output difference over a box of inputs.

mod certified;
mod polynomials;
mod request;
mod sides;
mod tables;

pub use certified::Certified;
pub use request::{Near, Request};

use crate::error::{Error, Result};
use crate::files::refuse_overwriting;
use crate::network::boxes::stages::{self, Stage};
use crate::network::boxes::{Bounds, Options, StageBounds};
use polynomials::{attack, composite, Kind, Polynomials};
use sides::Sides;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

/// Most degrees of one run.
const MAX_DEGREES: usize = 32;

/// What was proved with each kind of polynomials.
#[derive(Debug, Clone)]
pub struct Answer {
    /// SHA-256 of the network's file.
    pub network_sha256: String,
    /// What every answer about the network says of its file.
    pub network_said: Vec<String>,
    /// How the sample's numbers became inputs, what was assumed and what looks forgotten; nothing without a sample.
    pub input_said: Vec<String>,
    /// [lo, hi] of every input, rounded outward.
    pub sides: Vec<Bounds>,
    /// The network's layers between its ReLUs; the first is the input.
    pub stages: Vec<Stage>,
    /// Degrees first, in ascending order, then tables.
    pub runs: Vec<Run>,
    /// Of the one run, if asked for: what it states is what the run proved.
    pub certificate: Option<Certified>,
}

/// One kind of polynomials in every neuron.
#[derive(Debug, Clone)]
pub struct Run {
    /// The degree, or the table.
    pub name: String,
    /// The degree of this twin's polynomials: the one asked for, or a lower one of the same request with a smaller bound.
    ///
    /// Within a part of the box that the polynomials were made for, a higher degree may be further away: its waves
    /// are lower, but as steep.
    pub degree: Option<usize>,
    /// **Guarantee**: over the whole box no output of network and twin differs by more.
    pub bound_difference: f64,
    /// What it took.
    pub seconds: f64,
    /// Neurons whose ReLU was replaced.
    pub polynomials: usize,
    /// **Guarantee**: ranges and differences of all stages.
    pub stages: Vec<StageBounds>,
    /// Measured: the greatest output difference found, and the largest share of a proved range that is reached.
    pub measure_reached: Option<(f64, f64)>,
}

/// Proves the range of every neuron over a box of inputs, and how far network and twin are apart.
///
/// Each neuron's ReLU is replaced by a polynomial close to the best one of its degree on the neuron's own
/// proved range; with a table by r(x) = x (1 + p(x/b))/2, b the neuron's own reach.
///
/// **Guarantee** no polynomial leaves the range that it was made for, and the outputs differ by at most the bound.
///
/// **Inputs** the request; `progress` hears of what so many are done of how many.
///
/// # Errors
/// No polynomials or too many, an empty box, other kinds of layers, files that do not fit together.
///
/// ```
/// use polycert::jobs::network::box_bounds::{box_bounds, Request};
/// use polycert::jobs::network::Model;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let layers = r#"[{"op":"dense","name":"one","weights":"a"},{"op":"relu","name":"act"},
/// #     {"op":"dense","name":"two","weights":"c"}]"#;
/// # let graph = format!(r#"{{"format":"polycert-graph/1","input":[2],"layers":{layers}}}"#);
/// # let array = |from: usize| serde_json::json!({"dtype": "F32", "shape": [2, 2], "data_offsets": [from, from + 16]});
/// # let header = serde_json::json!({"__metadata__": {"graph": graph}, "a": array(0), "c": array(16)}).to_string();
/// # let weights = [4f32, -2.0, 0.0, 1.0, 1.0, 1.0, 0.0, 3.0].into_iter().flat_map(f32::to_le_bytes);
/// # let weights: Vec<u8> = weights.collect();
/// # let network = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &weights].concat();
/// # let file = folder.path().join("network.safetensors");
/// # std::fs::write(&file, network).unwrap();
/// let answer = box_bounds(&Request::new(Model::new(file), 6), &mut |_, _, _| ())?;
/// assert_eq!(answer.runs[0].polynomials, 2);
/// assert!(answer.runs[0].bound_difference < 0.3);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn box_bounds(
    request: &Request,
    progress: &mut dyn FnMut(&str, usize, usize),
) -> Result<Answer> {
    let degrees = &request.degrees;
    if degrees.is_empty() && request.tables.is_empty() || degrees.len() > MAX_DEGREES {
        return Err(Error::domain(format!(
            "give 1 to {MAX_DEGREES} --degrees, such as 2,10,50, or a --table"
        )));
    }
    if request.certificate && degrees.len() + request.tables.len() > 1 {
        return Err(Error::domain("a certificate is of one degree or one table"));
    }
    if let Some(folder) = &request.tables_folder {
        tables::check_degrees(degrees)?;
        let model = request.model.files();
        let near = request.near.as_ref().map(|near| &near.file.file);
        let inputs = model.iter().chain(near);
        refuse_overwriting(
            tables::replaced(folder).iter().map(PathBuf::as_path),
            inputs.chain(&request.tables).map(PathBuf::as_path),
        )?;
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    }
    let named = |e: Error| e.in_file(&request.model.network);
    let loaded = request.model.load()?;
    let stages = stages::stages(&loaded.network).map_err(named)?;
    let Sides { sides, whole, said } = sides::sides(request, &loaded)?;
    // Ascending, so that a degree may keep what a lower one proved.
    let ascending: BTreeSet<usize> = degrees.iter().copied().collect();
    let mut kinds: Vec<Kind> = ascending.into_iter().map(Kind::Degree).collect();
    for path in &request.tables {
        kinds.push(composite(path)?);
    }
    let kept = request.near.as_ref().is_some_and(|near| near.whole);
    let whole = kept.then_some(whole);
    let (mut runs, mut written) = (Vec::new(), Vec::new());
    let mut best: Option<Kept> = None;
    let mut certificate = None;
    for (done, kind) in kinds.iter().enumerate() {
        progress("degrees and tables", done, kinds.len());
        let start = Instant::now();
        let made_for = whole.as_ref().unwrap_or(&sides);
        let analyse = |options: &Options| {
            let (found, chosen) = kind.replace(&stages, made_for, options)?;
            if whole.is_none() {
                return Ok((found, chosen));
            }
            let found = kind.keep(&stages, &sides, &chosen, options)?;
            Ok((found, chosen))
        };
        let (found, chosen) = if request.certificate {
            let with_room = |widened: f64| {
                analyse(&Options {
                    widened,
                    coupled: false,
                })
            };
            let (found, chosen, made) =
                certified::certified(&loaded.network, &sides, with_room, progress)
                    .map_err(named)?;
            certificate = Some(made);
            (found, chosen)
        } else {
            analyse(&Options::default()).map_err(named)?
        };
        let seconds = start.elapsed().as_secs_f64();
        let kept = Kept::new(kind, found, chosen);
        let kept = match best.take() {
            Some(lower) if kept.degree.is_some() && lower.bound < kept.bound => lower,
            _ => kept,
        };
        let (found, chosen) = (&kept.found, &kept.chosen);
        let starts = request.attack;
        let reached = (starts > 0).then(|| attack(starts, &stages, &sides, kind, chosen, found));
        if let Some(folder) = &request.tables_folder {
            let run = tables::write(folder, kind, &stages, chosen, kept.bound)?;
            written.push(run);
        }
        runs.push(Run {
            name: kind.name(),
            degree: kept.degree,
            bound_difference: kept.bound,
            seconds,
            polynomials: chosen.len(),
            stages: found.clone(),
            measure_reached: reached,
        });
        if kept.degree.is_some() {
            best = Some(kept);
        }
    }
    if let Some(folder) = &request.tables_folder {
        tables::write_index(folder, &loaded.sha256, &written)?;
    }
    Ok(Answer {
        network_sha256: loaded.sha256,
        network_said: loaded.said,
        input_said: said,
        sides,
        stages,
        runs,
        certificate,
    })
}

/// A twin, and what is proved of it.
struct Kept {
    /// None for composites.
    degree: Option<usize>,
    bound: f64,
    found: Vec<StageBounds>,
    chosen: Polynomials,
}

impl Kept {
    fn new(kind: &Kind, found: Vec<StageBounds>, chosen: Polynomials) -> Self {
        let last = found.last();
        Self {
            degree: kind.degree(),
            bound: last.map_or(0.0, StageBounds::bound_greatest_difference),
            found,
            chosen,
        }
    }
}
