//! Why a document is not verified: the rule that fails, and where.

/// What the functions of this crate return.
pub(crate) type Checked<T> = Result<T, Fault>;

/// What a certificate can fail at; the names are those of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// R1.
    Pieces,
    /// R2.
    Image,
    /// R3 and R4.
    Cascade,
    /// R5.
    Cells,
    /// Which branches a certificate has.
    Branches,
    /// How much work, and how long a number, is too much.
    Limit,
    /// An inconsistency of the checker itself: it must never vouch for anything then.
    Internal,
    /// The own conditions of a claim, or of another kind of certificate.
    Own(&'static str),
}

impl Rule {
    /// The name in the format.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pieces => "R1 pieces",
            Self::Image => "R2 image",
            Self::Cascade => "R3 cascade",
            Self::Cells => "R5 cells",
            Self::Branches => "branches",
            Self::Limit => "limit",
            Self::Internal => "internal",
            Self::Own(name) => name,
        }
    }
}

/// The reason that ends a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The document does not have the form that the format asks for; only readers say so.
    Unreadable {
        /// Where: `claims[2].cells[0].points[7]`; empty at the top.
        path: String,
        /// What is wrong, with the limit that was exceeded if any.
        detail: String,
    },
    /// The document is well formed and proves nothing.
    Rejected {
        /// The claim that fails, and its rule; none for the branches.
        claim: Option<(usize, Rule)>,
        /// The rule that is not met: the claim's own, or a shared one.
        rule: Rule,
        /// Which condition, and where.
        detail: String,
    },
}

impl Fault {
    /// The same with where it happened in front; a limit is nobody's place.
    pub(crate) fn in_place(self, place: &str) -> Self {
        match self {
            Self::Rejected {
                claim,
                rule,
                detail,
            } if rule != Rule::Limit => Self::Rejected {
                claim,
                rule,
                detail: format!("{place}: {detail}"),
            },
            other => other,
        }
    }

    /// A condition that is not met.
    pub(crate) fn rejected(rule: Rule, detail: impl Into<String>) -> Self {
        Self::Rejected {
            claim: None,
            rule,
            detail: detail.into(),
        }
    }

    /// An inconsistency of the checker itself.
    pub(crate) fn internal(detail: &str) -> Self {
        Self::rejected(Rule::Internal, detail)
    }

    /// Says where one of the rules R1 to R5 failed; other faults are about no place in particular.
    pub(crate) fn inside(mut self, place: &str) -> Self {
        if let Self::Rejected { rule, detail, .. } = &mut self {
            match rule {
                Rule::Pieces | Rule::Image | Rule::Cascade | Rule::Cells => {
                    *detail = format!("{place}: {detail}");
                }
                Rule::Branches | Rule::Limit | Rule::Internal | Rule::Own(_) => {}
            }
        }
        self
    }

    /// Names the claim that failed, and its rule.
    pub(crate) fn in_claim(mut self, index: usize, own: Rule) -> Self {
        if let Self::Rejected { claim, .. } = &mut self {
            *claim = Some((index, own));
        }
        self
    }
}
