//! Which lines of C and C++ are compiled only under a condition of the preprocessor.

/// Lines between `#if` and `#endif`, but for the guard around a header and for C++.
pub(super) fn conditional(text: &str) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((n, line)) = lines.next() {
        let Some(directive) = line.trim_start().strip_prefix('#').map(str::trim_start) else {
            continue;
        };
        if directive.starts_with("if") {
            while lines.peek().is_some_and(|(_, l)| l.trim().is_empty()) {
                lines.next();
            }
            let next = lines.peek().map_or("", |(_, l)| l.trim());
            let name = directive.strip_prefix("ifndef").map(str::trim);
            let guard = name.is_some_and(|name| {
                let defined = next.strip_prefix('#').map(str::trim_start);
                let defined = defined
                    .and_then(|d| d.strip_prefix("define"))
                    .map(str::trim);
                !name.is_empty()
                    && defined.is_some_and(|d| d.split_whitespace().next() == Some(name))
            });
            let always = directive
                .strip_prefix("if")
                .is_some_and(|c| c.trim() == "1");
            open.push((n + 1, guard || always));
        } else if directive.starts_with("el") {
            if let Some(last) = open.last_mut() {
                last.1 = false;
            }
        } else if directive.starts_with("endif") {
            if let Some((line, guard)) = open.pop() {
                if !guard {
                    found.push((line, n + 2));
                }
            }
        }
    }
    let unclosed = open.iter().filter(|(_, guard)| !guard);
    found.extend(unclosed.map(|(line, _)| (*line, usize::MAX)));
    found
}
