//! The page about the audit of a network: what the audit's file states, by what it is worth.

use crate::report::audit::figures::{figures, shown};
use crate::report::audit::{Audit, Interval};
use crate::report::page::{escape, grid, page};
use crate::report::pages::document::{data, made, Document, Origin, STYLE};
use crate::report::pages::dossier::{kinds, List};
use std::fmt::Write as _;

/// The page and the data of its plots.
pub fn document(audit: &Audit, origin: &Origin) -> Document {
    let figures = figures(audit);
    let title = format!("Audit of {}", audit.network);
    let mut out = format!(
        "<header>\n<p class=\"eyebrow\">polycert report</p>\n<h1>{}</h1>\n{}</header>\n{}",
        escape(&title),
        statement(audit),
        numbers(audit)
    );
    out.push_str("<h2>Plots</h2>\n<div class=\"plots\">\n");
    figures.iter().for_each(|f| out.push_str(&f.html()));
    out.push_str("</div>\n");
    if !audit.levels.is_empty() {
        let _ = write!(out, "<h2>Under noise</h2>\n{}", levels(audit));
    }
    let _ = write!(out, "<h2>Layer by layer</h2>\n{}", layers(audit));
    let _ = write!(out, "<h2>Assumptions</h2>\n{}", assumptions(audit));
    let _ = write!(
        out,
        "<h2>Digests and origin</h2>\n{}",
        digests(audit, origin)
    );
    out.push_str(&made(origin));
    Document {
        data: data(figures.iter()),
        html: page(&format!("{title}: polycert report"), STYLE, &out),
    }
}

fn statement(a: &Audit) -> String {
    let s = &a.summary;
    let mut claim = format!(
        "The polynomial network answers as the plaintext network does on {} of {} inputs",
        s.same, s.samples
    );
    // The strongest noise that changes no certified class says most; else the one that keeps most.
    let best = a.levels.iter().max_by(|p, q| {
        let key = |l: &crate::report::audit::Level| (l.found.certified, l.worst + l.sigma);
        let (p, q) = (key(p), key(q));
        p.0.cmp(&q.0).then(p.1.total_cmp(&q.1))
    });
    if let Some(level) = best {
        let _ = write!(
            claim,
            ", and still does on {} under noise {}",
            level.found.certified, level.noise
        );
    }
    // The badge of a proof is for what a checker verified: this page has the file's word alone.
    let class = ("undecided", "STATED, NOT CHECKED");
    let checked = match &a.certificates {
        None => "No independent checker verified this page; <code>polycert network certify</code> writes a certificate of \
                 one input that it does verify, <code>polycert network audit --certificates</code> one of every sample."
            .to_owned(),
        Some(made) => format!(
            "Beside the audit stand certificates of {} of the {} samples, by its word verified by the independent checker when \
             they were made: of the class without noise. <code>polycert-check</code> with their folder verifies them \
             again; their manifest has the SHA-256 <code>{}</code>. No checker verified this page itself.",
            made.count,
            s.samples,
            escape(&made.manifest_sha256)
        ),
    };
    format!(
        "<div class=\"statement {0}\">\n<p class=\"claim\">{claim}.</p>\n<p class=\"verdict\"><strong class=\"badge \
         {0}\">{1}</strong> By polycert\u{2019}s evaluation in balls and its backward rows, as the audit\u{2019}s file states. \
         {checked}</p>\n</div>\n",
        class.0,
        class.1,
        claim = escape(&claim)
    )
}

fn share(interval: &Interval) -> String {
    format!(
        "[{}, {}]",
        shown(Some(interval.bound_lo), false),
        shown(Some(interval.bound_hi), true)
    )
}

fn numbers(a: &Audit) -> String {
    let s = &a.summary;
    let of = |n: usize| format!("{n} of {}", s.samples);
    let mut proved = List::default();
    proved.item("same class without noise", &of(s.same));
    for level in &a.levels {
        proved.item(
            &format!("same class under noise {}", level.noise),
            &of(level.found.certified),
        );
    }
    proved.item(
        "another class; undecided; precision exhausted; outside [\u{2212}B, B]; failed",
        &format!(
            "{}; {}; {}; {}; {}",
            s.different, s.undecided, s.exhausted, s.outside, s.failed
        ),
    );
    if s.labelled > 0 {
        let words = format!(
            "network {}, twin {} of {}",
            s.network_right, s.twin_right, s.labelled
        );
        proved.item("right answers", &words);
    }
    proved.item(
        "least margin of the network [logits]",
        &shown(s.bound_least_margin, false),
    );
    proved.item(
        "greatest change of a logit [logits]",
        &shown(s.bound_greatest_change, true),
    );
    let mut estimated = List::default();
    let needs = |f: fn(&crate::report::audit::Sensitivity) -> f64| {
        let all = a
            .activations
            .iter()
            .filter_map(|x| Some((x, f(x.sensitivity.as_ref()?))));
        let most = all.max_by(|p, q| p.1.total_cmp(&q.1));
        most.map_or("-".to_owned(), |(x, bits)| {
            format!("{bits:.2} bits, {}", x.layer)
        })
    };
    estimated.item(
        "most delicate layer and sample, worst direction",
        &needs(|s| s.estimate_worst_bits.greatest),
    );
    estimated.item(
        "the same, median sample",
        &needs(|s| s.estimate_worst_bits.median),
    );
    estimated.item(
        "most delicate layer and sample, independent noise",
        &needs(|s| s.estimate_sigma_bits.greatest),
    );
    let mut inferred = List::default();
    inferred.item("same class without noise", &share(&a.same_class_interval));
    for level in &a.levels {
        inferred.item(
            &format!("certified under noise {}", level.noise),
            &share(&level.certified_interval),
        );
    }
    for (name, interval) in [
        ("accuracy of the network", &a.network_accuracy_interval),
        ("accuracy of the twin", &a.twin_accuracy_interval),
    ] {
        if let Some(interval) = interval {
            inferred.item(name, &share(interval));
        }
    }
    let confidence = format!(
        "Shares of all inputs, by Clopper-Pearson intervals of confidence {} each, computed from the rows, if the {} \
         samples were drawn independently from one distribution; an undecided sample counts as right and as wrong.",
        a.same_class_interval.confidence, s.samples
    );
    kinds([
        (
            "proved",
            "Stated as proved",
            "By polycert alone, for each of these samples; no checker verified it. Totals are counted from the file\u{2019}s \
             rows; decimals are rounded to the safe side.",
            proved,
        ),
        (
            "estimated",
            "Estimated",
            "Bits below B of the noise that a layer may have, to first order; not for use in a proof.",
            estimated,
        ),
        ("measured", "Inferred from samples", &escape(&confidence), inferred),
    ])
}

fn levels(a: &Audit) -> String {
    let columns = [
        ("noise at every activation", "units of B", ""),
        ("certified", "samples", "proved"),
        ("a logit moves at most", "logits", "proved"),
        ("least margin of the certified", "logits", "proved"),
        ("no bound", "samples", ""),
        ("share of all inputs", "interval", ""),
    ];
    let rows: Vec<Vec<String>> = a
        .levels
        .iter()
        .map(|l| {
            vec![
                l.noise.clone(),
                l.found.certified.to_string(),
                shown(l.found.bound_greatest_deviation, true),
                shown(l.found.bound_least_margin, false),
                l.found.without_bound.to_string(),
                share(&l.certified_interval),
            ]
        })
        .collect();
    let mut out = grid(
        "levels",
        "What is proved at each level of noise",
        &columns,
        &rows,
    );
    let _ = writeln!(
        out,
        "<p>Worst: any noise of that size at the output of every activation. Sigma: independent noise (or each of mean 0 \
         given what came before), sub-Gaussian with that proxy; what is proved then holds for each sample but for a \
         probability of 2^{}. No bound: noise so large that the proof\u{2019}s own remainders feed on themselves.</p>",
        a.failure_probability_log2
    );
    for level in &a.levels {
        if let Some(rests_on) = &level.rests_on {
            let _ = writeln!(
                out,
                "<p>{}: {}.</p>",
                escape(&level.noise),
                escape(rests_on)
            );
        }
    }
    out
}

fn layers(a: &Audit) -> String {
    let columns = [
        ("activation", "", ""),
        ("operation", "", ""),
        ("B", "input units", ""),
        ("|input|, network", "input units", "proved"),
        ("|input|, twin", "input units", "proved"),
        ("noise B moves a margin", "logits, greatest", "estimate"),
        ("noise B moves a margin", "logits, median", "estimate"),
        ("independent noise B", "logits, greatest", "estimate"),
        ("independent noise B", "logits, median", "estimate"),
        ("bits, worst", "greatest", "estimate"),
        ("bits, worst", "median", "estimate"),
        ("bits, independent", "greatest", "estimate"),
        ("bits, independent", "median", "estimate"),
    ];
    let rows: Vec<Vec<String>> = a
        .activations
        .iter()
        .map(|x| {
            let mut row = vec![
                x.layer.clone(),
                x.operation.clone(),
                x.scale.clone(),
                shown(x.bound_network_reach, true),
                shown(x.bound_twin_reach, true),
            ];
            match &x.sensitivity {
                Some(s) => {
                    for spread in [s.estimate_worst, s.estimate_sigma] {
                        row.extend([spread.greatest, spread.median].map(|x| format!("{x:.4}")));
                    }
                    for spread in [s.estimate_worst_bits, s.estimate_sigma_bits] {
                        row.extend([spread.greatest, spread.median].map(|x| format!("{x:.2}")));
                    }
                }
                None => row.resize(columns.len(), "-".to_owned()),
            }
            row
        })
        .collect();
    grid(
        "layers",
        "Ranges over all samples, and how noise of one layer moves the margins",
        &columns,
        &rows,
    )
}

fn assumptions(a: &Audit) -> String {
    format!(
        "<ul>\n<li>Error model: {}.</li>\n<li>Coefficients of the polynomials: {}.</li>\n<li>Taken for granted: polycert\u{2019}s \
         network evaluation and its bounds of deviation (tested against exact rational arithmetic), the Rust compiler, and \
         the machine that ran them.</li>\n<li>Not covered: the rounding of a program that evaluates the network in the \
         clear, and whatever is not in the levels of noise.</li>\n</ul>\n",
        escape(&a.error_model),
        escape(&a.coefficients)
    )
}

fn digests(a: &Audit, origin: &Origin) -> String {
    let mut list = List::default();
    list.item("audit", origin.quoted.first().map_or("", String::as_str));
    list.code("audit SHA-256", &a.sha256);
    list.code("network SHA-256", &a.network_sha256);
    for said in &a.network_said {
        list.item("of the network", said);
    }
    for table in &a.table_sha256 {
        list.code("table SHA-256", table);
    }
    list.code("inputs SHA-256", &a.input_sha256);
    for said in &a.input_said {
        list.item("of the inputs", said);
    }
    if let Some(labels) = &a.labels_sha256 {
        list.code("labels SHA-256", labels);
    }
    list.item(
        "samples",
        &format!("{} from number {}", a.summary.samples, a.from),
    );
    format!(
        "<dl class=\"origin\">\n{}</dl>\n<p>The audit was made by {} with</p>\n<pre tabindex=\"0\">{}</pre>\n",
        list.0,
        escape(&a.generator),
        escape(&a.command)
    )
}
