//! End to end: `polycert bootstrap --judge`, on published sets and on bad files.

use crate::support::program::{polycert, Folder};
use serde_json::{json, Value};

/// Two of Lattigo's sets with what its documentation claims of them, as they stand in
/// tuneinsight/lattigo v6, circuits/ckks/bootstrapping/default_parameters.go.
const LATTIGO: &str = "
package bootstrapping

var (
	// N16QP1546H192H32 is a default bootstrapping parameters for a main secret with H=192 and an ephemeral secret with H=32.
	// Precision : 26.6 bits for 2^{15} slots.
	// Failure : 2^{-138.7} for 2^{15} slots.
	N16QP1546H192H32 = defaultParametersLiteral{
		ckks.ParametersLiteral{
			LogN:            16,
			LogQ:            []int{60, 40, 40, 40, 40, 40, 40, 40, 40, 40},
			LogP:            []int{61, 61, 61, 61, 61},
			Xs:              ring.Ternary{H: 192},
			LogDefaultScale: 40,
		},
		ParametersLiteral{},
	}

	// N16QP1788H32768H32 is a default bootstrapping parameters for a main secret with H=32768 and an ephemeral secret with H=32.
	// Precision : 29.8 bits for 2^{15} slots.
	// Failure : 2^{-138.7} for 2^{15} slots.
	N16QP1788H32768H32 = defaultParametersLiteral{
		ckks.ParametersLiteral{
			LogN:            16,
			LogQ:            []int{60, 45, 45, 45, 45, 45, 45, 45, 45, 45},
			LogP:            []int{61, 61, 61, 61, 61},
			Xs:              ring.Ternary{H: 32768},
			LogDefaultScale: 45,
		},
		ParametersLiteral{
			SlotsToCoeffsFactorizationDepthAndLogScales: [][]int{{42}, {42}, {42}},
			CoeffsToSlotsFactorizationDepthAndLogScales: [][]int{{58}, {58}, {58}, {58}},
			LogMessageRatio: utils.Pointy(2),
			Mod1InvDegree:   utils.Pointy(7),
		},
	}
)
";

/// OpenFHE's bootstrap of `SPARSE_TERNARY` secrets: `g_coefficientsSparse`, `K_SPARSE`, `R_SPARSE` and the failure of
/// openfheorg/openfhe-development, src/pke/include/scheme/ckksrns/ckksrns-fhe.h.
fn openfhe() -> Value {
    json!({
        "library": "OpenFHE",
        "name": "SPARSE_TERNARY",
        "provenance": "openfhe-development, ckksrns-fhe.h: g_coefficientsSparse",
        "secretKeyDist": "SPARSE_TERNARY",
        "ringDim": 65536,
        "firstModSize": 60,
        "scalingModSize": 59,
        "multiplicativeDepth": 27,
        "levelBudget": [4, 4],
        "numLargeDigits": 3,
        "failure": "2^-22",
        "coefficients": COEFFICIENTS.to_vec(),
    })
}

/// As doubles, shortest.
const COEFFICIENTS: [f64; 45] = [
    -0.18646470117093214,
    0.036680543700430925,
    -0.20323558926782626,
    0.02932739030619931,
    -0.24346234149506416,
    0.011710240188138248,
    -0.27023281815251715,
    -0.017621188001030602,
    -0.2138361403499202,
    -0.04856793206072894,
    -0.01398233657148452,
    -0.05109736762834498,
    0.24300487324019346,
    0.0016547743046161035,
    0.23316923792642233,
    0.060707936480887646,
    -0.18317928363421143,
    0.0076878773048247966,
    -0.24293447776635235,
    -0.0714174131405647,
    0.3774744131406718,
    0.06515449693779568,
    -0.24810721693607704,
    -0.0335884188089586,
    0.10510660697380972,
    0.012045222815124426,
    -0.03257475183074542,
    -0.0032761730196023873,
    0.007868949106642474,
    0.0007096557448080206,
    -0.0015405394287521192,
    -0.0001264052106294865,
    0.00025108496615830787,
    1.8944629154033562e-05,
    -3.475328421630823e-05,
    -2.4309868106111825e-06,
    4.148627473786625e-06,
    2.707983311367457e-07,
    -4.324538856989888e-07,
    -2.648274421485692e-08,
    3.9770028771436554e-08,
    2.295115355790658e-09,
    -3.255602622055499e-09,
    -1.769107132392694e-10,
    2.545905215040673e-10,
];

fn judged(file: &str, more: &[&str], code: i32) -> Value {
    let arguments = [&["bootstrap", "--judge", file, "--json"][..], more].concat();
    polycert(&arguments).exits(code).json()
}

fn near(value: &Value, want: f64) {
    let x = value.as_f64().unwrap_or_else(|| panic!("{value}"));
    assert!((x - want).abs() < 0.02, "{x} {want}");
}

#[test]
fn lattigos_sparse_set() {
    let folder = Folder::new();
    let file = folder.file("default_parameters.go", LATTIGO);
    let j = judged(&file, &["--pick", "N16QP1546H192H32"], 1);
    assert_eq!(j["schema"], "polycert-bootstrap-judgement/1");
    let set = &j["set"];
    for (field, want) in [
        ("log_qp", json!(1546)),
        ("secret", json!({"weight": 192})),
        ("raised_under", json!({"weight": 32})),
        ("nodes_up_to", json!(15)),
        ("eval_mod", json!({"levels": 8, "bits": 480})),
        ("coeffs_to_slots", json!({"levels": 4, "bits": 224})),
        ("slots_to_coeffs", json!({"levels": 3, "bits": 117})),
    ] {
        assert_eq!(set[field], want, "{field}");
    }
    // Float values of an independent program, at 5 points of every cell: log2 of the largest of I and -I.
    for (overflow, want) in [
        (0, -38.31),
        (1, -39.68),
        (10, -30.54),
        (15, -9.49),
        (16, -1.37),
    ] {
        near(&j["rows"][overflow]["bound_polynomial_log2"], want);
    }
    // No node at K: the polynomial is as far off there as messages are large; that one is as likely as 2^-132.
    let [failure, precision, both] = [0, 1, 2].map(|i| j["claims"][i].clone());
    for claim in [&failure, &precision, &both] {
        assert_eq!(claim["verdict"], "DOES NOT HOLD", "{claim}");
    }
    near(&failure["claimed_log2"], -138.7);
    near(&failure["bound_log2"], -132.30);
    // Of the expected number, 2^-133.03, what the second moment leaves.
    near(&failure["lower_log2"], -138.06);
    assert_eq!(both["overflow"], 11);
    near(&both["bound_log2"], -31.20);
    let text = polycert(&["bootstrap", "--judge", &file, "--pick", "N16QP1546H192H32"])
        .exits(1)
        .out;
    for part in [
        "nodes for |I| <= 15, none at K = 16",
        "claimed 2^-138.7: DOES NOT HOLD by 0.6 bits",
        "claimed 2^-26.6: DOES NOT HOLD",
        "a secret of weight 192 is outside of the tables",
        "ephemeral secret of weight 32 is outside of the tables too",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A claim that holds, over other numbers of bootstraps.
    let weaker = [
        "--pick",
        "N16QP1546H192H32",
        "--claims-failure",
        "2^-132",
        "--claims-precision",
        "9",
    ];
    let j = judged(&file, &[&weaker[..], &["--bootstraps", "1024"]].concat(), 0);
    near(&j["claims"][0]["bound_log2"], -132.30);
    near(&j["rows"][15]["beyond"]["bound_log2"], -122.30);
}

#[test]
fn lattigos_dense_set() {
    let folder = Folder::new();
    let file = folder.file("default_parameters.go", LATTIGO);
    let pick = ["--pick", "N16QP1788H32768H32"];
    let j = judged(&file, &pick, 1);
    assert_eq!(j["set"]["log_qp"], 1788);
    assert_eq!(j["set"]["eval_mod"]["levels"], 11);
    let security = j["set"]["security"][0].as_str().unwrap();
    assert!(
        security.starts_with("below 128 bits by ePrint 2024/463, Table 5.2: 1788 above 1747"),
        "{security}"
    );
    // At the whole of q_0/4 the sine is 1, where a Taylor polynomial of the arcsine is of no use; a quarter is another matter.
    assert!(j["rows"][0]["bound_whole_log2"].as_f64().unwrap() > -3.0);
    let j = judged(&file, &[&pick[..], &["--message", "1/16"]].concat(), 1);
    assert!(j["rows"][0]["bound_whole_log2"].as_f64().unwrap() < -28.0);
    // More are expected than is claimed, but what is proved of the probability is half a bit less.
    assert_eq!(j["claims"][0]["verdict"], "NOT PROVED");
    near(&j["claims"][0]["lower_log2"], -139.13);
}

#[test]
fn openfhes_sparse_set() {
    let folder = Folder::new();
    let file = folder.file("sparse.json", openfhe().to_string());
    let j = judged(&file, &[], 0);
    assert_eq!(j["claims"][0]["verdict"], "HOLDS");
    near(&j["claims"][0]["bound_log2"], -24.76);
    near(&j["rows"][28]["bound_polynomial_log2"], -23.82);
    // The library's table is the interpolant that is made where the file has none.
    let mut without = openfhe();
    without.as_object_mut().unwrap().remove("coefficients");
    let made = judged(&folder.file("made.json", without.to_string()), &[], 0);
    for i in 0..=28 {
        let of = |j: &Value| j["rows"][i]["bound_polynomial_log2"].as_f64().unwrap();
        assert!(
            (of(&made) - of(&j)).abs() < 0.1,
            "{i}: {} {}",
            of(&made),
            of(&j)
        );
    }
    // A wrong digit is seen.
    let mut wrong = openfhe();
    wrong["coefficients"][8] = json!(COEFFICIENTS[8] + 1e-6);
    let wrong = judged(&folder.file("wrong.json", wrong.to_string()), &[], 0);
    assert!(wrong["rows"][0]["lower_polynomial_log2"].as_f64().unwrap() > -14.0);
}

/// Uniform ternary secrets: a bound alone, so that a claim beyond it is not proved and not refuted.
#[test]
fn uniform_secrets_have_a_bound() {
    let folder = Folder::new();
    let mut set = openfhe();
    for (key, value) in [
        ("secretKeyDist", json!("UNIFORM_TERNARY")),
        ("ringDim", json!(4096)),
        ("K", json!(128)),
        ("R", json!(4)),
        ("degree", json!(70)),
        ("failure", json!("2^-30")),
    ] {
        set[key] = value;
    }
    set.as_object_mut().unwrap().remove("coefficients");
    let file = folder.file("uniform.json", set.to_string());
    let j = judged(&file, &[], 0);
    assert_eq!(j["rows"][128]["beyond"]["lower_log2"], Value::Null);
    let j = judged(&file, &["--claims-failure", "2^-4000"], 1);
    assert_eq!(j["claims"][0]["verdict"], "NOT PROVED");
}

/// The other polynomials of Lattigo, iterations, no ephemeral secret.
#[test]
fn lattigos_other_forms() {
    let folder = Folder::new();
    let one = LATTIGO.split("// N16QP1788").next().unwrap().to_owned() + ")";
    let with = |name: &str, fields: &str| {
        let text = one.replace(
            "ParametersLiteral{},",
            &format!("ParametersLiteral{{{fields}}},"),
        );
        judged(&folder.file(name, text), &[], 1)
    };
    let iterations = "&bootstrapping.IterationsParameters{BootstrappingPrecision: []float64{16, 16}, ReservedPrimeBitSize: 16}";
    let j = with(
        "iterations.go",
        &format!("Mod1Type: mod1.CosContinuous, IterationsParameters: {iterations}"),
    );
    assert_eq!(
        (&j["set"]["iterations"], &j["set"]["log_qp"]),
        (&json!(3), &json!(1562))
    );
    assert_eq!(
        (&j["set"]["polynomial"], &j["set"]["nodes_up_to"]),
        (&json!("CosContinuous"), &json!(16))
    );
    near(&j["rows"][0]["bound_polynomial_log2"], -28.78);
    let once = with("once.go", "Mod1Type: mod1.CosContinuous");
    let beyond = |j: &Value| j["rows"][8]["beyond"]["bound_log2"].as_f64().unwrap();
    assert!((beyond(&j) - beyond(&once) - 3.0f64.log2()).abs() < 1e-9);

    let sine = "Mod1Type: mod1.SinContinuous, Mod1Degree: utils.Pointy(63), K: utils.Pointy(7), EphemeralSecretWeight: utils.Pointy(0)";
    let j = with("sine.go", sine);
    assert_eq!(j["set"]["raised_under"], json!({"weight": 192}));
    assert_eq!(
        (&j["set"]["double_angles"], &j["set"]["eval_mod"]["levels"]),
        (&json!(0), &json!(6))
    );
    // With weight 192, an overflow beyond 7 is nothing rare.
    assert_eq!(j["claims"][0]["verdict"], "DOES NOT HOLD");
    // As many are expected, but a probability is at most 1.
    let lower = j["rows"][7]["beyond"]["lower_log2"].as_f64().unwrap();
    assert!((-2.0..=0.0).contains(&lower), "{lower}");
}

/// The same set in Go and as Lattigo marshals it.
#[test]
fn json_and_go_agree() {
    let folder = Folder::new();
    let go = folder.file("p.go", LATTIGO);
    let value = json!({
        "SchemeParams": {"LogN": 16, "LogQ": [60, 45, 45, 45, 45, 45, 45, 45, 45, 45], "LogP": [61, 61, 61, 61, 61],
            "Xs": {"Type": "Ternary", "H": 32768}, "LogDefaultScale": 45},
        "BootstrappingParams": {"LogN": null, "LogP": null, "Xs": null, "Mod1Type": 0, "LogMessageRatio": 2, "Mod1InvDegree": 7,
            "SlotsToCoeffsFactorizationDepthAndLogScales": [[42], [42], [42]],
            "CoeffsToSlotsFactorizationDepthAndLogScales": [[58], [58], [58], [58]]},
        "Name": "N16QP1788H32768H32", "Failure": "2^-138.7", "Precision": "29.8",
    });
    let file = folder.file("p.json", value.to_string());
    assert_eq!(
        judged(&file, &[], 1),
        judged(&go, &["--pick", "N16QP1788H32768H32"], 1)
    );
}

#[test]
fn bad_files_are_refused_with_the_field() {
    let folder = Folder::new();
    let refused = |name: &str, text: &str, want: &str| {
        let file = folder.file(name, text);
        let err = polycert(&["bootstrap", "--judge", &file]).exits(2).err;
        assert!(err.contains(want) && err.contains(name), "{want}: {err}");
    };
    let with = |key: &str, value: Value| {
        let mut set = openfhe();
        set[key] = value;
        set.to_string()
    };
    for (key, value, want) in [
        ("K", json!(100_000), "K: is 100000: 1 to 1024"),
        ("K", json!(0), "K: is 0"),
        ("ringDim", json!(65_535), "ringDim: is no power of two"),
        ("ringDim", json!(1u64 << 30), "log2 of N: is 30: 10 to 17"),
        ("hammingWeight", json!(70_000), "weight: is 70000"),
        ("coefficients", json!([1.0]), "coefficients: 1: 3 to 256"),
        ("degree", json!(45), "degree: is not 44"),
        ("multiplicativeDepth", json!(1_000), "at most 200 levels"),
        (
            "correctionFactor",
            json!(60),
            "message ratio: is 60: 1 to 40",
        ),
        ("numSlots", json!(3), "numSlots"),
        ("R", json!(40), "double angles: is 40"),
        ("secretKeyDist", json!("GAUSSIAN"), "unknown variant"),
        ("bootKeys", json!(1), "unknown field `bootKeys`"),
        ("failure", json!("often"), "no probability"),
    ] {
        refused("set.json", &with(key, value), want);
    }
    refused(
        "twice.json",
        &openfhe().to_string().replacen('{', "{\"ringDim\":1024,", 1),
        "duplicate field",
    );
    let one = LATTIGO.split("// N16QP1788").next().unwrap().to_owned() + ")";
    for (from, to, want) in [
        ("H: 192", "H: 0", "Xs: a ternary secret"),
        (
            "ring.Ternary{H: 192}",
            "ring.DiscreteGaussian{Sigma: 3}",
            "Xs: \"ring.DiscreteGaussian",
        ),
        (
            "ParametersLiteral{},",
            "ParametersLiteral{K: utils.Pointy(65)},",
            "K: is 65: 1 to 64",
        ),
        (
            "ParametersLiteral{},",
            "ParametersLiteral{Mod1Degree: utils.Pointy(300)},",
            "degree of EvalMod: is 300",
        ),
        (
            "ParametersLiteral{},",
            "ParametersLiteral{Mod2Type: 1},",
            "unknown field `Mod2Type`",
        ),
        (
            "ParametersLiteral{},",
            "ParametersLiteral{K: f(2)},",
            "K: \"f(2)\" is not understood",
        ),
        ("ParametersLiteral{},", "", "no literal of bootstrapping"),
        (
            "LogN:            16",
            "LogN:            40",
            "log2 of N: is 40",
        ),
        ("[]int{61, 61, 61, 61, 61}", "[]int{}", "primes of P: is 0"),
        ("2^{-138.7}", "2^{138.7}", "no probability"),
    ] {
        assert!(one.contains(from), "{from}");
        refused("set.go", &one.replace(from, to), want);
    }
    refused(
        "two.go",
        LATTIGO,
        "--pick NAME of N16QP1546H192H32, N16QP1788H32768H32",
    );
    refused(
        "cheddar.json",
        "{\"main_primes\": []}",
        "neither K nor a degree",
    );
    refused("none.txt", "hello", "no parameters of bootstrapping");
    refused("empty.txt", "", "no parameters of bootstrapping");
    refused(
        "deep.json",
        &format!("{{\"secretKeyDist\":{}", "[".repeat(100_000)),
        "deep.json",
    );
    for (option, value) in [
        ("--bootstraps", "0"),
        ("--message", "0"),
        ("--message", "2"),
        ("--claims-failure", "0.5"),
    ] {
        let file = folder.file("ok.json", openfhe().to_string());
        polycert(&["bootstrap", "--judge", &file, option, value]).exits(2);
    }
}

/// A set of our own on ciphertexts, in a small ring: what is printed, and the same by a seed.
#[test]
fn a_bootstrap_is_measured() {
    let common = ["bootstrap", "--measure", "--log-n", "10", "--insecure"];
    let run = |more: &[&str]| polycert(&[&common[..], more].concat());
    let text = run(&["--log-values", "6", "--runs", "2", "--seed", "5"]).exits(0);
    for part in [
        "NONE CLAIMED",
        "inputs at 2, results at 13",
        "2 bootstraps of 64 values",
        "0 values lost",
        "|I| seen",
        "proved       noise <= 2^-",
        "assumed: no overflow beyond K",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    assert!(text.err.contains("bootstrap 2 of 2"), "{}", text.err);
    let json = |more: &[&str]| -> Value {
        let all = [
            &["--log-values", "6", "--sine", "--json", "--seed", "6"],
            more,
        ]
        .concat();
        run(&all).exits(0).json()
    };
    let (a, b) = (json(&[]), json(&["--no-overflows"]));
    assert_eq!((&a["output_level"], &a["lost"]), (&json!(17), &json!(0)));
    assert_eq!(a["measure_max"], b["measure_max"]);
    let (bound, seen) = (a["bound_noise"].as_f64(), a["measure_max"].as_f64());
    assert!(
        bound > seen && a["within_bounds"] == json!(true),
        "{bound:?} {seen:?}"
    );
    assert_eq!(a["bound_sources"].as_array().unwrap().len(), 10);
    let counted = a["measure_overflows"].as_object().unwrap().values();
    assert_eq!(counted.map(|v| v.as_u64().unwrap()).sum::<u64>(), 64);
    assert_eq!(b["measure_overflows"], json!({}));
    for (more, message) in [
        (["--limit", "1.5"], "above 0, at most 1"),
        (["--preset", "R99"], "there is no bootstrapping set \"R99\""),
        (["--log-values", "10"], "2^10 real values"),
        (["--judge", "x"], "cannot be used with"),
    ] {
        let err = run(&more).exits(2).err;
        assert!(err.contains(message), "{message}: {err}");
    }
}

/// A table's ReLU behind a bootstrapping: one certificate, which `check` verifies, and ciphertexts within it.
#[test]
fn a_refreshed_activation_is_certified_and_run() {
    let folder = Folder::new();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu07.json");
    let file = folder.path("refreshed.json");
    let file = file.to_str().unwrap();
    let set = ["--log-n", "10", "--insecure", "--log-values", "5"];
    let run = |more: &[&str]| polycert(&[&["bootstrap", "--relu", table][..], &set, more].concat());
    let own = ["--bound", "8", "--within", "7", "-o", file];
    let text = run(&[&own[..], &["--measure", "--runs", "2", "--seed", "3"]].concat()).exits(0);
    for part in [
        "VERIFIED |decrypted - ReLU(x)| <= ",
        "all inputs in [-7, 7]",
        "INSECURE: no security is claimed of the ephemeral secret",
        "noise        <= B 2^-",
        "2 bootstraps, 64 slots, seed 3",
        "all within the bound",
        "|I| seen",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let checked = polycert(&["check", file]).exits(0).out;
    assert!(
        checked.contains("refreshed (2^5 values repeated"),
        "{checked}"
    );
    let json = run(&["--bound", "8", "--within", "7", "--json"])
        .exits(0)
        .json();
    assert_eq!(
        (&json["verdict"], &json["measured"]),
        (&json!("VERIFIED"), &Value::Null)
    );
    // At the very end of the domain the slope is larger, and so is the noise.
    let whole = run(&["--bound", "8", "--json"]).exits(0).json();
    let noise = |v: &Value| v["bound_noise"].as_f64().unwrap();
    assert!(noise(&whole) > 1.5 * noise(&json), "{whole} {json}");
    for (more, message) in [
        (
            &["--within", "9", "--bound", "8"][..],
            "the domain ends at 8",
        ),
        (&["--bound", "0"], "above 0"),
        (&["--sine"], "cannot be used with"),
        (&["--judge", "x"], "cannot be used with"),
    ] {
        let err = run(more).exits(2).err;
        assert!(err.contains(message), "{message}: {err}");
    }
}
