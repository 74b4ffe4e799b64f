//! End to end: `polycert params`.

use crate::support::program::polycert;
use serde_json::json;

#[test]
fn a_preset_is_described() {
    let text = polycert(&["params", "--preset", "A"]).exits(0).out;
    for part in [
        "N = 2^15 = 32768, 16384 slots",
        "128 bits, classical",
        "128 bits: 868, 192 bits: 597, 256 bits: 462",
        "depth        18 multiplications",
        "10 digits of 2 primes",
        "uniform ternary; errors centred binomial, variance 10.5, at most 21",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // 19 primes of Q and 2 of P.
    assert_eq!(
        text.lines().skip_while(|l| !l.starts_with("level")).count(),
        22,
        "{text}"
    );

    let b = polycert(&["params", "--preset", "B", "--json"])
        .exits(0)
        .json();
    assert_eq!(b["depth"], 28);
    assert_eq!(b["security"]["reached_bits"], 128);
    assert_eq!(b["security"]["greatest_qp_log2"]["192"], 1199);
    // 6 digits, 34 primes, 2^16 residues of 8 bytes, twice; three keys fit into 1 GB.
    assert_eq!(b["bytes"]["switching_key"], 6 * 34 * 65_536 * 8 * 2);
    assert!(3 * b["bytes"]["switching_key"].as_u64().unwrap() < 1_000_000_000);
    // 29 limbs back; 6 digits of 34 limbs without the 29 known ones; 34 limbs twice.
    assert_eq!(b["key_switch_transforms"], 29 + 6 * 34 - 29 + 2 * 34);
}

#[test]
fn own_chains_are_chosen_and_held_to_the_tables() {
    let chain = ["params", "--log-n", "14", "--q", "50+8x40", "--p", "50"];
    let own = |more: &[&str]| polycert(&[&chain[..], more].concat());
    let document = own(&["--json", "--digit-primes", "1"]).exits(0).json();
    assert_eq!(document["q"].as_array().unwrap().len(), 9);
    assert_eq!(document["log_scale"], 40);
    let waived = [
        "--digit-primes",
        "1",
        "--weight",
        "64",
        "--insecure",
        "--json",
    ];
    let document = own(&waived).exits(0).json();
    let security = &document["security"];
    assert_eq!(
        (&security["waiver"], &security["held_to_bits"]),
        (&json!("insecure"), &json!(null))
    );

    for (more, want) in [
        (
            vec!["--digit-primes", "1", "--weight", "64"],
            "outside of the security tables",
        ),
        (
            vec!["--digit-primes", "1", "--security", "192"],
            "192 bits of security allow 297 at log_n 14",
        ),
        (vec!["--security", "100"], "128, 192 or 256"),
        (vec!["--digit-primes", "3"], "digit 0 of the key switch"),
        (
            vec!["--cbd", "4", "--digit-primes", "1"],
            "standard deviation 1.41",
        ),
        (
            vec!["--sparse-192", "--digit-primes", "1"],
            "log_n 16, weight >= 192",
        ),
    ] {
        let err = own(&more).exits(2).err;
        assert!(err.contains(want), "{more:?}: {err}");
    }
    for (arguments, want) in [
        (vec!["--preset", "C"], "there is no preset \"C\""),
        (vec![], "--log-n"),
        (
            vec!["--log-n", "14", "--q", "50+8y40", "--p", "48"],
            "\"8y40\" is no size",
        ),
        (
            vec!["--log-n", "14", "--q", "50+999999999999x40", "--p", "48"],
            "1 to 1000 primes",
        ),
        (
            vec!["--log-n", "14", "--q", "50+900x40", "--p", "48"],
            "it goes from 1 to 64",
        ),
        (
            vec!["--log-n", "16", "--q", "50+3x20", "--p", "50"],
            "the nearest size that has enough is",
        ),
        (
            vec!["--log-n", "16", "--q", "60+3x45", "--p", "50"],
            "a prime of 60 bits",
        ),
        (
            vec!["--log-n", "9", "--q", "20", "--p", "20"],
            "log_n is 9: it goes from 10 to 17",
        ),
        (
            vec!["--log-n", "12", "--q", "50+2x40", "--p", "50"],
            "log_n 13",
        ),
    ] {
        let err = polycert(&[&["params"], &arguments[..]].concat())
            .exits(2)
            .err;
        assert!(err.contains(want), "{arguments:?}: {err}");
    }
}
