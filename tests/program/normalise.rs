//! GELU and layer normalisation end to end: a table for each of them, ranges, classes, a certificate, and what is refused.

use crate::network::npy;
use crate::support::program::{polycert, read, Folder};
use serde_json::{json, Value};

/// Four features, normalised twice, GELU between.
fn graph(change: impl Fn(&mut Value)) -> String {
    let mut graph = json!({"format": "polycert-graph/1", "input": [4], "layers": [
        {"op": "dense", "name": "one", "weights": "a"},
        {"op": "layer_norm", "name": "norm", "weights": "gamma", "bias": "beta", "epsilon": "1e-5"},
        {"op": "smooth", "name": "gelu", "function": "gelu"},
        {"op": "dense", "name": "two", "weights": "a"}, {"op": "add", "inputs": ["one", "two"]},
        {"op": "layer_norm", "name": "last", "epsilon": "1/1024", "axes": ["channels"]},
        {"op": "dense", "weights": "c"}]});
    change(&mut graph);
    graph.to_string()
}

fn folder(graph: &str) -> Folder {
    let f = Folder::new();
    std::fs::create_dir(f.path("net")).unwrap();
    for (name, text) in [
        ("graph.json", graph),
        ("a.txt", "2 -1 0 1\n0 1 1 -2\n1/2 0 -1 1\n-1 1 1 0\n"),
        ("gamma.csv", "1\n1/2\n3/2\n1\n"),
        ("beta.csv", "0\n1/4\n0\n-1/8\n"),
        ("c.txt", "1 0 -1 0\n0 1 0 1\n"),
    ] {
        f.file(&format!("net/{name}"), text);
    }
    let samples: Vec<u8> = (0..24).map(|i| (i * i * 5 + 3 * i) as u8 % 17).collect();
    f.file("x.npy", npy("|u1", &[6, 4], &samples));
    f
}

fn minimax(f: &Folder, name: &str, function: &str, range: [f64; 2], degree: &str) -> String {
    let table = f.at(name);
    let range = format!("--range={},{}", range[0], range[1]);
    let line = ["family", "minimax", "--function", function, &range];
    let how = ["--degree", degree, "-o", &table];
    let relative = ["--relative"];
    let relative = &relative[usize::from(function == "gelu")..];
    polycert(&[&line[..], &how, relative].concat()).exits(0);
    table
}

#[test]
fn tables_on_suggested_ranges_prove_the_classes() {
    let f = folder(&graph(|_| ()));
    let (net, x, ranges) = (f.at("net"), f.at("x.npy"), f.at("ranges.json"));
    let input = ["--input", &x, "--value-scale", "1/16"];
    let ask = |words: &[&str]| polycert(&[&["network"], words, &input].concat());
    let choose = ["--suggest", &ranges, "--margin", "2", "--choose", "5"];
    let said = ask(&[&["ranges", &net][..], &choose].concat());
    assert!(said.code < 2, "{said:?}");
    let found: Value = serde_json::from_str(&read(&ranges)).unwrap();
    let layers = found["layers"].as_array().unwrap();
    let names: Vec<&str> = layers
        .iter()
        .map(|l| l["layer"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["norm", "gelu", "last"]);
    // GELU's range goes to both sides of 0, variances have one above it.
    assert!(layers[1]["bound"].is_string() && layers[0]["bound"].is_null());
    let end = |k: usize, e: &str| layers[k][e].as_str().unwrap().parse::<f64>().unwrap();
    let low = end(0, "lo").min(end(2, "lo"));
    let high = end(0, "hi").max(end(2, "hi"));
    assert!(low > 0.0 && low < high, "{low} {high}");
    let trial = ask(&["ranges", &net, "--ranges", &ranges, "--json"]).json();
    assert_eq!(trial["network"]["layers"][0]["holds"], 6, "{trial}");
    let gelu = minimax(&f, "gelu.json", "gelu", [-8.0, 8.0], "30");
    let root = minimax(&f, "root.json", "1/sqrt(x)", [low, high], "24");
    let tables = ["--table", &gelu, "--table", &root];
    let answer = ask(&[&["evaluate", &net, "--json"][..], &tables].concat());
    let answer = answer.exits(0).json();
    assert_eq!(answer["verdict"], "same", "{answer}");
    // One kind of table is missing, or is for another function.
    let said = ask(&["evaluate", &net, "--table", &root]).exits(2);
    assert!(
        said.err.contains("the network has gelu(x) there"),
        "{said:?}"
    );
    let inverse = minimax(&f, "inverse.json", "1/x", [1.0, 2.0], "5");
    let said = ask(&["evaluate", &net, "--table", &gelu, "--table", &inverse]).exits(2);
    let part = "none stands for norm (smooth, 1/sqrt(x))";
    assert!(said.err.contains(part), "{said:?}");
    // A table beside the variances is left, and the place is named.
    let beside = minimax(&f, "part.json", "1/sqrt(x)", [high, 2.0 * high], "8");
    let said = ask(&["evaluate", &net, "--table", &gelu, "--table", &beside]).exits(1);
    let part = "OUTSIDE: layer norm asks its table beyond its own domain";
    assert!(said.out.contains(part), "{said:?}");
    let certificate = f.at("c.json");
    let said = ask(&[&["certify", &net, "-o", &certificate][..], &tables].concat()).exits(0);
    let part = "VERIFIED the network and its polynomial twin both answer";
    assert!(said.out.contains(part), "{said:?}");
    let [network, sample] = ["network", "input"].map(|e| format!("{certificate}.{e}"));
    let text = read(&network);
    for part in ["epsilon 1*2^-10\nsmooth ", "function 1/sqrt(x)\nnormalise "] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(text.matches("\nvariance ").count(), 2, "{text}");
    let line = ["check", "--network", &network, "--input", &sample];
    polycert(&[&line[..], &[&certificate]].concat()).exits(0);
    // Noise and boxes do not pass.
    let other = f.at("noisy.json");
    for line in [
        vec!["deviate", &net, "--worst", "2^-30"],
        vec!["certify", &net, "--worst", "2^-30", "-o", &other],
    ] {
        let said = ask(&[&line[..], &tables].concat()).exits(2);
        let part = "layer \"norm\" (variance): noise is not bounded through the variance";
        assert!(said.err.contains(part), "{said:?}");
    }
    let said = polycert(&["network", "box", &net, "--degrees", "5"]).exits(2);
    assert!(said.err.contains("\"norm\" (variance)"), "{said:?}");
}

#[test]
fn descriptions_of_no_normalisation_are_refused_by_name() {
    for (field, value, part) in [
        ("epsilon", json!("0"), "epsilon is 0, not above 0"),
        ("epsilon", json!("-1"), "epsilon is -1, not above 0"),
        ("epsilon", json!("nan"), "epsilon"),
        (
            "weights",
            json!("a"),
            "weights: 16 numbers, where the groups have 4 elements",
        ),
        ("bias", json!("c"), "bias: 8 numbers"),
        ("bias", json!("none"), "no such tensor"),
        ("axes", json!(["rows"]), "groups of 1 element over rows"),
        ("axes", json!([]), "groups of 1 element"),
        (
            "axes",
            json!(["channels", "channels"]),
            "an axis is named twice",
        ),
        ("axes", json!(["depth"]), "unknown variant `depth`"),
        ("axis", json!(1), "unknown field `axis`"),
    ] {
        let f = folder(&graph(|g| g["layers"][1][field] = value.clone()));
        let said = polycert(&["network", "show", &f.at("net")]).exits(2);
        assert!(said.err.contains(part), "{field}: {said:?}");
    }
    let f = folder(&graph(|g| {
        g["layers"][1]["inputs"] = json!(["one", "input"]);
    }));
    let said = polycert(&["network", "show", &f.at("net")]).exits(2);
    let part = "layer_norm does not take 2 inputs";
    assert!(said.err.contains(part), "{said:?}");
}
