//! Tables of smooth functions, and what is asked of them: made here, so that benches need no files.

use polycert::certify::request::Request;
use polycert::function::formula::{Difference, Formula, Measure};
use polycert::function::target::{Function, Target};
use polycert::jobs::families::{family, Family, Request as Asked, Smooth};
use polycert::poly::table::Table;
use rug::Rational;

/// The minimax polynomial of a function on [lo, hi], with coefficients that are multiples of 2^-bits.
pub fn fit(function: &str, (lo, hi): (Rational, Rational), degree: usize, bits: u32) -> Table {
    let smooth = Smooth {
        function: Formula::function(function).expect("an expression"),
        relative: false,
        lo,
        hi,
        degree,
        bits,
    };
    let asked = Asked {
        name: None,
        family: Family::Smooth(smooth),
    };
    family(&asked).expect("the fit converges").table
}

/// The absolute error of the function that the table states.
pub fn request(table: &Table) -> Request {
    let stated = table.smooth.clone().expect("a smooth table");
    let mut target = Target::new(Function::Smooth);
    target.smooth = Some(Difference {
        function: stated.function,
        value: stated.value,
        measure: Measure::Absolute,
    });
    Request::new(target)
}
