//! Enclosures of the producer at the ends of what a request may ask for.

use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::{composite, publish};
use polycert::certify::proof::{prove, Request};
use polycert::function::target::{Function, Target};
use polycert::poly::component::{Basis, Component};
use polycert::poly::composite::Composite;
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
        ends: None,
        smooth: None,
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

/// Beyond its domain the error stays within the claim up to where that is said, and not much farther.
#[test]
fn the_error_keeps_its_bound_as_far_as_is_said() {
    let file = |name: &str| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/");
        Table::read(format!("{path}{name}.json").as_ref()).unwrap()
    };
    let functions = [
        Function::Relu,
        Function::LeakyRelu,
        Function::Abs,
        Function::Max,
        Function::Sign,
        Function::Step,
    ];
    let tables = [
        table(Function::Relu),
        file("relu04"),
        file("relu07"),
        file("relu13"),
    ];
    let mut seen = 0;
    for (table, function) in tables
        .iter()
        .flat_map(|t| functions.iter().map(move |f| (t, *f)))
    {
        let mut request = Request::new(Target::new(function));
        request.target.slope = Rational::from((1, 8));
        request.target.scale = Rational::from(3);
        request.eps = Some(Rational::from((1, 2)));
        let own = prove(table, &request).unwrap();
        for times in [(0, 1), (9, 8), (3, 1)] {
            // The claim, or none: then the bound is the proved maximum.
            let claim = Rational::from(&own.bound_hi * &Rational::from(times));
            request.claim = (times.0 > 0).then(|| claim.clone());
            let claim = claim.max(own.bound_hi.clone());
            let proof = prove(table, &request).unwrap();
            publish::checked(composite::document(table, &proof)).unwrap();
            let Some(valid) = &proof.validity else {
                assert!(times.0 < 3, "{function} {}: nothing beyond", table.name);
                continue;
            };
            seen += 1;
            let composite = Composite::new(table, CoefficientMode::Exact).unwrap();
            // The function's error at a point of the composite's domain.
            let error = |x: &Rational| {
                let off = composite.eval_exact(x) - 1u32;
                let weight = match function {
                    Function::Sign | Function::Step => Rational::from(1),
                    _ => Rational::from(x / 2u32),
                };
                off.abs() * weight * request.target.factor()
            };
            let margin = Rational::from(&valid.to - 1u32);
            assert!(margin > 0u32);
            for i in 0..=16 {
                let x = &margin * Rational::from((i, 16)) + 1u32;
                assert!(error(&x) <= claim, "{function} {} {i}", table.name);
            }
            let far = Rational::from(&margin * 2u32) + 1u32;
            assert!(error(&far) > claim, "{function} {}", table.name);
        }
    }
    assert!(seen >= 2 * tables.len() * functions.len() - 4, "{seen}");
}
