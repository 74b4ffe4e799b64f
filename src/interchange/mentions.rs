//! What a program has beside a list: other statements, and the lines that mention the list's name.
//!
//! What a program does with a list cannot be followed in general. So the list is read as it is written, and
//! what is taken for granted by that is said, with the lines that a reader should look at.

use crate::interchange::lexer::{Kind, Syntax};
use crate::interchange::source::Group;
use crate::interchange::tokens::Tokens;
use std::collections::HashMap;

/// Most lines that are named.
const MAX_LINES: usize = 8;
/// Most mentions of a name that are looked at.
const MAX_MENTIONS: usize = 1_000;
/// Most tokens of a statement to either side of its list that are looked at.
const MAX_STATEMENT: usize = 4_096;

/// Words of a program by their text.
pub(super) struct Mentions<'a> {
    of: HashMap<&'a str, Vec<usize>>,
    /// Whether there is anything but statements that hold lists.
    others: bool,
}

/// First token of a statement that holds a list, and the one after its last.
pub(super) fn statement(t: &Tokens, open: usize) -> (usize, usize) {
    let (mut from, mut to) = (open, t.after(open));
    let body = |p: usize| t.syntax != Syntax::Python && t.is(p, '{') && is_block(t, p);
    while let Some(p) = t.parent(from).filter(|p| !body(*p)) {
        from = p;
        to = t.after(p);
    }
    for _ in 0..MAX_STATEMENT {
        let Some(k) = from.checked_sub(1).filter(|_| !t.fresh(from)) else {
            break;
        };
        let block = t.syntax != Syntax::Python && t.is(k, '}');
        if t.is(k, ';') || t.parent(from) == Some(k) || block {
            break;
        }
        from = t.partner(k).filter(|o| *o < k).unwrap_or(k);
    }
    for _ in 0..MAX_STATEMENT {
        if to >= t.list.len() || t.fresh(to) {
            break;
        }
        let ends = t.is(to, ';');
        let closes =
            matches!(t.list[to].kind, Kind::Mark(')' | ']' | '}')) && t.partner(to).is_some();
        if closes {
            break;
        }
        to = t.after(to);
        if ends {
            break;
        }
    }
    (from, to)
}

/// Whether a brace opens statements, rather than a list: after a head such as `f()`, or after a name that
/// `namespace`, `struct` and the like come before.
fn is_block(t: &Tokens, open: usize) -> bool {
    let Some(k) = open.checked_sub(1) else {
        return true;
    };
    let word = |n: usize| open.checked_sub(n).and_then(|k| t.word(k));
    let heads = [
        "else",
        "do",
        "try",
        "const",
        "noexcept",
        "override",
        "namespace",
        "struct",
        "class",
        "union",
    ];
    let headed = |w: Option<&str>| w.is_some_and(|w| heads.contains(&w));
    t.is(k, ')') || t.is(k, '{') && is_block(t, k) || headed(word(1)) || headed(word(2)) || {
        // `func f() float64 {` of Go.
        t.syntax == Syntax::Go && t.is(k.saturating_sub(1), ')')
    }
}

impl<'a> Mentions<'a> {
    /// `lists` are the opening brackets of all lists.
    pub fn read(t: &Tokens<'a>, lists: &[usize]) -> Self {
        let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, token) in t.list.iter().enumerate() {
            if token.kind == Kind::Word {
                of.entry(token.text).or_default().push(i);
            }
        }
        // Lists come in their order, and several may be in one statement.
        let mut covered = 0;
        let mut others = false;
        for &open in lists {
            if open < covered {
                continue;
            }
            let (from, to) = statement(t, open);
            others |= from > covered;
            covered = to;
        }
        others |= covered < t.list.len();
        Self { of, others }
    }

    /// A name as the text has it, if it does.
    pub fn word(&self, name: &str) -> Option<&'a str> {
        self.of.get_key_value(name).map(|(word, _)| *word)
    }

    /// What is taken for granted of a list, in words, and whether it is mentioned; `names` are those of its
    /// statement.
    pub fn assumed(
        &self,
        t: &Tokens,
        open: usize,
        names: &[&str],
        group: &Group,
    ) -> (Option<String>, bool) {
        if !self.others {
            return (None, false);
        }
        let own = statement(t, open);
        let mut lines: Vec<usize> = names
            .iter()
            .filter_map(|n| self.of.get(n))
            .flat_map(|all| all.iter().take(MAX_MENTIONS))
            .filter(|i| !(own.0..own.1).contains(*i))
            .filter_map(|i| t.get(*i).map(|x| x.line))
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let list = match group.name.as_str() {
            "" => "the list".to_owned(),
            name => format!("the list `{name}`"),
        };
        let list = format!("{list} as it is written on line {}", group.line);
        if lines.is_empty() {
            let text = format!("{list}: the program's other statements are not followed");
            return (Some(text), false);
        }
        let all = names.iter().filter_map(|n| self.of.get(n));
        let cut = all.into_iter().any(|l| l.len() > MAX_MENTIONS);
        let shown: Vec<String> = lines.iter().take(MAX_LINES).map(usize::to_string).collect();
        let more = match lines.len() - shown.len() {
            0 => String::new(),
            n if cut => format!(" and more than {n} more"),
            n => format!(" and {n} more"),
        };
        let line = if lines.len() == 1 { "line" } else { "lines" };
        let text = format!(
            "{list}: what the rest of the program does with it is not followed (it is mentioned on {line} {}{more})",
            shown.join(", ")
        );
        (Some(text), true)
    }
}
