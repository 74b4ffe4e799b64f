//! The degree search against published degree sets, exhaustive enumeration, and as a command.

use crate::support::program::{number, polycert, read, refused, Folder};
use polycert::approx::best_eps;
use polycert::approx::search::cost::{composite_depth, composite_mults, CostTable, Prices};
use polycert::approx::search::{Eps, Found, Problem, Search};
use rug::Rational;
use std::sync::OnceLock;

fn search() -> &'static Search {
    static SEARCH: OnceLock<Search> = OnceLock::new();
    SEARCH.get_or_init(|| Search::new(31).unwrap())
}

fn problem(alpha: u32, eps: Eps, product: bool) -> Problem {
    Problem {
        alpha: alpha.into(),
        eps,
        product,
        prices: Prices::Unit,
        max_depth: 100,
    }
}

fn shape(found: &Found) -> (usize, usize, Vec<usize>) {
    (found.depth, found.mults, found.design.degrees.clone())
}

type Shape = (usize, usize, &'static [usize]);

/// ePrint 2020/834: alpha, least depth, least multiplications.
const COMPARISON: [(u32, Shape, Shape); 5] = [
    (8, (11, 21, &[7, 15, 15]), (14, 15, &[3, 3, 5, 5, 9])),
    (10, (14, 25, &[7, 7, 13, 15]), (18, 18, &[5; 6])),
    (12, (16, 32, &[15; 4]), (21, 22, &[3, 5, 5, 5, 5, 5, 9])),
    (
        16,
        (21, 42, &[15, 15, 15, 15, 27]),
        (28, 28, &[3, 3, 5, 5, 5, 5, 5, 5, 5, 5]),
    ),
    (
        20,
        (25, 59, &[29, 31, 31, 31, 31]),
        (34, 35, &[5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 9]),
    ),
];

#[test]
fn comparison_as_published() {
    for (alpha, (d, m, degrees), (d1, m1, degrees1)) in COMPARISON {
        let eps = Eps::Fixed(Rational::from(1) >> alpha);
        let front = search().front(&problem(alpha, eps, false)).unwrap();
        let (first, last) = (front.first().unwrap(), front.last().unwrap());
        assert_eq!(shape(first), (d, m, degrees.to_vec()), "alpha {alpha}");
        assert_eq!(shape(last), (d1, m1, degrees1.to_vec()), "alpha {alpha}");
    }
}

/// arXiv 2105.10879, as released: alpha, zeta, depth, multiplications, degrees.
const RELU: [(u32, u32, Shape); 11] = [
    (4, 5, (4, 4, &[5])),
    (5, 5, (5, 8, &[13])),
    (6, 10, (6, 8, &[3, 7])),
    (7, 11, (7, 11, &[7, 7])),
    (8, 12, (8, 14, &[7, 15])),
    (9, 13, (9, 17, &[15, 15])),
    (10, 13, (11, 18, &[7, 7, 13])),
    (11, 15, (12, 21, &[7, 7, 27])),
    (12, 15, (13, 24, &[7, 15, 27])),
    (13, 16, (14, 27, &[15, 15, 27])),
    (14, 17, (15, 30, &[15, 27, 29])),
];

#[test]
fn relu_with_zeta_as_published_and_free_eps_never_costs_more() {
    let mut cheaper = 0;
    for (alpha, zeta, (d, m, degrees)) in RELU {
        let eps = Eps::Fixed(Rational::from(zeta) >> alpha);
        let fixed = search().front(&problem(alpha, eps, true)).unwrap();
        assert_eq!(shape(&fixed[0]), (d, m, degrees.to_vec()), "alpha {alpha}");
        let free = search().front(&problem(alpha, Eps::Free, true)).unwrap();
        for found in &free {
            assert!(found.estimate_alpha(&Eps::Free) >= f64::from(alpha));
        }
        for f in &fixed {
            let least = free.iter().filter(|g| g.depth <= f.depth);
            let least = least.map(|g| g.mults).min().unwrap();
            assert!(least <= f.mults, "alpha {alpha} depth {}", f.depth);
            cheaper += usize::from(least < f.mults);
        }
    }
    assert!(cheaper >= 4, "{cheaper}");
}

/// All degree lists within a depth, product included.
fn lists(degrees: &[usize], depth: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(list) = open.pop() {
        for &d in degrees {
            let mut longer: Vec<usize> = list.clone();
            longer.push(d);
            if composite_depth(&longer, true) <= depth {
                all.push(longer.clone());
                open.push(longer);
            }
        }
    }
    all
}

/// Depth of the exhaustive enumeration.
const DEPTH: usize = 11;

#[test]
fn exhaustive_enumeration_finds_the_same_front() {
    let degrees: Vec<usize> = (3..32).step_by(2).collect();
    let none = Rational::new();
    let all: Vec<(f64, usize, usize, Vec<usize>)> = lists(&degrees, DEPTH)
        .into_iter()
        .map(|list| {
            let alpha = -best_eps(&list, &none).unwrap().estimate_relu_error_log2();
            let optimistic = search().estimate_optimistic_alpha(&list).unwrap();
            // What the search rests on: 8 S hump is above 1, and little above.
            let shape = optimistic - alpha;
            let least = 0.118 - 0.32 / alpha.floor().max(2.0);
            assert!(shape > least.max(0.0) && shape < 0.2, "{list:?}: {shape}");
            let (d, m) = (composite_depth(&list, true), composite_mults(&list, true));
            (alpha, d, m, list)
        })
        .collect();
    assert!(all.len() > 150, "{}", all.len());
    for alpha in 3..12 {
        let mut expected = Vec::new();
        let mut limit = usize::MAX;
        for depth in 0..=DEPTH {
            let able = all
                .iter()
                .filter(|a| a.1 == depth && a.0 >= f64::from(alpha) && a.2 < limit);
            let best = able.min_by(|a, b| a.2.cmp(&b.2).then(b.0.total_cmp(&a.0)));
            if let Some((_, d, m, list)) = best {
                limit = *m;
                expected.push((*d, *m, list.clone()));
            }
        }
        let problem = Problem {
            max_depth: DEPTH,
            ..problem(alpha, Eps::Free, true)
        };
        let front = search().front(&problem).unwrap();
        let found: Vec<_> = front.iter().map(shape).collect();
        assert_eq!(found, expected, "alpha {alpha}");
        let most = all.iter().map(|a| a.0).fold(0.0, f64::max);
        let asked = Problem {
            alpha: 80.0,
            ..problem
        };
        let nearest = search().most_precise(&asked).unwrap().unwrap();
        assert!((nearest.estimate_alpha(&Eps::Free) - most).abs() < 1e-9);
    }
}

#[test]
fn prices_by_level_are_minimised() {
    let entries: Vec<String> = (1..=12)
        .map(|l| format!("\"{l}\":{}", 10 + l * l))
        .collect();
    let text = format!("{{\"cost\":{{{}}}}}", entries.join(","));
    let prices = Prices::Table(CostTable::from_json(&text).unwrap());
    let all = lists(&[3, 5, 7, 9, 11, 13, 15], 9);
    let none = Rational::new();
    let least = all
        .iter()
        .filter(|l| search().estimate_optimistic_alpha(l).unwrap() > 7.0)
        .filter(|l| best_eps(l, &none).unwrap().estimate_relu_error_log2() <= -7.0)
        .map(|l| prices.composite(l, true).unwrap())
        .min();
    let problem = Problem {
        prices: prices.clone(),
        max_depth: 9,
        ..problem(7, Eps::Free, true)
    };
    let front = Search::new(15).unwrap().front(&problem).unwrap();
    let last = front.last().unwrap();
    assert_eq!(Some(last.price), least);
    assert_eq!(prices.composite(&last.design.degrees, true), least);
}

#[test]
fn command_writes_a_table_and_a_certificate_that_prove_the_precision() {
    let folder = Folder::new();
    let (t, c) = (folder.at("t.json"), folder.at("t.cert.json"));
    let run = polycert(&[
        "search",
        "--alpha",
        "7",
        "--target",
        "max",
        "-o",
        &t,
        "--certificate",
        &c,
        "--json",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    let answer: serde_json::Value = run.json();
    assert_eq!(answer["verdict"], "PROVED");
    assert_eq!(answer["best"]["degrees"], serde_json::json!([7, 7]));
    assert_eq!(answer["front"].as_array().unwrap().len(), 3);
    assert_eq!(polycert(&["check", &c]).code, 0);
    let again = polycert(&["certify", &t, "--claim", "2^-7"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let sign = polycert(&[
        "search",
        "--alpha",
        "8",
        "--target",
        "sign",
        "--objective",
        "mults",
    ]);
    assert_eq!(sign.code, 0, "{}", sign.err);
    assert!(sign.out.contains("*    14     15"), "{}", sign.out);
    assert!(sign.out.contains("PROVED"));
}

/// Depth, multiplications and proof of a max-pool are those of the whole tournament.
#[test]
fn max_pool_is_searched_and_proved_as_a_whole() {
    let folder = Folder::new();
    for (window, alpha, inputs, levels) in [("2", "8", 4u32, 2u64), ("3", "6", 9, 4)] {
        let (t, c) = (folder.at("t.json"), folder.at("t.cert.json"));
        let run = polycert(&[
            "search",
            "--target",
            "max_pool",
            "--window",
            window,
            "--alpha",
            alpha,
            "-o",
            &t,
            "--certificate",
            &c,
            "--json",
        ])
        .exits(0);
        let answer = run.json();
        assert_eq!(answer["verdict"], "PROVED");
        assert_eq!(answer["inputs"], inputs);
        let list = |row: &serde_json::Value| -> Vec<usize> {
            serde_json::from_value(row["degrees"].clone()).unwrap()
        };
        let front = answer["front"].as_array().unwrap();
        assert!(front.len() > 1);
        for row in front {
            let degrees = list(row);
            let depth = levels * composite_depth(&degrees, true) as u64;
            let mults = u64::from(inputs - 1) * composite_mults(&degrees, true) as u64;
            assert_eq!(
                (&row["depth"], &row["mults"]),
                (&depth.into(), &mults.into())
            );
            let bound = number(row, "bound_hi");
            assert!(bound <= Rational::from(1) >> alpha.parse::<u32>().unwrap());
        }
        polycert(&["check", &c]).exits(0);
        // Nothing of less depth does, by enumeration of all lists.
        let best = answer["best"]["depth"].as_u64().unwrap() / levels;
        let claim = format!("2^-{alpha}");
        let none = Rational::new();
        for degrees in lists(&(3..32).step_by(2).collect::<Vec<_>>(), best as usize - 1) {
            let error = best_eps(&degrees, &none)
                .unwrap()
                .estimate_relu_error()
                .to_f64();
            let pool = error * 2.0 * levels as f64;
            assert!(
                pool > (-alpha.parse::<f64>().unwrap()).exp2(),
                "{degrees:?}"
            );
        }
        let line = [
            "certify", &t, "--target", "max_pool", "--window", window, "--claim", &claim,
        ];
        polycert(&line).exits(0);
    }
}

/// Of the longer list nobody undercuts another in depth, multiplications and proved error at once.
#[test]
fn more_precise_designs_are_runners_up_in_three_ways() {
    let list = |more: &[&str]| -> Vec<(u64, u64, Rational)> {
        let line = [&["search", "--alpha", "13", "--json"], more].concat();
        let answer = polycert(&line).exits(0).json();
        let front = answer["front"].as_array().unwrap();
        let row = |r: &serde_json::Value| {
            let whole = |name: &str| r[name].as_u64().unwrap();
            (whole("depth"), whole("mults"), number(r, "bound_hi"))
        };
        front.iter().map(row).collect()
    };
    let (plain, more) = (list(&[]), list(&["--more-precise"]));
    assert!(more.len() > plain.len(), "{more:?}");
    assert!(plain.iter().all(|p| more.contains(p)));
    let deepest = plain.iter().map(|p| p.0).max();
    let dearest = plain.iter().map(|p| p.1).max();
    for (i, a) in more.iter().enumerate() {
        assert!(Some(a.0) <= deepest && Some(a.1) <= dearest && a.2 <= Rational::from(1) >> 13u32);
        for (j, b) in more.iter().enumerate() {
            let undercut = i != j && a.0 <= b.0 && a.1 <= b.1 && a.2 <= b.2;
            assert!(!undercut, "{a:?} undercuts {b:?}");
        }
    }
}

/// Kept curves give the same answer; damaged ones are made again, and said so.
#[test]
fn curves_are_kept_and_made_again() {
    let folder = Folder::new();
    let cache = folder.at("cache");
    let line = ["search", "--alpha", "7", "--max-degree", "9"];
    let search = |more: &[&str]| polycert(&[&line[..], more].concat()).exits(0);
    let fresh = search(&["--no-cache"]);
    assert!(!folder.path("cache").exists());
    let first = search(&["--cache", &cache]);
    let file = folder.path("cache").join("me-tables-1.txt");
    let kept = read(&file);
    let second = search(&["--cache", &cache]);
    assert_eq!((&first.out, &second.out), (&fresh.out, &fresh.out));
    assert_eq!(second.err, "");
    for damage in [
        kept.replacen('a', "b", 5),
        kept[..kept.len() / 2].to_owned(),
        kept.replacen("tables/1", "tables/0", 1),
        String::new(),
    ] {
        std::fs::write(&file, &damage).unwrap();
        let run = search(&["--cache", &cache]);
        assert_eq!(run.out, fresh.out);
        assert!(
            run.err.contains("note: kept error curves are made again"),
            "{run:?}"
        );
        assert_eq!(read(&file), kept);
    }
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert_eq!(search(&["--cache", &cache]).out, fresh.out);
    // More degrees than are kept: all are made, and fewer are taken from them afterwards.
    let more = [
        "search",
        "--alpha",
        "7",
        "--max-degree",
        "11",
        "--cache",
        &cache,
    ];
    polycert(&more).exits(0);
    let grown = read(&file);
    assert!(grown.len() > kept.len() && grown.contains("degree 11"));
    assert_eq!(search(&["--cache", &cache]).out, fresh.out);
    assert_eq!(read(&file), grown);
    // A place that cannot be written is noted, and no more.
    let plain = folder.file("plain", "x");
    let run = search(&["--cache", &plain]);
    assert_eq!(run.out, fresh.out);
    assert!(run.err.contains("are not kept"), "{run:?}");
}

#[test]
fn requests_that_cannot_be_met() {
    let folder = Folder::new();
    let hole = folder.file("hole.json", "{\"cost\": {\"1\": 5, \"3\": 7}}");
    let flat = folder.file("flat.json", "{\"cost\": {\"1\": 5, \"2\": 7}}");
    let rows: [(&[&str], &[&str]); 17] = [
        (
            &["--alpha", "60"],
            &["--alpha 60", "up to 50 bits", "--depth up to 24"],
        ),
        (
            &[
                "--alpha", "20", "--depth", "12", "--target", "max_pool", "--window", "3",
            ],
            &[
                "alpha = 20",
                "depth up to 12",
                "the best there is 2^-1.12",
                "degrees 3 at depth 12",
            ],
        ),
        (
            &[
                "--alpha", "20", "--depth", "4", "--target", "max_pool", "--window", "3",
            ],
            &["depth up to 4", "nor any precision"],
        ),
        (
            &["--alpha", "20", "--depth", "12", "--target", "max_pool"],
            &["the best there is 2^-4.7754", "by degrees 31 at depth 12"],
        ),
        (
            &["--alpha", "7", "--window", "3"],
            &["--window is for --target max_pool"],
        ),
        (
            &[
                "--alpha",
                "7",
                "--target",
                "max_pool",
                "--objective",
                "cost",
            ],
            &["different levels"],
        ),
        (
            &["--alpha", "7", "--target", "max_pool", "--eps", "zeta:5"],
            &["max_pool has eps free"],
        ),
        (
            &["--alpha", "20", "--depth", "12", "--eps", "zeta:17"],
            &[
                "on [17*2^-20, 1]",
                "alpha = 11 (estimate) by degrees 29,31 at depth 11",
            ],
        ),
        (
            &["--alpha", "80", "--depth", "6"],
            &[
                "alpha = 80",
                "best there is 2^-6.7754",
                "by degrees 31 at depth 6",
            ],
        ),
        (&["--alpha", "101"], &["--alpha", "2..=100"]),
        (
            &["--alpha", "30", "--depth", "6", "--target", "sign"],
            &[
                "alpha = 30",
                "the best there is alpha = 4 (estimate)",
                "at depth 5",
            ],
        ),
        (
            &["--alpha", "7", "--objective", "cost"],
            &["needs --cost-table"],
        ),
        (
            &["--alpha", "7", "--objective", "cost", "--cost-table", &hole],
            &["hole.json", "level 2 has no price"],
        ),
        (
            &[
                "--alpha",
                "7",
                "--objective",
                "cost",
                "--cost-table",
                &flat,
                "--depth",
                "9",
            ],
            &["level 3 has no price"],
        ),
        (
            &["--alpha", "7", "--max-degree", "65"],
            &["--max-degree", "63"],
        ),
        (
            &["--alpha", "7", "--eps", "best"],
            &["--eps is free or zeta:Z"],
        ),
        (
            &["--alpha", "7", "--eps", "zeta:200"],
            &["--eps", "between 0 and 1"],
        ),
    ];
    for (options, parts) in rows {
        let mut arguments = vec!["search"];
        arguments.extend(options);
        refused(&folder, &arguments, parts);
    }
}
