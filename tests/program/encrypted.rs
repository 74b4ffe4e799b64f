//! `polycert network schedule` and `network encrypt`: answers, exit codes, what is refused.

use crate::network::folder;
use crate::support::program::{polycert, Run};

fn at(file: &str) -> String {
    format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// A verb on a network with ReLU by a table on [-B, B].
fn line(verb: &str, network: &str, (table, scale): (&str, &str), more: &[&str]) -> Run {
    let table = at(table);
    let mut all = vec![
        "network", verb, network, "--table", &table, "--bound", scale,
    ];
    all.extend(more);
    polycert(&all)
}

#[test]
fn a_schedule_says_levels_keys_and_memory() {
    let network = at("networks/fashion/network.safetensors");
    let ring = ["--log-n", "15", "--insecure"];
    let text = line("schedule", &network, ("relu13.json", "20"), &ring).exits(0);
    for said in [
        "NONE CLAIMED (--insecure)",
        "13 steps, 12 activations, 11 refreshed; 2^14 slots; the input at level 18 of 28",
        "block2_relu",
        "estimate ",
    ] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    let json = ["--log-n", "15", "--insecure", "--json"];
    let j = line("schedule", &network, ("relu13.json", "20"), &json)
        .exits(0)
        .json();
    assert_eq!(j["schema"], "polycert-network-schedule/1");
    assert_eq!(
        (j["refreshes"].as_u64(), j["input_level"].as_u64()),
        (Some(11), Some(18))
    );
    let steps = j["steps"].as_array().unwrap();
    assert_eq!(
        (&steps[1]["level"], &steps[1]["result_level"]),
        (&3.into(), &3.into())
    );
    assert_eq!(steps[12]["refreshed"], false);
    let bytes = |part: &str| j["bytes"][part].as_u64().unwrap();
    let parts = [
        "program_keys",
        "other_keys",
        "bootstrapping",
        "program",
        "encoded",
        "ciphertexts",
    ];
    assert_eq!(parts.map(bytes).iter().sum::<u64>(), bytes("sum"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = at("networks/fashion/network.safetensors");
    for (table, more, said) in [
        (
            "relu13.json",
            &["--log-n", "14", "--insecure"][..],
            "takes 16384 slots, a ciphertext has 8192",
        ),
        ("relu13.json", &["--log-n", "15"], "insecure"),
        (
            "relu_minimax8.json",
            &["--log-n", "15", "--insecure"],
            "table made of sign",
        ),
        (
            "relu14.json",
            &["--log-n", "15", "--insecure"],
            "leaves 2 levels, what reads it needs 3",
        ),
        ("relu13.json", &["--preset", "R58"], "R57"),
        (
            "relu13.json",
            &[
                "--log-n",
                "15",
                "--q",
                "50+20x45",
                "--p",
                "50",
                "--insecure",
            ],
            "levels",
        ),
    ] {
        let scale = if table == "relu_minimax8.json" {
            "1"
        } else {
            "20"
        };
        let run = line("schedule", &network, (table, scale), more).exits(2);
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
}

/// One ReLU, two values: (1, 0) becomes 4 and 0, of which nothing is lost.
#[test]
fn a_small_network_runs_on_ciphertexts() {
    let f = folder(&[255, 0, 51, 0]);
    let (network, input) = (f.at("net.safetensors"), f.at("x.npy"));
    let ring = ["--input", &input, "--log-n", "10", "--insecure"];
    let run = |table: &str, scale: &str, more: &[&str]| {
        line(
            "encrypt",
            &network,
            (table, scale),
            &[&ring[..], more].concat(),
        )
    };
    let clear = run("relu13.json", "8", &["--simulate", "--json"])
        .exits(0)
        .json();
    let clear = &clear["samples"][0];
    assert!(clear["encrypted"].is_null());
    // A chain that is long enough: nothing is refreshed.
    let j = run("relu13.json", "8", &["--seed", "1", "--json"])
        .exits(0)
        .json();
    let numbers = |list: &serde_json::Value| -> Vec<f64> {
        let list = list.as_array().unwrap().iter();
        list.map(|v| v.as_f64().unwrap()).collect()
    };
    let (schedule, j) = (&j["schedule"], &j["samples"][0]);
    assert_eq!(schedule["refreshes"], 0);
    let got = numbers(&j["encrypted"]["measure_outputs"]);
    let want = numbers(&j["estimate_outputs"]);
    assert_eq!(want, numbers(&clear["estimate_outputs"]));
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() < 1e-4, "{got} {want}");
        let twin = &j["bound_twin"][i];
        let (lo, hi) = (
            twin["lower"].as_f64().unwrap(),
            twin["upper"].as_f64().unwrap(),
        );
        assert!(lo - 1e-9 <= *want && *want <= hi + 1e-9);
    }
    let refused = run("relu13.json", "2", &["--simulate"]).exits(2);
    assert!(refused.err.contains("a larger --bound"), "{}", refused.err);
}
