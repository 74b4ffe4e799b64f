//! A network on ciphertexts in steps, from files to files: what is interrupted goes on, what does not fit is refused.

use crate::network::{npy, safetensors};
use crate::support::program::{command, polycert, Folder, Run};
use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

/// Two inputs, a shortcut, four ReLU, most of which are refreshed.
const GRAPH: &str = r#"{"format":"polycert-graph/1","input":[2],"layers":[
    {"op":"dense","name":"fc1","weights":"a"},{"op":"relu","name":"r1"},
    {"op":"dense","name":"fc2","weights":"b"},{"op":"relu","name":"r2"},
    {"op":"add","name":"sum","inputs":["r2","r1"]},
    {"op":"dense","name":"fc3","weights":"b"},{"op":"relu","name":"r3"},
    {"op":"dense","name":"fc4","weights":"a"},{"op":"relu","name":"r4"},
    {"op":"dense","name":"fc5","weights":"c"}]}"#;

fn network(first: f32) -> Vec<u8> {
    let arrays: [(&str, &[usize], Vec<f32>); 3] = [
        ("a", &[2, 2], vec![first, -0.5, 0.25, 0.5]),
        ("b", &[2, 2], vec![0.5, 0.75, -0.25, 1.0]),
        ("c", &[2, 2], vec![1.0, 1.0, -0.5, 2.0]),
    ];
    safetensors(&arrays, &json!({"graph": GRAPH}))
}

/// A folder with the network and three samples.
fn folder() -> Folder {
    let f = Folder::new();
    f.file("net.safetensors", network(1.0));
    f.file("other.safetensors", network(0.75));
    f.file("x.npy", npy("|u1", &[3, 2], &[255, 0, 51, 204, 102, 102]));
    f
}

/// A step on a network of the folder; words that begin with @ are its files.
fn words(f: &Folder, (verb, network): (&str, &str), more: &str) -> Vec<String> {
    let table = format!("{}/certificates/relu13.json", env!("CARGO_MANIFEST_DIR"));
    let network = f.at(network);
    let mut all: Vec<String> = ["network", verb, &network, "--table", &table]
        .map(str::to_owned)
        .into();
    let ring = "--bound 8 --log-n 10 --insecure";
    let one = |w: &str| w.strip_prefix('@').map_or(w.to_owned(), |w| f.at(w));
    all.extend(ring.split(' ').chain(more.split_whitespace()).map(one));
    all
}

fn step(f: &Folder, verb: &str, more: &str) -> Run {
    polycert(&words(f, (verb, "net.safetensors"), more))
}

const KEYS: &str = "--new-secret @secret -o @keys --seed 5";
const ENCRYPT: &str = "--secret @secret --input @x.npy --sample 2,0 --seed 5 -o @in";
const RUN: &str = "--keys @keys --encrypted @in/sample000002.input -o @out";

/// A folder with keys and encrypted inputs.
fn prepared() -> Folder {
    let f = folder();
    step(&f, "keys", KEYS).exits(0);
    step(&f, "encrypt", ENCRYPT).exits(0);
    f
}

fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap().iter();
    list.map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn four_steps_are_one_run() {
    let f = folder();
    let made = step(&f, "keys", &format!("{KEYS} --json")).exits(0).json();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = |name: &str| {
            std::fs::metadata(f.path(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(
            (rights("secret") & 0o777, rights("keys") & 0o777),
            (0o600, 0o644)
        );
    }
    let length = std::fs::metadata(f.path("keys")).unwrap().len();
    let body = made["evaluation_keys_bytes"].as_u64().unwrap();
    assert!(body < length && length < body + 20_000, "{body} {length}");
    let said = step(&f, "keys", KEYS).exits(2).err;
    assert!(said.contains("never written over"), "{said}");

    step(&f, "encrypt", ENCRYPT).exits(0);
    // Whoever runs it has no secret key.
    std::fs::rename(f.path("secret"), f.path("client")).unwrap();
    let both = "--keys @keys --encrypted @in/sample000002.input @in/sample000000.input -o @out";
    let run = step(&f, "run", &format!("{both} --json")).exits(0).json();
    assert_eq!(run["schema"], "polycert-network-run/1");
    for (output, sample) in run["outputs"].as_array().unwrap().iter().zip([2, 0]) {
        assert_eq!(
            (&output["sample"], &output["was_there"]),
            (&json!(sample), &json!(false))
        );
        let steps = output["steps"].as_array().unwrap();
        let seconds = |v: &Value| v["measure_seconds"].as_f64().unwrap();
        let sum: f64 = steps.iter().map(seconds).sum();
        assert!((sum - seconds(output)).abs() < 1e-9 && sum > 0.0);
        assert_eq!(steps.len(), 5);
        for s in steps {
            let refresh = s["measure_phases"]["refreshes"].as_f64().unwrap();
            assert_eq!(refresh > 0.0, s["refreshed"] == true, "{s}");
            let peak = s["measure_peak_bytes"].as_u64();
            assert!(peak.is_none_or(|p| p > 1 << 20), "{s}");
        }
    }
    assert!(run["outputs"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .any(|s| s["refreshed"] == true));
    let mut names: Vec<String> = std::fs::read_dir(f.path("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["sample000000.output", "sample000002.output"]);

    let decrypt = "--secret @client --encrypted @out/sample000002.output @out/sample000000.output";
    let got = step(&f, "decrypt", &format!("{decrypt} --json"))
        .exits(0)
        .json();
    let clear = "--input @x.npy --sample 2,0 --json";
    let clear_only = step(&f, "encrypt", &format!("{clear} --simulate"))
        .exits(0)
        .json();
    let whole = step(&f, "encrypt", &format!("{clear} --seed 5"))
        .exits(0)
        .json();
    for (i, sample) in [2, 0].into_iter().enumerate() {
        let want = numbers(&clear_only["samples"][i]["estimate_outputs"]);
        let one = &whole["samples"][i];
        assert_eq!(
            (&got["samples"][i]["sample"], &one["sample"]),
            (&json!(sample), &json!(sample))
        );
        for other in [&got["samples"][i], &one["encrypted"]] {
            for (got, want) in numbers(&other["measure_outputs"]).iter().zip(&want) {
                assert!((got - want).abs() < 1e-4, "{got} {want}");
            }
        }
    }
    let text = step(&f, "decrypt", decrypt).exits(0).out;
    assert!(text.contains("sample 2 ("), "{text}");

    // What is there is not computed again, without its keys being read.
    let before = bytes(f.path("out/sample000002.output"));
    let again = step(&f, "run", both).exits(0);
    assert!(again.err.contains("is there already") && !again.err.contains("reading keys"));
    assert_eq!(bytes(f.path("out/sample000002.output")), before);
    // The same seed, the same bytes: an input does not depend on what is encrypted beside it.
    std::fs::rename(f.path("client"), f.path("secret")).unwrap();
    let alone = ENCRYPT.replace("2,0", "2").replace("@in", "@alone");
    step(&f, "encrypt", &alone).exits(0);
    let file = "sample000002.input";
    assert_eq!(
        bytes(f.path("in").join(file)),
        bytes(f.path("alone").join(file))
    );
}

/// Kills a run with SIGKILL, so long behind a line that it says, if any; whether it was still running.
fn killed(words: &[String], line: Option<&str>, wait: Duration) -> bool {
    let mut child = command().args(words).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let mut lines = said.lines().map(|l| l.unwrap());
    if let Some(line) = line {
        assert!(lines.any(|l| l.contains(line)), "{line} is not said");
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Killed at ten moments of a run, each drawn at random, and started again.
#[test]
fn a_killed_run_goes_on_and_gives_the_same_bytes() {
    let f = prepared();
    let start = Instant::now();
    step(&f, "run", RUN).exits(0);
    let whole = start.elapsed();
    let output = f.path("out/sample000002.output");
    let want = bytes(&output);
    let run = words(&f, ("run", "net.safetensors"), RUN);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 2f64.powi(53)
    };
    let (mut ended, mut resumed) = (0, 0);
    for _ in 0..10 {
        std::fs::remove_file(&output).unwrap();
        // In the setting up, or in one of the first four of five steps, the last of which is short.
        let begun = (draw() * 5.0) as usize;
        let line = format!("step {begun} of 5");
        let line = (begun > 0).then_some(line.as_str());
        let was_killed = killed(&run, line, whole.mul_f64(draw() / 5.0));
        let again = step(&f, "run", RUN).exits(0);
        let goes_on = again.err.contains("goes on behind step");
        let there = again.err.contains("is there already");
        assert!(goes_on || there || begun < 2, "{begun}: {}", again.err);
        ended += usize::from(was_killed);
        resumed += usize::from(goes_on);
        assert_eq!(bytes(&output), want);
        assert!(!f.path("out/sample000002.steps").exists());
    }
    assert!(
        ended >= 5 && resumed >= 3,
        "{ended} killed, {resumed} resumed"
    );

    // What a killed run had not finished writing is no harm.
    std::fs::remove_file(&output).unwrap();
    assert!(killed(&run, Some("step 3 of 5"), Duration::ZERO));
    f.file("out/sample000002.steps/.polycert-cut.tmp", "half");
    f.file("out/sample000002.steps/value0004", "half");
    step(&f, "run", RUN).exits(0);
    assert_eq!(bytes(&output), want);
    assert!(!f.path("out/sample000002.steps").exists());

    // Two at once would remove what the other reads.
    std::fs::remove_file(&output).unwrap();
    let mut first = command().args(&run).spawn().unwrap();
    let said = BufReader::new(first.stderr.take().unwrap());
    let mut lines = said.lines().map(|l| l.unwrap());
    assert!(lines.any(|l| l.contains("step 2 of 5")));
    says(
        step(&f, "run", RUN),
        &["sample000002.steps", "another run is at work on it"],
    );
    assert!(lines.any(|l| l.contains("step 5 of 5")));
    assert!(first.wait().unwrap().success());
    assert_eq!(bytes(&output), want);

    // Killed again and again, a step further each time.
    std::fs::remove_file(&output).unwrap();
    for line in ["step 2 of 5", "step 3 of 5", "step 4 of 5"] {
        assert!(killed(&run, Some(line), Duration::ZERO));
    }
    let again = step(&f, "run", &format!("{RUN} --json")).exits(0);
    let done = &again.json()["outputs"][0];
    assert_eq!(
        (
            &done["resumed_behind_step"],
            done["steps"].as_array().unwrap().len()
        ),
        (&json!(3), 5)
    );
    assert_eq!(bytes(&output), want);
}

#[track_caller]
fn says(run: Run, parts: &[&str]) {
    let run = run.exits(2);
    assert_eq!(run.out, "", "{run:?}");
    for part in parts {
        assert!(run.err.contains(part), "{part:?} is not said: {}", run.err);
    }
}

/// Changes a header and seals the file again: only what is behind the digests refuses it.
fn reseal(path: &Path, change: impl FnOnce(&mut Value)) {
    let old = bytes(path);
    let size = u32::from_le_bytes(old[8..12].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&old[12..12 + size]).unwrap();
    change(&mut header);
    let text = header.to_string().into_bytes();
    let mut new = old[..8].to_vec();
    new.extend((text.len() as u32).to_le_bytes());
    new.extend(text);
    new.extend(Sha256::digest(&new));
    new.extend(&old[12 + size + 32..old.len() - 32]);
    new.extend(Sha256::digest(&new));
    std::fs::write(path, new).unwrap();
}

#[test]
fn files_of_another_run_are_refused_before_it_begins() {
    let f = prepared();
    let (keys, input) = ("@keys", "@in/sample000002.input");
    let none = ["no file of polycert's encrypted runs"];
    says(step(&f, "run", &RUN.replace(keys, "@x.npy")), &none);
    let due = [
        "in/sample000002.input",
        "this is an encrypted input, where a file of evaluation keys is due",
    ];
    says(step(&f, "run", &RUN.replace(keys, input)), &due);
    let due = ["this is a secret key, where an encrypted input is due"];
    says(step(&f, "run", &RUN.replace(input, "@secret")), &due);
    let due = ["this is a file of evaluation keys, where a secret key is due"];
    says(step(&f, "encrypt", &ENCRYPT.replace("@secret", keys)), &due);
    let missing = ["nowhere", "No such file"];
    says(step(&f, "run", &RUN.replace(keys, "@nowhere")), &missing);

    // Another network, another B, other parameters.
    let other = |verb: &str, more: &str| polycert(&words(&f, (verb, "other.safetensors"), more));
    let program = ["made for the program", "the network, its tables, --bound"];
    says(other("run", RUN), &program);
    says(other("encrypt", ENCRYPT), &program);
    let mut bound = words(&f, ("run", "net.safetensors"), RUN);
    let b = bound.iter_mut().find(|w| *w == "8").unwrap();
    *b = "7".into();
    says(polycert(&bound), &program);
    let mut ring = words(&f, ("run", "net.safetensors"), RUN);
    *ring.iter_mut().find(|w| *w == "10").unwrap() = "11".into();
    says(polycert(&ring), &["made under the encryption parameters"]);

    // Another key.
    step(&f, "keys", "--new-secret @secret2 -o @keys2 --seed 6").exits(0);
    let key = [
        "in/sample000002.input",
        "under the key",
        "the evaluation keys are of",
    ];
    says(step(&f, "run", &RUN.replace(keys, "@keys2")), &key);
    step(&f, "run", RUN).exits(0);
    let decrypt = "--secret @secret --encrypted @out/sample000002.output";
    step(&f, "decrypt", decrypt).exits(0);
    let key = [
        "out/sample000002.output",
        "under the key",
        "the secret key is",
    ];
    says(
        step(&f, "decrypt", &decrypt.replace("@secret", "@secret2")),
        &key,
    );

    // An output that is there, of another input.
    std::fs::rename(
        f.path("out/sample000002.output"),
        f.path("out/sample000000.output"),
    )
    .unwrap();
    let there = [
        "out/sample000000.output",
        "the output of another input or of other keys",
    ];
    says(step(&f, "run", &RUN.replace("2.input", "0.input")), &there);
    // Two inputs of one name, an input in place of the output.
    std::fs::create_dir(f.path("more")).unwrap();
    std::fs::copy(
        f.path("in/sample000000.input"),
        f.path("more/sample000002.input"),
    )
    .unwrap();
    let two = RUN.replace(input, &format!("{input} @more/sample000002.input"));
    says(step(&f, "run", &two), &["two outputs"]);
    std::fs::rename(
        f.path("in/sample000002.input"),
        f.path("out/sample000002.output"),
    )
    .unwrap();
    let own = RUN.replace(input, "@out/sample000002.output");
    says(step(&f, "run", &own), &["is an input of this command"]);
}

#[test]
fn damaged_cut_and_incomplete_files_are_refused() {
    let f = prepared();
    let run = || step(&f, "run", RUN);
    for name in ["keys", "in/sample000002.input"] {
        let path = f.path(name);
        let good = bytes(&path);
        for at in [9, 100, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 16;
            std::fs::write(&path, bad).unwrap();
            says(run(), &[name, "damaged"]);
        }
        for length in [20, 200, good.len() / 2, good.len() - 1] {
            std::fs::write(&path, &good[..length]).unwrap();
            says(run(), &[name, "cut"]);
        }
        std::fs::write(&path, good).unwrap();
    }
    let path = f.path("secret");
    let good = bytes(&path);
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bad).unwrap();
    says(step(&f, "encrypt", ENCRYPT), &["secret", "damaged"]);
    std::fs::write(&path, good).unwrap();

    let good = bytes(f.path("keys"));
    let content = |h: &mut Value| h["content"]["evaluation-keys"].take();
    reseal(&f.path("keys"), |h| {
        let mut keys = content(h);
        let all = keys["keys"]["automorphisms"].as_object_mut().unwrap();
        let first = all.keys().next().unwrap().clone();
        all.remove(&first);
        h["content"]["evaluation-keys"] = keys;
    });
    says(
        run(),
        &["keys", "the rotation key of X -> X^", "is missing"],
    );
    std::fs::write(f.path("keys"), &good).unwrap();
    reseal(&f.path("keys"), |h| {
        let mut keys = content(h);
        keys["keys"]["relinearization"] = json!(1);
        h["content"]["evaluation-keys"] = keys;
    });
    says(
        run(),
        &["the relinearisation key up to level", "is missing"],
    );
    std::fs::write(f.path("keys"), &good).unwrap();
    reseal(&f.path("keys"), |h| {
        let mut keys = content(h);
        keys["bootstrapping"] = json!(false);
        h["content"]["evaluation-keys"] = keys;
    });
    says(run(), &["the pair of keys of the bootstrapping is missing"]);
    std::fs::write(f.path("keys"), &good).unwrap();
    reseal(&f.path("keys"), |h| {
        h["format"] = json!("polycert-encrypted-run/2")
    });
    says(
        run(),
        &["a file of \"polycert-encrypted-run/2\": this program reads polycert-encrypted-run/1"],
    );
    std::fs::write(f.path("keys"), &good).unwrap();
    run().exits(0);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let f = prepared();
    let line = |more: &str| words(&f, ("run", "net.safetensors"), more);
    let with = format!("{RUN} --checkpoint @kept");
    assert!(killed(&line(&with), Some("step 4 of 5"), Duration::ZERO));
    let steps = f.path("kept/sample000002.steps");
    assert!(steps.join("journal").exists());

    // Another input, other keys, another program, in place of what was begun.
    let (input, other) = (
        f.path("in/sample000002.input"),
        f.path("in/sample000000.input"),
    );
    let swap = |a: &Path, b: &Path| {
        let t = f.path("swap");
        std::fs::rename(a, &t).unwrap();
        std::fs::rename(b, a).unwrap();
        std::fs::rename(&t, b).unwrap();
    };
    let remedy = "name another --checkpoint, or remove the folder to begin anew";
    swap(&input, &other);
    says(step(&f, "run", &with), &["a run on another input", remedy]);
    swap(&input, &other);
    let more = "--new-secret @secret2 -o @keys2 --seed";
    step(&f, "keys", &format!("{more} 6")).exits(0);
    let two = ENCRYPT
        .replace("@secret", "@secret2")
        .replace("@in", "@in2");
    step(&f, "encrypt", &two).exits(0);
    let two = with.replace("@keys", "@keys2").replace("@in", "@in2");
    says(step(&f, "run", &two), &["a run under another key", remedy]);

    // Damage: in the journal, in a value, a value that is not the one.
    let good = bytes(steps.join("journal"));
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    std::fs::write(steps.join("journal"), bad).unwrap();
    says(step(&f, "run", &with), &["journal", "damaged"]);
    std::fs::write(steps.join("journal"), &good).unwrap();
    let value = steps.join("value0003");
    let kept = bytes(&value);
    std::fs::write(&value, &kept[..kept.len() - 5]).unwrap();
    says(step(&f, "run", &with), &["value0003", "cut"]);
    std::fs::write(&value, &kept).unwrap();
    reseal(&value, |h| h["content"]["value"]["value"] = json!(2));
    says(
        step(&f, "run", &with),
        &["value0003", "not the value that the journal names"],
    );
    std::fs::write(&value, &kept).unwrap();
    reseal(&steps.join("journal"), |h| {
        h["content"]["journal"]["spent"]
            .as_array_mut()
            .unwrap()
            .pop();
    });
    says(
        step(&f, "run", &with),
        &["a journal that does not fit the program"],
    );
    std::fs::write(steps.join("journal"), &good).unwrap();
    let again = step(&f, "run", &with).exits(0);
    assert!(
        again.err.contains("goes on behind step 3 of 5"),
        "{}",
        again.err
    );
    assert!(!steps.exists());
}

/// The limits of a process stand for a machine that has too little.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_or_disk_is_refused_before_the_work() {
    let f = prepared();
    let limited = |limit: &str, line: Vec<String>| -> Run {
        let mut shell = std::process::Command::new("sh");
        let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_polycert")])
            .args(&line)
            // Fewer arenas and threads, so that what the process takes is nearly the same everywhere.
            .envs([("MALLOC_ARENA_MAX", "1"), ("RAYON_NUM_THREADS", "2")]);
        let out = shell.output().unwrap();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Run {
            code: out.status.code().unwrap_or(-1),
            out: text(&out.stdout),
            err: text(&out.stderr),
        }
    };
    let run = words(&f, ("run", "net.safetensors"), RUN);
    // The run takes 63 MB by its schedule, and some 30 before it begins.
    let said = limited("-v 70000", run.clone());
    says(
        said,
        &["the run takes", "of memory by its schedule", "can be had"],
    );
    assert!(!f.path("out/sample000002.steps").exists());
    says(
        limited("-f 40", run),
        &["a checkpoint takes", "of disk", "a file may have"],
    );
    let keys = KEYS
        .replace("@secret", "@secret2")
        .replace("@keys", "@keys2");
    let said = limited(
        "-f 4000",
        words(&f, ("keys", "net.safetensors"), &format!("{keys} --json")),
    );
    says(
        said,
        &["the file of evaluation keys takes", "a file may have"],
    );
    assert!(!f.path("secret2").exists() && !f.path("keys2").exists());
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let f = folder();
    let said = |more: &str| step(&f, "encrypt", more).exits(2).err;
    assert!(said("--input @x.npy --secret @secret").contains("--output"));
    assert!(said("--input @x.npy -o @in").contains("--secret"));
    assert!(said("--input @x.npy --simulate --sample 0,3").contains("--sample 3: the file has 3"));
    assert!(step(&f, "run", "--keys @keys -o @out")
        .exits(2)
        .err
        .contains("--encrypted"));
    let own = step(&f, "keys", "--new-secret @k -o @k").exits(2).err;
    assert!(own.contains("two outputs"), "{own}");
}
