//! Enclosures of the producer at the ends of what a request may ask for.

use polycert::certificate::{composite, publish};
use polycert::certify::proof::{prove, Request};
use polycert::function::target::{Function, Target};
use polycert::poly::component::{Basis, Component};
use polycert::poly::table::{Domain, Table};
use rug::Rational;

/// (15 y - 10 y^3 + 3 y^5)/8, which is 1 at 1 and 2.39 at 3/2.
fn table(target: Function) -> Table {
    let coefficients = [0, 15, 0, -10, 0, 3].map(|n| Rational::from((n, 8)));
    Table {
        name: "quintic".into(),
        target,
        output: polycert::poly::table::Output::default(),
        slope: None,
        domain: Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: None,
        },
        components: vec![Component::new(Basis::Power, coefficients.into())],
        provenance: Default::default(),
    }
}

#[test]
fn the_error_of_max_is_attained_at_a_difference_that_occurs() {
    let table = table(Function::Max);
    let mut request = Request::new(Target::new(Function::Max));
    request.only_error = true;
    let most = prove(&table, &request).unwrap().bound_hi;
    request.to = Some(Rational::from((3, 2)));
    // The composite is refused on a wider domain, or the wider domain does not count.
    if let Ok(proof) = prove(&table, &request) {
        assert!(proof.bound_lo <= most);
    }
}

#[test]
fn a_pool_over_a_range_that_is_not_dyadic_has_a_certificate() {
    let table = table(Function::MaxPool);
    for range in [(1, 3), (7, 10), (1, 1)] {
        let mut request = Request::new(Target::new(Function::MaxPool));
        request.target.scale = Rational::from(range);
        request.gap = 0.01;
        request.only_error = true;
        let proof = prove(&table, &request).unwrap();
        publish::checked(composite::document(&table, &proof)).unwrap();
    }
}

#[test]
fn a_witness_of_closeness_lies_in_its_interval() {
    let table = table(Function::Sign);
    for width in [2.0f64.powi(-20), 2.0f64.powi(-500)] {
        let mut request = Request::new(Target::new(Function::Sign));
        let (eps, to) = (Rational::from((1, 3)), Rational::from_f64(width).unwrap());
        request.to = Some(to + &eps);
        request.eps = Some(eps.clone());
        request.only_error = true;
        let proof = prove(&table, &request).unwrap();
        let x = proof.closeness.unwrap().witness.x.abs();
        assert!(x >= eps && x <= request.to.unwrap());
    }
}

/// A composite so far from sign that no inputs with a proved error are found: the lower bound is 0.
#[test]
fn an_enclosure_from_0_has_an_infinite_gap() {
    let mut table = table(Function::MaxPool);
    let mut second = table.components[0].clone();
    second.basis = Basis::Chebyshev;
    table.components.push(second);
    let mut request = Request::new(Target::new(Function::MaxPool));
    request.gap = 0.01;
    request.only_error = true;
    let proof = prove(&table, &request).unwrap();
    assert!(proof.bound_lo > 0 || proof.estimate_gap().is_infinite());
    publish::checked(composite::document(&table, &proof)).unwrap();
}
