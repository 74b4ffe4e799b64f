//! Lines of CSV (RFC 4180), harmless to a spreadsheet.

/// Foreign text, harmless to a spreadsheet.
pub fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// One line.
pub fn line(cells: Vec<String>) -> String {
    let quoted: Vec<String> = cells.iter().map(|c| quote(c)).collect();
    quoted.join(",") + "\r\n"
}

fn quote(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        assert_eq!(quote("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quote("plain"), "plain");
        assert_eq!(plain("=1+1"), "'=1+1");
        assert_eq!(plain("a=1"), "a=1");
    }
}
