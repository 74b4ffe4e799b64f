//! Network certificates: a small network of every kind of layer, its exact values by hand-written rational
//! arithmetic, and what must be rejected.

use polycert_checker::{check_network, NetworkOutcome};
use sha2::{Digest, Sha256};

fn sha(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

const TABLE: &str = r#"{"table":{"format":"polycert-table/1","name":"t","target":"relu",
"domain":{"lo":"-1","hi":"1"},"components":[{"basis":"power","coefficients":["0","3*2^-1","0","-1*2^-1"]}],
"provenance":{}},"coefficients":"exact"}"#;

/// Logits 2x - y and r(x) - 1/3 y-ish: x, y through one dense layer, ReLU, dense layer.
const NETWORK: &str = "polycert-exact-network/1\ninput 2 1 1\ndense 0 2\nweights 1*2^1 -1 1 1\nbias 0 1*2^-2\nrelu 1 0\ndense 2 2\nweights 1 0 0 1\nbias 0 -1\noutput 3\n";
const INPUT: &str = "polycert-exact-input/1\n3/4\n1/3\n";

fn certificate(
    network: &str,
    input: &str,
    class: &str,
    plain: &str,
    twin: &str,
    scale: &str,
) -> String {
    format!(
        r#"{{"format":"polycert-network/1","error_model":"exact_centre","network_sha256":"{}","input_sha256":"{}",
"class":"{class}","precision":"128","tables":[{TABLE}],"activations":[["0","{scale}"]],
"network_logits":{plain},"twin_logits":{twin}}}"#,
        sha(network),
        sha(input)
    )
}

fn said(network: &str, input: &str, certificate: &str) -> String {
    check_network(certificate.as_bytes(), network.as_bytes(), input.as_bytes()).to_string()
}

/// z = (7/6, 4/3); the network's logits 7/6 and 1/3; the twin's r(7/6) and r(4/3) - 1 with B = 4.
fn r(z: (i128, i128), b: i128) -> (i128, i128) {
    // z (1 + p(z/b))/2 with p(y) = (3 y - y^3)/2, y = n/(d b): over 4 d (d b)^3.
    let (n, d) = z;
    let e = d * b;
    (
        n * (2 * e * e * e + 3 * n * e * e - n * n * n),
        4 * d * e * e * e,
    )
}

/// An interval of width 2^-80 around a rational.
fn around((n, d): (i128, i128)) -> String {
    let (n, d) = (n * 4, d * 4);
    let low = num_bigint::BigInt::from(n) << 80;
    let low = num_integer::Integer::div_floor(&low, &num_bigint::BigInt::from(d));
    format!(r#"["{}*2^-80","{}*2^-80"]"#, &low - 1, &low + 2)
}

fn good() -> (String, String, String) {
    let plain = format!("[{},{}]", around((7, 6)), around((1, 3)));
    let second = r((4, 3), 4);
    let twin = format!(
        "[{},{}]",
        around(r((7, 6), 4)),
        around((second.0 - second.1, second.1))
    );
    (
        certificate(NETWORK, INPUT, "0", &plain, &twin, "4"),
        plain,
        twin,
    )
}

#[test]
fn the_exact_values_are_verified() {
    let (c, ..) = good();
    let words = said(NETWORK, INPUT, &c);
    assert!(
        words.starts_with("VERIFIED the network and its polynomial twin both answer class 0"),
        "{words}"
    );
}

/// p(x) = (3x - x^3)/2 itself on [-2, 2] in place of a leaky ReLU: p(7/6) = 413/432 and p(4/3) - 1 = -10/54.
#[test]
fn a_leaky_relu_has_the_slope_that_its_table_states() {
    let (_, plain, _) = good();
    let twin = format!("[{},{}]", around((413, 432)), around((-10, 54)));
    let target = |stated: &str| format!("\"target\":\"direct_leaky_relu\"{stated}");
    let checked = |stated: &str, held: &str| {
        let network = NETWORK.replace("relu 1 0", &format!("relu 1 {held}"));
        let c = certificate(&network, INPUT, "0", &plain, &twin, "1")
            .replace("\"target\":\"relu\"", &target(stated))
            .replace("\"lo\":\"-1\",\"hi\":\"1\"", "\"lo\":\"-2\",\"hi\":\"2\"");
        said(&network, INPUT, &c)
    };
    // 1/100 as it is held by f64 and f32, and numbers that are themselves.
    for (stated, held) in [
        (",\"slope\":\"1/100\"", "5764607523034235*2^-59"),
        (",\"slope\":\"1/100\"", "10737418*2^-30"),
        (",\"slope\":\"1/4\"", "1*2^-2"),
        (",\"slope\":\"-3\"", "-3"),
    ] {
        let words = checked(stated, held);
        assert!(words.starts_with("VERIFIED"), "{held}: {words}");
    }
    for (stated, held, message) in [
        ("", "1*2^-2", "states no slope"),
        (",\"slope\":\"1/4\"", "0", "not for ReLU"),
        (
            ",\"slope\":\"0\"",
            "1*2^-2",
            "slope 0 stands for no leaky ReLU of another",
        ),
        (
            ",\"slope\":\"1/4\"",
            "1*2^-3",
            "slope 1/4 stands for no leaky ReLU of another",
        ),
        (",\"slope\":\"1/100\"", "10737419*2^-30", "slope 1/100"),
        (
            ",\"slope\":\"1/100\"",
            "5764607523034236*2^-59",
            "slope 1/100",
        ),
    ] {
        let words = checked(stated, held);
        let rejected = words.starts_with("REJECTED") && words.contains(message);
        assert!(rejected, "{stated} {held}: {words}");
    }
}

/// p is exp itself there, and no sign of which a ReLU could be made.
#[test]
fn a_table_of_a_smooth_function_stands_for_no_relu() {
    let (_, plain, twin) = good();
    let smooth = "\"target\":\"smooth\",\"function\":\"exp(x)\"";
    let c = certificate(NETWORK, INPUT, "0", &plain, &twin, "1");
    let words = said(NETWORK, INPUT, &c.replace("\"target\":\"relu\"", smooth));
    let message = "a table of target smooth stands for its own function, not for ReLU";
    assert!(
        words.starts_with("REJECTED") && words.contains(message),
        "{words}"
    );
}

#[test]
fn everything_that_is_not_proved_is_rejected() {
    let (c, plain, twin) = good();
    let shifted = |list: &str| list.replace(&around((7, 6)), &around((7_000_001, 6_000_000)));
    let cases = [
        (
            NETWORK,
            INPUT,
            c.replace("\"class\":\"0\"", "\"class\":\"1\""),
            "do not decide class 1",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("\"class\":\"0\"", "\"class\":\"7\""),
            "do not decide class 7",
        ),
        (
            NETWORK,
            INPUT,
            certificate(NETWORK, INPUT, "0", &shifted(&plain), &twin, "4"),
            "REJECTED network_logits",
        ),
        (
            NETWORK,
            INPUT,
            certificate(NETWORK, INPUT, "0", &plain, &plain, "4"),
            "REJECTED twin_logits: output 0",
        ),
        // The twin for another B has other logits; a B below the pre-activation is outside.
        (
            NETWORK,
            INPUT,
            certificate(NETWORK, INPUT, "0", &plain, &twin, "5"),
            "REJECTED twin_logits: output 0",
        ),
        (
            NETWORK,
            INPUT,
            certificate(NETWORK, INPUT, "0", &plain, &twin, "1"),
            "node 2: element 0 may leave [-B, B]",
        ),
        (
            NETWORK,
            "polycert-exact-input/1\n3/4\n1/2\n",
            c.clone(),
            "REJECTED digest",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("[[\"0\",\"4\"]]", "[]"),
            "fewer than the network has",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("[[\"0\",\"4\"]]", "[[\"0\",\"4\"],[\"0\",\"4\"]]"),
            "more than the network has",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("[[\"0\",\"4\"]]", "[[\"1\",\"4\"]]"),
            "no such table",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("exact_centre", "sup"),
            "UNREADABLE error_model",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("\"128\"", "\"8\""),
            "UNREADABLE precision",
        ),
        (
            NETWORK,
            INPUT,
            c.replace("-1*2^-1", "-1*2^-2"),
            "REJECTED twin_logits",
        ),
    ];
    for (network, input, c, words) in cases {
        let out = said(network, input, &c);
        assert!(
            out.contains(words) && !out.starts_with("VERIFIED"),
            "{words}: {out}"
        );
    }
}

#[test]
fn bad_networks_are_unreadable() {
    let line = "weights 1*2^1 -1 1 1";
    for (from, to, words) in [
        ("polycert-exact-network/1", "x", "does not begin"),
        ("input 2 1 1", "input 0 1 1", "no element"),
        ("dense 0 2", "dense 5 2", "node 5 is not before"),
        ("dense 0 2", "gelu 0", "gelu is no layer"),
        (line, "weights 1 2 3", "3 numbers, where 4"),
        (line, "weights 1 2 3 4 5", "more than 4 numbers"),
        (line, "weights nan 2 3 4", "no dyadic"),
        (line, "weights 1*2^9999 2 3 4", "no dyadic"),
        ("relu 1 0", "relu 1", "where 1 are expected"),
        ("output 3", "output 9", "names a node"),
        ("output 3\n", "", "ends before its output"),
        ("bias 0 -1\n", "", "bias is expected"),
    ] {
        let network = NETWORK.replacen(from, to, 1);
        let c = certificate(&network, INPUT, "0", "[]", "[]", "4").replace("[]", r#"[["0","1"]]"#);
        let out = said(&network, INPUT, &c);
        assert!(
            out.starts_with("UNREADABLE network") && out.contains(words),
            "{to}: {out}"
        );
    }
    for (text, words) in [
        (
            "polycert-exact-input/1\n1\n",
            "1 numbers, where the network takes 2",
        ),
        ("polycert-exact-input/1\n1\n2\n3\n", "more than 2"),
        (
            "polycert-exact-input/1\n1/0\n2\n",
            "neither integer nor fraction",
        ),
        ("polycert-exact-input/1\n1 2\n", "one number a line"),
    ] {
        let c = certificate(NETWORK, text, "0", "[]", "[]", "4").replace("[]", r#"[["0","1"]]"#);
        let out = said(NETWORK, text, &c);
        assert!(out.contains(words), "{words}: {out}");
    }
}

#[test]
fn outcomes_are_matched_by_kind() {
    let bad = check_network(b"junk", b"", b"");
    assert!(matches!(bad, NetworkOutcome::Unreadable(_)));
}

/// Work and memory are refused before they are taken, whatever the files claim.
#[test]
fn hostile_sizes_end_quickly() {
    let input = "polycert-exact-input/1\n1/2\n";
    let one = r#"[["1*2^-2","1"]]"#;
    let check = |body: &str, activations: &str, table: Option<&str>| {
        let network = format!("polycert-exact-network/1\ninput 1 1 1\n{body}");
        let mut c =
            certificate(&network, input, "1", one, one, "4").replace(r#"[["0","4"]]"#, activations);
        if let Some(table) = table {
            c = c.replace(TABLE, table);
        }
        said(&network, input, &c)
    };
    // A window of 2^48 places around one element; then windows of 2^20 places for 2^20 outputs, with and
    // without a polynomial for them.
    let m = 1 << 24;
    for kind in ["max_pool", "avg_pool"] {
        let flag = if kind == "avg_pool" { " 1" } else { "" };
        let wide = format!("{kind} 0 {m} {m} 1 1 {0} {0} 0 0{flag}\noutput 1\n", m - 1);
        let out = check(&wide, "[]", None);
        assert!(
            out.contains("line 3: a window of more than 1048576 places"),
            "{out}"
        );
    }
    let pool = "max_pool 0 1024 1024 1 1 1023 1023 1023 1023\noutput 1\n";
    assert!(check(pool, "[]", None).contains("fewer than the network has"));
    assert!(check(pool, r#"[["0","4"]]"#, None).contains("REJECTED limit"));
    let mean = "avg_pool 0 1024 1024 1 1 1023 1023 1023 1023 1\noutput 1\n";
    assert!(check(mean, "[]", None).contains("REJECTED limit"));
    // A chain that doubles its numbers' lengths, or makes them ever longer.
    let mut chain = String::new();
    for i in 0..9_000 {
        chain += &format!("affine {i}\nscale 1*2^1200\nshift 0\n");
    }
    let out = check(&format!("{chain}output 9000\n"), "[]", None);
    assert!(out.contains("limit: node 1: numbers beyond"), "{out}");
    let component = r#"{"basis":"power","coefficients":["0","1*2^4000","0","1*2^4000"]}"#;
    let table = TABLE.replace(
        r#"{"basis":"power","coefficients":["0","3*2^-1","0","-1*2^-1"]}"#,
        &[component; 30].join(","),
    );
    let out = check(
        "relu 0 0\noutput 1\n",
        r#"[["0","4"]]"#,
        Some(table.as_str()),
    );
    assert!(out.contains("a stage of the polynomial is asked"), "{out}");
    // Activations of 2^24 numbers in 4096 bits.
    let big = format!("pad 0 {} 0 0 0 0 0\noutput 1\n", (1 << 24) - 1);
    let network = format!("polycert-exact-network/1\ninput 1 1 1\n{big}");
    let c = certificate(&network, input, "1", one, one, "4")
        .replace(r#"[["0","4"]]"#, "[]")
        .replace("\"128\"", "\"4096\"");
    assert!(said(&network, input, &c).contains("bytes of numbers"));
    // Inputs are plain digits.
    for word in ["+1", "1_0", "1/+2", "--1", "1/-2"] {
        let text = format!("polycert-exact-input/1\n{word}\n");
        let c = certificate(NETWORK, &text, "0", one, one, "4");
        let out = said(NETWORK, &text, &c);
        assert!(
            out.contains("neither integer nor fraction"),
            "{word}: {out}"
        );
    }
}

/// z = (7/6, 4/3) through 1/3 - z + 2 z^2 and z/2 + z^2: logits 17/9 and 22/9 - 1.
const OWN: &str = "polycert-exact-network/1\ninput 2 1 1\ndense 0 2\nweights 1*2^1 -1 1 1\nbias 0 1*2^-2\npolynomial 1 2\ncoefficients 1/3 -1 2 0 1/2 1\ndense 2 2\nweights 1 0 0 1\nbias 0 -1\noutput 3\n";

fn own(network: &str) -> String {
    let logits = format!("[{},{}]", around((17, 9)), around((13, 9)));
    certificate(network, INPUT, "0", &logits, &logits, "4")
        .replace(TABLE, "")
        .replace("[[\"0\",\"4\"]]", "[]")
}

#[test]
fn a_network_of_polynomials_is_verified_without_a_table() {
    let words = said(OWN, INPUT, &own(OWN));
    assert!(
        words.starts_with("VERIFIED the polynomial network answers class 0 on this input"),
        "{words}"
    );
    assert!(words.contains("1 layers of polynomials"), "{words}");
    // Fractions need not be in lowest terms.
    let same = OWN.replace("1/3 -1", "2/6 -4/4");
    assert!(said(&same, INPUT, &own(&same)).starts_with("VERIFIED"));
    // Both logits are stated twice, and both must hold.
    let c = own(OWN);
    let wrong = around((14, 9));
    for list in ["network_logits", "twin_logits"] {
        let (before, after) = c.split_at(c.find(list).unwrap());
        let other = format!("{before}{}", after.replacen(&around((13, 9)), &wrong, 1));
        let out = said(OWN, INPUT, &other);
        assert!(
            out.starts_with(&format!("REJECTED {list}: output 1")),
            "{out}"
        );
    }
}

/// Every coefficient counts, and every limit is named.
#[test]
fn polynomials_that_are_others_are_rejected() {
    let line = "coefficients 1/3 -1 2 0 1/2 1";
    let numbers = ["1/3", "-1", "2", "0", "1/2", "1"];
    for i in 0..numbers.len() {
        for other in ["333/1000", "-999/1000", "7"] {
            let mut all = numbers;
            all[i] = other;
            let network = OWN.replace(line, &format!("coefficients {}", all.join(" ")));
            let out = said(&network, INPUT, &own(&network));
            let rejected = format!("REJECTED network_logits: output {}", i / 3);
            assert!(out.starts_with(&rejected), "{i} {other}: {out}");
        }
    }
    let long = format!("coefficients 1/{} -1 2 0 1/2 1", "9".repeat(201));
    let high = "polynomial 1 64";
    for (from, to, words) in [
        (
            "polynomial 1 2",
            "polynomial 1 0",
            "degree is not from 1 to 63",
        ),
        ("polynomial 1 2", high, "degree is not from 1 to 63"),
        ("polynomial 1 2", "polynomial 1 1", "more than 4 numbers"),
        ("polynomial 1 2", "polynomial 1 3", "6 numbers, where 8"),
        ("polynomial 1 2", "polynomial 2 2", "node 2 is not before"),
        ("polynomial 1 2", "polynomial 1", "where 2 are expected"),
        (line, "coefficients 1/0 -1 2 0 1/2 1", "no fraction"),
        (line, "coefficients 1/-3 -1 2 0 1/2 1", "no fraction"),
        (line, "coefficients 1*2^3 -1 2 0 1/2 1", "no fraction"),
        (line, "coefficients 0.5 -1 2 0 1/2 1", "no fraction"),
        (line, long.as_str(), "200 digits"),
        (line, "weights 1 2 3 4 5 6", "coefficients is expected"),
    ] {
        let network = OWN.replacen(from, to, 1);
        let out = said(&network, INPUT, &own(&network));
        assert!(
            out.starts_with("UNREADABLE network") && out.contains(words),
            "{to}: {out}"
        );
    }
    // Numbers that grow from square to square end, and so do lists of coefficients that nobody can hold.
    let mut chain = String::new();
    for i in 0..9_000 {
        chain += &format!("polynomial {i} 63\ncoefficients{} 2\n", " 0".repeat(63));
    }
    let input = "polycert-exact-input/1\n3\n";
    let network = format!("polycert-exact-network/1\ninput 1 1 1\n{chain}output 9000\n");
    let c = own(&network).replace(&sha(INPUT), &sha(input));
    let out = said(&network, input, &c);
    assert!(out.starts_with("REJECTED limit"), "{out}");
    let wide = "pad 0 0 100000 0 0 0 0\npolynomial 1 2\ncoefficients 1\noutput 2\n";
    let network = format!("polycert-exact-network/1\ninput 1 1 1\n{wide}");
    let c = own(&network).replace(&sha(INPUT), &sha(input));
    let out = said(&network, input, &c);
    assert!(out.contains("more than 262144 coefficients"), "{out}");
}
