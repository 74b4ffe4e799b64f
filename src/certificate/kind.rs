//! What a file says that it is, and which command takes it.

use serde::Deserialize;

/// The kinds of documents that polycert writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `polycert-table`: coefficients.
    Table,
    /// `polycert-certificate`: of a table.
    Certificate,
    /// `polycert-evaluation`: of an encrypted evaluation.
    Evaluation,
    /// `polycert-network`: one class of a network and its twin on one input.
    Network,
    /// `polycert-network-deviation`: the same under noise.
    NetworkDeviation,
    /// `polycert-network-box`: ranges and differences over a box of inputs.
    NetworkBox,
    /// `polycert-program`: an encrypted network.
    Program,
    /// `polycert-inference`: the same on one input.
    Inference,
    /// `polycert-audit`: a data set; no certificate.
    Audit,
    /// `polycert-manifest`: a list of certificates.
    Manifest,
    /// `polycert-plan`: a plan, with its folder.
    Plan,
}

impl Kind {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Table, "polycert-table"),
        (Self::Certificate, "polycert-certificate"),
        (Self::Evaluation, "polycert-evaluation"),
        (Self::Network, "polycert-network"),
        (Self::NetworkDeviation, "polycert-network-deviation"),
        (Self::NetworkBox, "polycert-network-box"),
        (Self::Program, "polycert-program"),
        (Self::Inference, "polycert-inference"),
        (Self::Audit, "polycert-audit"),
        (Self::Manifest, "polycert-manifest"),
        (Self::Plan, "polycert-plan"),
    ];

    /// The kind by the field `format`, whatever its version; nothing else of the document is looked at.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Tag {
            format: String,
        }
        let tag: Tag = serde_json::from_slice(bytes).ok()?;
        let (name, _) = tag.format.split_once('/')?;
        let found = Self::ALL.into_iter().find(|(_, n)| *n == name);
        found.map(|(kind, _)| kind)
    }

    /// Whether it is about a network and an input that stand beside it.
    pub fn is_of_network(self) -> bool {
        matches!(self, Self::Network | Self::NetworkDeviation)
    }

    /// What it is, and the command that takes it, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "is a table, not a certificate: `polycert certify` proves its error and writes one, `polycert show` shows it",
            Self::Certificate => "is a certificate of a table: `polycert check`, `show` and `report` take it",
            Self::Evaluation => "is a certificate of an encrypted evaluation: `polycert check` and `show` take it",
            Self::Network | Self::NetworkDeviation => {
                "is a certificate of a network: `polycert check` and `show` take it, with the exact network and input beside it (FILE.network, FILE.input)"
            }
            Self::NetworkBox => {
                "is a certificate of box bounds: `polycert check` takes it, with the exact network beside it (FILE.network)"
            }
            Self::Program => "is the program of an encrypted network: `polycert check` takes it, with the exact network beside it (FILE.network)",
            Self::Inference => {
                "is a certificate of an encrypted inference: `polycert check` takes it, with the exact network, the exact input and the program beside it (FILE.network, FILE.input, FILE.program)"
            }
            Self::Audit => "is an audit, not a certificate: `polycert report` and `show` take it; `polycert network certify` writes a certificate of one sample",
            Self::Manifest => "is a list of certificates: give `polycert-check` the folder, or each file to `polycert check`",
            Self::Plan => "is a plan: `polycert check` and `report` take it in its folder",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_their_tags() {
        for (kind, name) in Kind::ALL {
            for version in ["1", "7"] {
                let text = format!("{{\"x\": [1], \"format\": \"{name}/{version}\"}}");
                assert_eq!(Kind::of(text.as_bytes()), Some(kind));
            }
            assert!(kind.words().contains("polycert"));
        }
        for other in [
            "",
            "{",
            "{}",
            "[]",
            "{\"format\": 1}",
            "{\"format\":\"polycert-table\"}",
        ] {
            assert_eq!(Kind::of(other.as_bytes()), None);
        }
    }
}
