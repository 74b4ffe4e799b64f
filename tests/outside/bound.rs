//! A proved bound from another program: r(x) = x (1 + p(x))/2 against ReLU, p = (15 y - 10 y^3 + 3 y^5)/8.
//! `.ci/outside` builds this in a crate of its own, without any flag.

use polycert::jobs::certify::{certify, Request};
use polycert::poly::Table;

const TABLE: &str = r#"{
    "format": "polycert-table/1", "name": "quintic", "target": "relu", "domain": {"lo": "-1", "hi": "1"},
    "components": [{"basis": "power", "coefficients": ["0", "15/8", "0", "-10/8", "0", "3/8"]}]
}"#;

fn main() -> polycert::error::Result<()> {
    let table = Table::from_json(TABLE)?;
    let answer = certify(&table, &Request::default())?;
    let bound = answer.proof.bound_hi.to_f64().next_up();
    println!("|r(x) - ReLU(x)| <= {bound}");
    println!("{}", answer.report);
    Ok(())
}
