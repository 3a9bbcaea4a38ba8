//! Cells of a table for spreadsheets.
//!
//! What is in them comes from outside: no cell is a formula, and none breaks its row.

/// Returns text as a cell that no spreadsheet takes for a formula.
pub fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = text.replace('"', "\"\"");
    let quote = if is_formula { "'" } else { "" };
    format!("\"{quote}{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_breaks_no_row() {
        for (name, told) in [
            ("api", "\"api\""),
            ("=1+1", "\"'=1+1\""),
            ("@sum", "\"'@sum\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ] {
            assert_eq!(cell(name), told);
        }
    }
}
