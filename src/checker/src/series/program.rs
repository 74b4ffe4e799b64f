//! Programs: what is computed from x and the table's polynomial p, in steps that have names.
//!
//! `NAME = FORMULA; ...; FORMULA`. A step is evaluated once, however often its name occurs: the work is that of the
//! text, though the formula that is meant, written out, may be of any length.

use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::series::evaluate::{evaluate, Scope};
use crate::series::expression::{Expression, Formula, Parser};
use crate::series::model::{Frame, Model};
use crate::series::names::is_word;
use crate::series::units::placed;

/// Steps before the last formula, at most.
pub(crate) const MAX_BINDINGS: usize = 64;

/// A formula in x and p, with names for parts of it; its text is a Formula's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    text: String,
    /// Each may name those before it.
    bindings: Vec<(String, Formula)>,
    result: Formula,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// What is wrong, and at which character.
    pub(crate) fn parse(text: &str, budget: &Budget) -> Result<Self, String> {
        let mut parser = Parser::new(text, true, budget)?;
        let mut bindings = Vec::new();
        while let Some(name) = binding(&mut parser)? {
            let (start, tree) = (parser.place, parser.sum(0)?);
            let formula = text.get(start..parser.place).unwrap_or_default();
            if !parser.take(b';') {
                return parser.fail("an operator or `;` is expected");
            }
            parser.names.push(name.clone());
            bindings.push((name, Formula::of(formula.trim(), tree)));
        }
        let (start, tree) = (parser.place, parser.sum(0)?);
        parser.end()?;
        let result = Formula::of(text.get(start..).unwrap_or_default().trim(), tree);
        let text = text.to_owned();
        Ok(Self {
            text,
            bindings,
            result,
        })
    }

    /// The program as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The steps before the last formula: names, and what they stand for.
    pub fn bindings(&self) -> &[(String, Formula)] {
        &self.bindings
    }

    /// The last formula: the value.
    pub fn result(&self) -> &Formula {
        &self.result
    }

    /// Whether it is p and no more.
    pub(crate) fn is_p(&self) -> bool {
        self.bindings.is_empty() && self.result.tree == Expression::P
    }

    /// Whether it has the same steps, in the same order, under any names.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        fn trees(program: &Program) -> impl Iterator<Item = &Expression> {
            let steps = program.bindings.iter().map(|(_, formula)| &formula.tree);
            steps.chain([&program.result.tree])
        }
        trees(self).eq(trees(other))
    }

    /// Whether it may be defined up to an end only.
    pub(crate) fn has_ends(&self) -> bool {
        let mut steps = self.bindings.iter().map(|(_, formula)| formula);
        steps.any(Formula::has_ends) || self.result.has_ends()
    }

    /// A model of every step, and of the value.
    pub(crate) fn on(&self, x: &Model, p: &Model, frame: &Frame) -> Checked<(Vec<Model>, Model)> {
        let mut bound: Vec<Model> = Vec::with_capacity(self.bindings.len());
        for (name, formula) in &self.bindings {
            let scope = Scope::of(x, p, &bound);
            let model = evaluate(&formula.tree, &scope, frame);
            bound.push(model.map_err(|fault| placed(fault, &format!("`{name}`")))?);
        }
        let value = evaluate(&self.result.tree, &Scope::of(x, p, &bound), frame)?;
        Ok((bound, value))
    }
}

/// The name of a step, where one begins here: the reader is behind its `=` then.
fn binding(parser: &mut Parser) -> Result<Option<String>, String> {
    parser.blanks();
    let start = parser.place;
    let name = parser.word().to_owned();
    if name.is_empty() || !parser.take(b'=') {
        parser.place = start;
        return Ok(None);
    }
    let wrong = match () {
        () if is_word(&name) => Some(format!("`{name}` is a word of the language, and no name")),
        () if parser.names.contains(&name) => Some(format!("`{name}` is bound twice")),
        () if parser.names.len() == MAX_BINDINGS => Some(format!("more than {MAX_BINDINGS} names")),
        () => None,
    };
    if let Some(wrong) = wrong {
        parser.place = start;
        return parser.fail(&wrong);
    }
    parser.blanks();
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixed::Fixed;
    use crate::series::points::Points;
    use num_bigint::BigInt;
    use num_traits::Zero;

    fn program(text: &str) -> Result<Program, String> {
        Program::parse(text, &Budget::new())
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let many: String = (0..65).map(|i| format!("a{i} = p; ")).collect();
        for (text, message) in [
            ("y = p; z", "at character 8: not one of x, p, pi, root, exp"),
            ("y = z; z = p; y", "at character 5: not one of x, p, pi"),
            ("y = y; y", "at character 5: not one of x, p, pi"),
            ("y = p; y = 2*y; y", "at character 8: `y` is bound twice"),
            ("p = x; p", "at character 1: `p` is a word of the language"),
            (
                "exp = x; p",
                "at character 1: `exp` is a word of the language",
            ),
            ("root = x; p", "`root` is a word"),
            ("p_12 = x; p", "`p_12` is a word"),
            ("y = p", "at character 6: an operator or `;` is expected"),
            (
                "y = p;",
                "at character 7: a number, a name or `(` is expected",
            ),
            (
                "y = p; ; y",
                "at character 8: a number, a name or `(` is expected",
            ),
            ("p; p", "at character 2: an operator or the end is expected"),
            (
                "y == p; y",
                "at character 4: a number, a name or `(` is expected",
            ),
            (
                "Y = p; p",
                "at character 1: a number, a name or `(` is expected",
            ),
            ("y(x) = p; y", "at character 1: not one of x"),
            (
                "1 = p; p",
                "at character 3: an operator or the end is expected",
            ),
            (&(many + "a0"), "more than 64 names"),
        ] {
            let found = program(text).unwrap_err();
            assert!(found.contains(message), "{text}: {found}");
        }
    }

    #[test]
    fn names_do_not_matter_and_steps_do() {
        let same = |one: &str, other: &str| program(one).unwrap().is_same(&program(other).unwrap());
        assert!(same(
            "y = p*(2-x*p); y*(2-x*y)",
            "z1_ = p * (2 - x*p) ;z1_*(2 - x*z1_)"
        ));
        assert!(!same(
            "y = p*(2-x*p); y*(2-x*y)",
            "y = p*(2-x*p); y*(2-x*p)"
        ));
        assert!(!same("y = p; z = x; y", "y = x; z = p; y"));
        assert!(program("p_ = p; p_1a = x; p_*p_1a").is_ok());
        assert!(program(" p").unwrap().is_p() && !program("y = p; y").unwrap().is_p());
        assert!(program("y = 1 + p; sqrt(y)").unwrap().has_ends());
        let read = program("a = x + p ; b=a^2;  b - a ").unwrap();
        let texts: Vec<&str> = read.bindings().iter().map(|(_, f)| f.text()).collect();
        assert_eq!(
            (texts, read.result().text()),
            (vec!["x + p", "a^2"], "b - a")
        );
    }

    /// 2^60 factors, written out, in 60 steps: every one is evaluated once.
    #[test]
    fn steps_are_evaluated_once() {
        let mut text = "a0 = p; ".to_owned();
        for i in 0..60 {
            text += &format!("a{} = a{i}*a{i}; ", i + 1);
        }
        let program = program(&(text + "a60")).unwrap();
        let fixed = Fixed {
            precision: 128,
            budget: Budget::new(),
        };
        let points = Points::new(&fixed);
        let frame = Frame {
            fixed: &fixed,
            points: &points,
            degree: 4,
            slack: BigInt::zero(),
        };
        let x = frame
            .made(vec![fixed.one(), fixed.one() >> 70_u32], BigInt::zero())
            .unwrap();
        let (steps, value) = program.on(&x, &x, &frame).unwrap();
        assert_eq!(steps.len(), 61);
        assert!(value.range().lo > BigInt::zero() && fixed.budget.used() < 1_000_000);
    }
}
