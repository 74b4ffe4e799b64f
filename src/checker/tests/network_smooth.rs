//! Certificates of networks with smooth activations: values of another program's multiprecision arithmetic lie inside, and what
//! must be rejected.

use polycert_checker::check_network;
use sha2::{Digest, Sha256};

fn sha(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// z = (7/6, 4/3), then f, then f(z) - (0, 1).
fn network(f: &str) -> String {
    format!(
        "polycert-exact-network/1\ninput 2 1 1\ndense 0 2\nweights 1*2^1 -1 1 1\nbias 0 1*2^-2\nsmooth 1\n{f}\ndense 2 2\nweights 1 0 0 1\nbias 0 -1\noutput 3\n"
    )
}
const INPUT: &str = "polycert-exact-input/1\n3/4\n1/3\n";

/// p(x) = (3x - x^3)/2 itself on [-2, 2].
fn table(fields: &str) -> String {
    format!(
        r#"{{"table":{{"format":"polycert-table/1","name":"t",{fields},"domain":{{"lo":"-2","hi":"2"}},
"components":[{{"basis":"power","coefficients":["0","3*2^-1","0","-1*2^-1"]}}],"provenance":{{}}}},"coefficients":"exact"}}"#
    )
}

/// Around a value whose 80 bits behind the point are these.
fn around(floor: i128) -> String {
    format!("[\"{}*2^-80\",\"{}*2^-80\"]", floor - 1, floor + 2)
}

/// p(7/6) = 413/432, p(4/3) - 1 = -10/54.
fn twin() -> String {
    let floor = |n: i128, d: i128| (n << 80).div_euclid(d);
    format!("[{},{}]", around(floor(413, 432)), around(floor(-10, 54)))
}

fn certificate(network: &str, table: &str, plain: [i128; 2]) -> String {
    let plain = format!("[{},{}]", around(plain[0]), around(plain[1]));
    format!(
        r#"{{"format":"polycert-network/1","error_model":"exact_centre","network_sha256":"{}","input_sha256":"{}",
"class":"0","precision":"128","tables":[{table}],"activations":[["0","1"]],"network_logits":{plain},"twin_logits":{}}}"#,
        sha(network),
        sha(INPUT),
        twin()
    )
}

fn said(network: &str, certificate: &str) -> String {
    check_network(certificate.as_bytes(), network.as_bytes(), INPUT.as_bytes()).to_string()
}

fn smooth(f: &str) -> String {
    table(&format!("\"target\":\"smooth\",\"function\":\"{f}\""))
}

/// floor(2^80 (f(7/6), f(4/3) - 1)) by mpmath 1.3 at 300 bits.
const VALUES: [(&str, [i128; 2]); 5] = [
    (
        "gelu(x)",
        [
            1_238_804_918_513_727_362_367_760,
            255_951_808_451_349_929_263_752,
        ],
    ),
    (
        "silu(x)",
        [
            1_075_499_457_754_053_466_658_269,
            66_718_960_036_556_863_480_061,
        ],
    ),
    (
        "tanh(x)",
        [
            995_188_515_172_205_682_861_995,
            -157_085_812_077_103_328_972_607,
        ],
    ),
    (
        "softplus(x)",
        [
            1_738_150_498_292_891_437_664_306,
            685_818_610_593_359_675_705_617,
        ],
    ),
    (
        "gelu_tanh(x)",
        [
            1_238_556_509_153_563_442_025_558,
            255_670_272_236_243_530_934_513,
        ],
    ),
];

#[test]
fn the_values_of_another_program_are_verified() {
    for (f, values) in VALUES {
        let n = network(&format!("function {f}"));
        let words = said(&n, &certificate(&n, &smooth(f), values));
        assert!(
            words.starts_with("VERIFIED the network and its polynomial twin both answer class 0"),
            "{f}: {words}"
        );
        assert!(
            words.contains(&format!("of target smooth for {f}: p(x) itself on [-2, 2]")),
            "{words}"
        );
        // Three units of 2^-80 further they do not lie.
        for k in 0..2 {
            for off in [-3, 3] {
                let mut other = values;
                other[k] += off;
                let words = said(&n, &certificate(&n, &smooth(f), other));
                let place = format!("REJECTED network_logits: output {k}");
                assert!(words.starts_with(&place), "{f} {k} {off}: {words}");
            }
        }
    }
    // The same function, written with other blanks.
    let n = network("function gelu( x )");
    let words = said(&n, &certificate(&n, &smooth("gelu(x)"), VALUES[0].1));
    assert!(words.starts_with("VERIFIED"), "{words}");
}

#[test]
fn what_does_not_stand_for_the_function_is_rejected() {
    let n = network("function gelu(x)");
    let values = VALUES[0].1;
    let gelu = smooth("gelu(x)");
    for (table, part) in [
        (
            smooth("gelu_tanh(x)"),
            "a table for gelu_tanh(x) does not stand for gelu(x), another expression",
        ),
        (
            smooth("x*(1+erf(x/sqrt(2)))/2"),
            "does not stand for gelu(x), another expression",
        ),
        (
            table("\"target\":\"direct_relu\""),
            "a table for ReLU does not stand for gelu(x)",
        ),
        (
            table("\"target\":\"relu\""),
            "a table made of sign does not stand for gelu(x)",
        ),
        (
            table("\"target\":\"smooth\",\"function\":\"gelu(x)\",\"value\":\"x/2 + p\""),
            "a table whose value is computed from p stands for no activation",
        ),
        (
            gelu.replace(
                "\"hi\":\"2\"",
                "\"hi\":\"2\",\"segments\":[[\"-2\",\"-1\"],[\"0\",\"2\"]]",
            ),
            "several intervals",
        ),
        (
            gelu.replace("\"hi\":\"2\"", "\"hi\":\"5/4\""),
            "node 2: element 1 may leave the table's domain",
        ),
    ] {
        let words = said(&n, &certificate(&n, &table, values));
        assert!(
            words.starts_with("REJECTED") && words.contains(part),
            "{words}"
        );
    }
    let relu = n.replace("smooth 1\nfunction gelu(x)", "relu 1 0");
    let exact = [(7 << 80) / 6, (1 << 80) / 3];
    let words = said(&relu, &certificate(&relu, &gelu, exact));
    assert!(
        words.contains("stands for its own function, not for ReLU"),
        "{words}"
    );
}

#[test]
fn texts_that_are_no_functions_are_refused() {
    for (f, part) in [
        ("function foo(x)", "line 7: "),
        ("function x + p", "line 7: "),
        ("function", "function is expected"),
        ("f gelu(x)", "function is expected"),
        ("function sqrt(x)", "no activation"),
        ("function asin(x/9)", "no activation"),
    ] {
        let n = network(f);
        let words = said(&n, &certificate(&n, &smooth("gelu(x)"), VALUES[0].1));
        assert!(
            words.starts_with("UNREADABLE network") && words.contains(part),
            "{f}: {words}"
        );
    }
    // Where f is not defined nothing is known.
    for f in ["log(x - 2)", "1/(x - 7/6)", "exp(exp(exp(9*x)))"] {
        let n = network(&format!("function {f}"));
        let words = said(&n, &certificate(&n, &smooth(f), VALUES[0].1));
        assert!(
            words.starts_with("REJECTED series") && words.contains("node 2: element "),
            "{f}: {words}"
        );
    }
    let n = network("function gelu(x)");
    let wide = "polycert-exact-network/1\ninput 2 1 1\npad 0 0 199998 0 0 0 0\nsmooth 1\nfunction x\noutput 2\n";
    let words = said(wide, &certificate(wide, &smooth("x"), VALUES[0].1));
    assert!(words.contains("200000 elements"), "{words}");
    let noisy = certificate(&n, &smooth("gelu(x)"), VALUES[0].1)
        .replace("polycert-network/1", "polycert-network-deviation/1");
    let noisy = noisy.replace("\"twin_logits\"", "\"targets\":\"logits\",\"levels\":[{\"worst\":\"1*2^-40\",\"sigma\":\"0\",\"layers\":[\"1\"],\"deviations\":[\"1\",\"1\"],\"class\":\"open\"}],\"twin_logits\"");
    let words = said(&n, &noisy);
    assert!(
        words.contains("noise is not bounded through smooth activations"),
        "{words}"
    );
}
