//! From a proof to its certificate.

use crate::arith::number::write;
use crate::certificate::schema::{
    Asked, Branch, Cells, Claim, Document, Part, PoolWitness, Segment, SeriesCell, SeriesPart,
    Stage, StageCell, Witness, FORMAT, MAX_PRECISION,
};
use crate::certify::claims::growth::Growth;
use crate::certify::claims::lines::Lines;
use crate::certify::composite::cascade;
use crate::certify::composite::cells;
use crate::certify::composite::witness;
use crate::certify::proof::Proof;
use crate::certify::published::{self, BOUND_BITS};
use crate::certify::series::claim::Series;
use crate::certify::series::stages::Stages;
use crate::certify::stage::pieces::{Pieces, Segment as Boxed};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::poly::table::Table;
use rug::{Float, Rational};

/// Bits that the checker computes with beyond the producer's, so that its rounding is the smaller.
pub(in crate::certificate) const EXTRA_BITS: u32 = 64;

/// The certificate of a proof about a table.
pub fn document(table: &Table, proof: &Proof) -> Document {
    let bits = match (proof.branches.first(), &proof.lines, &proof.series) {
        (Some(branch), _, _) => branch.prec + EXTRA_BITS,
        (None, Some(lines), _) => lines.estimate_fixed_bits,
        // The cells are on the grid of these bits.
        (None, None, Some(series)) => series.bits,
        (None, None, None) => 64,
    };
    let mut grid = Grid {
        bits: bits.next_multiple_of(64).min(MAX_PRECISION),
    };
    let needs_slope = proof.slope.is_some() || proof.relu_error.is_some();
    let branches = proof
        .branches
        .iter()
        .map(|b| branch(b, needs_slope, &mut grid))
        .collect();
    let claims = claims(proof, &mut grid);
    Document {
        format: FORMAT.to_owned(),
        table: table.to_raw(),
        table_sha256: table.sha256(),
        coefficients: proof.request.coefficients.to_string(),
        precision: grid.bits.to_string(),
        branches,
        claims,
    }
}

/// Writes hint numbers and keeps the precision that they all fit.
pub(in crate::certificate) struct Grid {
    pub(in crate::certificate) bits: u32,
}

impl Grid {
    pub(in crate::certificate) fn hint(&mut self, x: &Float) -> String {
        self.rational(&x.to_rational().unwrap_or_default())
    }

    pub(in crate::certificate) fn rational(&mut self, x: &Rational) -> String {
        self.bits = self.bits.max(x.denom().significant_bits() + 1);
        write(x)
    }

    fn witness(&mut self, w: &witness::Witness) -> Witness {
        Witness {
            x: self.hint(&w.x),
            lo: write(&published::lower(&w.lo)),
        }
    }

    fn pieces(&mut self, p: &Pieces) -> Vec<Segment> {
        self.segments(&p.segments)
    }

    fn segments(&mut self, all: &[Boxed]) -> Vec<Segment> {
        let mut segments = Vec::with_capacity(all.len());
        for s in all {
            let boxes = s.boxes.iter();
            segments.push(Segment {
                lo: self.hint(&s.lo),
                hi: self.hint(&s.hi),
                boxes: boxes.map(|(u, v)| [self.hint(u), self.hint(v)]).collect(),
            });
        }
        segments
    }

    fn cells(&mut self, all: &[cells::Cells]) -> Vec<Cells> {
        all.iter()
            .map(|c| Cells {
                points: c.points.iter().map(|p| self.hint(p)).collect(),
                orders: c.orders.iter().map(|o| char::from(b'0' + o)).collect(),
            })
            .collect()
    }
}

pub(in crate::certificate) fn branch(
    b: &cascade::Branch,
    needs_slope: bool,
    grid: &mut Grid,
) -> Branch {
    let stages = b
        .stages
        .iter()
        .map(|s| Stage {
            value: grid.pieces(&s.value),
            slope: needs_slope.then(|| grid.pieces(&s.slope)),
        })
        .collect();
    Branch {
        side: b.side.name().to_owned(),
        stages,
    }
}

/// The claims, the target last; `cites` are positions in this list.
fn claims(proof: &Proof, grid: &mut Grid) -> Vec<Claim> {
    let mut claims = Vec::new();
    let function = proof.request.target.function;
    let mut cites = 0;
    if let Some(d) = &proof.relu_error {
        claims.push(Claim::Deviation {
            to: write(&d.to.to_rational().unwrap_or_default()),
            cells: grid.cells(&d.cells),
            hi: write(&d.bound_hi.to_rational().unwrap_or_default()),
            witness: grid.witness(&d.witness),
        });
    }
    if let Some(p) = &proof.pool {
        cites = claims.len();
        claims.push(Claim::Pool {
            cites: "0".to_owned(),
            inputs: p.inputs.to_string(),
            range: write(&p.range),
            input_scale: write(&p.input_scale),
            hi: write(&p.bound_hi),
            witness: PoolWitness {
                inputs: p.witness.0.iter().map(|x| grid.rational(x)).collect(),
                lo: write(&p.witness.1),
            },
        });
    }
    if let Some(c) = &proof.clip {
        cites = claims.len();
        claims.push(Claim::Clip {
            cites: "0".to_owned(),
            scale: write(&proof.request.target.scale),
            lower: write(&proof.request.target.ends.0),
            upper: write(&proof.request.target.ends.1),
            from: write(&c.from),
            to: write(&c.to),
            hi: write(&c.bound_hi),
            witness: grid.witness(&c.witness),
        });
    }
    if let Some(l) = &proof.lines {
        claims.extend(proof.contractions.iter().map(|c| Claim::Contraction {
            at: write(&c.at),
            radius: write(&c.radius),
            order: c.order.to_string(),
            pieces: grid.pieces(&c.pieces),
            hi: write(&published::upper(&c.bound_hi)),
        }));
        cites = claims.len();
        claims.push(lines(l, grid));
    }
    if let Some(s) = &proof.series {
        cites = claims.len();
        claims.push(series(s, grid));
    }
    claims.extend(proof.stages.as_ref().map(|s| stages(s, cites)));
    if let Some(r) = &proof.rounding {
        claims.push(Claim::Rounding {
            scheme: r.evaluation.scheme().to_owned(),
            format: r.evaluation.format.to_string(),
            from: write(&r.from),
            to: write(&r.to),
            hi: write(&r.bound_hi),
        });
    }
    if let Some(c) = &proof.closeness {
        claims.push(Claim::Closeness {
            from: write(&c.from),
            to: write(&c.to),
            hi: write(&published::upper(&c.bound_hi)),
            witness: grid.witness(&c.witness),
        });
    }
    for r in &proof.ranges {
        claims.push(Claim::StageRanges {
            from: write(&r.from),
            to: write(&r.to),
            ranges: r
                .bound_ranges
                .iter()
                .map(|(lo, hi)| [write(lo), write(hi)])
                .collect(),
        });
    }
    if let Some(a) = &proof.argmax {
        // After the deviation: the closeness, then the ranges from 0 on.
        cites = claims.len();
        claims.push(Claim::Argmax {
            deviation: "0".to_owned(),
            closeness: "1".to_owned(),
            ranges: "2".to_owned(),
            inputs: a.inputs.to_string(),
            range: write(&a.range),
            input_scale: write(&a.input_scale),
            gap: write(&a.gap),
            hi: write(&a.bound_hi),
            witness: PoolWitness {
                inputs: a.witness.0.iter().map(|x| grid.rational(x)).collect(),
                lo: write(&a.witness.1),
            },
        });
    }
    if let Some(g) = &proof.slope {
        let (to, cells, hi, witness) = growth(g, grid);
        claims.push(Claim::Derivative {
            to,
            cells,
            hi,
            witness,
        });
    }
    for g in proof.magnitude.iter().chain(&proof.overflow) {
        let (to, cells, hi, witness) = growth(g, grid);
        let escape = g.escape.as_ref().map(|w| grid.witness(w));
        claims.push(Claim::Magnitude {
            to,
            cells,
            hi,
            witness,
            escape,
        });
    }
    claims.extend(beyond(proof, grid));
    let target = &proof.request.target;
    let verdict = proof.request.claim.as_ref().zip(proof.verdict);
    let direct_clip = function == Function::Direct(Shape::Clip);
    claims.push(Claim::Target {
        cites: cites.to_string(),
        function: function.name().to_owned(),
        scale: (!function.is_unscaled()).then(|| write(&target.scale)),
        slope: function.has_slope().then(|| write(&target.slope)),
        lower: direct_clip.then(|| write(&target.ends.0)),
        upper: direct_clip.then(|| write(&target.ends.1)),
        lo: write(&proof.bound_lo),
        hi: write(&proof.bound_hi),
        claim: verdict.map(|(bound, v)| Asked {
            bound: write(bound),
            verdict: v.to_string(),
        }),
    });
    claims
}

/// The bound of the error beyond the domain; the witness is that of the domain.
fn beyond(proof: &Proof, grid: &mut Grid) -> Option<Claim> {
    let v = proof.validity.as_ref()?;
    let (to, hi) = (write(&v.to), write(&v.bound));
    if let Some(d) = &proof.relu_error {
        let (cells, witness) = (grid.cells(&v.cells), grid.witness(&d.witness));
        return Some(Claim::Deviation {
            to,
            cells,
            hi,
            witness,
        });
    }
    let c = proof.closeness.as_ref()?;
    let (from, witness) = (write(&c.from), grid.witness(&c.witness));
    Some(Claim::Closeness {
        from,
        to,
        hi,
        witness,
    })
}

fn lines(l: &Lines, grid: &mut Grid) -> Claim {
    let mut parts = Vec::with_capacity(l.parts.len());
    for part in &l.parts {
        parts.push(Part {
            from: write(&part.line.from),
            to: write(&part.line.to),
            slope: write(&part.line.slope),
            intercept: write(&part.line.intercept),
            pieces: grid.pieces(&part.pieces),
        });
    }
    Claim::Lines {
        parts,
        hi: write(&l.published_hi()),
        witness: Witness {
            x: grid.hint(&l.witness.x),
            lo: write(&l.published_lo()),
        },
    }
}

/// The cells' ends and the witness are on the grid already, as its last bit allows.
fn series(s: &Series, grid: &mut Grid) -> Claim {
    let mut parts = Vec::with_capacity(s.parts.len());
    for part in &s.parts {
        let cells = part.cells.iter().map(|cell| SeriesCell {
            to: write(&cell.to),
            degree: cell.degree.to_string(),
            pieces: grid.segments(&cell.segments),
        });
        parts.push(SeriesPart {
            from: write(&part.from),
            to: write(&part.to),
            cells: cells.collect(),
        });
    }
    Claim::Series {
        function: s.difference.function.to_string(),
        value: s.difference.value.as_ref().map(ToString::to_string),
        error: s.difference.measure.to_string(),
        parts,
        hi: write(&s.bound_hi),
        witness: Witness {
            x: write(&s.witness_x),
            lo: write(&s.bound_lo),
        },
    }
}

/// The ranges of the stages of the value of the claim `cites`, on the same grid.
fn stages(s: &Stages, cites: usize) -> Claim {
    let cell = |to: &Rational| StageCell {
        to: write(to),
        degree: s.degree.to_string(),
    };
    let parts = s.cells.iter();
    let ranges = s.bound_ranges.iter();
    Claim::Stages {
        cites: cites.to_string(),
        parts: parts.map(|ends| ends.iter().map(cell).collect()).collect(),
        ranges: ranges.map(|(lo, hi)| [write(lo), write(hi)]).collect(),
    }
}

fn growth(g: &Growth, grid: &mut Grid) -> (String, Vec<Cells>, String, Witness) {
    let hi = write(&crate::arith::mp::short(
        &g.bound_hi,
        BOUND_BITS,
        rug::float::Round::Up,
    ));
    (
        write(&g.to),
        grid.cells(&g.cells),
        hi,
        grid.witness(&g.witness),
    )
}
