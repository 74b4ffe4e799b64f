//! A proved bound from another program: r(x) = x (1 + p(x))/2 against ReLU, p = (15 y - 10 y^3 + 3 y^5)/8.
//! `.ci/outside` builds this in a crate of its own, without any flag.

use polycert::certificate::{composite, publish};
use polycert::certify::proof::{prove, Request};
use polycert::function::target::{Function, Target};
use polycert::poly::{Basis, Component, Domain, Table};
use polycert::rug::Rational;

fn main() -> polycert::error::Result<()> {
    let coefficients = [0, 15, 0, -10, 0, 3].map(|n| Rational::from((n, 8)));
    let table = Table {
        name: "quintic".into(),
        target: Function::Relu,
        domain: Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: None,
        },
        components: vec![Component::new(Basis::Power, coefficients.into())],
        provenance: Default::default(),
    };
    let proof = prove(&table, &Request::new(Target::new(Function::Relu)))?;
    let (certificate, _) = publish::checked(composite::document(&table, &proof))?;
    println!("|r(x) - ReLU(x)| <= {}", proof.bound_hi.to_f64().next_up());
    println!("verified: a certificate of {} bytes", certificate.len());
    Ok(())
}
