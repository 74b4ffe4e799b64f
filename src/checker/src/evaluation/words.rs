//! The statement of an evaluation certificate in words.

use crate::claims::statement::Statement;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation::circuit::Op;
use crate::evaluation::document::{EvaluationDocument, Input};
use crate::evaluation::refresh;
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::task::EvaluationTask;
use crate::series::rule::Series;
use crate::words::decrypted::Decrypted;
use crate::words::numerals::Numerals;
use crate::words::report::Report;
use crate::words::target::{covered_intervals, subject};

/// Puts the statement in front of what the embedded certificate says.
pub(crate) fn tell(
    report: &mut Report,
    document: &EvaluationDocument,
    task: &EvaluationTask,
    budget: &Budget,
) -> Checked<()> {
    let n = Numerals(budget);
    let (lo, hi) = (n.full(&task.inputs.0)?, n.full(&task.inputs.1)?);
    let error = n.up(&document.error)?;
    let itself = itself(report, &n)?;
    let subject = match (task.function, &itself) {
        (_, Some((error, _))) => error,
        (Function::Sign, _) => "|decrypted - sign(x)|",
        (Function::Max, _) => "|decrypted - max(a, b)|",
        (Function::MaxPool, _) => "|decrypted - maximum|",
        _ => "|decrypted - ReLU(x)|",
    };
    let chance = match document.k {
        Some(k) => format!(", but for a probability of 2^-{k} for the whole circuit"),
        None => ", whatever is drawn".to_owned(),
    };
    let place = match report.statements.get(report.target.cites) {
        // Near 0 sign is not approximated; that inputs there do no harm to other slots is proved too.
        // Nor beyond what the cited claim reaches.
        Some(Statement::Closeness { from, to, .. }) => {
            let from = n.full(&from.times(&task.domain))?;
            if *to < Rational::integer(1) {
                let to = n.full(&to.times(&task.domain))?;
                format!("every slot with {from} <= |x| <= {to}")
            } else {
                format!("every slot with |x| >= {from}")
            }
        }
        _ => match &itself {
            Some((_, Some(domain))) => format!("every slot {domain}"),
            _ => "every slot".to_owned(),
        },
    };
    let headline = format!("{subject} <= {error} in {place}, all inputs in [{lo}, {hi}]{chance}");
    let p = &document.parameters;
    let input = match &document.input {
        Input::FreshPublic => "fresh encryptions by the public key".to_owned(),
        Input::FreshPublicExtended => {
            "fresh encryptions by the public key mod Q P, divided by P".to_owned()
        }
        Input::FreshSecret => "fresh encryptions by the secret key".to_owned(),
        Input::Given(e) => format!("within {} of what is meant", n.up(e)?),
        Input::Refreshed(refresh) => refresh::words::input(refresh, &n)?,
    };
    let decrypted = Decrypted {
        error: document.error.clone(),
        error_hi: n.decimal(&document.error, true)?,
        k: document.k,
        assumptions: assumptions(document),
        noise: document.noise.clone(),
        within: document.within.clone(),
        levels: levels(document)?,
        security: p.security()?,
        top: u64::try_from(p.top()).unwrap_or(0),
        input: input.clone(),
        parameters_sha256: p.digest(),
        circuit_sha256: document.circuit.digest(document.output),
        refresh_sha256: document.refresh().map(Refresh::digest),
    };
    let mut words = vec![
        format!(
            "parameters: log_n {}, {} primes in Q, {} in P, log2(QP) < {}; {}; {}",
            p.log_n,
            p.q.len(),
            p.p.len(),
            p.log_qp(),
            p.distributions(),
            decrypted.security
        ),
        format!(
            "inputs: {input}; {} nodes, noise of the result <= {}, the rest is the approximation's",
            document.circuit.nodes.len(),
            n.up(&document.noise)?
        ),
        format!(
            "sha256 of the parameters {}, of the circuit {}",
            decrypted.parameters_sha256, decrypted.circuit_sha256
        ),
    ];
    if let Some(refresh) = document.refresh() {
        words.extend(refresh::words::lines(document, refresh));
    }
    if document.k.is_some() {
        words.push(
            "the probability is over keys and encryptions, for inputs that do not look at them"
                .to_owned(),
        );
    }
    let assumed = decrypted.assumptions.iter();
    words.extend(assumed.map(|text| format!("assumed: {text}")));
    words.push("decoding to machine numbers comes on top".to_owned());
    words.push(format!(
        "of the polynomial without encryption: {}",
        report.headline
    ));
    words.append(&mut report.words);
    report.words = words;
    report.headline = headline;
    report.decrypted = Some(Box::new(decrypted));
    Ok(())
}

/// The level of the highest input, and that of the output.
fn levels(document: &EvaluationDocument) -> Checked<(u64, u64)> {
    let nodes = document.circuit.nodes.iter();
    let inputs = nodes.filter(|node| matches!(node.op, Op::Input));
    let from = match document.refresh() {
        // Where the ciphertext is before it is refreshed says nothing of how many levels it has then.
        Some(refresh) => inputs.map(|node| node.level + refresh.to_slots.len()).max(),
        None => inputs.map(|node| node.level).max(),
    };
    let to = document.circuit.get(document.output)?.level;
    let level = |l: usize| u64::try_from(l).ok();
    let levels = from.and_then(level).zip(level(to));
    let levels = levels.filter(|(from, to)| from >= to);
    levels.ok_or_else(|| Fault::internal("levels"))
}

/// The error that is bounded where p itself stands for a function, and where, unless that is wherever inputs may be.
fn itself(report: &Report, n: &Numerals) -> Checked<Option<(String, Option<String>)>> {
    let mut target = report.target.clone();
    let (earlier, whole) = match report.statements.get(target.cites) {
        Some(Statement::Series(series)) => {
            // However p itself is written as a value.
            let series = Series {
                value: None,
                ..series.clone()
            };
            let whole = series.parts.len() == 1 && !series.function.has_ends();
            (Statement::Series(series), whole)
        }
        Some(lines @ Statement::Lines { parts, .. }) => {
            (lines.clone(), covered_intervals(parts).len() == 1)
        }
        _ => return Ok(None),
    };
    target.cites = 0;
    let (error, domain) = subject(&target, &[earlier], n)?;
    let domain = Some(domain).filter(|_| !whole);
    Ok(Some((error.replacen("p(x)", "decrypted", 1), domain)))
}

/// K, A1, I and O of the contract: what is assumed, not proved.
fn assumptions(document: &EvaluationDocument) -> Vec<String> {
    let mut all = vec![
        "keys and errors are drawn as stated, the secret until |s(zeta)|^2 <= 18 h at every root of unity zeta".to_owned(),
    ];
    if document.k.is_some() {
        if matches!(document.input, Input::FreshPublicExtended) {
            all.push(
                "the residues that these encryptions round away are uniform (RLWE)".to_owned(),
            );
        }
        all.push(
            "the residues that rescales round away are uniform, those after products and squares too (beyond RLWE)"
                .to_owned(),
        );
        if matches!(document.input, Input::Given(_)) {
            all.push(
                "the given ciphertexts are independent of the errors of the relinearisation key"
                    .to_owned(),
            );
        }
    }
    all.push(
        "the evaluator rounds to within 1/2 + 2^-40 and centres digits to within 1/2 + 2^-40 (exact centred base \
         conversions)"
            .to_owned(),
    );
    if let Some(refresh) = document.refresh() {
        all.extend(refresh::words::assumptions(refresh));
    } else if !matches!(document.input, Input::Given(_)) {
        all.push("the encoder's coefficients are within 1/2 + 2^-13 of the exact ones".to_owned());
    }
    all
}
