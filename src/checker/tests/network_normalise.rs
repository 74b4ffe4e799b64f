//! Certificates of networks that normalise a sample by its own mean and variance: values of plain integer arithmetic with 400 bits
//! behind the point lie inside, over random shapes and axes, and what must be rejected.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;
use polycert_checker::check_network;
use sha2::{Digest, Sha256};

/// Bits behind the point: what is rounded here is far below what a certificate states.
const BITS: u64 = 400;
/// Bits of the stated enclosures.
const STATED: u64 = 80;

fn sha(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % n).unwrap()
    }
}

/// A case: the network's text, the input's, and both pairs of logits over 2^BITS.
struct Case {
    network: String,
    input: String,
    plain: [BigInt; 2],
    twin: [BigInt; 2],
}

/// n/d over 2^BITS.
fn fraction(n: i64, d: i64) -> BigInt {
    (BigInt::from(n) << BITS).div_floor(&BigInt::from(d))
}

fn times(a: &BigInt, b: &BigInt) -> BigInt {
    (a * b) >> BITS
}

/// The table's polynomial, (15 - 10 x + 3 x^2)/8: near 1/sqrt(x) at 1.
fn polynomial(x: &BigInt) -> BigInt {
    (fraction(15, 1) - x * 10 + times(x, x) * 3) >> 3
}

const TABLE: &str = r#"{"table":{"format":"polycert-table/1","name":"t","target":"smooth","function":"1/sqrt(x)","domain":{"lo":"1/1024","hi":"64"},
"components":[{"basis":"power","coefficients":["15*2^-3","-5*2^-2","3*2^-3"]}],"provenance":{}},"coefficients":"exact"}"#;

/// The group of an element, by the places that its axes leave.
fn group(axes: [bool; 3], shape: [usize; 3], i: usize) -> [usize; 3] {
    let place = [
        i / (shape[1] * shape[2]),
        i / shape[2] % shape[1],
        i % shape[2],
    ];
    [0, 1, 2].map(|a| if axes[a] { 0 } else { place[a] })
}

fn case(d: &mut Draw) -> Option<Case> {
    let shape = [(); 3].map(|()| 1 + usize::try_from(d.below(4)).unwrap());
    let axes = [(); 3].map(|()| d.below(2) == 1);
    let n: usize = (0..3).filter(|a| axes[*a]).map(|a| shape[a]).product();
    if n < 2 {
        return None;
    }
    let total: usize = shape.iter().product();
    let flags: Vec<String> = axes.iter().map(|a| u8::from(*a).to_string()).collect();
    let flags = flags.join(" ");
    let weights: Vec<i64> = (0..2 * total).map(|_| d.below(9) - 4).collect();
    let words: Vec<String> = weights.iter().map(|w| format!("{w}*2^-2")).collect();
    let numbers: Vec<(i64, i64)> = (0..total)
        .map(|_| (d.below(61) - 30, 7 + d.below(3)))
        .collect();
    let lines: Vec<String> = numbers.iter().map(|(n, d)| format!("{n}/{d}\n")).collect();
    let x: Vec<BigInt> = numbers.iter().map(|(n, d)| fraction(*n, *d)).collect();
    let own =
        |i: usize| (0..total).filter(move |j| group(axes, shape, *j) == group(axes, shape, i));
    let mean = |i: usize| {
        own(i)
            .fold(BigInt::zero(), |s, j| s + &x[j])
            .div_floor(&BigInt::from(n))
    };
    let centred: Vec<BigInt> = (0..total).map(|i| &x[i] - mean(i)).collect();
    let variance = |i: usize| {
        let squares = own(i).map(|j| times(&centred[j], &centred[j]));
        squares.sum::<BigInt>().div_floor(&BigInt::from(n)) + fraction(1, 128)
    };
    let logits = |f: &dyn Fn(&BigInt) -> BigInt| {
        let y: Vec<BigInt> = (0..total)
            .map(|i| times(&centred[i], &f(&variance(i))))
            .collect();
        [0, 1].map(|o| {
            let row = y.iter().zip(&weights[o * total..]);
            row.map(|(y, w)| y * w).sum::<BigInt>() >> 2
        })
    };
    // 2^(3 BITS) / v is over 2^(2 BITS).
    let root = |v: &BigInt| ((BigInt::from(1) << (3 * BITS)) / v).sqrt();
    Some(Case {
        network: format!(
            "polycert-exact-network/1\ninput {} {} {}\nvariance 0 {flags}\nepsilon 1*2^-7\nsmooth 1\nfunction 1/sqrt(x)\nnormalise 0 2 {flags}\nreshape 3 {total} 1 1\ndense 4 2\nweights {}\nbias 0 0\noutput 5\n",
            shape[0], shape[1], shape[2], words.join(" ")
        ),
        input: format!("polycert-exact-input/1\n{}", lines.concat()),
        plain: logits(&root),
        twin: logits(&polynomial),
    })
}

/// Enclosures of one unit of 2^-80 on each side of the unit that holds a value, moved by some units.
fn around(values: &[BigInt; 2], off: [i64; 2]) -> String {
    let pair = |k: usize| {
        let floor: BigInt = (&values[k] >> (BITS - STATED)) + off[k];
        format!(
            "[\"{}*2^-{STATED}\",\"{}*2^-{STATED}\"]",
            &floor - 1,
            &floor + 2
        )
    };
    format!("[{},{}]", pair(0), pair(1))
}

fn said(case: &Case, table: &str, off: [[i64; 2]; 2]) -> String {
    let class = usize::from(case.plain[1] > case.plain[0]);
    let activations = if table.is_empty() {
        "[]"
    } else {
        r#"[["0","1"]]"#
    };
    let certificate = format!(
        r#"{{"format":"polycert-network/1","error_model":"exact_centre","network_sha256":"{}","input_sha256":"{}",
"class":"{class}","precision":"160","tables":[{table}],"activations":{activations},"network_logits":{},"twin_logits":{}}}"#,
        sha(&case.network),
        sha(&case.input),
        around(&case.plain, off[0]),
        around(&case.twin, off[1])
    );
    check_network(
        certificate.as_bytes(),
        case.network.as_bytes(),
        case.input.as_bytes(),
    )
    .to_string()
}

#[test]
fn random_shapes_and_axes_are_verified_and_other_values_rejected() {
    let (mut d, mut verified, mut open, mut outside) = (Draw(9), 0, 0, 0);
    for round in 0..300 {
        let Some(case) = case(&mut d) else { continue };
        let class = |v: &[BigInt; 2]| v[1] > v[0];
        let words = said(&case, TABLE, [[0; 2]; 2]);
        if words.contains("may leave the table's domain") {
            outside += 1;
            continue;
        }
        if class(&case.plain) != class(&case.twin) || case.plain[0] == case.plain[1] {
            assert!(words.starts_with("REJECTED"), "{round}: {words}");
            open += 1;
            continue;
        }
        assert!(
            words.starts_with("VERIFIED"),
            "{round}: {words}\n{}",
            case.network
        );
        verified += 1;
        for (which, name) in ["network_logits", "twin_logits"].into_iter().enumerate() {
            for k in 0..2 {
                let mut off = [[0; 2]; 2];
                off[which][k] = [3, -3][round % 2];
                let words = said(&case, TABLE, off);
                assert!(
                    words.starts_with(&format!("REJECTED {name}: output {k}")),
                    "{round}: {words}"
                );
            }
        }
    }
    assert!(
        verified > 60,
        "{verified} verified, {open} of two classes, {outside} outside"
    );
}

#[test]
fn what_is_no_normalisation_is_refused() {
    let mut d = Draw(9);
    let good = loop {
        let Some(case) = case(&mut d) else { continue };
        if said(&case, TABLE, [[0; 2]; 2]).starts_with("VERIFIED") {
            break case;
        }
    };
    let line = |start: &str| {
        good.network
            .lines()
            .find(|l| l.starts_with(start))
            .unwrap()
            .to_owned()
    };
    let (variance, normalise) = (line("variance"), line("normalise"));
    for (from, to, part) in [
        (
            variance.as_str(),
            "variance 0 2 0 0",
            "an axis is marked by 0 or 1",
        ),
        (&variance, "variance 0 0 0 0", "fewer than two elements"),
        (
            &variance,
            "variance 0 1 0",
            "3 counts, where 4 are expected",
        ),
        (
            &variance,
            "variance 3 1 0 0",
            "node 3 is not before this one",
        ),
        ("epsilon 1*2^-7", "epsilon 0", "epsilon is not above 0"),
        ("epsilon 1*2^-7", "epsilon -1", "epsilon is not above 0"),
        ("epsilon 1*2^-7", "epsilon nan", "no dyadic"),
        ("epsilon 1*2^-7", "gamma 1", "epsilon is expected"),
        (
            &normalise,
            &normalise.replace("normalise 0 2", "normalise 0 0"),
            "not one number for each group",
        ),
        (
            "function 1/sqrt(x)",
            "function 2/sqrt(x)",
            "no activation, but for 1/sqrt(x)",
        ),
        (
            "function 1/sqrt(x)",
            "function 1/sqrt(x - 1)",
            "no activation, but for 1/sqrt(x)",
        ),
    ] {
        let bad = Case {
            network: good.network.replace(from, to),
            ..case_of(&good)
        };
        let words = said(&bad, TABLE, [[0; 2]; 2]);
        assert!(
            words.starts_with("UNREADABLE network.line") && words.contains(part),
            "{from} {to}: {words}"
        );
    }
    for (from, to, part) in [
        (
            "1/sqrt(x)",
            "1/x",
            "does not stand for 1/sqrt(x), another expression",
        ),
        (
            "\"lo\":\"1/1024\"",
            "\"lo\":\"60\"",
            "may leave the table's domain",
        ),
        (
            "\"hi\":\"64\"",
            "\"hi\":\"1/512\"",
            "may leave the table's domain",
        ),
    ] {
        let words = said(&good, &TABLE.replace(from, to), [[0; 2]; 2]);
        assert!(
            words.starts_with("REJECTED") && words.contains(part),
            "{from} {to}: {words}"
        );
    }
    // Another epsilon is another network.
    let other = Case {
        network: good.network.replace("epsilon 1*2^-7", "epsilon 1*2^-6"),
        ..case_of(&good)
    };
    assert!(said(&other, TABLE, [[0; 2]; 2]).starts_with("REJECTED network_logits"));
    // Variances of a wide map, one after the other, cost what their elements cost, not what they make.
    let wide = format!(
        "polycert-exact-network/1\ninput 2097152 1 1\n{}output 9000\n",
        "variance 0 1 0 0\nepsilon 1\n".repeat(9_000)
    );
    let zeros = format!("polycert-exact-input/1\n{}", "0\n".repeat(1 << 21));
    let words = said(
        &Case {
            network: wide,
            input: zeros,
            ..case_of(&good)
        },
        "",
        [[0; 2]; 2],
    );
    assert!(words.contains("units of work, the limit is"), "{words}");
}

fn case_of(c: &Case) -> Case {
    Case {
        network: c.network.clone(),
        input: c.input.clone(),
        plain: c.plain.clone(),
        twin: c.twin.clone(),
    }
}
