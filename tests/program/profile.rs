//! End to end: `polycert profile show` and `measure`, and files of profiles that are refused.

use crate::support::program::{polycert, read, refused, Folder};
use polycert::plan::profile::{Operation, Profile, Status};
use serde_json::{json, Value};
use std::path::Path;

/// A profile with everything.
fn profile() -> Value {
    json!({
        "format": "polycert-profile/1", "name": "mine", "source": "one thread", "log_n": 12, "level_bits": 40,
        "usable_levels": 2,
        "ops": {
            "mul": {"status": "measured", "ms": [1, 2.5, 3], "assumed_levels": [1], "note": "a fit"},
            "rescale": {"status": "published", "ms": [null, 0.5, 0.75]}
        },
        "bootstrap": {"status": "assumed", "from_level": 1, "ms": [null, null, 900],
            "noise": {"status": "published", "rms_log2": -27, "max_log2": -24.8, "failure_log2": -138.7, "source": "a paper"}},
        "memory": {"status": "measured", "key_mb": 10, "other_mb": 20.5}
    })
}

#[test]
fn the_profiles_that_ship_are_shown() {
    let list = polycert(&["profile", "show"]).exits(0).out;
    for name in Profile::built_in() {
        assert!(list.contains(name), "{list}");
        let text = polycert(&["profile", "show", name]).exits(0).out;
        assert!(
            text.contains("ESTIMATE, ms; * assumed") && text.contains("ASSUMED "),
            "{text}"
        );
        let levels = text
            .lines()
            .filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit()));
        let p = Profile::named(name).unwrap();
        assert_eq!(levels.count(), p.usable_levels + 1, "{text}");
    }
    let text = polycert(&["profile", "show", "heaan-gpu"]).exits(0).out;
    let top: Vec<&str> = text
        .lines()
        .find(|l| l.starts_with("   16 "))
        .unwrap()
        .split_whitespace()
        .collect();
    let expected = [
        "16", "0.169", "0.142", "0.140", "2.620", "3.435", "2.411", "2.411", "0.815", "463.2",
    ];
    assert_eq!(top, expected);
    assert!(
        text.contains("rotate_hoisted*") && text.contains("from level 3"),
        "{text}"
    );

    let said = polycert(&["profile", "show", "heaan"]).exits(2).err;
    assert!(
        said.contains("there is no profile \"heaan\": own, heaan-gpu"),
        "{said}"
    );
    let said = polycert(&["profile", "show", "no/such.json"]).exits(2).err;
    assert!(said.contains("no/such.json: No such file"), "{said}");
}

#[test]
fn a_file_is_shown_and_written_as_it_is() {
    let f = Folder::new();
    let path = f.file("p.json", profile().to_string());
    let shown = polycert(&["profile", "show", &path]).exits(0).out;
    for part in [
        "mine: N = 2^12, 2048 slots, 2 usable levels of 40 bits",
        "bootstrap  to a level, assumed, from level 1",
        "rms 2^-27, greatest 2^-24.8, failure 2^-138.7 (a paper)",
        "keys       20.5 MB, and 10 MB for each rotation, measured",
        "ASSUMED    mul at level 1 (a fit)",
        "ASSUMED    bootstrap",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(
        polycert(&["profile", "show", &path, "--json"])
            .exits(0)
            .json(),
        profile()
    );
    let p = Profile::read(Path::new(&path)).unwrap();
    assert_eq!((p.estimate_key_mb(3), p.bootstrap_from()), (Some(50.5), 1));
}

#[test]
fn files_that_are_no_profile_are_refused() {
    let with = |path: &str, value: Value| {
        let mut p = profile();
        *p.pointer_mut(path).unwrap() = value;
        p
    };
    let mut more = profile();
    more["ops"]["mul"]["unit"] = json!("s");
    let mut unknown = profile();
    unknown["ops"]["conjugate"] = json!({});
    let cases = [
        (
            with("/format", json!("polycert-profile/2")),
            "format: is \"polycert-profile/2\"",
        ),
        (with("/name", json!("")), "name: is empty"),
        (
            with("/source", json!("x".repeat(5000))),
            "source: 5000 characters: at most 4096",
        ),
        (
            with("/name", json!("a\u{1b}[2J")),
            "name: has control characters",
        ),
        (
            with("/log_n", json!(40)),
            "log_n: is 40: it goes from 4 to 20",
        ),
        (
            with("/level_bits", json!(0)),
            "level_bits: is 0: it goes from 1",
        ),
        (
            with("/usable_levels", json!(0)),
            "usable_levels: is 0: it goes from 1 to 256",
        ),
        (
            with("/usable_levels", json!(100_000_000)),
            "it goes from 1 to 256",
        ),
        (
            with("/usable_levels", json!(3)),
            "ops.mul.ms: level 3 is missing: levels go from 0 to 3",
        ),
        (
            with("/usable_levels", json!(1)),
            "ops.mul.ms: 3 figures for levels 0 to 1",
        ),
        (with("/ops", json!({})), "ops: no operation has figures"),
        (
            with("/ops/mul/ms/1", json!(-1)),
            "ops.mul.ms: level 1: is -1: it goes from 0",
        ),
        (
            with("/ops/mul/ms/1", json!(1e300)),
            "ops.mul.ms: level 1: is 1",
        ),
        (
            with("/ops/mul/ms", json!([null, null, null])),
            "ops.mul.ms: no level has a figure",
        ),
        (
            with("/ops/mul/status", json!("guessed")),
            "unknown variant `guessed`",
        ),
        (
            with("/ops/mul/assumed_levels", json!([2, 1])),
            "ops.mul.assumed_levels: levels are not ascending",
        ),
        (
            with("/ops/rescale/ms", json!("x")),
            "invalid type: string \"x\"",
        ),
        (
            with("/ops/mul/assumed_levels", json!([7])),
            "ops.mul.assumed_levels: level 7 has no figure",
        ),
        (
            with("/bootstrap/from_level", json!(3)),
            "bootstrap.from_level: is 3: it goes from 0 to 2",
        ),
        (
            with("/bootstrap/noise/rms_log2", json!(3)),
            "bootstrap.noise.rms_log2: is 3",
        ),
        (with("/memory/key_mb", json!(-1)), "memory.key_mb: is -1"),
        (more, "unknown field `unit`"),
        (unknown, "unknown field `conjugate`"),
    ];
    let f = Folder::new();
    for (file, said) in cases {
        let path = f.file("p.json", file.to_string());
        let err = polycert(&["profile", "show", &path]).exits(2).err;
        assert!(
            err.contains("p.json") && err.contains(said),
            "{said}: {err}"
        );
    }
    let twice = profile()
        .to_string()
        .replace("\"log_n\":12", "\"log_n\":12,\"log_n\":12");
    let deep = "[".repeat(200_000);
    let quoting = format!("{{\"{}\": 1}}", "x".repeat(9_000));
    let long = format!("{{\"format\":\"{}\"}}", "x".repeat(2 << 20));
    for (text, said) in [
        (twice.as_str(), "duplicate field `log_n`"),
        ("", "EOF"),
        (&deep, "line 1"),
        (&quoting, "unknown field `xxxx"),
        (&long, "larger than the limit of 1048576 bytes"),
    ] {
        let path = f.file("p.json", text);
        let err = polycert(&["profile", "show", &path]).exits(2).err;
        assert!(err.contains(said) && err.len() < 1000, "{said}: {err}");
    }
}

/// Ten levels in a ring too small for any security.
const SMALL: [&str; 8] = [
    "--log-n",
    "11",
    "--q",
    "45+10x36",
    "--p",
    "2x45",
    "--insecure",
    "--name",
];

#[test]
fn this_machine_is_measured() {
    let f = Folder::new();
    let (out, table) = (
        f.at("p.json"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu07.json"),
    );
    let line = [
        &["profile", "measure"],
        &SMALL[..],
        &["small", "--against", table, "-o", &out],
    ]
    .concat();
    let run = polycert(&line).exits(0);
    for part in [
        "making keys",
        "timing operations at level 10",
        "running relu07",
    ] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    for part in [
        "measured ms",
        "the fit misses what was measured by",
        "relu07 ",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let p = Profile::read(&f.path("p.json")).unwrap();
    assert_eq!(
        (p.name.as_str(), p.log_n, p.usable_levels, p.slots()),
        ("small", 11, 10, 1024)
    );
    let mul = &p.operations[&Operation::Mul];
    assert_eq!(mul.status, Status::Measured);
    assert_eq!(mul.assumed_levels, [0, 2, 3, 5, 6, 8, 9]);
    assert!(p.bootstrap.is_none() && p.estimate_bootstrap_ms(1).is_none());
    // Six digits of 13 limbs, twice, of 2^11 residues of 8 bytes; relinearisation besides.
    let key = 2.0 * 6.0 * 13.0 * 2048.0 * 8.0 / 1e6;
    assert!((p.estimate_key_mb(2).unwrap() - 3.0 * key).abs() < 0.01);
    // A product with its key switch takes longer than a sum on any machine.
    let ms = |operation| p.estimate_ms(operation, 10).unwrap();
    assert!(ms(Operation::Mul) > 2.0 * ms(Operation::Add));
    assert!(p.assumed().iter().any(|a| a
        .starts_with("add, add_plain, mul_plain, mul, rotate, rotate_hoisted at levels 0, 2-3")));

    let line = [&["profile", "measure"], &SMALL[..], &["small", "--json"]].concat();
    let answer = polycert(&line).exits(0).json();
    assert_eq!(answer["points"].as_array().unwrap().len(), 4 * 8);
    assert!(Profile::from_json(&answer["profile"].to_string()).is_ok());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let f = Folder::new();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu13.json");
    let small = [&["profile", "measure"], &SMALL[..], &["x"]].concat();
    let short = [
        "profile",
        "measure",
        "--log-n",
        "11",
        "--q",
        "45+3x36",
        "--p",
        "45",
        "--insecure",
    ];
    for (line, said) in [
        (
            [&small[..], &["--bootstrap"]].concat(),
            "--bootstrap is modelled for N = 2^16, and log_n is 11",
        ),
        (short.to_vec(), "the chain has 3 levels: 4 at least"),
        (
            [&small[..], &["--against", table]].concat(),
            "needs 14 levels",
        ),
        (
            vec!["profile", "measure"],
            "no encryption parameters are given",
        ),
    ] {
        refused(&f, &line, &[said]);
    }
    assert_eq!(read(f.path("kept.json")), "kept");
}
