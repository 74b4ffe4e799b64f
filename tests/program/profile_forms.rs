//! End to end: `polycert profile convert`. The files are those of the programs, some of them shortened.

use crate::support::program::{polycert, Folder, Run};
use polycert::plan::profile::forms::{self, Form, FORMS};
use polycert::plan::profile::{Operation, Profile};
use serde_json::{json, Value};
use yaml_rust2::YamlLoader;

/// corelab-src/dacapo, profiled_HEAAN_GPU.json: levels 0 to 6 of what it has to 29.
const DACAPO: &str = r#"{
  "bootstrapLevelLowerBound": 3,
  "bootstrapLevelUpperBound": 6,
  "latencyTable": {
    "earth.add_double": [0, 25, 35, 44, 54, 63, 73],
    "earth.add_single": [0, 23, 31, 39, 47, 56, 63],
    "earth.bootstrap_single": [0, 0, 0, 0, 294928, 306306, 321777],
    "earth.modswitch_single": [0, 1, 1, 1, 1, 1],
    "earth.mul_double": [0, 755, 840, 921, 1017, 1130, 1240],
    "earth.mul_single": [0, 20, 29, 39, 45, 55, 62],
    "earth.negate_single": [0, 25, 30, 37, 42, 49, 56],
    "earth.rescale_single": [0, 154, 183, 227, 283, 331, 382],
    "earth.rotate_single": [0, 745, 805, 874, 958, 1049, 1150]
  },
  "levelLowerBound": 1,
  "levelUpperBound": 6,
  "polynomialDegree": 131072,
  "rescalingFactor": 51,
  "runtime": "HEAAN-HEVM"
}"#;

/// corelab-src/dacapo, profiled_SEAL_CPU.json, two of its rows and one of noise, to level 3.
const SEAL: &str = r#"{"runtime": "SEAL-HEVM", "rescalingFactor": 60, "polynomialDegree": 32768,
 "levelLowerBound": 2, "levelUpperBound": 13, "bootstrapLevelLowerBound": 2, "bootstrapLevelUpperBound": 13,
 "latencyTable": {"earth.rotate_single": [3828, 7966, 13584, 20933], "earth.rescale_single": [1926, 3119, 4525, 5706]},
 "noiseTable": {"earth.mul_double": [912420980.422666, 1626939697.436701]}}"#;

/// google/heir, lib/Transforms/ILPBootstrapPlacement/README.md: the names that it requires; the rows of bootstrap and rescale are
/// those of tests/Transforms/ilp_bootstrap_placement/orbit_cost_model.json to level 5.
const ORBIT: &str = r#"{"bootstrapLevelLowerBound": 3, "bootstrapLevelUpperBound": 16, "latencyTable": {
 "bootstrap": [0, 0, 0, 69318421, 69332297], "rescale": [12498, 16562, 20651, 24715, 28822],
 "addCtCt": [1, 2, 3, 4, 5], "addCtPt": [1, 2, 3, 4, 5], "mulCtCt": [10, 20, 30, 40, 50], "mulCtPt": [2, 4, 6, 8, 10],
 "rotate": [9, 19, 29, 39, 49], "negate": [1, 1, 2, 2, 3]}, "rescalingFactor": 51}"#;

/// google/heir, tests/Transforms/ilp_bootstrap_placement/orbit_cost_model.json: DaCapo's names, index i for level i + 1.
const OLD_ORBIT: &str = r#"{
  "bootstrapLevelLowerBound": 3,
  "bootstrapLevelUpperBound": 16,
  "latencyTable": {
    "earth.bootstrap_single": [
      0, 0, 0, 69318421, 69332297, 69321224, 69326425, 69319004, 69309546, 69302417, 69328521, 69338641, 69310061, 69312692,
      69318897, 69330304
    ],
    "earth.rescale_single": [
      12498, 16562, 20651, 24715, 28822, 32854, 36938, 41005, 45091, 49153, 53177, 57229, 61296, 65332, 69490
    ]
  },
  "rescalingFactor": 51
}"#;

/// baahl-nyu/orion, configs/resnet.yml.
const ORION: &str = r#"comment: "ResNet Parameter Set"

ckks_params:
  LogN: 16
  LogQ: [55, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40]
  LogP: [61, 61, 61]
  LogScale: 40
  H: 16384
  RingType: standard

boot_params:
  LogP: [61, 61, 61, 61, 61, 61, 61, 61]

orion:
  batch_size: 1
  margin: 2 # >= 1
  embedding_method: hybrid # [hybrid, square]
  backend: lattigo # [lattigo, openfhe, heaan]

  fuse_modules: true
  debug: true

  diags_path: ../data/diagonals.h5 # "path/to/diags" | ""
  keys_path: ../data/keys.h5 # "path/to/keys" | ""
  io_mode: none # "load" | "save" | "none""#;

/// tuneinsight/lattigo, circuits/ckks/bootstrapping/default_parameters.go: two of its eight sets.
const LATTIGO: &str = r#"package bootstrapping

type defaultParametersLiteral struct {
	SchemeParams        ckks.ParametersLiteral
	BootstrappingParams ParametersLiteral
}

// DefaultParametersSparse is a set of default bootstrapping parameters with H=192 as main secret and H=32 as ephemeral secret.
var DefaultParametersSparse = []defaultParametersLiteral{N16QP1546H192H32, N16QP1547H192H32}

var (
	// Residual Q : []int{60, 40, 40, 40, 40, 40, 40, 40, 40, 40} (420 bits).
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

	// N15QP880H16384H32 is a default bootstrapping parameters for a main secret with H=16384.
	N15QP880H16384H32 = defaultParametersLiteral{
		ckks.ParametersLiteral{
			LogN:            15,
			LogNthRoot:      17,
			LogQ:            []int{40, 31, 31, 31, 31},
			LogP:            []int{56, 56},
			Xs:              ring.Ternary{H: 16384},
			LogDefaultScale: 31,
		},
		ParametersLiteral{
			SlotsToCoeffsFactorizationDepthAndLogScales: [][]int{{30, 30}},
			CoeffsToSlotsFactorizationDepthAndLogScales: [][]int{{52}, {52}},
			EvalModLogScale: utils.Pointy(55),
		},
	}
)
"#;

/// scale-snu/cheddar-fhe, parameters/bootparam_40_64bit.json.
const CHEDDAR: &str = r#"{
  "log_degree": 16, "log_default_scale": 40,
  "boot": true, "dense_hamming_weight": 32768, "sparse_hamming_weight": 32, "num_cts_levels": 4, "num_stc_levels": 3,
  "terminal_primes": [

  ],
  "main_primes": [
    1125899908022273, 1099515691009, 1099523555329, 1099525128193,
    1099526176769, 1099529060353, 1099535220737, 1099536138241,
    1099537580033, 1099538104321, 1099540725761, 1099540856833,
    1099543085057, 36028797019488257, 36028797023420417, 36028797024206849,
    36028797025124353, 36028797032202241, 36028797033644033, 36028797037576193,
    36028797048324097, 36028797048586241, 36028797049896961, 36028797051863041,
    36028797053698049, 36028797054222337
  ],
  "auxiliary_primes": [
    72057594038321153, 72057594040680449, 72057594042646529, 72057594047889409,
    72057594057195521, 72057594058375169, 72057594058899457
  ],
  "default_encryption_level": 13,
  "level_config": [
    [1, 0],  [2, 0],  [3, 0],  [4, 0],  [5, 0],  [6, 0],  [7, 0],  [8, 0],
    [9, 0],  [10, 0], [11, 0], [12, 0], [13, 0], [14, 0], [15, 0], [16, 0],
    [17, 0], [18, 0], [19, 0], [20, 0], [21, 0], [22, 0], [23, 0], [24, 0],
    [25, 0], [26, 0]
  ],
  "additional_base": [0, 0]
}"#;

/// scale-snu/cheddar-fhe, parameters/bootparam_40.json, its six lowest levels: rational rescaling.
const RATIONAL: &str = r#"{
  "log_degree": 16, "log_default_scale": 40,
  "boot": true, "dense_hamming_weight": 32768, "sparse_hamming_weight": 32, "num_cts_levels": 4, "num_stc_levels": 3,
  "terminal_primes": [30539777, 37224449, 33292289, 32899073],
  "main_primes": [974258177, 1081212929, 1196556289, 993263617, 989986817, 1074266113, 1168900097],
  "auxiliary_primes": [2147352577, 2146959361],
  "default_encryption_level": 5,
  "level_config": [[0, 2], [3, 0], [1, 4], [4, 2], [7, 0], [5, 4]],
  "additional_base": [0, 0]
}"#;

/// google/heir, a module of tests/Examples with its attribute.
const HEIR: &str = r#"module attributes {backend.lattigo, ckks.schemeParam = #ckks.scheme_param<logN = 14, Q = [36028797017456641, 35184372121601], P = [1152921504607338497], logDefaultScale = 45, encryptionTechnique = extended>, scheme.actual_slot_count = 8192 : i64, scheme.ckks} {
}"#;

fn run(text: &str, form: Form, more: &[&str]) -> Run {
    let f = Folder::new();
    let path = f.file("in.txt", text);
    polycert(&[&["profile", "convert", &path, "--as", form.name()], more].concat())
}

/// The text in a form.
#[track_caller]
fn to(text: &str, form: Form, more: &[&str]) -> String {
    run(text, form, more).exits(0).out
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn json_comes_back_equal() {
    for (text, form) in [
        (DACAPO, Form::Dacapo),
        (SEAL, Form::Dacapo),
        (ORBIT, Form::Orbit),
        (OLD_ORBIT, Form::Dacapo),
        (CHEDDAR, Form::Cheddar),
        (RATIONAL, Form::Cheddar),
    ] {
        let back = to(text, form, &[]);
        assert_eq!(json_of(&back), json_of(text), "{back}");
        assert_eq!(to(&back, form, &[]), back);
    }
}

#[test]
fn yaml_comes_back_equal() {
    let back = to(ORION, Form::Orion, &[]);
    let tree = |text: &str| YamlLoader::load_from_str(text).unwrap();
    assert_eq!(tree(&back), tree(ORION), "{back}");
    assert_eq!(to(&back, Form::Orion, &[]), back);
}

/// Fields with their values, as they stand on lines of their own.
fn fields(go: &str) -> Vec<String> {
    let field = |l: &str| {
        let (key, value) = l.trim().strip_suffix(',')?.split_once(':')?;
        Some(format!("{key}: {}", value.trim()))
    };
    go.lines().filter_map(field).collect()
}

#[test]
fn literals_of_go_come_back_equal() {
    for name in ["N16QP1546H192H32", "N15QP880H16384H32"] {
        let back = to(LATTIGO, Form::Lattigo, &["--pick", name]);
        let source = LATTIGO.split(&format!("{name} = ")).nth(1).unwrap();
        let mut expected = fields(source.split("\n\t}\n").next().unwrap());
        let mut found = fields(&back);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{back}");
        assert!(
            back.starts_with(&format!("var {name} = ckks.ParametersLiteral{{\n")),
            "{back}"
        );
        // What is written is read again, and is the same set.
        assert_eq!(to(&back, Form::Lattigo, &[]), back);
    }
    let err = run(LATTIGO, Form::Lattigo, &[]).exits(2).err;
    assert!(
        err.contains("2 literals: say which (--pick): N16QP1546H192H32, N15QP880H16384H32"),
        "{err}"
    );
    let err = run(LATTIGO, Form::Lattigo, &["--pick", "x"]).exits(2).err;
    assert!(err.contains("0 literals are called \"x\""), "{err}");
}

#[test]
fn the_attribute_comes_back_to_the_byte() {
    let back = to(HEIR, Form::Heir, &[]);
    assert!(back.starts_with("#ckks.scheme_param<logN = 14"));
    assert!(HEIR.contains(back.trim_end()), "{back}");
    assert_eq!(to(&back, Form::Heir, &[]), back);
}

#[test]
fn a_table_of_latency_is_a_profile() {
    let text = to(DACAPO, Form::Polycert, &[]);
    let p = Profile::from_json(&text).unwrap();
    let heaan = Profile::named("heaan-gpu").unwrap();
    assert_eq!(
        (p.log_n, p.usable_levels, p.bootstrap_from(), p.level_bits),
        (17, 6, 3, Some(51.0))
    );
    for operation in [
        Operation::Add,
        Operation::AddPlain,
        Operation::MulPlain,
        Operation::Mul,
        Operation::Rotate,
        Operation::Rescale,
    ] {
        for level in 1..=6 {
            assert_eq!(
                p.estimate_ms(operation, level),
                heaan.estimate_ms(operation, level),
                "{operation:?} {level}"
            );
        }
        assert!(p.estimate_ms(operation, 0).is_err());
    }
    for target in 1..=6 {
        assert_eq!(
            p.estimate_bootstrap_ms(target),
            heaan.estimate_bootstrap_ms(target)
        );
    }
    assert!(
        p.source.contains("in.txt") && p.name == "HEAAN-HEVM",
        "{}",
        p.source
    );
    // Back again: the figures are the file's own.
    let back = run(&text, Form::Dacapo, &[]).exits(0);
    assert!(
        back.err.contains("not carried over: sources"),
        "{}",
        back.err
    );
    let (back, file) = (json_of(&back.out), json_of(DACAPO));
    for (name, row) in back["latencyTable"].as_object().unwrap() {
        let plain = file["latencyTable"]["earth.add_single"].clone();
        let own = if name == "earth.negate_single" {
            &plain
        } else {
            &file["latencyTable"][name]
        };
        assert_eq!(row, own, "{name}");
    }
    assert_eq!(back["latencyTable"].as_object().unwrap().len(), 8);

    // HEIR's index i is level i + 1, and HEIR does not state N.
    let err = run(&DACAPO.replace("51", "5100"), Form::Polycert, &[])
        .exits(2)
        .err;
    assert!(err.contains("level_bits: is 5100"), "{err}");
    let p = Profile::from_json(&to(ORBIT, Form::Polycert, &["--log-n", "16"])).unwrap();
    assert_eq!((p.usable_levels, p.slots()), (5, 1 << 15));
    assert_eq!(p.estimate_ms(Operation::Mul, 3), Ok(0.03));
    assert_eq!(
        (p.estimate_bootstrap_ms(5), p.estimate_bootstrap_ms(4)),
        (Some(69332.297), Some(69318.421))
    );
    // So it was when HEIR had DaCapo's names.
    let p = Profile::from_json(&to(OLD_ORBIT, Form::Polycert, &["--log-n", "16"])).unwrap();
    assert_eq!(p.estimate_ms(Operation::Rescale, 1), Ok(12.498));
    assert_eq!(p.estimate_bootstrap_ms(4), Some(69318.421));
    let err = run(ORBIT, Form::Polycert, &[]).exits(2).err;
    assert!(
        err.contains("polynomialDegree: is not stated") && err.contains("--log-n"),
        "{err}"
    );
}

#[test]
fn tables_of_latency_change_form() {
    let made = run(DACAPO, Form::Orbit, &[]).exits(0);
    assert!(
        made.err
            .contains("not carried over: earth.modswitch_single"),
        "{}",
        made.err
    );
    let orbit = json_of(&made.out);
    assert_eq!(
        orbit["latencyTable"]["mulCtCt"],
        json!([755, 840, 921, 1017, 1130, 1240])
    );
    assert_eq!(
        orbit["latencyTable"]["bootstrap"],
        json!([0, 0, 0, 294_928, 306_306, 321_777])
    );
    let back = json_of(&to(&made.out, Form::Dacapo, &[]));
    assert_eq!(
        back["latencyTable"]["earth.mul_double"],
        json_of(DACAPO)["latencyTable"]["earth.mul_double"]
    );
    // HEIR refuses a table without one of its operations.
    let err = run(SEAL, Form::Orbit, &[]).exits(2).err;
    assert!(err.contains("bootstrap: HEIR requires it"), "{err}");
    for name in Profile::built_in() {
        let text = polycert(&["profile", "show", name, "--json"]).exits(0).out;
        let orbit = json_of(&to(&text, Form::Orbit, &[]));
        assert_eq!(
            orbit["latencyTable"].as_object().unwrap().len(),
            8,
            "{name}"
        );
    }
}

#[test]
fn parameters_change_form() {
    let made = run(ORION, Form::Lattigo, &[]).exits(0);
    for part in [
        "LogN:            16,",
        "LogQ:            []int{55, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40},",
        "Xs:              ring.Ternary{H: 16384},",
        "var paramsBootstrapping = bootstrapping.ParametersLiteral{\n\tLogP: []int{61, 61, 61, 61, 61, 61, 61, 61},",
    ] {
        assert!(made.out.contains(part), "{part}: {}", made.out);
    }
    assert!(
        made.err.contains("not carried over: orion.margin"),
        "{}",
        made.err
    );
    let back = run(&made.out, Form::Orion, &[]).exits(0).out;
    let tree = |text: &str| YamlLoader::load_from_str(text).unwrap()[0].clone();
    assert_eq!(tree(&back)["boot_params"], tree(ORION)["boot_params"]);
    assert_eq!(
        tree(&back)["ckks_params"]["LogQ"],
        tree(ORION)["ckks_params"]["LogQ"]
    );

    // Primes stay primes where the form states primes.
    let heir = to(CHEDDAR, Form::Heir, &[]);
    assert!(
        heir.contains("logN = 16, Q = [1125899908022273, 1099515691009, "),
        "{heir}"
    );
    let cheddar = json_of(&to(HEIR, Form::Cheddar, &[]));
    assert_eq!(
        cheddar["main_primes"],
        json!([36_028_797_017_456_641u64, 35_184_372_121_601u64])
    );
    assert_eq!(cheddar["level_config"], json!([[1, 0], [2, 0]]));
    let go = to(HEIR, Form::Lattigo, &[]);
    assert!(
        go.contains("Q:               []uint64{36028797017456641, 35184372121601},"),
        "{go}"
    );
    assert!(to(&go, Form::Heir, &[]).contains("Q = [36028797017456641, 35184372121601]"));
    let sizes = to(HEIR, Form::Orion, &[]);
    assert!(
        sizes.contains("LogQ: [55, 45]") && sizes.contains("LogP: [60]"),
        "{sizes}"
    );

    for (text, form, said) in [
        (
            ORION,
            Form::Heir,
            "the form heir states primes, and orion stated their sizes alone",
        ),
        (RATIONAL, Form::Lattigo, "rational rescaling"),
        (
            ORION,
            Form::Polycert,
            "the file states encryption parameters, and the form polycert costs",
        ),
        (
            DACAPO,
            Form::Orion,
            "the file states costs, and the form orion encryption parameters",
        ),
    ] {
        let err = run(text, form, &[]).exits(2).err;
        assert!(
            err.contains(said) && err.contains("in.txt"),
            "{said}: {err}"
        );
    }
    assert!(run(ORION, Form::Orion, &["--pick", "x"])
        .exits(2)
        .err
        .contains("--pick"));
    let err = polycert(&["profile", "convert", "x", "--as", "yaml"])
        .exits(2)
        .err;
    assert!(
        err.contains("polycert, orbit, dacapo, orion, lattigo, cheddar, heir"),
        "{err}"
    );
}

#[test]
fn bad_files_are_refused_by_field() {
    let seven = DACAPO.replace(
        "[0, 25, 35, 44, 54, 63, 73]",
        &format!("[{}]", ["1"; 300].join(",")),
    );
    let many = ORION.replace("[61, 61, 61]", &format!("[{}]", ["61"; 300].join(",")));
    let deep = format!("orion: {}", "[".repeat(100_000));
    for (text, said) in [
        (seven.as_str(), "earth.add_double: 300 numbers: at most 256"),
        (
            &DACAPO.replace("25, 35", "-25, 35"),
            "earth.add_double[1]: is -25: it goes from 0",
        ),
        (
            &DACAPO.replace("earth.add_single", "earth.add_double"),
            "\"earth.add_double\" given twice",
        ),
        (
            &DACAPO.replace("earth.add_single", "earth.add_triple"),
            "\"earth.add_triple\" is no operation",
        ),
        (
            &DACAPO.replace("earth.add_single", "addCtPt"),
            "has names of HEIR and of DaCapo",
        ),
        (
            &DACAPO.replace("runtime", "run_time"),
            "unknown field `run_time`",
        ),
        (
            &ORION.replace("LogN: 16", "LogN: 99999999999999999999999"),
            "ckks_params.LogN: \"99999999999999999999999\"",
        ),
        (
            &ORION.replace("LogN: 16", "LogN: 31"),
            "log2 of N: is 31: it goes from 4 to 20",
        ),
        (
            &ORION.replace("  LogScale: 40\n", ""),
            "ckks_params.LogScale: is missing",
        ),
        (
            &ORION.replace("margin: 2", "margin: -2"),
            "orion.margin: is no number above 0",
        ),
        (
            &ORION.replace("margin: 2", "margin: &m 2"),
            "line 16: an anchor",
        ),
        (
            &ORION.replace("H: 16384", "LogN: 16"),
            "ckks_params.LogN given twice",
        ),
        (
            &ORION.replace("H: 16384", "H: 70000"),
            "the secret's weight: is not from 1 to 2^16",
        ),
        (&many, "more than 256"),
        (&deep, "line 1"),
        ("a: {b: {c: {d: 1}}}", "deeper than section and key"),
        ("", "ckks_params"),
        (
            &LATTIGO[LATTIGO.find("\tN15QP880").unwrap()..].replace("LogN: ", "LogM: "),
            "LogN: is missing",
        ),
        (
            "x = ckks.ParametersLiteral{LogN: 16, LogN: 16}",
            "LogN given twice",
        ),
        (
            "x = ckks.ParametersLiteral{LogN: 16, LogDefaultScale: 40, LogQ: initLogQ(7, 50)}",
            "x.LogQ: is no []int{...} of numbers",
        ),
        (
            "x = ckks.ParametersLiteral{LogN: 16",
            "line 1: a literal has no end",
        ),
        ("x = ckks.ParametersLiteral{16}", "Key: value"),
        ("ckks.ParametersLiteral{ \"", "a string has no end"),
        (
            &CHEDDAR.replace("[26, 0]", "[27, 0]"),
            "level_config[25]: [27, 0] primes of [26, 0]",
        ),
        (
            &CHEDDAR.replace("\"boot\": true", "\"boot\": 1"),
            "invalid type",
        ),
        (
            &CHEDDAR.replace("\"log_degree\": 16", "\"log_degree\": 16, \"depth\": 2"),
            "unknown field `depth`",
        ),
        (
            &HEIR.replace("logN = 14", "logM = 14"),
            "logM: is no field of ckks.scheme_param",
        ),
        (
            &HEIR.replace("35184372121601]", "99999999999999999999]"),
            "Q: \"99999999999999999999\" is no whole number",
        ),
        (&HEIR.replace("extended>", "extended"), "has no end"),
        (
            &HEIR.replace("= extended", "= odd"),
            "encryptionTechnique: \"odd\"",
        ),
        (
            &format!("{HEIR}\n{}", HEIR.replace("14", "13")),
            "a second one that differs",
        ),
    ] {
        // A form of the same kind: what is refused is the file.
        let form = if text.contains("latencyTable") {
            Form::Dacapo
        } else {
            Form::Orion
        };
        let err = run(text, form, &[]).exits(2).err;
        assert!(
            err.contains("in.txt") && err.contains(said),
            "{said}: {err}"
        );
        assert!(err.len() < 600, "{} bytes", err.len());
    }
}

/// Bytes changed, cut and doubled: an answer or an error, and what is written is read again.
#[test]
fn changed_bytes_never_panic() {
    let mut state = 12345u64;
    let mut random = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % n
    };
    let (mut read, mut written) = (0, 0);
    for text in [
        DACAPO, SEAL, ORBIT, OLD_ORBIT, ORION, LATTIGO, CHEDDAR, RATIONAL, HEIR,
    ] {
        for _ in 0..400 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = b"{}[]<>,:\"0-9 \n&*"[random(16)],
                    1 => drop(bytes.remove(at)),
                    2 => bytes.truncate(at + 1),
                    _ => bytes.extend_from_within(at..),
                }
            }
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let pick = text
                .contains("N16QP1546H192H32")
                .then_some("N16QP1546H192H32");
            let Ok(document) = forms::read(&text, pick) else {
                continue;
            };
            read += 1;
            for form in FORMS {
                if let Ok((out, _)) = document.write(form, "x", Some(16)) {
                    written += 1;
                    let back = forms::read(&out, None);
                    assert!(back.is_ok(), "{form}: {back:?}\n{text}\n{out}");
                }
            }
        }
    }
    assert!(read > 100 && written > 200, "{read} {written}");
}
