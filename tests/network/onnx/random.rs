//! Random ONNX graphs: what is read computes what the operators' definitions say.
//!
//! The definitions are evaluated on arrays of any rank in exact rationals, from the messages alone; nothing of the reader is used.
//! Graphs are drawn from small sizes, all ranks from 1 to 4, every form of an operator (attributes or operands, negative axes,
//! several opsets). What is read must agree; what is refused must be refused by name.

use crate::onnx::draw::draw;
use crate::support::effort::multiplier;
use crate::support::random_networks::q;
use polycert::arith::ball::Ball;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::graph::Preprocessing;
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::{read_with, Options};
use std::collections::BTreeMap;

#[test]
fn random_graphs_mean_what_the_operators_definitions_say() {
    let (mut agreed, mut refused, mut seen) =
        (0u32, BTreeMap::<String, u32>::new(), BTreeMap::new());
    let total = 2_000 * multiplier();
    let mut last = 0;
    for seed in 0..total {
        let (bytes, values, exact, operators) = draw(seed);
        let options = Options::default();
        let (network, said) = match read_with(&bytes, "random", Preprocessing::default(), &options)
        {
            Ok(read) => (read.network, read.said),
            Err(e) => {
                let text = e.to_string();
                assert!(
                    !operators.is_empty() && text.contains("layer \""),
                    "{seed}: {text}"
                );
                let kind: String = text
                    .split("): ")
                    .nth(1)
                    .unwrap_or("")
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(40)
                    .collect();
                *refused.entry(kind).or_insert(0) += 1;
                continue;
            }
        };
        let mut balls: Vec<Ball> = values.iter().map(|v| Ball::exact(f64::from(*v))).collect();
        if said.iter().any(|s| s.contains("channels last")) {
            // The file's rows, columns, channels; the network takes channels first.
            let shape = network.input_shape();
            let (c, pixels) = (shape.channels, shape.pixels());
            balls = (0..c * pixels)
                .map(|i| balls[i % pixels * c + i / pixels])
                .collect();
            last += 1;
        }
        let input = Tensor::from_balls(network.input_shape(), &balls);
        let prepared = Prepared::new(&network).unwrap();
        let Ok(Outcome::Done(found)) = prepared.evaluate(&input, Model::Relu, true) else {
            panic!("{seed}: not evaluated");
        };
        assert_eq!(found.logits.len(), exact.values.len(), "{seed}");
        for (i, (ball, exact)) in found.logits.iter().zip(&exact.values).enumerate() {
            let (lo, hi) = ball.ends().unwrap();
            assert!(
                lo <= *exact && *exact <= hi,
                "{seed}, output {i}: {exact} outside [{}, {}]",
                lo.to_f64(),
                hi.to_f64()
            );
            assert!(
                hi - lo < q(1e-12),
                "{seed}, output {i}: too wide to say anything"
            );
        }
        agreed += 1;
        for (name, n) in operators {
            *seen.entry(name).or_insert(0) += n;
        }
    }
    println!("{agreed} of {total} graphs agree, {last} of channels last; refused {refused:?}; operators {seen:?}");
    assert!(
        last > 0 && u64::from(agreed) * 10 >= total * 7,
        "{refused:?}"
    );
    assert!(
        seen.len() >= 34 && seen.values().all(|n| *n > 20),
        "{seen:?}"
    );
}
