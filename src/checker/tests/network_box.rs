//! Certificates of box bounds: what is verified holds exact evaluations, and less than that is rejected.

use polycert_checker::{check_box, sha256, BoxOutcome};

/// Exact numbers of these tests: integers over 2^40. Weights and inputs are eighths.
const UNIT: i128 = 1 << 40;
const EIGHTH: i128 = UNIT / 8;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    /// From -8 to 8 eighths.
    fn eighths(&mut self) -> i128 {
        i128::from(self.below(17)) - 8
    }
}

/// In place of a ReLU.
#[derive(Clone, Copy, PartialEq)]
enum Function {
    Relu,
    /// Within this many eighths, of any sign.
    Within(i128),
    /// x/2 + 16: on [-64, 64] within 16 of ReLU, and a line.
    Line,
}

struct Layer {
    weights: Vec<Vec<i128>>,
    bias: Vec<i128>,
    functions: Vec<Function>,
}

struct Case {
    inputs: usize,
    layers: Vec<Layer>,
}

fn case(r: &mut Random) -> Case {
    let inputs = 1 + r.below(3) as usize;
    let (mut width, mut layers) = (inputs, Vec::new());
    let depth = 2 + r.below(3);
    for k in 0..depth {
        let last = k + 1 == depth;
        let n = 1 + r.below(3) as usize;
        let mut list = |n: usize| (0..n).map(|_| r.eighths()).collect::<Vec<_>>();
        let weights = (0..n).map(|_| list(width)).collect();
        let bias = list(n);
        let functions = (0..if last { 0 } else { n }).map(|_| match r.below(4) {
            0 => Function::Relu,
            1 => Function::Line,
            _ => Function::Within(i128::from(r.below(3))),
        });
        let functions = functions.collect();
        layers.push(Layer {
            weights,
            bias,
            functions,
        });
        width = n;
    }
    Case { inputs, layers }
}

impl Case {
    fn network(&self) -> String {
        let mut text = format!("polycert-exact-network/1\ninput {} 1 1\n", self.inputs);
        let eighths = |list: &mut dyn Iterator<Item = &i128>| {
            list.map(|w| format!(" {w}*2^-3")).collect::<String>()
        };
        let mut node = 0;
        for layer in &self.layers {
            text += &format!("dense {node} {}\n", layer.bias.len());
            text += &format!("weights{}\n", eighths(&mut layer.weights.iter().flatten()));
            text += &format!("bias{}\n", eighths(&mut layer.bias.iter()));
            node += 1;
            if !layer.functions.is_empty() {
                text += &format!("relu {node} 0\n");
                node += 1;
            }
        }
        text + &format!("output {node}\n")
    }

    /// The box [-1, 1], ranges [-64, 64], and these bounds over 2^20.
    fn certificate(&self, differences: &[i128]) -> String {
        let sides = vec![r#"["-1","1"]"#; self.inputs].join(",");
        let element = |f: &Function| match f {
            Function::Relu => r#""relu""#.to_owned(),
            Function::Within(e) => format!(r#"["-64","64","-{e}*2^-3","{e}*2^-3"]"#),
            Function::Line => r#"["-64","64","-16","16","1*2^-1","16","16"]"#.to_owned(),
        };
        let list = |layer: &Layer| {
            let each: Vec<String> = layer.functions.iter().map(element).collect();
            format!("[{}]", each.join(","))
        };
        let hidden = self.layers.iter().filter(|l| !l.functions.is_empty());
        let activations: Vec<String> = hidden.map(list).collect();
        let differences: Vec<String> = differences
            .iter()
            .map(|d| format!("\"{d}*2^-20\""))
            .collect();
        format!(
            r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[{sides}],"activations":[{}],"differences":[{}]}}"#,
            sha256(self.network().as_bytes()),
            activations.join(","),
            differences.join(",")
        )
    }

    fn check(&self, differences: &[i128]) -> BoxOutcome {
        let certificate = self.certificate(differences);
        check_box(
            certificate.as_bytes(),
            self.network().as_bytes(),
            &mut |_, _| {},
        )
    }

    /// The least bound of output `o` that is verified, over 2^20; none if a range is left.
    fn least(&self, o: usize) -> Option<i128> {
        let outputs = self.layers.last().unwrap().bias.len();
        let verified = |d: i128| {
            let mut all = vec![1i128 << 32; outputs];
            all[o] = d;
            match self.check(&all) {
                BoxOutcome::Verified(_) => Some(true),
                BoxOutcome::Rejected(why) if why.starts_with("differences") => Some(false),
                BoxOutcome::Rejected(why) => {
                    assert!(why.starts_with("ranges"), "{why}");
                    None
                }
                BoxOutcome::Unreadable(why) => panic!("{why}"),
            }
        };
        let (mut lo, mut hi) = (-1, 1i128 << 32);
        if !verified(hi)? {
            panic!("a bound of 2^12 is not enough");
        }
        while hi - lo > 1 {
            let middle = (lo + hi) / 2;
            if verified(middle)? {
                hi = middle;
            } else {
                lo = middle;
            }
        }
        Some(hi)
    }

    /// Outputs at x, the functions' errors at the ends that a bit a time chooses.
    fn outputs(&self, x: &[i128], twin: bool, r: &mut Random) -> Vec<i128> {
        let mut a = x.to_vec();
        for layer in &self.layers {
            let z = layer.weights.iter().zip(&layer.bias).map(|(row, b)| {
                let sum: i128 = row.iter().zip(&a).map(|(w, a)| w * a / 8).sum();
                sum + b * EIGHTH
            });
            let z: Vec<i128> = z.collect();
            a = z.clone();
            for (a, f) in a.iter_mut().zip(&layer.functions) {
                let z = *a;
                *a = match (f, twin) {
                    (Function::Within(e), true) if r.below(2) == 0 => z.max(0) + e * EIGHTH,
                    (Function::Within(e), true) => z.max(0) - e * EIGHTH,
                    (Function::Line, true) => z / 2 + 16 * UNIT,
                    _ => z.max(0),
                };
            }
        }
        a
    }
}

#[test]
fn verified_bounds_hold_exact_evaluations_and_are_met() {
    let mut r = Random(0x2545_f491_4f6c_dd1d);
    let (mut tried, mut close, mut lines) = (0, 0, 0);
    for _ in 0..150 {
        let case = case(&mut r);
        let Some(bound) = case.least(0) else { continue };
        tried += 1;
        let mut reached = 0;
        for point in 0..64 {
            let x: Vec<i128> = (0..case.inputs)
                .map(|_| match (point % 2, r.below(2)) {
                    (0, _) => r.eighths() * EIGHTH,
                    (_, 0) => UNIT,
                    _ => -UNIT,
                })
                .collect();
            let plain = case.outputs(&x, false, &mut r);
            let twin = case.outputs(&x, true, &mut r);
            // Over 2^40 against over 2^20.
            let apart = (plain[0] - twin[0]).abs();
            assert!(apart <= bound << 20, "{apart} {bound}");
            reached = reached.max(apart);
        }
        close += usize::from(4 * reached >= 3 * (bound << 20));
        let functions = case.layers.iter().flat_map(|l| &l.functions);
        lines += usize::from(functions.clone().any(|f| *f == Function::Line));
    }
    // Often the bound is the truth, or near it.
    assert!(
        tried > 100 && close > tried / 2 && lines > 40,
        "{tried} {close} {lines}"
    );
}

fn said(certificate: &str, network: &str) -> String {
    check_box(certificate.as_bytes(), network.as_bytes(), &mut |_, _| {}).to_string()
}

/// One input, a neuron that differs from ReLU by at most 1/8, weight 2: a difference of 1/4 exactly.
fn simple() -> Case {
    Case {
        inputs: 1,
        layers: vec![
            Layer {
                weights: vec![vec![8]],
                bias: vec![0],
                functions: vec![Function::Within(1)],
            },
            Layer {
                weights: vec![vec![16]],
                bias: vec![0],
                functions: Vec::new(),
            },
        ],
    }
}

#[test]
fn what_is_not_proved_is_rejected_by_its_rule() {
    let case = simple();
    let (network, good) = (case.network(), case.certificate(&[(1 << 18) + 1]));
    let words = said(&good, &network);
    assert!(
        words.starts_with("VERIFIED over the whole box of 1 inputs"),
        "{words}"
    );
    assert!(
        words.contains("output 0 differs from the network's by at most 2.5000095"),
        "{words}"
    );
    for (from, to, expected) in [
        (
            "\"262145*2^-20\"",
            "\"262144*2^-20\"",
            "REJECTED differences: output 0",
        ),
        (
            "[\"-64\",\"64\"",
            "[\"-64\",\"1023*2^-10\"",
            "REJECTED ranges: activation 0, element 0",
        ),
        (
            "[\"-64\",\"64\"",
            "[\"-1023*2^-10\",\"64\"",
            "REJECTED ranges",
        ),
        ("\"1*2^-3\"", "\"2*2^-3\"", "REJECTED differences"),
        ("\"-1*2^-3\"", "\"-2*2^-3\"", "REJECTED differences"),
        ("[[\"-1\",\"1\"]]", "[[\"-1\",\"65\"]]", "REJECTED ranges"),
        (
            "[[\"-1\",\"1\"]]",
            "[[\"-1\",\"1\"],[\"0\",\"0\"]]",
            "REJECTED network: 2 sides",
        ),
        ("[[[", "[[\"relu\"],[[", "REJECTED network: 2 activations"),
        (
            "[[[",
            "[[\"relu\",[",
            "REJECTED activations: activation 0: 2 elements",
        ),
        ("\"40\"", "\"48\"", "VERIFIED"),
        ("\"40\"", "\"49\"", "UNREADABLE precision"),
        ("\"40\"", "\"15\"", "UNREADABLE precision"),
        (
            "[\"-1\",\"1\"]",
            "[\"1\",\"-1\"]",
            "UNREADABLE box[0]: the interval is empty",
        ),
        ("[\"-1\",\"1\"]", "[\"-1\",\"1*2^60\"]", "REJECTED limit"),
        (
            "\"-1*2^-3\",\"1*2^-3\"",
            "\"1*2^-3\",\"-1*2^-3\"",
            "UNREADABLE activations[0][0]",
        ),
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"0\"]",
            "UNREADABLE activations[0][0]: 4 or 7",
        ),
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"1*2^-31\",\"0\",\"0\"]",
            "multiple of 2^-30",
        ),
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"5\",\"0\",\"0\"]",
            "multiple of 2^-30",
        ),
        // Within 1/8 of ReLU, and 0; above x/2 + 1, which ReLU is not at 0; and what ReLU itself is.
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"0\",\"0\",\"0\"]",
            "REJECTED functions: activation 0, element 0",
        ),
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"1*2^-1\",\"1\",\"64\"]",
            "REJECTED functions",
        ),
        (
            "\"1*2^-3\"]",
            "\"1*2^-3\",\"1*2^-1\",\"1*2^-3\",\"255*2^-3\"]",
            "VERIFIED",
        ),
        (
            "\"box\"",
            "\"boxes\"",
            "UNREADABLE box: the field is missing",
        ),
        ("network-box/1", "network-box/2", "UNREADABLE format"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        let words = said(&changed, &network);
        assert!(words.contains(expected), "{from} {to}: {words}");
    }
    let other = network.replace("16*2^-3", "17*2^-3");
    assert!(said(&good, &other).starts_with("REJECTED digest"));
}

#[test]
fn layers_that_boxes_do_not_pass_are_named() {
    let network = "polycert-exact-network/1\ninput 1 2 2\navg_pool 0 2 2 2 2 0 0 0 0 1\noutput 1\n";
    let certificate = format!(
        r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[["0","1"],["0","1"],["0","1"],["0","1"]],"activations":[],"differences":["0"]}}"#,
        sha256(network.as_bytes())
    );
    let words = said(&certificate, network);
    assert!(
        words.starts_with("REJECTED network: node 1: boxes pass conv"),
        "{words}"
    );
    // Slopes below 0 are none of ReLU.
    let leaky = network.replace("avg_pool 0 2 2 2 2 0 0 0 0 1", "relu 0 1*2^-3");
    let certificate = certificate.replace(&sha256(network.as_bytes()), &sha256(leaky.as_bytes()));
    assert!(said(&certificate, &leaky).starts_with("REJECTED network: node 1"));
}

/// Weights of very different sizes are cut; what that loses is charged.
#[test]
fn weights_that_are_cut_are_charged_for() {
    let network = |w: &str| {
        format!("polycert-exact-network/1\ninput 2 1 1\ndense 0 2\nweights 1 {w} 0 1\nbias 0 0\nrelu 1 0\ndense 2 1\nweights 1 {w}\nbias 0\noutput 3\n")
    };
    let certificate = |network: &str, d: &str| {
        format!(
            r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[["0","1"],["0","1"]],"activations":[[["-2","2","-1","1"],["-2","2","-1","1"]]],"differences":["{d}"]}}"#,
            sha256(network.as_bytes())
        )
    };
    // Of +-(1 + 2^-70): the exact answer is 1 + 2^-70, which is not below 1 + 2^-71.
    for w in ["1*2^-70", "-1*2^-70"] {
        let network = network(w);
        let check = |d: &str| said(&certificate(&network, d), &network);
        assert!(check("1").starts_with("REJECTED differences"));
        assert!(check("1048577*2^-20").starts_with("VERIFIED"));
    }
}

/// max(a, b) = b + f(a - b) with f within 1/8 of ReLU is within 1/8 of the maximum and no better; a window with one
/// element inside plays no match, and is exact whatever is stated of one.
#[test]
fn matches_of_max_pooling_stand_in_for_activations() {
    let within = r#"["-3","3","-1*2^-3","1*2^-3"]"#;
    let check = |size: &str, pool: &str, activations: &str, differences: &str| {
        let network =
            format!("polycert-exact-network/1\ninput 1 {size}\nmax_pool 0 {pool}\noutput 1\n");
        let counts = size.split(' ').map(|n| n.parse::<usize>().unwrap());
        let sides = vec![r#"["-1","1"]"#; counts.product()].join(",");
        let certificate = format!(
            r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[{sides}],"activations":{activations},"differences":{differences}}}"#,
            sha256(network.as_bytes())
        );
        said(&certificate, &network)
    };
    let one = format!("[[{within}]]");
    let (more, less) = (r#"["131073*2^-20"]"#, r#"["131071*2^-20"]"#);
    assert!(check("1 2", "1 2 1 2 0 0 0 0", &one, more).starts_with("VERIFIED"));
    let words = check("1 2", "1 2 1 2 0 0 0 0", &one, less);
    assert!(
        words.starts_with("REJECTED differences: output 0"),
        "{words}"
    );
    let narrow = one.replace("\"3\"", "\"1\"");
    let words = check("1 2", "1 2 1 2 0 0 0 0", &narrow, more);
    assert!(words.starts_with("REJECTED ranges"), "{words}");
    let words = check("1 2", "1 2 1 2 0 0 0 0", "[]", more);
    assert!(
        words.contains("0 activations, where the network has 1"),
        "{words}"
    );
    // Three matches in two rounds: relu(a - b) moves what the last match is asked.
    let wider = within.replace("\"-3\",\"3\"", "\"-5\",\"5\"");
    let three = format!("[[{within}],[{within}],[{wider}]]");
    assert!(check("2 2", "2 2 2 2 0 0 0 0", &three, r#"["2"]"#).starts_with("VERIFIED"));
    // Windows of one and of two elements: the first is the element itself.
    let two = format!("[[{within},{within}]]");
    let differences = r#"["1*2^-20","131073*2^-20"]"#;
    let words = check("1 3", "1 2 1 2 0 1 0 0", &two, differences);
    assert!(words.starts_with("VERIFIED"), "{words}");
    let words = check(
        "1 3",
        "1 2 1 2 0 1 0 0",
        &two,
        r#"["1*2^-20","131071*2^-20"]"#,
    );
    assert!(
        words.starts_with("REJECTED differences: output 1"),
        "{words}"
    );
}

/// A concatenation takes memory for its own elements, not for those times what it joins: files of some megabytes
/// would take hundreds of gigabytes.
#[test]
fn concatenations_of_many_are_lists_of_their_own_elements() {
    let network = format!(
        "polycert-exact-network/1\ninput 1 1 1\nconcat{}\noutput 1\n",
        " 0".repeat(2_048)
    );
    let check = |box_: &str, outputs: usize| {
        let differences = vec![r#""0""#; outputs].join(",");
        let certificate = format!(
            r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[{box_}],"activations":[],"differences":[{differences}]}}"#,
            sha256(network.as_bytes())
        );
        said(&certificate, &network)
    };
    let words = check(r#"["-1","1"]"#, 2_048);
    assert!(words.starts_with("VERIFIED"), "{words}");
    let words = check(r#"["-1","1"]"#, 2_047);
    assert!(
        words.contains("2047 differences, where the network has 2048"),
        "{words}"
    );
}

/// Rows take time for all elements of what a layer reads, also where it reads one of them.
#[test]
fn layers_that_read_little_of_much_are_counted_by_what_they_read_of() {
    let layers = "conv 0 1 1 1 1 256 256 1 1 0 0 0 0\nweights 1\nbias 0\n".repeat(600);
    let all: String = (1..=600).map(|i| format!(" {i}")).collect();
    let network =
        format!("polycert-exact-network/1\ninput 1 256 256\n{layers}concat{all}\noutput 601\n");
    let certificate = format!(
        r#"{{"format":"polycert-network-box/1","network_sha256":"{}","precision":"40","box":[{}],"activations":[],"differences":[{}]}}"#,
        sha256(network.as_bytes()),
        vec![r#"["0","1"]"#; 65_536].join(","),
        vec![r#""0""#; 600].join(","),
    );
    let words = said(&certificate, &network);
    assert!(words.contains("products, the limit is"), "{words}");
}
