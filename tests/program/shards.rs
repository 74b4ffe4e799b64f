//! Shards of an audit and their merge: the bytes of one run; what does not belong together is refused by name.

use crate::network::{folder, line, npy};
use crate::support::program::{polycert, read, Folder, Run};
use std::collections::BTreeMap;

const SAMPLES: usize = 11;

/// Eleven samples of numbers: same, undecided, outside, one that cannot be evaluated; and their labels.
fn data() -> Folder {
    let f = folder(&[0; 2]);
    let mut data = vec![];
    for i in 0..SAMPLES {
        let (x, y) = match i {
            3 => (f64::NAN, 0.5),
            5 => (9.0, 1.0),
            7 => (0.5, 1.0),
            _ => (i as f64 / 10.0, 1.0 - i as f64 / 12.0),
        };
        data.extend(x.to_le_bytes());
        data.extend(y.to_le_bytes());
    }
    f.file("x.npy", npy("<f8", &[SAMPLES, 2], &data));
    f.file("y.npy", npy("|u1", &[SAMPLES], &[0; SAMPLES]));
    f
}

fn run(f: &Folder, rest: &[&str]) -> Run {
    let (out, labels) = (f.at("o.json"), f.at("y.npy"));
    let shared = ["--bound", "8", "--labels", &labels, "-o", &out];
    let mut all: Vec<&str> = shared.into_iter().collect();
    all.extend(rest);
    polycert(&line(f, "audit", &all))
}

/// What an audit writes, by name; and nothing of it is left.
fn written(f: &Folder) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for name in ["o.json", "o.csv"] {
        all.insert(name.to_owned(), read(f.path(name)));
        std::fs::remove_file(f.path(name)).unwrap();
    }
    for entry in std::fs::read_dir(f.path("certs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        all.insert(name, read(&path));
    }
    std::fs::remove_dir_all(f.path("certs")).unwrap();
    all
}

#[test]
fn merged_shards_are_the_bytes_of_one_run() {
    let f = data();
    let (csv, certs) = (f.at("o.csv"), f.at("certs"));
    let rest = [
        "--csv",
        &csv,
        "--certificates",
        &certs,
        "--worst",
        "2^-20",
        "--from",
        "1",
    ];
    let whole = run(&f, &rest).exits(1);
    let bytes = written(&f);
    assert!(bytes.keys().any(|name| name.contains("cert.json")));
    assert!(bytes["o.json"].contains("\"failed\": 1") && bytes["o.json"].contains("NaN"));
    assert!(!bytes["o.json"].contains("x.npy: "), "{}", bytes["o.json"]);
    for of in [1, 2, 3, SAMPLES - 1] {
        for index in (1..=of).rev() {
            let share = format!("{index}/{of}");
            let said = run(&f, &[&rest[..], &["--shard", &share]].concat())
                .exits(0)
                .out;
            assert!(said.contains(&format!("shard {index} of {of}: ")), "{said}");
            assert!(!f.path("o.json").exists() && !f.path("o.csv").exists());
        }
        // A shard that is there is left as it is.
        let again = run(&f, &[&rest[..], &["--shard", "1/1", "--json"]].concat());
        assert_eq!(again.exits(0).json()["kept"], true);
        let of = format!("--merge={of}");
        let merged = run(&f, &[&rest[..], &[&of]].concat()).exits(1);
        assert_eq!(merged.out, whole.out);
        assert_eq!(written(&f), bytes, "{of}");
    }
}

#[test]
fn an_interrupted_shard_goes_on_from_its_journal() {
    let f = data();
    let certs = f.file("certs", "no folder");
    let rest = ["--certificates", &certs, "--shard", "2/2"];
    // It fails once its samples are done.
    run(&f, &rest).exits(2);
    assert!(f.path("o.json.shard-2-of-2.journal").exists());
    let said = run(&f, &["--certificates", &certs, "--merge", "2"])
        .exits(2)
        .err;
    assert!(
        said.contains("2 of 2 shards are not there") && said.contains("begun, not finished"),
        "{said}"
    );
    std::fs::remove_file(&certs).unwrap();
    let said = run(&f, &rest).exits(0).err;
    assert!(said.contains("5 of 5 samples are in the journal"), "{said}");
    assert!(!f.path("o.json.shard-2-of-2.journal").exists());
}

#[test]
fn shards_that_do_not_belong_together_are_refused_by_name() {
    let f = data();
    let certs = f.at("certs");
    let rest = ["--certificates", &certs];
    let shard = |i: usize| format!("o.json.shard-{i}-of-3");
    for i in 1..=3 {
        let share = format!("{i}/3");
        run(&f, &[&rest[..], &["--shard", &share]].concat()).exits(0);
    }
    let good: Vec<String> = (1..=3).map(|i| read(f.path(&shard(i)))).collect();
    let refused = |rest: &[&str], parts: &[&str]| {
        let said = run(&f, rest).exits(2).err;
        for part in parts {
            assert!(said.contains(part), "{part:?} not named: {said}");
        }
        assert!(!f.path("o.json").exists(), "{rest:?}");
    };
    let merge = [&rest[..], &["--merge", "3"]].concat();
    // Damaged, cut, another part's, none: as merged, and where the shard itself is asked for again.
    let digit = good[1].replacen("0.", "1.", 1);
    assert_ne!(digit, good[1]);
    let cut: String = good[1].lines().take(3).map(|l| format!("{l}\n")).collect();
    let half = &good[1][..good[1].len() - 5];
    for (text, part) in [
        (digit.as_str(), "damaged: its bytes are not"),
        (&cut, "damaged: it is cut short"),
        (half, "damaged: it is cut short"),
        (
            &good[0],
            "holds shard 1 of 3 under the name of shard 2 of 3",
        ),
        ("", "not a shard of an audit"),
        ("precious\n", "not a shard of an audit"),
    ] {
        f.file(&shard(2), text);
        refused(&merge, &[&shard(2), part]);
        refused(
            &[&rest[..], &["--shard", "2/3"]].concat(),
            &[&shard(2), part],
        );
        assert_eq!(read(f.path(&shard(2))), text);
    }
    std::fs::remove_file(f.path(&shard(2))).unwrap();
    refused(&merge, &["1 of 3 shards are not there", &shard(2)]);
    f.file(&shard(2), &good[1]);
    // Of another request; the first line that differs is said.
    let noise = ["--worst", "1/4", "--merge", "3"];
    for (more, parts) in [
        (
            &["--merge", "3"][..],
            &["another request", "certificates true"][..],
        ),
        (
            &[&rest[..], &noise].concat(),
            &["another request", "noise []"],
        ),
        (
            &[&merge[..], &["--count", "9"]].concat(),
            &["another request", "samples 11 from 0"],
        ),
        (
            &[&merge[..], &["--input-domain", "0,1"]].concat(),
            &["another request", "input_domain"],
        ),
        (
            &[&rest[..], &["--merge", "4"]].concat(),
            &["4 of 4 shards are not there"],
        ),
        (
            &[&merge[..], &["--shard", "1/3"]].concat(),
            &["--shard", "--merge"],
        ),
        (&["--shard", "1/12"], &["12 shards of 11 samples"]),
        (&["--shard", "4/3"], &["shard 4 of 3", "--array=1-3"]),
        (&["--shard", "0/3"], &["shard 0 of 3"]),
        (&["--shard", "3"], &["I/N"]),
        (&["--merge", "0"], &["--merge"]),
    ] {
        refused(more, parts);
    }
    let table = read(f.path("f1.json"));
    f.file("f1.json", table.replace("1.5", "1.25"));
    refused(&merge, &["another request", "tables "]);
    f.file("f1.json", table);
    // Certificates that are not those that were made.
    let file = "sample000000.cert.json.input";
    let kept = read(f.path("certs").join(file));
    std::fs::write(f.path("certs").join(file), kept.clone() + " ").unwrap();
    refused(&merge, &[file, "another file than the shard made"]);
    std::fs::remove_file(f.path("certs").join(file)).unwrap();
    refused(&merge, &[file, "No such file"]);
    std::fs::write(f.path("certs").join(file), kept).unwrap();
    run(&f, &merge).exits(1);
}
