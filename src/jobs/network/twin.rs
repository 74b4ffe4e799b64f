//! The polynomials that stand in for a network's activations.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::network::forward::twin::{Activation, Twin};
use crate::network::model::graph::{Network, Node};
use crate::network::model::ops::Op;
use crate::poly::composite::Composite;
use crate::poly::role::Role;
use crate::poly::table::Table;
use rug::Rational;
use std::path::PathBuf;

/// The twin: r(x) = x (1 + p(x/B))/2 for ReLU, or p(x) itself where a table's target is the function itself.
#[derive(Debug, Clone)]
pub struct Polynomials {
    /// Tables: one, or one for each activation in order; or fewer, each for all activations that it stands for (one for ReLU, one
    /// for GELU), if each activation has one alone.
    pub tables: Vec<PathBuf>,
    /// B: each polynomial is used on [-B, B] (max-pool: on differences). One, or one for each activation; none, or 1,
    /// where a table is the function itself (beside tables made of sign one B is theirs alone).
    pub scales: Vec<Rational>,
    /// How a program holds the coefficients.
    pub coefficients: CoefficientMode,
    /// Where the network's own polynomials are meant to be used: one, or one for each in order; none for what the
    /// network's file states, if anything.
    pub domains: Vec<(Rational, Rational)>,
}

impl Polynomials {
    /// One table on [-B, B] for every activation, with exact coefficients.
    pub fn new(table: impl Into<PathBuf>, scale: impl Into<Rational>) -> Self {
        Self {
            tables: vec![table.into()],
            scales: vec![scale.into()],
            coefficients: CoefficientMode::Exact,
            domains: Vec::new(),
        }
    }

    /// No table: for networks whose activations are polynomials already.
    pub fn none() -> Self {
        Self {
            tables: Vec::new(),
            scales: Vec::new(),
            coefficients: CoefficientMode::Exact,
            domains: Vec::new(),
        }
    }

    /// The same tables with a B for each activation; those that are functions themselves keep their own domains.
    #[must_use]
    pub fn scaled(&self, scales: Vec<Rational>) -> Self {
        Self {
            scales,
            ..self.clone()
        }
    }

    /// Reads the tables and makes the twin of a network.
    ///
    /// A table made of sign stands for ReLU through x (1 + p(x/B))/2; one of target `direct_relu` is p(x) itself on its own
    /// domain, with B = 1, and one of target `direct_leaky_relu` the same in place of a leaky ReLU of the slope that the
    /// table states: exactly, or as the nearest f64 or f32, which is what network files hold of 1/100. A table of target
    /// `smooth` without a `value` and segments stands for the smooth functions of the same expression, on its own domain.
    ///
    /// The network's own polynomials stay what they are, and take no table.
    ///
    /// # Errors
    /// Tables that are not meant for all of [-1, 1] or stand for no such activation, and as many of them, of B or of domains
    /// as the network has no use for.
    pub fn load(&self, network: &Network) -> Result<Twin> {
        let tables = self.tables.iter().map(|path| Table::read(path));
        let tables: Vec<Table> = tables.collect::<Result<_>>()?;
        let replaced = network.replaced();
        if replaced == 0 && !(tables.is_empty() && self.scales.is_empty()) {
            return Err(Error::domain(
                "the network has no ReLU, max-pooling or smooth function that a table would replace; leave --table and --bound out",
            ));
        }
        let mut scales = self.scales(&tables, replaced)?;
        if scales.len() != replaced && scales.len() != 1 {
            return Err(Error::domain(format!(
                "{} values of --bound; give one, or one for each of the {replaced} activations that tables replace",
                scales.len()
            )));
        }
        let mut composites = Vec::new();
        for (table, path) in tables.iter().zip(&self.tables) {
            let made = suits(table).and_then(|()| Composite::new(table, self.coefficients));
            composites.push(made.map_err(|e| e.in_file(path))?);
        }
        // Of the files, the one for each activation.
        let which = self.assigned(&tables, network)?;
        let is_sign = |i: &usize| tables[*i].role() == Role::Sign;
        if let ([one], true, true) = (
            scales.as_slice(),
            which.iter().any(is_sign),
            !which.iter().all(is_sign),
        ) {
            // Tables that are functions themselves have domains of their own.
            let of = |i: &usize| match is_sign(i) {
                true => one.clone(),
                false => Rational::from(1),
            };
            scales = which.iter().map(of).collect();
        }
        let own = self.own(network)?;
        let mut own = own.iter();
        let mut activations: Vec<Activation> = Vec::new();
        // The last that a table made: most networks use one throughout.
        let (mut last, mut i): (Option<(usize, Activation)>, usize) = (None, 0);
        for node in network.nodes.iter().filter(|n| n.op.is_activation()) {
            if !node.op.is_replaced() {
                activations.extend(own.next().cloned());
                continue;
            }
            let file = which[i];
            let scale = &scales[i.min(scales.len() - 1)];
            i += 1;
            let next = match last {
                Some((of, last)) if of == file && last.scale() == scale => last,
                _ => activation(&tables[file], &composites[file], scale)
                    .map_err(|e| e.in_file(&self.tables[file]))?,
            };
            activations.push(next.clone());
            last = Some((file, next));
        }
        // One, or one for each activation, from here on.
        let (mut tables, mut composites) = (tables, composites);
        if tables.len() > 1 {
            composites = which.iter().map(|&i| composites[i].clone()).collect();
            tables = which.iter().map(|&i| tables[i].clone()).collect();
        }
        let digests: Vec<String> = tables.iter().map(Table::sha256).collect();
        let written: Vec<String> = scales.iter().map(number::write_canonical).collect();
        let mut settings = format!(
            "tables {}\nscale {}\ncoefficients {}\n",
            digests.join(" "),
            written.join(" "),
            self.coefficients
        );
        for a in activations.iter().filter(|a| a.is_own()) {
            settings.push_str(&format!("own {}\n", a.place()));
        }
        // The digest does not cover the target.
        for (i, table) in tables.iter().enumerate() {
            if table.target.is_itself() {
                settings.push_str(&format!("table {i} {}\n", table.target));
            }
        }
        Ok(Twin {
            composites,
            activations,
            tables,
            digests,
            coefficients: self.coefficients,
            settings,
        })
    }

    /// What stands at each of the network's own polynomials: themselves, with their domains.
    fn own(&self, network: &Network) -> Result<Vec<Activation>> {
        let ops = network.nodes.iter().map(|n| &n.op);
        let polynomials = ops.filter_map(|op| match op {
            Op::Polynomial(p) => Some(p),
            _ => None,
        });
        let polynomials: Vec<_> = polynomials.collect();
        let (n, given) = (polynomials.len(), &self.domains);
        if given.iter().any(|(lo, hi)| lo >= hi) {
            return Err(Error::domain("--domain LO,HI has LO below HI"));
        }
        if given.len() > 1 && given.len() != n || n == 0 && !given.is_empty() {
            return Err(Error::domain(format!(
                "{} values of --domain; give one, or one for each of the network's {n} own polynomials",
                given.len()
            )));
        }
        let domain = |i: usize| match given.as_slice() {
            [] => polynomials[i].domain.as_ref(),
            [one] => Some(one),
            all => Some(&all[i]),
        };
        let ends = |i: usize| domain(i).map(|(lo, hi)| (lo, hi));
        Ok((0..n).map(|i| Activation::own(ends(i))).collect())
    }

    /// For each activation that is replaced the table that stands for it: by their order where there are as many and each fits,
    /// else the only one of its kind.
    fn assigned(&self, tables: &[Table], network: &Network) -> Result<Vec<usize>> {
        let nodes: Vec<&Node> = network
            .nodes
            .iter()
            .filter(|n| n.op.is_replaced())
            .collect();
        if tables.len() != 1 && tables.len() != nodes.len() {
            return self.by_kind(tables, &nodes);
        }
        let in_order = nodes.iter().enumerate().map(|(k, node)| {
            let i = k.min(tables.len() - 1);
            let named = |e: Error| e.within(&node.name).in_file(&self.tables[i]);
            stands_for(&tables[i], &node.op).map_err(named).map(|()| i)
        });
        let in_order: Result<Vec<usize>> = in_order.collect();
        in_order.or_else(|why| self.by_kind(tables, &nodes).map_err(|_| why))
    }

    /// For each activation the one table that stands for it.
    fn by_kind(&self, tables: &[Table], nodes: &[&Node]) -> Result<Vec<usize>> {
        let count = format!(
            "{} tables; give one, one for each of the {} activations that tables replace, or one for each kind of them",
            tables.len(),
            nodes.len()
        );
        let mut chosen = Vec::with_capacity(nodes.len());
        for node in nodes {
            let fits = |i: &usize| stands_for(&tables[*i], &node.op).is_ok();
            let all: Vec<usize> = (0..tables.len()).filter(fits).collect();
            let [one] = all.as_slice() else {
                let (name, op) = (node.name.escape_debug(), kind(&node.op));
                let stand = match all.len() {
                    0 => "none stands".to_owned(),
                    n => format!("{n} stand"),
                };
                return Err(Error::domain(format!("{count}: {stand} for {name} ({op})")));
            };
            chosen.push(*one);
        }
        match (0..tables.len()).find(|i| !chosen.contains(i)) {
            None => Ok(chosen),
            Some(i) => {
                let unused = Error::domain(format!("{count}: no activation takes this one"));
                Err(unused.in_file(&self.tables[i]))
            }
        }
    }

    /// B of the activations: 1 where all tables are functions themselves and none is given.
    fn scales(&self, tables: &[Table], replaced: usize) -> Result<Vec<Rational>> {
        if tables.is_empty() && replaced > 0 {
            return Err(Error::domain(format!(
                "--table is needed: the network has {replaced} activations that tables replace, and each becomes a polynomial"
            )));
        }
        let signs = tables.iter().filter(|t| t.role() == Role::Sign).count();
        if !self.scales.is_empty() {
            return Ok(self.scales.clone());
        }
        if signs > 0 {
            return Err(Error::domain(
                "--bound B is needed: a polynomial p ~ sign is used as p(x/B) on [-B, B]",
            ));
        }
        Ok(vec![Rational::from(1); usize::from(replaced > 0)])
    }
}

/// Refuses a table made of sign whose domain the twin has no use for.
fn suits(table: &Table) -> Result<()> {
    match table.role() {
        Role::Sign => table.must_be_sign("the network"),
        Role::Direct(_) => Ok(()),
        Role::Smooth => {
            let stated = table.smooth.as_ref();
            if stated.is_some_and(|s| s.value.is_some()) {
                let detail =
                    "an activation is replaced by p itself, and the table computes a value from p";
                return Err(Error::parse("value", detail));
            }
            if stated.is_some_and(|s| !s.segments.is_empty()) {
                let detail =
                    "an activation is replaced on one interval, and the table is meant on several";
                return Err(Error::parse("domain.segments", detail));
            }
            Ok(())
        }
    }
}

/// What an activation is, for people.
fn kind(op: &Op) -> String {
    match op {
        Op::Smooth(f) => format!("smooth, {f}"),
        op => op.name().to_owned(),
    }
}

/// Refuses a table whose target is another activation.
fn stands_for(table: &Table, op: &Op) -> Result<()> {
    let leaky = match op {
        Op::Relu { slope } if *slope != 0.0 => Some(*slope),
        _ => None,
    };
    if let Op::Smooth(f) = op {
        let stated = table.smooth.as_ref().map(|s| &s.function);
        return match stated {
            Some(stated) if stated.expression() == f.expression() => Ok(()),
            Some(stated) => Err(Error::parse(
                "function",
                format!("the table is for {stated}, and the network has {f} there: another expression"),
            )),
            None => Err(Error::parse(
                "",
                format!(
                    "a table of target {} does not stand for the smooth function {f}: that takes a table of target smooth \
                     whose function is this expression",
                    table.target
                ),
            )),
        };
    }
    match (table.role(), leaky) {
        (Role::Sign | Role::Direct(Shape::Relu), _) => Ok(()),
        (Role::Direct(Shape::LeakyRelu), Some(slope)) => of_slope(table, slope),
        (Role::Direct(_) | Role::Smooth, _) => Err(Error::parse(
            "",
            format!(
                "a table of target {} does not stand for {}: that takes a table of target direct_relu{}, or one made of sign",
                table.target,
                op.name(),
                if leaky.is_some() { " or direct_leaky_relu" } else { "" }
            ),
        )),
    }
}

/// Refuses a table of another leaky ReLU than a network's.
fn of_slope(table: &Table, slope: f64) -> Result<()> {
    let Some(stated) = &table.slope else {
        return Err(Error::parse(
            "slope",
            format!(
                "is not stated by the table, and the network's leaky ReLU has {slope}: polycert import TABLE --slope S \
                 -o NEW says which one the polynomial is for"
            ),
        ));
    };
    let held = Rational::from_f64(slope).unwrap_or_default();
    let modes = [
        CoefficientMode::Exact,
        CoefficientMode::F64,
        CoefficientMode::F32,
    ];
    // What overflows a format is not held in it.
    let same = |mode: CoefficientMode| mode.round(stated).is_ok_and(|rounded| rounded == held);
    if modes.into_iter().any(same) {
        return Ok(());
    }
    Err(Error::parse(
        "slope",
        format!(
            "the table is for a leaky ReLU of slope {}, and the network's has {slope}",
            number::write(stated)
        ),
    ))
}

fn activation(table: &Table, composite: &Composite, scale: &Rational) -> Result<Activation> {
    let leaky = match table.role() {
        Role::Sign => return Activation::new(composite, scale),
        Role::Direct(shape) => shape == Shape::LeakyRelu,
        Role::Smooth => false,
    };
    if *scale != 1u32 {
        return Err(Error::domain(format!(
            "--bound {scale}: the table's target is {}, p(x) itself on [{}, {}]; leave --bound out, or give 1 for it",
            table.target, table.domain.lo, table.domain.hi
        )));
    }
    let ends = (&table.domain.lo, &table.domain.hi);
    Activation::direct(composite, ends, leaky)
}
