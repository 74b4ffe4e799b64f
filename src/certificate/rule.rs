//! The rules of the checker that the producer acts upon: the one place where its words become types.

use polycert_checker::{NetworkOutcome, Outcome};

/// Why a draft was refused, as far as another draft could do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A limit of the format or of the checker's work: more fractional bits only take more of it.
    Limit,
    /// The logits' stated enclosures: with more fractional bits the checker's balls are smaller.
    Logits,
    /// Bounds under noise: below those of the checker, vacuous, or too large for the stated class.
    Noise,
    /// Any other rule.
    Other,
}

impl Rule {
    /// The rule of a refused certificate; none of one that is verified or that cannot be read.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Rejected { rule, .. } => Some(Self::named(rule)),
            Outcome::Verified(_) | Outcome::Unreadable { .. } => None,
        }
    }

    /// The same of a network certificate, whose outcome is `RULE: DETAIL`.
    pub fn of_network(outcome: &NetworkOutcome) -> Option<Self> {
        match outcome {
            NetworkOutcome::Rejected(text) => Some(Self::of_words(text)),
            NetworkOutcome::Verified(_) | NetworkOutcome::Unreadable(_) => None,
        }
    }

    /// The same of a refusal as it is told.
    pub fn of_words(text: &str) -> Self {
        Self::named(text.split(": ").next().unwrap_or_default())
    }

    fn named(rule: &str) -> Self {
        match rule {
            // Of a smooth function the bits are those of its cells: no others help there.
            "limit" | "series: limit" => Self::Limit,
            "network_logits" | "twin_logits" => Self::Logits,
            "noise" => Self::Noise,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A claim's own limit is named after the claim: another precision may help there.
    #[test]
    fn rules_by_name() {
        let of = |rule: &str| {
            Rule::of(&Outcome::Rejected {
                claim: None,
                rule: rule.to_owned(),
                detail: String::new(),
            })
        };
        assert_eq!(of("limit"), Some(Rule::Limit));
        assert_eq!(of("series: limit"), Some(Rule::Limit));
        assert_eq!(of("error: limit"), Some(Rule::Other));
        let network = |text: &str| Rule::of_network(&NetworkOutcome::Rejected(text.to_owned()));
        assert_eq!(network("twin_logits: output 1 is not"), Some(Rule::Logits));
        assert_eq!(network("noise: level 0: x: limit: y"), Some(Rule::Noise));
        assert_eq!(
            Rule::of_network(&NetworkOutcome::Unreadable("limit".to_owned())),
            None
        );
    }
}
