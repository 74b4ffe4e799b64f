//! `polycert catalogue`, end to end: a folder of everything that can go wrong, every form of the report,
//! the shipped reports byte for byte, and the published tables with pinned verdicts.

use crate::support::shared::shared;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// |r - ReLU| of f1 = (3x - x^3)/2 is about 0.112, at most 2^-3.
const F1: &str = r#"[["0","1.5","0","-0.5"]]"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polycert"))
        .arg("catalogue")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The JSON catalogue, and its exit code.
fn json(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = run(folder, &all);
    let value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", text(&run.stderr)));
    (value, run.status.code().unwrap())
}

fn entry<'a>(catalogue: &'a Value, file: &str) -> &'a Value {
    let all = catalogue["tables"].as_array().unwrap();
    all.iter()
        .find(|t| t["file"] == file)
        .unwrap_or_else(|| panic!("no {file}"))
}

fn table(name: &str, claim: &str) -> String {
    let name = Value::from(name);
    format!(
        r#"{{"format":"polycert-table/1","name":{name},"target":"relu","domain":{{"lo":"-1","hi":"1"}},
        "components":[{{"basis":"power","coefficients":["0","1.5","0","-0.5"]}}],
        "provenance":{{"claim":"{claim}"}}}}"#
    )
}

const HOSTILE: &str = "=2+3,\"q\"|<script>alert(1)</script>\nnext";

/// Good, refuted, broken, foreign, published, and of hostile names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sub = folder.path().join("t");
    std::fs::create_dir_all(sub.join("folder.json")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(sub.join(name), text).unwrap();
    write("a_good.json", &table("a_good", "2^-3"));
    write("b_refuted.json", &table("b_refuted", "2^-4"));
    write("c_words.json", &table("c_words", "at most 2^-4"));
    write("d_broken.json", "{\"components\": [");
    write("e_other.json", "{\"depths\": [1, 2]}");
    write("e_list.json", "[1, 2]");
    let said = "|r_alpha(x)-ReLU(x)| <= 2^-3 for x in [-1,1]";
    let published = format!(r#"{{"alpha":3,"claim":"{said}","basis":"power","components":{F1}}}"#);
    write("f_published.json", &published);
    let unsaid = format!(r#"{{"alpha":30,"claim":"tells 2^-30 apart","components":{F1}}}"#);
    write("g_gap.json", &unsaid);
    write("h_hostile.json", &table(HOSTILE, "2^-3"));
    write(
        "i_next.json",
        &table("i", "1").replace("table/1", "table/2"),
    );
    write("readme.txt", "not JSON");
    folder
}

#[test]
fn a_folder_of_everything() {
    let folder = folder();
    let (catalogue, code) = json(folder.path(), &["t", "--claim-from-alpha"]);
    assert_eq!(code, 2, "files failed");
    let verdict = |file: &str| &entry(&catalogue, file)["claim"]["verdict"];
    assert_eq!(verdict("a_good.json"), "PROVED");
    assert_eq!(verdict("b_refuted.json"), "REFUTED");
    assert_eq!(verdict("f_published.json"), "PROVED");
    assert_eq!(verdict("c_words.json"), &Value::Null);
    assert_eq!(verdict("g_gap.json"), &Value::Null);
    let good = entry(&catalogue, "a_good.json");
    assert_eq!(
        (&good["depth"], &good["multiplications"]),
        (&3.into(), &3.into())
    );
    let source = &entry(&catalogue, "f_published.json")["claim"]["source"];
    assert_eq!(source, "the table's alpha");
    for (file, says) in [
        ("d_broken.json", "line 1"),
        ("i_next.json", "polycert-table/2"),
        ("folder.json", "not a regular file"),
    ] {
        let error = entry(&catalogue, file)["error"].as_str().unwrap();
        assert!(error.contains(says), "{file}: {error}");
    }
    assert_eq!(
        catalogue["skipped"],
        serde_json::json!(["e_list.json", "e_other.json"])
    );
    let files: Vec<&str> = catalogue["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["file"].as_str().unwrap())
        .collect();
    assert!(files.is_sorted() && files.len() == 9, "{files:?}");
    // Without being asked for, alpha is no claim.
    let (plain, _) = json(folder.path(), &["t"]);
    assert_eq!(entry(&plain, "f_published.json")["claim"], Value::Null);
}

#[test]
fn exit_codes_follow_the_claims() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    assert_eq!(
        run(folder.path(), &["."]).status.code(),
        Some(2),
        "no table"
    );
    assert_eq!(run(folder.path(), &["nowhere"]).status.code(), Some(2));
    write("a.json", &table("a", "2^-3"));
    assert_eq!(run(folder.path(), &["."]).status.code(), Some(0));
    // A certificate of this table holds the enclosure; a claim inside it cannot be decided.
    let (catalogue, _) = json(folder.path(), &["."]);
    let hi = entry(&catalogue, "a.json")["bound_hi"].as_str().unwrap();
    let lo = entry(&catalogue, "a.json")["bound_lo"].as_str().unwrap();
    for (bound, code) in [(hi, 0), (lo, 1), ("2^-10", 1)] {
        write("claims.txt", &format!(r#"{{"a":{{"bound":"{bound}"}}}}"#));
        let run = run(folder.path(), &[".", "--claims", "claims.txt"]);
        assert_eq!(run.status.code(), Some(code), "{bound}");
    }
    for (claims, says) in [
        (r#"{"b":{"bound":"1"}}"#, "no b.json"),
        (r#"{"a":{"bound":1}}"#, "claims.txt: line 1"),
        (r#"{"a":{},"a":{}}"#, "duplicate"),
    ] {
        write("claims.txt", claims);
        let run = run(
            folder.path(),
            &[".", "--claims", "claims.txt", "-o", "out.md"],
        );
        assert_eq!(run.status.code(), Some(2), "{claims}");
        assert!(text(&run.stderr).contains(says), "{}", text(&run.stderr));
        assert!(!folder.path().join("out.md").exists());
    }
    write(
        "claims.txt",
        r#"{"a":{"target":"sign","bound":"1/3","eps":"1/2"}}"#,
    );
    let (catalogue, code) = json(folder.path(), &[".", "--claims", "claims.txt"]);
    let row = entry(&catalogue, "a.json");
    // 1 - f1(1/2) = 5/16.
    assert_eq!((code, &row["target"]), (0, &Value::from("sign")), "{row}");
    assert_eq!(row["claim"]["source"], "the file of claims");
    assert!(row["bound_hi_decimal"]
        .as_str()
        .unwrap()
        .starts_with("0.3125"));
    // sign without a gap is an error of its row.
    assert_eq!(
        run(folder.path(), &[".", "--target", "sign"]).status.code(),
        Some(2)
    );
}

#[test]
fn certificates_are_written_read_and_never_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.json"), table("a", "2^-3")).unwrap();
    let (made, _) = json(folder.path(), &[".", "--certificates", "."]);
    assert_eq!(made["tables"][0]["certificate"], "made for this catalogue");
    let certificate = std::fs::read_to_string(path("a.cert.json")).unwrap();
    let (read, code) = json(folder.path(), &["."]);
    assert_eq!(
        (code, &read["tables"][0]["certificate"]),
        (0, &Value::from("beside the table"))
    );
    for field in [
        "bound_lo",
        "bound_hi",
        "claim",
        "certificate_sha256",
        "statement",
    ] {
        assert_eq!(read["tables"][0][field], made["tables"][0][field]);
    }
    // Another function or claim than the certificate's is proved anew.
    for other in [&["--target", "max"][..], &["--claims", "claims.txt"]] {
        std::fs::write(path("claims.txt"), r#"{"a":{"bound":"2^-2"}}"#).unwrap();
        let all: Vec<&str> = ["."].iter().chain(other).copied().collect();
        let (anew, _) = json(folder.path(), &all);
        assert_eq!(anew["tables"][0]["certificate"], "made for this catalogue");
    }
    // So is a claim that the certificate answers for part of the domain only.
    let part = [
        "certify",
        "a.json",
        "--to",
        "1/2",
        "--claim",
        "2^-3",
        "-o",
        "a.cert.json",
    ];
    let mut certify = Command::new(env!("CARGO_BIN_EXE_polycert"));
    assert!(certify
        .args(part)
        .current_dir(folder.path())
        .output()
        .unwrap()
        .status
        .success());
    let (anew, _) = json(folder.path(), &["."]);
    assert_eq!(anew["tables"][0]["certificate"], "made for this catalogue");
    std::fs::write(path("a.json"), table("a", "no number")).unwrap();
    let (shown, _) = json(folder.path(), &["."]);
    assert_eq!(shown["tables"][0]["parameters"]["to"], "1*2^-1");
    // A forged bound, and a certificate of another table.
    let hi = made["tables"][0]["bound_hi"].as_str().unwrap();
    std::fs::write(path("a.cert.json"), certificate.replace(hi, "1*2^-20")).unwrap();
    let (forged, code) = json(folder.path(), &["."]);
    let error = forged["tables"][0]["error"].as_str().unwrap();
    assert!(
        code == 2 && error.starts_with("a.cert.json: REJECTED"),
        "{error}"
    );
    std::fs::copy(
        root().join("certificates/relu04.cert.json"),
        path("a.cert.json"),
    )
    .unwrap();
    let (other, code) = json(folder.path(), &["."]);
    let error = other["tables"][0]["error"].as_str().unwrap();
    assert!(code == 2 && error.contains("is about the table"), "{error}");
}

/// Records of RFC 4180.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'));
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty() && record.is_empty());
    records
}

#[test]
fn every_form_holds_hostile_names() {
    let folder = folder();
    let form = |name: &str| {
        let run = run(folder.path(), &["t", "--format", name]);
        text(&run.stdout).to_owned()
    };
    let records = csv(&form("csv"));
    let columns = records[0].len();
    assert!(records.iter().all(|r| r.len() == columns) && records.len() == 10);
    let hostile = records.iter().find(|r| r[0] == "h_hostile.json").unwrap();
    assert_eq!(
        hostile[1],
        format!("'{HOSTILE}"),
        "disarmed, and nothing else changed"
    );
    let refuted = records.iter().find(|r| r[0] == "b_refuted.json").unwrap();
    assert!(refuted.contains(&"REFUTED".to_owned()));

    let (catalogue, _) = json(folder.path(), &["t"]);
    assert_eq!(entry(&catalogue, "h_hostile.json")["name"], HOSTILE);

    let markdown = form("markdown");
    let mut tables = Vec::new();
    for line in markdown.lines().filter(|l| l.starts_with('|')) {
        let cells = line.replace("\\|", "").matches('|').count();
        tables.push(cells);
    }
    tables.dedup();
    assert_eq!(
        tables.len(),
        3,
        "each table has one number of cells: {tables:?}"
    );
    let bare = markdown.replace("\\<script", "");
    assert!(!bare.contains("<script"), "{markdown}");

    let html = form("html");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    for outside in [
        "http://",
        "https://",
        "src=",
        "href=",
        "url(",
        "@import",
        "javascript:",
    ] {
        assert!(!html.contains(outside), "not self-contained: {outside}");
    }
    for tag in [
        "table", "thead", "tbody", "tr", "th", "td", "caption", "div", "span", "dl", "main",
    ] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        let closed = html.matches(&format!("</{tag}>")).count();
        assert!(
            opened == closed && opened > 0,
            "{tag}: {opened} opened, {closed} closed"
        );
    }
    assert_eq!(
        html.matches("<table>").count(),
        html.matches("class=\"scroll\"").count()
    );
    assert!(html.contains("scope=\"col\"") && html.contains("prefers-color-scheme: dark"));
}

/// `reports/` was made from `certificates/` by the commands that it names.
#[test]
fn shipped_reports_are_reproduced() {
    let sandbox = tempfile::tempdir().unwrap();
    for folder in ["certificates", "reports"] {
        std::fs::create_dir(sandbox.path().join(folder)).unwrap();
    }
    for file in std::fs::read_dir(root().join("certificates")).unwrap() {
        let file = file.unwrap();
        if file.path().is_dir() {
            continue;
        }
        let copy = sandbox.path().join("certificates").join(file.file_name());
        std::fs::copy(file.path(), copy).unwrap();
    }
    for name in ["catalogue.md", "catalogue.html"] {
        let path = format!("reports/{name}");
        let shipped = std::fs::read_to_string(root().join(&path)).unwrap();
        let start = shipped
            .find("polycert catalogue ")
            .expect("names its command");
        let command = shipped[start..].split(['`', '<']).next().unwrap();
        let arguments: Vec<&str> = command.split(' ').skip(2).collect();
        let run = run(sandbox.path(), &arguments);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let again = std::fs::read_to_string(sandbox.path().join(&path)).unwrap();
        assert!(
            again == shipped,
            "{command}: other bytes than the shipped {path}; run make reports"
        );
    }
}

#[test]
fn published_tables_have_their_verdicts() {
    let Some(folder) = shared("tables") else {
        return;
    };
    let here = tempfile::tempdir().unwrap();
    let claims = r#"{"smartpaf_a7": {"target": "relu", "bound": "2^-7"},
        "lattigo_default_sign_alpha30": {"target": "sign", "bound": "2^-80", "eps": "2^-30"}}"#;
    std::fs::write(here.path().join("claims.txt"), claims).unwrap();
    let folder = folder.canonicalize().unwrap();
    let arguments = [
        folder.to_str().unwrap(),
        "--claim-from-alpha",
        "--claims",
        "claims.txt",
    ];
    let (catalogue, code) = json(here.path(), &arguments);
    assert_eq!(code, 1, "one claim is refuted, and every file is read");
    let verdicts: Vec<(&str, &str)> = catalogue["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            let verdict = t["claim"]["verdict"].as_str().unwrap_or("-");
            (t["name"].as_str().unwrap(), verdict)
        })
        .collect();
    let pinned = [
        ("approxcnn_alpha04", "REFUTED"),
        ("approxcnn_alpha07", "PROVED"),
        ("approxcnn_alpha10", "PROVED"),
        ("approxcnn_alpha13", "PROVED"),
        ("approxcnn_alpha14", "PROVED"),
        ("lattigo_default_sign_alpha30", "PROVED"),
        ("lattigo_signx4", "-"),
        ("smartpaf_2f12g1", "-"),
        ("smartpaf_a7", "PROVED"),
        ("smartpaf_f1g2", "-"),
        ("smartpaf_f2g2", "-"),
    ];
    assert_eq!(verdicts, pinned);
}
