//! Faults of form, with the path to where they are in the document.

use crate::core::fault::Fault;

impl Fault {
    /// A fault of form; `at` adds where.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::Unreadable {
            path: String::new(),
            detail: detail.into(),
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
