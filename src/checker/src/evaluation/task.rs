//! What the circuit computes: rule E2, third part. Around the stages it must be exactly p itself, sign, ReLU, max
//! or a tournament of max, over the domain of the embedded certificate's target.

use crate::claims::statement::Statement;
use crate::claims::target::Function;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::block::Block;
use crate::evaluation::circuit::{Circuit, Op};
use crate::evaluation::maps::Maps;
use crate::series::rule::Measure;
use crate::words::report::Report;

const RULE: Rule = Rule::Own("E2 task");

/// The function, its domain, and the inputs that are meant.
#[derive(Debug)]
pub(crate) struct EvaluationTask {
    pub(crate) function: Function,
    /// B: the composite is applied to x/B.
    pub(crate) domain: Rational,
    /// The inputs lie between these.
    pub(crate) inputs: (Rational, Rational),
    /// Pools: the number of inputs, and c of the input map c x + 1/2.
    pub(crate) pool: Option<(usize, Rational)>,
}

fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
}

/// The task of a checked certificate.
pub(crate) fn of(report: &Report) -> Checked<EvaluationTask> {
    let target = &report.target;
    let one = Rational::integer(1);
    let zero = Rational::integer(0);
    let b = target.scale.clone();
    let cited = report.statements.get(target.cites);
    let whole = |to: &Rational| {
        if *to == one {
            Ok(())
        } else {
            fail("the embedded certificate is not about the domain up to 1")
        }
    };
    Ok(match (target.function, cited) {
        (Function::Relu, Some(Statement::Deviation { to, .. })) => {
            whole(to)?;
            EvaluationTask {
                function: Function::Relu,
                inputs: (b.negated(), b.clone()),
                domain: b,
                pool: None,
            }
        }
        (Function::Max, Some(Statement::Deviation { to, .. })) => {
            whole(to)?;
            EvaluationTask {
                function: Function::Max,
                inputs: (zero, b.clone()),
                domain: b,
                pool: None,
            }
        }
        (Function::Sign, Some(Statement::Closeness { to, .. })) if *to <= one => EvaluationTask {
            function: Function::Sign,
            inputs: (b.negated(), b.clone()),
            domain: b,
            pool: None,
        },
        (
            Function::MaxPool,
            Some(Statement::Pool {
                cites,
                inputs,
                range,
                input_scale,
                ..
            }),
        ) => {
            // Every difference of two players is within the cited domain, and cells go up to 1.
            match report.statements.get(*cites) {
                Some(Statement::Deviation { to, .. }) => whole(to)?,
                _ => return Err(Fault::internal("a pool that cites nothing")),
            }
            EvaluationTask {
                function: Function::MaxPool,
                inputs: (range.negated(), range.clone()),
                domain: one,
                pool: Some((*inputs, input_scale.clone())),
            }
        }
        (function, Some(Statement::Lines { parts, .. })) if function.is_of_p_itself() => itself(
            function,
            parts
                .first()
                .zip(parts.last())
                .map(|(a, b)| (&a.from, &b.to)),
        )?,
        (function, Some(Statement::Series(series))) if function.is_of_p_itself() => {
            if series.error != Measure::Absolute {
                return fail("the embedded certificate is not about the absolute error");
            }
            if series.value.as_ref().is_some_and(|value| !value.is_p()) {
                return fail(
                    "the embedded certificate is not about p itself, but about a value made of it",
                );
            }
            let (first, last) = (series.parts.first(), series.parts.last());
            itself(function, first.zip(last).map(|(a, b)| (&a.0, &b.1)))?
        }
        _ => {
            return fail(
                "the embedded certificate is not about p itself, sign, relu, max or max_pool",
            )
        }
    })
}

/// p itself: inputs may lie between its parts too, where nothing is approximated.
fn itself(function: Function, ends: Option<(&Rational, &Rational)>) -> Checked<EvaluationTask> {
    let (lo, hi) = ends.ok_or_else(|| Fault::internal("a claim without parts"))?;
    Ok(EvaluationTask {
        function,
        domain: Rational::integer(1),
        inputs: (lo.clone(), hi.clone()),
        pool: None,
    })
}

impl EvaluationTask {
    /// What the results of the stages are divided by.
    pub(crate) fn divisors(&self, reaches: &[Rational]) -> Vec<Rational> {
        let last = match self.function {
            Function::Sign | Function::Direct(_) | Function::Smooth => 1,
            _ => 2,
        };
        let next = reaches.iter().skip(1).cloned();
        next.chain([Rational::integer(last)]).collect()
    }

    /// The same of inputs within `most` of 0. Of a max both are, and so is their difference. A part of the domain may have
    /// less noise: E5 is worst over its cells.
    ///
    /// # Errors
    /// A rejection of what is no part of the domain, and of pools, whose matches have inputs of their own.
    pub(crate) fn within(self, most: Option<&Rational>) -> Checked<Self> {
        let Some(most) = most else {
            return Ok(self);
        };
        let (lo, hi) = &self.inputs;
        if self.pool.is_some() {
            return fail("`within` is not of a pool");
        }
        if *most < *lo || *most > *hi {
            return fail("`within` is beyond the domain");
        }
        let lo = most.negated().max(lo.clone());
        Ok(Self {
            inputs: (lo, most.clone()),
            ..self
        })
    }

    /// What the cells cover: all inputs of p itself, else |x|/B.
    pub(crate) fn cells(&self) -> (Rational, Rational) {
        if self.function.is_of_p_itself() {
            return self.inputs.clone();
        }
        let most = match self.pool {
            // Of every match, whose players are mapped into [0, 1].
            Some(_) => Rational::integer(1),
            None => self.inputs.1.over(&self.domain),
        };
        (Rational::integer(0), most)
    }

    /// Proves that the circuit computes the task, given that its stages are what they should be.
    pub(crate) fn shape(
        &self,
        circuit: &Circuit,
        blocks: &[Block],
        output: usize,
        maps: &Maps,
    ) -> Checked<()> {
        let centred = maps.centres.iter().all(Rational::is_zero);
        if maps.centres.len() != maps.reaches.len() {
            return fail("there is not one centre for each reach");
        }
        if !centred && !self.function.is_of_p_itself() {
            return fail("there are centres, and the target is made of a sign");
        }
        let mut before = 0;
        for block in blocks {
            if block.argument < before || block.argument >= block.output {
                return fail("the evaluations of the composite are out of order");
            }
            before = block.output + 1;
            self.chain(circuit, block, maps)?;
        }
        if blocks
            .last()
            .is_none_or(|b| b.output >= circuit.nodes.len())
        {
            return fail("the evaluations of the composite are out of order");
        }
        match (&self.pool, blocks) {
            (None, [block]) => {
                if output != block.output {
                    return fail("the output is not that of the evaluation");
                }
                let inputs = circuit
                    .nodes
                    .iter()
                    .filter(|n| matches!(n.op, Op::Input))
                    .count();
                let players = self.players(circuit, block)?;
                for player in &players {
                    if !matches!(circuit.get(*player)?.op, Op::Input) {
                        return fail("an argument is not an input");
                    }
                }
                let mut distinct = players.clone();
                distinct.sort_unstable();
                distinct.dedup();
                if distinct.len() != players.len() || inputs != players.len() {
                    return fail("the inputs are not each used once");
                }
                Ok(())
            }
            (Some((inputs, c)), _) => self.tournament(circuit, blocks, output, *inputs, c),
            _ => fail("there is not one evaluation of the composite"),
        }
    }

    /// The inputs of one evaluation: x, or a and b.
    fn players(&self, circuit: &Circuit, block: &Block) -> Checked<Vec<usize>> {
        let argument = circuit.source(block.argument)?;
        Ok(match (self.function, &circuit.get(argument)?.op) {
            (Function::Relu | Function::Sign, _) => vec![argument],
            (function, _) if function.is_of_p_itself() => vec![argument],
            (_, Op::Sub(a, b)) => vec![circuit.source(*a)?, circuit.source(*b)?],
            _ => return fail("the argument of a max is not a difference"),
        })
    }

    /// Inside of one evaluation: the stages follow each other, and the result is the task's.
    fn chain(&self, circuit: &Circuit, block: &Block, maps: &Maps) -> Checked<()> {
        if block.spans.len() != maps.reaches.len() {
            return fail("there is not one stage for each component");
        }
        let mut input: Option<usize> = None;
        for (i, span) in block.spans.iter().enumerate() {
            if span.first <= block.argument || span.output > block.output {
                return fail(format!("stage {i} is outside of its evaluation"));
            }
            match input {
                None => self.first_input(circuit, block, span.input, maps)?,
                Some(before) => {
                    if span.input != before || span.first <= before {
                        return fail(format!(
                            "stage {i} is not given the result of the one before"
                        ));
                    }
                }
            }
            input = Some(span.output);
        }
        let last = input.ok_or_else(|| Fault::internal("stages"))?;
        let last = circuit.source(last)?;
        let result = circuit.source(block.output)?;
        let argument = circuit.source(block.argument)?;
        let half = Rational::integer(1).over(&Rational::integer(2));
        let pair = |a: usize, b: usize, wanted: (usize, usize)| -> Checked<bool> {
            let found = (circuit.source(a)?, circuit.source(b)?);
            Ok(found == wanted || (found.1, found.0) == wanted)
        };
        let good = match (self.function, &circuit.get(result)?.op) {
            (Function::Sign | Function::Direct(_) | Function::Smooth, _) => result == last,
            (Function::Relu, Op::Mul(a, b)) => {
                let (a, b) = (circuit.source(*a)?, circuit.source(*b)?);
                let gate = if a == argument { b } else { a };
                let is_gate = match &circuit.get(gate)?.op {
                    Op::AddConstant(g, c) => circuit.source(*g)? == last && c.value == half,
                    _ => false,
                };
                is_gate && pair(a, b, (argument, gate))?
            }
            (Function::Max | Function::MaxPool, Op::Add(p, m)) => {
                let product = match circuit.get(circuit.source(*p)?)?.op {
                    Op::Mul(a, b) => pair(a, b, (argument, last))?,
                    _ => false,
                };
                let mean = match &circuit.get(circuit.source(*m)?)?.op {
                    Op::MulConstant(sum, c) if c.value == half => {
                        match (
                            &circuit.get(circuit.source(*sum)?)?.op,
                            &circuit.get(argument)?.op,
                        ) {
                            (Op::Add(a, b), Op::Sub(d, e)) => {
                                let wanted = (circuit.source(*d)?, circuit.source(*e)?);
                                pair(*a, *b, wanted)?
                            }
                            _ => false,
                        }
                    }
                    _ => false,
                };
                product && mean
            }
            _ => false,
        };
        if good {
            Ok(())
        } else {
            fail(format!(
                "node {} is not the function of the target",
                block.output
            ))
        }
    }

    /// The first stage is given (x - m_1)/(B K_1).
    fn first_input(
        &self,
        circuit: &Circuit,
        block: &Block,
        input: usize,
        maps: &Maps,
    ) -> Checked<()> {
        let map = maps.of(0)?;
        let mut id = input;
        if !map.centre.is_zero() {
            let away = map.centre.over(map.reach).negated();
            id = match &circuit.get(id)?.op {
                Op::AddConstant(a, c) if c.value == away => *a,
                _ => return fail("the first stage is not given x less its centre"),
            };
        }
        if let Op::Units(a, unit) = &circuit.get(id)?.op {
            let same = circuit.source(*a)? == circuit.source(block.argument)?;
            if same && *unit == self.domain.times(map.reach) && id > block.argument {
                return Ok(());
            }
        }
        fail("the first stage is not given x in units of its reach")
    }

    /// Players are paired in order, an odd one waits.
    fn tournament(
        &self,
        circuit: &Circuit,
        blocks: &[Block],
        output: usize,
        inputs: usize,
        c: &Rational,
    ) -> Checked<()> {
        let half = Rational::integer(1).over(&Rational::integer(2));
        let unit = Rational::integer(1).over(c);
        let mut players = Vec::new();
        for (id, node) in circuit.nodes.iter().enumerate() {
            // c x + 1/2 of an input.
            if let Op::AddConstant(a, constant) = &node.op {
                if let Op::Units(x, by) = &circuit.get(*a)?.op {
                    let is_input = matches!(circuit.get(*x)?.op, Op::Input);
                    if is_input && constant.value == half && *by == unit {
                        players.push(id);
                    }
                }
            }
        }
        let count = circuit
            .nodes
            .iter()
            .filter(|n| matches!(n.op, Op::Input))
            .count();
        if players.len() != inputs || count != inputs {
            return fail("the inputs are not each mapped once by x -> c x + 1/2");
        }
        let mut distinct = Vec::new();
        for player in &players {
            if let Op::AddConstant(a, _) = &circuit.get(*player)?.op {
                if let Op::Units(x, _) = &circuit.get(*a)?.op {
                    distinct.push(*x);
                }
            }
        }
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != inputs {
            return fail("the inputs are not each mapped once by x -> c x + 1/2");
        }
        let mut matches = blocks.iter();
        while players.len() > 1 {
            let mut next = Vec::new();
            for pair in players.chunks(2) {
                match pair {
                    [a, b] => {
                        let Some(block) = matches.next() else {
                            return fail("a match is missing");
                        };
                        let found = self.players(circuit, block)?;
                        if found != [circuit.source(*a)?, circuit.source(*b)?] {
                            return fail("a match is not between the players whose turn it is");
                        }
                        next.push(block.output);
                    }
                    rest => next.extend(rest),
                }
            }
            players = next;
        }
        let winner = players
            .first()
            .copied()
            .ok_or_else(|| Fault::internal("players"))?;
        let mapped_back = match &circuit.get(output)?.op {
            Op::Units(a, by) => match &circuit.get(circuit.source(*a)?)?.op {
                Op::AddConstant(w, constant) => {
                    circuit.source(*w)? == circuit.source(winner)?
                        && constant.value == half.negated()
                        && by == c
                }
                _ => false,
            },
            _ => false,
        };
        if matches.next().is_some() || !mapped_back {
            return fail("the winner is not mapped back by y -> (y - 1/2)/c");
        }
        Ok(())
    }
}
