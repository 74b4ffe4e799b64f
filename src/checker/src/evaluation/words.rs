//! The statement of an evaluation certificate in words.

use crate::claims::statement::Statement;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::evaluation::document::{EvaluationDocument, Input};
use crate::evaluation::task::EvaluationTask;
use crate::words::numerals::Numerals;
use crate::words::report::Report;

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
    let subject = match task.function {
        Function::Sign => "|decrypted - sign(x)|",
        Function::Max => "|decrypted - max(a, b)|",
        Function::MaxPool => "|decrypted - maximum|",
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
        _ => "every slot".to_owned(),
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
    };
    let mut words = vec![
        format!(
            "parameters: log_n {}, {} primes in Q, {} in P, log2(QP) < {}; {}; {}",
            p.log_n,
            p.q.len(),
            p.p.len(),
            p.log_qp(),
            p.distributions(),
            p.security()?
        ),
        format!(
            "inputs: {input}; {} nodes, noise of the result <= {}, the rest is the approximation's",
            document.circuit.nodes.len(),
            n.up(&document.noise)?
        ),
        "the secret has |s(zeta)|^2 <= 18 h at every root of unity zeta, as key generation makes sure"
            .to_owned(),
    ];
    if document.k.is_some() {
        let divided = match &document.input {
            Input::FreshPublicExtended => "rescales, key switches and these encryptions",
            _ => "rescales and key switches",
        };
        words.push(format!(
            "assumed (RLWE): what {divided} round away, and what key switches take apart, is uniform given the \
             keys"
        ));
    }
    words.push("decoding to machine numbers comes on top".to_owned());
    words.push(format!(
        "of the polynomial without encryption: {}",
        report.headline
    ));
    words.append(&mut report.words);
    report.words = words;
    report.headline = headline;
    report.evaluated = true;
    Ok(())
}
