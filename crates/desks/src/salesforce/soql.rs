//! Salesforce's query language: its one shape, and words inside queries and searches, so that nothing
//! that a customer wrote can end a literal.

/// A question for rows of an object: which of its fields, which rows, in which order (empty: any),
/// and how many at most.
pub fn rows(fields: &str, object: &str, filter: &str, order: &str, most: usize) -> String {
    let most = most.to_string();
    let mut words = vec!["SELECT", fields, "FROM", object, "WHERE", filter];
    if !order.is_empty() {
        words.extend(["ORDER BY", order]);
    }
    words.extend(["LIMIT", &most]);
    words.join(" ")
}

/// A string literal of a query ("Quoted String Escape Sequences", SOQL and SOSL Reference, checked
/// 2026-11).
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Several literals, as `IN` takes them.
pub fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let all: Vec<String> = texts.into_iter().map(|text| quoted(text)).collect();
    format!("({})", all.join(", "))
}

/// A word of a search's braces, its reserved characters escaped ("FIND {SearchQuery}", the same
/// reference).
pub fn searched(text: &str) -> String {
    const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        if RESERVED.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_shape() {
        assert_eq!(
            rows("Id, Name", "Case", "Id = '5'", "CreatedDate DESC", 2),
            "SELECT Id, Name FROM Case WHERE Id = '5' ORDER BY CreatedDate DESC LIMIT 2"
        );
        assert!(rows("Id", "Case", "Id = '5'", "", 1).ends_with("Id = '5' LIMIT 1"));
    }

    #[test]
    fn nothing_ends_a_literal() {
        assert_eq!(quoted("o'hara \\ x"), r"'o\'hara \\ x'");
        assert_eq!(quoted("a\n\u{0}b"), r"'a\nb'");
        assert_eq!(list(&["a".to_owned(), "b'".to_owned()]), r"('a', 'b\'')");
        assert_eq!(searched("(204) 291-98*"), r"\(204\) 291\-98\*");
    }
}
