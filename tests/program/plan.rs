//! `polycert plan`: what it writes and says, on the shipped network, and what it refuses.

use crate::network::npy;
use crate::support::program::{polycert, Folder, Run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A file of the shipped network.
fn fashion(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/certificates/networks/fashion/{name}")
}

fn plan(f: &Folder, more: &[&str]) -> Run {
    let (network, images) = (fashion("network.safetensors"), fashion("images.npy"));
    let out = f.at("plan");
    let mut line = vec!["plan", &network, "--input", &images, "-o", &out];
    line.extend(more);
    // Noise takes a backward row for every neuron.
    if !more.contains(&"--margins") {
        line.extend(["--margins", "0"]);
    }
    polycert(&line)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Levels of all activations and seconds as the screen has them.
#[test]
fn fewest_levels_cost_more_and_least_cost_takes_more_levels() {
    let f = Folder::new();
    let said = |minimise: &str| {
        let more = ["--select", "6", "--state", "2", "--minimise", minimise];
        let run = plan(&f, &more);
        let number = |from: &str, before: &str| -> f64 {
            let line = run.out.lines().find(|l| l.starts_with(from)).unwrap();
            let words = line.split(before).next().unwrap();
            words.rsplit(' ').next().unwrap().parse().unwrap()
        };
        let levels = number("PLAN", " levels and");
        assert_eq!(
            read(&f.path("plan/plan.json"))["levels"],
            levels.to_string()
        );
        let chosen = run.out.contains("; of fewest levels");
        assert_eq!(chosen, minimise == "levels", "{}", run.out);
        (levels, number("ESTIMATE", " s ("))
    };
    let (cost, levels) = (said("cost"), said("levels"));
    assert!(
        levels.0 < cost.0 && levels.1 >= cost.1,
        "{levels:?} {cost:?}"
    );
    let run = plan(&f, &["--minimise", "price"]);
    assert!(run.exits(2).err.contains("cost, levels"));
}

#[test]
fn a_plan_holds_its_tables_and_states_on_other_inputs() {
    let f = Folder::new();
    let labels = fashion("labels.npy");
    let run = plan(
        &f,
        &[
            "--labels",
            &labels,
            "--select",
            "24",
            "--state",
            "8",
            "--certify",
            "1",
            "--margins",
            "1",
        ],
    );
    let run = run.exits(0);
    for words in [
        "chosen on 24 inputs, stated on 8 others",
        "PROVED    class stays on 8 of 8 inputs that did not choose: share in [0.63",
        "outside [-B, B] on 0 of 8",
        "ASSUMED   the samples are drawn independently",
        "ESTIMATE",
        "PROVED    1 inputs by certificates",
        "B at every activation leaves the class on the 1 least margins",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    // What is proved comes before what is assumed, and that before estimates.
    let at = |word: &str| run.out.find(word).unwrap();
    assert!(at("PROVED ") < at("ASSUMED ") && at("ASSUMED ") < at("ESTIMATE "));
    let folder = f.path("plan");
    let plan = read(&folder.join("plan.json"));
    assert_eq!(plan["format"], "polycert-plan/1");
    let all = |key: &str| -> BTreeSet<String> {
        let list = plan[key].as_array().unwrap();
        list.iter()
            .map(|d| d.as_str().unwrap().to_owned())
            .collect()
    };
    let (selected, stated) = (all("selected"), all("stated"));
    assert_eq!((selected.len(), stated.len()), (24, 8));
    assert!(selected.is_disjoint(&stated));
    let rows = plan["activations"].as_array().unwrap();
    // Six ReLU and two poolings of two rounds, three matches each.
    assert_eq!(rows.len(), 8);
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let (mut levels, mut products) = (0, 0);
    for (row, more) in rows
        .iter()
        .zip(plan["producer"]["activations"].as_array().unwrap())
    {
        let table = read(&folder.join(row["table"][0].as_str().unwrap()));
        assert_eq!(table["sha256"], row["table_sha256"]);
        levels += number(&row["levels"]);
        products += number(&more["products"]);
    }
    assert_eq!(number(&plan["levels"]), levels);
    assert_eq!(number(&plan["producer"]["products"]), products);
    // The independent checker verifies all of the folder, and says what it does not.
    let run = polycert(&["check", folder.to_str().unwrap()]).exits(0);
    for words in [
        "VERIFIED a plan: 8 activations with ",
        "PROVED    class stays on 1 of the 8 stated inputs, by certificates",
        "REPORTED  class stays on 8 of 8 stated inputs: share in [6.305",
        "ASSUMED   8 activations take no more levels than polynomials of least depth",
        "ESTIMATE  ",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    let table = folder.join(rows[0]["table"][0].as_str().unwrap());
    let kept = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, kept.replacen('1', "2", 1)).unwrap();
    let run = polycert(&["check", folder.join("plan.json").to_str().unwrap()]).exits(1);
    assert!(
        run.out.contains("REJECTED P1 files: tables/00-"),
        "{}",
        run.out
    );
    std::fs::write(&table, kept).unwrap();
    // The certificate of an input is about the network that stands beside the plan.
    let certificate = folder.join(plan["certified"][0]["certificate"][0].as_str().unwrap());
    let (certificate, network) = (certificate.to_str().unwrap(), folder.join("network.exact"));
    let input = format!("{certificate}.input");
    let run = polycert(&[
        "check",
        "--network",
        network.to_str().unwrap(),
        "--input",
        &input,
        certificate,
    ])
    .exits(0);
    assert!(run.out.contains("VERIFIED"), "{}", run.out);
}

/// Certificates of activations on ciphertexts, beside what the least margins stand; and one design everywhere.
#[test]
fn the_noise_of_ciphertexts_is_held_against_what_margins_stand() {
    let f = Folder::new();
    let few = [
        "--select",
        "12",
        "--state",
        "2",
        "--margins",
        "1",
        "--seed",
        "2",
    ];
    let asked = [&few[..], &["--compare", "5", "--preset", "B"]].concat();
    let run = plan(&f, &asked).exits(0);
    for words in [
        "noise proved / allowed",
        "PROVED    every activation of fresh encryptions adds at most 2^-2",
        "but for 2^-40 a ciphertext; N = 2^16, Q = 50+28x45, P = 5x49, scale 2^45",
        "PROVED    noise closes with ",
        "PROVED    one design everywhere, c",
        "ASSUMED   what linear layers, bootstraps and inputs noisier than fresh encryptions add is at most 2^-",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    let folder = f.path("plan");
    let made = read(&folder.join("plan.json"));
    let number = |v: &Value| polycert::arith::number::parse(v.as_str().unwrap()).unwrap();
    let noise = &made["producer"]["noise"];
    assert_eq!(
        (&noise["closes"], &noise["log_scale"], &noise["k"]),
        (&"true".into(), &"45".into(), &"40".into())
    );
    let level = |key: &str| {
        let bits: u32 = noise[key].as_str().unwrap().parse().unwrap();
        rug::Rational::from(1) >> bits
    };
    let (everywhere, beside, left) = (level("bits"), level("beside_bits"), number(&noise["left"]));
    let mut each = Vec::new();
    let mut most = rug::Rational::new();
    let more = made["producer"]["activations"].as_array().unwrap();
    for (row, more) in made["activations"].as_array().unwrap().iter().zip(more) {
        let file = folder.join(row["noise"]["evaluation"][0].as_str().unwrap());
        let text = std::fs::read(&file).unwrap();
        let outcome = polycert_checker::check(&text).to_string();
        assert!(outcome.starts_with("VERIFIED"), "{outcome}");
        let document = read(&file);
        // From the level at which the plan evaluates it.
        assert_eq!(document["nodes"][0][1], more["evaluation_level"]);
        let proved = number(&row["noise"]["proved"]);
        each.push((number(&row["noise"]["allowed"]), proved.clone()));
        most = most.max(proved);
    }
    // The independent checker compares them, and says what is left.
    let run = polycert(&["check", folder.to_str().unwrap()]).exits(0);
    for words in [
        "; noise at most ",
        "PROVED    noise of encrypted evaluation as listed, at 8 of 8 activations",
        "ASSUMED   linear layers, bootstraps and inputs that are noisier than certificates say add at most ",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    assert_eq!(number(&noise["bound_noise"]), most);
    // The same everywhere, or as much beside each, whichever leaves more.
    let as_much =
        |(w, bound): &(rug::Rational, rug::Rational)| *w == rug::Rational::from(bound + &beside);
    assert!(each.iter().all(as_much) || each.iter().all(|(w, _)| *w == everywhere));
    let of_everywhere = rug::Rational::from(&everywhere - &most);
    assert_eq!(left, beside.max(of_everywhere));
    assert_eq!(made["rest"], noise["left"]);
    let uniform = &made["producer"]["uniform"]["noise"];
    let file = std::fs::read(folder.join(uniform["evaluation"].as_str().unwrap())).unwrap();
    assert_eq!(uniform["evaluation_sha256"], polycert::files::sha256(&file));
    // The certificates serve the network's own commands: one level, every layer by its own.
    let image = made["activations"].as_array().unwrap();
    let (network, images) = (fashion("network.safetensors"), fashion("images.npy"));
    let mut line: Vec<String> = [
        "network", "deviate", &network, "--input", &images, "--attack", "0", "--json",
    ]
    .map(str::to_owned)
    .to_vec();
    let at = |file: &Value| folder.join(file.as_str().unwrap()).display().to_string();
    let mut scales = Vec::new();
    let mut given = BTreeSet::new();
    for (row, more) in image.iter().zip(more) {
        line.extend(["--table".to_owned(), at(&row["table"][0])]);
        let direct = more["design"].as_str().unwrap().starts_with('d');
        scales.push(if direct {
            "1".to_owned()
        } else {
            row["B"].as_str().unwrap().to_owned()
        });
        given.insert(at(&row["noise"]["evaluation"][0]));
    }
    line.extend(["--bound".to_owned(), scales.join(",")]);
    line.extend(
        given
            .iter()
            .flat_map(|file| ["--evaluation".to_owned(), file.clone()]),
    );
    let j = polycert(&line).exits(0).json();
    assert_eq!(j["samples"][0]["levels"][0]["noise"], "evaluated by layer");
}

#[test]
fn a_scale_that_is_too_small_does_not_close() {
    let f = Folder::new();
    let asked = [
        "--select",
        "4",
        "--state",
        "2",
        "--margins",
        "1",
        "--log-n",
        "12",
        "--q",
        "50+20x24",
        "--p",
        "2x48",
        "--insecure",
    ];
    let run = plan(&f, &asked);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.out.contains("noise DOES NOT CLOSE at scale 2^24: "),
        "{}",
        run.out
    );
    let made = read(&f.path("plan/plan.json"));
    let noise = &made["producer"]["noise"];
    assert_eq!(noise["closes"], "false");
    // Certificates under a chain of more bits a level do close.
    let bits = noise["closes_at"]["level_bits"].as_str();
    let bits: u32 = bits
        .unwrap_or_else(|| panic!("{}", run.out))
        .parse()
        .unwrap();
    let words = format!("closes at {bits} bits a level");
    assert!(bits > 24 && run.out.contains(&words), "{}", run.out);
    let (q, mut line) = (format!("50+20x{bits}"), asked.to_vec());
    let at = line.iter().position(|w| *w == "50+20x24").unwrap();
    line[at] = &q;
    let run = plan(&f, &line);
    assert!(
        run.out.contains("PROVED    noise closes with "),
        "{}",
        run.out
    );
}

#[test]
fn another_seed_chooses_on_other_inputs_and_the_same_seed_on_the_same() {
    let f = Folder::new();
    let digests = |seed: &str| {
        let run = plan(
            &f,
            &["--seed", seed, "--select", "4", "--state", "2", "--json"],
        );
        // Four inputs choose: another one may be answered differently.
        assert!(run.code <= 1, "{run:?}");
        let j = run.json();
        (j["selected"].clone(), j["activations"].clone())
    };
    let (one, two) = (digests("1"), digests("2"));
    assert_ne!(one.0, two.0);
    assert_eq!(one, digests("1"));
}

#[test]
fn what_cannot_be_reached_is_said_with_what_would_help() {
    let f = Folder::new();
    let few = ["--select", "4", "--state", "2"];
    let asked = [&few[..], &["--designs", "direct", "--logits", "1e-9"]].concat();
    let run = plan(&f, &asked).exits(1);
    assert!(run.out.starts_with("NO PLAN   every logit stays within 0.000000001: the most precise designs (d126) keep it on 0 of 4"), "{}", run.out);
    assert!(!f.path("plan/plan.json").exists());
    // Direct polynomials reach 2^-9 only; composites reach more.
    let asked = [
        &few[..],
        &["--designs", "direct", "--logits", "0.002", "--json"],
    ]
    .concat();
    let j = plan(&f, &asked).exits(1).json();
    assert_eq!(j["plan"], Value::Null);
    assert_eq!(j["cures"][0]["option"], "--designs composite,direct");
}

#[test]
fn bad_requests_say_what_is_wrong() {
    let f = Folder::new();
    let one = f.file("one.npy", npy("|u1", &[1], &[1]));
    for (more, words) in [
        (
            &["--select", "39", "--state", "2"][..],
            "39 samples to choose and 2 others to state",
        ),
        (
            &["--select", "40"],
            "40 samples to choose and 0 others to state",
        ),
        (&["--select", "1"], "each takes 2 at least"),
        (
            &["--profile", "nonsense"],
            "there is no profile \"nonsense\": own, ",
        ),
        (&["--levels", "99"], "--levels 99: the profile own has 1 to"),
        (&["--designs", "magic"], "composite or direct"),
        (&["--agreement", "0"], "are shares"),
        (
            &["--agreement", "0.9", "--margin", "0.5"],
            "cannot be used with",
        ),
        (&["--range-margin", "1/2"], "is below 1"),
        (&["--labels", &one], "1 labels for 40 samples"),
        (&["--preset", "C"], "there is no preset \"C\": A or B"),
        (
            &["--preset", "B", "--margins", "0"],
            "--margins is 1 at least beside --preset",
        ),
        (&["--insecure"], "no encryption parameters are given"),
        (&["--preset", "B", "-k", "81"], "81"),
    ] {
        let run = plan(&f, more).exits(2);
        assert!(run.err.contains(words), "{words}\n{}", run.err);
    }
    let short = [
        "--log-n",
        "11",
        "--q",
        "50+2x40",
        "--p",
        "2x48",
        "--insecure",
    ];
    let more = ["--select", "4", "--state", "2", "--margins", "1"];
    let run = plan(&f, &[&more[..], &short].concat()).exits(2);
    assert!(
        run.err.contains("it is evaluated from level")
            && run.err.contains("the parameters have 2 levels"),
        "{}",
        run.err
    );
    let more = ["--select", "4", "--state", "2", "--explain", "nowhere"];
    let run = plan(&f, &more).exits(2);
    assert!(
        run.err
            .contains("--explain nowhere: no such layer; the layers are"),
        "{}",
        run.err
    );
}

/// `reports/fashion-plan` and its page, which says how both were made.
#[test]
fn the_shipped_plan_is_verified_and_drawn_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("reports/fashion-plan");
    let run = polycert(&["check", folder.to_str().unwrap()]).exits(0);
    for words in [
        "PROVED    class stays on 8 of 8 stated inputs: share in [6.305",
        "PROVED    noise of encrypted evaluation as listed, at 8 of 8 activations",
        "ASSUMED   2 activations that are refreshed inside or are max-poolings",
    ] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    let f = Folder::new();
    let page = f.at("page.html");
    polycert(&["report", folder.to_str().unwrap(), "-o", &page]).exits(0);
    // The two name the folder and the file as they were given.
    let body = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let start = text.find("<h2>Plots</h2>").unwrap();
        let end = text.find("<h2>Check it again</h2>").unwrap();
        text[start..end].to_owned()
    };
    let shipped = body(&root.join("reports/fashion-plan.html"));
    assert!(shipped.contains("plan-levels-1"));
    assert!(
        body(Path::new(&page)) == shipped,
        "another page than the shipped one; run make reports"
    );
}
