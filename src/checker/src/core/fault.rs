//! Why a document is not verified.

/// What the functions of this crate return.
pub(crate) type Checked<T> = Result<T, Fault>;

/// The reason that ends a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The document does not have the form that the format asks for.
    Unreadable {
        /// Where: `claims[2].cells[0].points[7]`; empty at the top.
        path: String,
        /// What is wrong, with the limit that was exceeded if any.
        detail: String,
    },
    /// The document is well formed and proves nothing.
    Rejected {
        /// The claim that fails; none for the branches.
        claim: Option<usize>,
        /// The rule of the format that is not met.
        rule: String,
        /// Which condition, and where.
        detail: String,
    },
}

impl Fault {
    /// A fault of form; `at` adds where.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::Unreadable {
            path: String::new(),
            detail: detail.into(),
        }
    }

    /// A condition that is not met.
    pub(crate) fn rejected(rule: &str, detail: impl Into<String>) -> Self {
        Self::Rejected {
            claim: None,
            rule: rule.to_owned(),
            detail: detail.into(),
        }
    }

    /// An inconsistency of the checker itself: it must never vouch for anything then.
    pub(crate) fn internal(detail: &str) -> Self {
        Self::rejected("internal", detail)
    }

    /// Says where a rule R1 to R5 failed; other faults are about no place in particular.
    pub(crate) fn inside(self, place: &str) -> Self {
        match self {
            Self::Rejected {
                claim,
                rule,
                detail,
            } if rule.starts_with('R') => Self::Rejected {
                claim,
                rule,
                detail: format!("{place}: {detail}"),
            },
            other => other,
        }
    }

    /// Puts a field in front of the path.
    pub(crate) fn at(self, field: &str) -> Self {
        match self {
            Self::Unreadable { path, detail } => {
                let joint = if path.is_empty() || path.starts_with('[') {
                    ""
                } else {
                    "."
                };
                Self::Unreadable {
                    path: format!("{}{joint}{path}", printable(field)),
                    detail,
                }
            }
            rejected => rejected,
        }
    }

    /// Puts an index in front of the path.
    pub(crate) fn item(self, index: usize) -> Self {
        self.at(&format!("[{index}]"))
    }

    /// Names the claim, and puts the claim's own rule in front of a shared one.
    pub(crate) fn in_claim(self, index: usize, name: &str) -> Self {
        match self {
            Self::Rejected { rule, detail, .. } => Self::Rejected {
                claim: Some(index),
                rule: if rule == name {
                    rule
                } else {
                    format!("{name}: {rule}")
                },
                detail,
            },
            unreadable => unreadable,
        }
    }
}

/// Text of the document, made safe to print: control characters escaped, and cut at 200 characters,
/// so that a table's name can forge no line of the checker's output.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == 200 {
            out.push_str("...");
            break;
        }
        let unseen = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || unseen {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined() {
        let fault = Fault::unreadable("x")
            .item(3)
            .at("boxes")
            .item(1)
            .at("value");
        let Fault::Unreadable { path, .. } = fault else {
            panic!("kind changed")
        };
        assert_eq!(path, "value[1].boxes[3]");
    }

    #[test]
    fn control_characters_are_escaped_and_long_text_is_cut() {
        assert_eq!(printable("a\nVERIFIED\u{202e}"), "a\\u{a}VERIFIED\\u{202e}");
        assert_eq!(printable("\u{61c}\u{2060}"), "\\u{61c}\\u{2060}");
        assert_eq!(printable(&"x".repeat(300)).len(), 203);
    }
}
