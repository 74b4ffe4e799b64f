//! Circuits run on ciphertexts against the same circuits run on numbers.

use polycert::circuit::composite::{Output, Plan};
use polycert::circuit::exact::Plain;
use polycert::circuit::Op;
use polycert::ckks::evaluate::run::Encrypted;
use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::cipher::Ciphertext;
use polycert::ckks::scheme::encode::Encoder;
use polycert::ckks::scheme::keys::SecretKey;
use rug::{Integer, Rational};

/// (3/2) y - (1/2) y^3, and an odd polynomial of degree 7 within [-1, 1].
fn stages() -> Vec<Vec<Rational>> {
    let odd = |c: &[(i32, i32)]| {
        c.iter()
            .flat_map(|&c| [Rational::new(), Rational::from(c)])
            .collect::<Vec<_>>()
    };
    vec![
        odd(&[(3, 2), (-1, 2)]),
        odd(&[(35, 16), (-35, 16), (21, 16), (-5, 16)]),
    ]
}

/// The circuit of a composite for c B is that for B read in units that are c times as large: the same integers at every node.
#[test]
fn another_b_is_another_reading_of_the_same_circuit() {
    let moduli: Vec<Integer> = (0..8)
        .map(|i| Integer::from((1u64 << 45) + 1 + i * 7_919))
        .collect();
    let of = |b: &Rational| {
        let plan = Plan {
            stages: stages(),
            reaches: vec![Rational::from((4097, 4096)), Rational::from((9, 8))],
            centres: vec![Rational::new(); 2],
            domain: b.clone(),
            scale: Rational::from(1u64 << 45),
        };
        plan.circuit(&moduli, 7, Output::Relu).unwrap()
    };
    let (one, blocks) = of(&Rational::from(3));
    for c in [
        Rational::from((1, 3)),
        Rational::from((77, 10)),
        Rational::from(1 << 20),
    ] {
        let (other, _) = of(&(Rational::from(3) * &c));
        assert_eq!(
            (one.nodes.len(), one.output),
            (other.nodes.len(), other.output)
        );
        // Nodes in units of x: before the first stage's `units`, and the product with x.
        let inside = |id: usize| blocks[0].argument < id && id <= blocks[0].sign;
        for (id, (a, b)) in one.nodes.iter().zip(&other.nodes).enumerate() {
            assert_eq!(a.level, b.level);
            let scale = match inside(id) {
                true => b.scale.clone(),
                false => Rational::from(&b.scale * &c),
            };
            assert_eq!(a.scale, scale, "node {id}");
            match (&a.op, &b.op) {
                (Op::Units(x, unit), Op::Units(y, other)) => {
                    assert_eq!((x, &Rational::from(unit * &c)), (y, other));
                }
                (a, b) => assert_eq!(a, b, "node {id}"),
            }
        }
    }
}

#[test]
fn ciphertexts_follow_the_numbers() {
    let mut literal = Literal::new(
        11,
        std::iter::once(50).chain([45; 7]).collect(),
        vec![50; 2],
        45,
    );
    literal.waiver = Waiver::Insecure;
    let params = Parameters::new(&literal).unwrap();
    let ring = Ring::new(&params).unwrap();
    let mut rng = Rng::numbered(11, 0);
    let secret = SecretKey::generate(&ring, &mut rng);
    let public = secret.public_key(&mut rng);
    let evaluator =
        Evaluator::new(&ring, secret.evaluation_keys(true, &[], false, &mut rng)).unwrap();
    let encoder = Encoder::new(&ring);
    let plan = Plan {
        stages: stages(),
        reaches: vec![Rational::from(1), Rational::from((9, 8))],
        centres: vec![Rational::new(); 2],
        domain: Rational::from(40),
        scale: params.scale(),
    };
    let slots = params.n() / 2;
    for (shape, name) in Output::ALL {
        let (circuit, _) = plan
            .circuit(&params.moduli(), params.max_level(), shape)
            .unwrap();
        let node = circuit.input(0).unwrap();
        let half = if shape == Output::Max { 20.0 } else { 0.0 };
        let values: Vec<Vec<f64>> = (0..shape.inputs())
            .map(|_| {
                (0..slots)
                    .map(|_| half + (40.0 - half) * (rng.word() as i64 as f64 / 2f64.powi(63)))
                    .collect()
            })
            .collect();
        let mut encrypt = |z: &Vec<f64>, scale: &Rational| -> Ciphertext {
            let plain = encoder
                .encode_real(z, params.log_n() - 1, node.level, scale)
                .unwrap();
            public.encrypt(&ring, &plain, &mut rng).unwrap()
        };
        let inputs: Vec<Ciphertext> = values.iter().map(|z| encrypt(z, &node.scale)).collect();
        let mut done = 0;
        let run = |inputs: &[Ciphertext], done: &mut dyn FnMut(usize)| {
            circuit.run(&mut Encrypted::new(&circuit, &evaluator, inputs, done))
        };
        let out = run(&inputs, &mut |_| done += 1).unwrap();
        assert!(done > 10, "{done}");
        let last = &circuit.nodes[circuit.output];
        assert_eq!((out.level(), out.scale()), (last.level, &last.scale));
        let decoded = encoder.decode(&secret.decrypt(&out).unwrap()).unwrap();
        for (j, z) in decoded.iter().enumerate() {
            let at: Vec<f64> = values.iter().map(|v| v[j]).collect();
            let want = circuit
                .run(&mut Plain {
                    inputs: &at,
                    trace: Vec::new(),
                })
                .unwrap();
            // Noise of 2^-25 relative to the domain is ten times what is seen.
            let off = (z.re - want).hypot(z.im);
            assert!(
                off < 40.0 * 2f64.powi(-25),
                "{name}, slot {j}: {z:?}, not {want}"
            );
        }
        // Inputs that the circuit was not made for.
        let other = vec![encrypt(&values[0], &params.scale()); shape.inputs()];
        let error = run(&other, &mut |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("node 0 of the circuit: the scales differ"),
            "{error}"
        );
        let low = vec![evaluator.drop_to(&inputs[0], 3).unwrap(); shape.inputs()];
        let error = run(&low, &mut |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("node 0 of the circuit: the levels differ: 3 and 7"),
            "{error}"
        );
        let error = run(&[], &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("input 0 is missing"), "{error}");
    }
}
