//! The frame of every page: self-contained, no script, no network, light and dark by the reader's choice.

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
