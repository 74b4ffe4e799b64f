//! `polycert report`, end to end: what it refuses, what its page and its data hold, and the shipped pages
//! byte for byte.

use crate::support::program::{number, polycert, read, Folder, F1};
use polycert::arith::number::parse;
use polycert_checker::{check, Outcome};
use rug::Rational;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped(name: &str) -> String {
    root()
        .join("certificates")
        .join(name)
        .to_str()
        .unwrap()
        .to_owned()
}

/// Certifies a table and returns the certificate's path.
fn certify(folder: &Folder, name: &str, table: &str, more: &[&str]) -> String {
    let table = folder.file(&format!("{name}.json"), table);
    let output = folder.at(&format!("{name}.cert.json"));
    let mut line = vec!["certify", table.as_str()];
    line.extend(more);
    line.extend(["-o", &output]);
    let run = polycert(&line);
    assert!(run.code < 2, "{run:?}");
    output
}

#[test]
fn certificates_that_do_not_verify_make_no_page() {
    let folder = Folder::new();
    let good = shipped("relu04.cert.json");
    let text = read(&good);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let hi = document["claims"].as_array().unwrap().last().unwrap()["hi"]
        .as_str()
        .unwrap();
    let forged = folder.file("forged.json", text.replace(hi, "1*2^-20"));
    let cut = folder.file("cut.json", &text[..text.len() / 2]);
    let page = folder.at("page.html");
    for (files, code, says) in [
        (
            vec![good.as_str(), &forged],
            1,
            vec!["forged.json: REJECTED"],
        ),
        (vec![&cut, &good], 2, vec!["cut.json: UNREADABLE"]),
        (vec!["nowhere.json"], 2, vec!["nowhere.json"]),
        (
            vec![&forged, &cut],
            2,
            vec!["forged.json: REJECTED", "cut.json: UNREADABLE"],
        ),
        (vec![good.as_str(); 65], 2, vec!["65 certificates", "64"]),
    ] {
        let mut line = vec!["report"];
        line.extend(&files);
        line.extend(["-o", &page, "--csv", &page]);
        let run = polycert(&line).exits(code);
        for words in says {
            assert!(run.err.contains(words), "{words}: {run:?}");
        }
        assert!(!Path::new(&page).exists() && run.out.is_empty(), "{run:?}");
    }
    polycert(&["report", &good, "-o", "/nowhere/page.html"]).exits(2);
    polycert(&["report"]).exits(2);
}

#[test]
fn a_page_is_self_contained_and_speaks_for_the_checker() {
    let folder = Folder::new();
    let hostile = "</title><script>alert(1)</script>&\"'";
    let name = serde_json::Value::from(hostile).to_string();
    let table = F1.replace("\"f1\"", &name);
    let first = certify(&folder, "first", &table, &["--claim", "2^-2"]);
    let second = certify(
        &folder,
        "second",
        F1,
        &["--target", "sign", "--claim", "2^-9"],
    );
    let of = |files: &[&str]| {
        let mut line = vec!["report"];
        line.extend(files);
        polycert(&line).exits(0).out
    };
    let audit = read(root().join("reports/fashion.audit.json"));
    let named: serde_json::Value = serde_json::from_str(&audit).unwrap();
    let audit = audit.replace(
        &format!("\"network\": {}", named["network"]),
        &format!("\"network\": {name}"),
    );
    let audit = folder.file("audit.json", audit);
    for page in [
        of(&[&first]),
        of(&[&second]),
        of(&[&first, &second]),
        of(&[&audit]),
    ] {
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;") || !page.contains("Audit of"));
        for outside in [
            "http:",
            "https:",
            "src=",
            "<script",
            "url(",
            "@import",
            "javascript:",
            "file:",
            "<link",
            "=\"//",
        ] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
        let links = page.matches("href=\"").count();
        assert!(links > 0 && links == page.matches("href=\"data:text/csv").count());
        for tag in [
            "figure", "svg", "title", "desc", "dl", "section", "table", "details", "ul", "ol",
            "text", "h3", "p",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert_eq!(
            page.matches("<svg ").count(),
            page.matches("role=\"img\"").count()
        );
        assert!(page.contains("prefers-color-scheme: dark"));
    }
    let page = of(&[&second]);
    let Outcome::Verified(report) = check(read(&second).as_bytes()) else {
        panic!()
    };
    let shown = |words: &str| {
        let words = words.replace('&', "&amp;").replace("<=", "\u{2264}");
        words
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('\'', "&#39;")
    };
    assert!(report.headline().contains("FALSE") && page.contains("REFUTED"));
    for words in report
        .words()
        .iter()
        .map(String::as_str)
        .chain([report.headline()])
    {
        assert!(page.contains(&shown(words)), "{words}");
    }
    for digest in [
        report.table_sha256(),
        &polycert::files::sha256(read(&second).as_bytes()),
    ] {
        assert!(page.contains(digest), "{digest}");
    }
    assert!(page.contains(&format!("polycert-check {second}")));
}

#[test]
fn a_page_of_an_audit_says_what_the_file_states() {
    let folder = Folder::new();
    let path = root().join("reports/fashion.audit.json");
    let (text, page) = (read(&path), folder.at("page.html"));
    let audit: serde_json::Value = serde_json::from_str(&text).unwrap();
    let csv = folder.at("csv");
    let line = ["report", path.to_str().unwrap(), "-o", &page, "--csv", &csv];
    polycert(&line).exits(0);
    let shown = read(&page);
    let digest = polycert::files::sha256(text.as_bytes());
    for said in [
        digest.as_str(),
        audit["network_sha256"].as_str().unwrap(),
        audit["input_sha256"].as_str().unwrap(),
        "No independent checker verified this page",
        "STATED, NOT CHECKED",
        "Inferred from samples",
    ] {
        assert!(shown.contains(said), "{said}");
    }
    for level in audit["levels"].as_array().unwrap() {
        let row = format!(
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td>",
            level["noise"].as_str().unwrap(),
            level["found"]["certified"]
        );
        assert!(shown.contains(&row), "{row}");
    }
    assert!(
        !shown.contains("PROVED"),
        "a badge that no checker stands for"
    );
    // The data of the plots: all samples, all layers.
    let rows = |name: &str| read(Path::new(&csv).join(name)).lines().count() - 1;
    let count = |field: &str| audit[field].as_array().unwrap().len();
    assert_eq!(rows("audit-margins.csv"), count("samples"));
    assert_eq!(rows("audit-levels.csv"), count("levels") + 1);
    assert_eq!(rows("audit-ranges-1.csv"), count("activations"));
    assert_eq!(rows("audit-bits-1.csv"), count("activations"));
    // What makes no sense is named and makes no page.
    for (from, to, said) in [
        ("\"same\": ", "\"same\": 1", "same, the rows have"),
        (
            "polycert-audit/2",
            "polycert-audit/9",
            "is not polycert-audit/3",
        ),
        ("\"layer\"", "\"lair\"", "unknown field"),
    ] {
        let forged = folder.file("forged.json", text.replacen(from, to, 1));
        let other = folder.at("other.html");
        let run = polycert(&["report", &forged, "-o", &other]).exits(2);
        assert!(
            run.err.contains(said) && run.err.contains("forged.json"),
            "{run:?}"
        );
        assert!(!Path::new(&other).exists());
    }
    let run = polycert(&[
        "report",
        path.to_str().unwrap(),
        &shipped("relu04.cert.json"),
    ])
    .exits(2);
    assert!(run.err.contains("fashion.audit.json"), "{run:?}");
}

/// Records of a CSV file without quotes.
fn records(text: &str) -> (Vec<&str>, Vec<Vec<Rational>>) {
    let mut lines = text
        .split_terminator("\r\n")
        .map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let numbers = lines.map(|cells| cells.iter().map(|c| parse(c).unwrap()).collect());
    (header.clone(), numbers.collect())
}

#[test]
fn samples_lie_below_what_is_proved() {
    let folder = Folder::new();
    let even = F1.replace("[\"0\",\"1.5\"", "[\"1/1000\",\"1.5\"");
    let cases = [
        (shipped("relu14.cert.json"), 1),
        (shipped("relu13.pool3.cert.json"), 1),
        (
            certify(
                &folder,
                "sign",
                &read(shipped("relu08.json")),
                &["--target", "sign", "--bound", "8"],
            ),
            8,
        ),
        (
            certify(
                &folder,
                "step",
                &read(shipped("relu08.json")),
                &["--target", "step"],
            ),
            1,
        ),
        (
            certify(
                &folder,
                "leaky",
                F1,
                &["--target", "leaky_relu", "--slope", "5/4", "--bound", "1/3"],
            ),
            1,
        ),
        (
            certify(
                &folder,
                "two",
                &even,
                &["--bound", "10", "--coefficients", "f32"],
            ),
            10,
        ),
    ];
    for (certificate, end) in cases {
        let csv = folder.at("csv");
        polycert(&[
            "report",
            &certificate,
            "-o",
            &folder.at("p.html"),
            "--csv",
            &csv,
        ])
        .exits(0);
        let document: serde_json::Value = serde_json::from_str(&read(&certificate)).unwrap();
        let claims = document["claims"].as_array().unwrap();
        let deviation = claims.iter().find(|c| c["rule"] == "deviation");
        let pool = certificate.contains("pool");
        let target = claims.last().unwrap();
        let hi = if pool {
            number(deviation.unwrap(), "hi")
        } else {
            number(target, "hi")
        };
        let mut largest = Rational::new();
        let mut files = 0;
        for entry in std::fs::read_dir(&csv).unwrap() {
            let path = entry.unwrap().path();
            let text = read(&path);
            let (header, rows) = records(&text);
            assert!(
                header.iter().all(|h| h.ends_with(']') || *h == "stage"),
                "{header:?}"
            );
            assert!(!rows.is_empty());
            files += 1;
            if header[0] == "stage" {
                assert!(rows.iter().all(|r| r[3] <= r[4]), "{}", path.display());
                continue;
            }
            for r in &rows {
                let [from, to, min, max, bound] = &r[..] else {
                    panic!()
                };
                let in_order = from.clone().abs() < to.clone().abs() && min <= max && max <= bound;
                // Rounded up to 7 digits.
                let room = Rational::from((1_000_001, 1_000_000));
                assert!(
                    in_order && *bound <= Rational::from(&hi * &room),
                    "{r:?} {hi}"
                );
                assert!(to.clone().abs() <= end, "{r:?}");
                largest = largest.max(max.clone());
            }
            std::fs::remove_file(&path).unwrap();
        }
        // The largest is not far below: the samples are those of this very function.
        let part = Rational::from(&largest / &hi);
        assert!(
            files >= 2 && part > Rational::from((99, 100)),
            "{certificate}: {part}"
        );
        std::fs::remove_dir_all(&csv).unwrap();
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = Folder::new();
    let huge = certify(&folder, "huge", F1, &["--bound", "2^600", "--only-error"]);
    let page = polycert(&["report", &huge]).exits(0).out;
    assert!(page.contains("No error curve is drawn: numbers beyond"));
    assert!(page.contains("has no stage ranges to draw"));
    assert!(!page.contains("<svg"));
}

/// `reports/` was made from `certificates/` by the commands that the pages name.
#[test]
fn shipped_pages_are_reproduced() {
    let sandbox = tempfile::tempdir().unwrap();
    for folder in ["certificates", "reports"] {
        std::fs::create_dir(sandbox.path().join(folder)).unwrap();
    }
    for file in std::fs::read_dir(root().join("certificates")).unwrap() {
        let path: PathBuf = file.unwrap().path();
        if path.is_file() {
            std::fs::copy(
                &path,
                sandbox
                    .path()
                    .join("certificates")
                    .join(path.file_name().unwrap()),
            )
            .unwrap();
        }
    }
    let audit = "reports/fashion.audit.json";
    std::fs::copy(root().join(audit), sandbox.path().join(audit)).unwrap();
    for name in ["relu14.html", "relu.html", "fashion.html"] {
        let path = format!("reports/{name}");
        let shipped = read(root().join(&path));
        let start = shipped
            .rfind("polycert report ")
            .expect("names its command");
        let command = shipped[start..].split('<').next().unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_polycert"))
            .args(command.split(' ').skip(1))
            .current_dir(sandbox.path())
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let again = read(sandbox.path().join(&path));
        assert!(
            again == shipped,
            "{command}: other bytes than the shipped {path}; run make reports"
        );
    }
}
