//! The frame of every page: self-contained, no script, no network, light and dark by the reader's choice.

use std::fmt::Write as _;

/// What the catalogue and the report of certificates share.
///
/// Colours have a contrast of 4.5 and more against their ground in both schemes; a verdict is told by
/// its word, never by colour alone.
const STYLE: &str = include_str!("style.css");

/// A whole page around its content.
pub fn page(title: &str, more_style: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{more_style}</style>\n</head>\n<body>\n<main>\n\
         {content}</main>\n</body>\n</html>\n",
        title = escape(title),
    )
}

/// Text that stands for itself in content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A table in a box that scrolls; headers with unit and kind.
pub fn grid(
    id: &str,
    caption: &str,
    columns: &[(&str, &str, &str)],
    rows: &[Vec<String>],
) -> String {
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\">\n<table>\n\
         <caption><span id=\"{id}\">{}</span></caption>\n<thead>\n<tr>",
        escape(caption)
    );
    for (header, unit, kind) in columns {
        let _ = write!(out, "<th scope=\"col\">{}", escape(header));
        for (class, note) in [("unit", unit), (kind, kind)] {
            if !note.is_empty() {
                let _ = write!(out, " <span class=\"{class}\">{}</span>", escape(note));
            }
        }
        out.push_str("</th>");
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (i, (cell, column)) in row.iter().zip(columns).enumerate() {
            let cell = escape(cell);
            let _ = match (i, column.2) {
                (0, _) => write!(out, "<th scope=\"row\">{cell}</th>"),
                (_, "estimate") => write!(out, "<td class=\"number estimate\">{cell}</td>"),
                _ => write!(out, "<td class=\"number\">{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody>\n</table>\n</div>\n"
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_is_text() {
        let shown = escape("<script>alert(\"x\" & 'y')</script>\n");
        assert_eq!(
            shown,
            "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt; "
        );
    }
}
