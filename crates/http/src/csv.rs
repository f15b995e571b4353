//! Reading tables as spreadsheets write them (RFC 4180): commas or semicolons, quoted cells.

/// A table that is longer is not read.
const MAX_COLUMNS: usize = 100;

/// The rows of a table, each with its cells; empty lines are left out. None where a quoted cell
/// does not end, or a row has more cells than anybody's table.
pub(crate) fn rows(text: &str) -> Option<Vec<Vec<String>>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if quoted {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => quoted = false,
                c => cell.push(c),
            }
            continue;
        }
        match c {
            '"' if cell.is_empty() => quoted = true,
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                row.push(std::mem::take(&mut cell));
                keep(&mut rows, std::mem::take(&mut row));
            }
            c if c == separator => {
                row.push(std::mem::take(&mut cell));
                if row.len() > MAX_COLUMNS {
                    return None;
                }
            }
            c => cell.push(c),
        }
    }
    row.push(cell);
    keep(&mut rows, row);
    (!quoted).then_some(rows)
}

/// What the first line uses most.
fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    if first.matches(';').count() > first.matches(',').count() { ';' } else { ',' }
}

fn keep(rows: &mut Vec<Vec<String>>, row: Vec<String>) {
    if row.iter().any(|cell| !cell.trim().is_empty()) {
        rows.push(row);
    }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn tables_are_read_as_spreadsheets_write_them() {
        for (text, expected) in [
            ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("\u{feff}a;b\r\n1;2,5", vec![vec!["a", "b"], vec!["1", "2,5"]]),
            ("\"a,\n\"\"x\"\"\",b\n\n , \n,c", vec![vec!["a,\n\"x\"", "b"], vec!["", "c"]]),
            ("", vec![]),
            ("to", vec![vec!["to"]]),
            ("it\"s,b", vec![vec!["it\"s", "b"]]),
        ] {
            assert_eq!(rows(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(rows("a,\"b"), None);
        assert_eq!(rows(&",".repeat(200)), None);
    }
}
