//! Markdown that a language model writes, as plain text.

/// The longest stretch, in bytes, that one pair of marks is looked for.
const MAX_SPAN_BYTES: usize = 1_000;
/// How deep marks may nest.
const MAX_DEPTH: u8 = 4;

/// Takes the marks of Markdown out of a text for a channel that shows none: emphasis, code,
/// headings, rules, fences; "[a](b)" becomes "a: b", and a "*" before a list item becomes "-".
/// What is only possibly a mark, as in "2*3*4", "snake_case" or "#1", stays.
pub fn plain(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        match (fence, fence_of(line)) {
            (None, Some(opened)) => fence = Some(opened),
            (Some(open), Some(mark)) if mark == open => fence = None,
            (Some(_), _) => lines.push(line.to_owned()),
            (None, None) if is_rule(line) => {
                lines.pop_if(|last| last.is_empty());
            }
            (None, None) => lines.push(block(line)),
        }
    }
    let mut plain = lines.join("\n");
    if text.ends_with('\n') && !plain.is_empty() {
        plain.push('\n');
    }
    plain
}

/// The mark of a line that opens or closes a block of code.
fn fence_of(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|mark| {
        let rest = line.trim_start().strip_prefix(mark);
        rest.is_some_and(|info| !info.contains('`') && info.split_whitespace().count() <= 1)
    })
}

/// A line of nothing but three or more equal marks.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && ['-', '*', '_'].iter().any(|&mark| line.chars().all(|c| c == mark))
}

/// One line outside code.
fn block(line: &str) -> String {
    let text = line.trim_start();
    let mut plain = String::with_capacity(line.len());
    if let Some(heading) = heading(text) {
        inline(heading, MAX_DEPTH, &mut plain);
    } else if let Some(item) = text.strip_prefix("* ") {
        plain.push_str(&line[..line.len() - text.len()]);
        plain.push_str("- ");
        inline(item, MAX_DEPTH, &mut plain);
    } else {
        inline(line, MAX_DEPTH, &mut plain);
    }
    plain
}

/// The words of "## Heading" or "## Heading ##".
fn heading(text: &str) -> Option<&str> {
    let words = text.trim_start_matches('#');
    let level = text.len() - words.len();
    let words = words.strip_prefix(' ').filter(|_| (1..=6).contains(&level))?.trim();
    let open = words.trim_end_matches('#');
    Some(if open.ends_with(' ') { open.trim_end() } else { words })
}

/// Writes one stretch of a line without its marks.
fn inline(text: &str, depth: u8, plain: &mut String) {
    let mut before = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            _ if is_address(rest) => {
                let len = address_len(rest);
                plain.push_str(&rest[..len]);
                Some(len)
            }
            '`' => code(rest, before, plain),
            '*' | '_' if depth > 0 => emphasis(c, rest, before, depth, plain),
            '[' | '!' if depth > 0 => link(rest, depth, plain),
            '<' => angle(rest, plain),
            _ => None,
        };
        let len = taken.unwrap_or_else(|| {
            let run = run_of(c, rest);
            plain.push_str(&rest[..run]);
            run
        });
        before = rest[..len].chars().next_back();
        rest = &rest[len..];
    }
}

/// The length of what is copied when no mark was found: a run of marks as a whole.
fn run_of(c: char, rest: &str) -> usize {
    match c {
        '*' | '_' | '`' => rest.len() - rest.trim_start_matches(c).len(),
        c => c.len_utf8(),
    }
}

/// "`x`"; the length that was taken.
fn code(rest: &str, before: Option<char>, plain: &mut String) -> Option<usize> {
    if before.is_some_and(|c| joins(c, '`')) {
        return None;
    }
    let run = run_of('`', rest);
    let (mark, inner) = rest.split_at(run);
    let end = bounded(inner).find(mark).filter(|&end| end > 0)?;
    plain.push_str(inner[..end].trim());
    Some(run + end + run)
}

/// "*x*", "**x**", "_x_" and so on; the length that was taken. What stands directly at a word's
/// letters is no mark.
fn emphasis(
    mark: char,
    rest: &str,
    before: Option<char>,
    depth: u8,
    plain: &mut String,
) -> Option<usize> {
    let run = run_of(mark, rest);
    let inner = &rest[run..];
    if run > 3 || before.is_some_and(|c| joins(c, mark)) || inner.starts_with(char::is_whitespace) {
        return None;
    }
    let end = closing(mark, run, inner)?;
    let words = &inner[..end];
    if run == 1 && !words.contains(char::is_alphabetic) {
        return None;
    }
    inline(words, depth - 1, plain);
    Some(run + end + run)
}

/// Where the run of marks stands that closes.
fn closing(mark: char, run: usize, inner: &str) -> Option<usize> {
    let text = bounded(inner);
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &inner[at..];
        if c != mark {
            at += if is_address(rest) { address_len(rest) } else { c.len_utf8() };
            continue;
        }
        let len = run_of(mark, rest);
        let after = inner[at + len..].chars().next();
        let open = text[..at].ends_with(char::is_whitespace)
            || after.is_some_and(|c| joins(c, mark) && (run == 1 || mark == '_' || c.is_numeric()));
        if at > 0 && len == run && !open {
            return Some(at);
        }
        at += len;
    }
    None
}

/// Whether a mark beside this character belongs to a word, a path or an address. Scripts that are
/// written without spaces come after U+0E00.
fn joins(c: char, mark: char) -> bool {
    (c.is_alphanumeric() && c < '\u{e00}') || (mark == '_' && matches!(c, '@' | '/' | '\\' | '_'))
}

/// "[a](b)" or "![a](b)" with an address that works outside a page; the length that was taken.
fn link(rest: &str, depth: u8, plain: &mut String) -> Option<usize> {
    let label_at = if rest.starts_with('!') { 2 } else { 1 };
    let inner = rest.strip_prefix('!').unwrap_or(rest).strip_prefix('[')?;
    let label_len = bounded(inner).find(']')?;
    let (label, inner) = inner.split_at(label_len);
    let inner = inner.strip_prefix("](")?;
    let target_len = closing_bracket(bounded(inner))?;
    let target = inner[..target_len].split_whitespace().next()?;
    let address = shown(target.trim_start_matches('<').trim_end_matches('>'))?;
    let mut words = String::new();
    inline(label.trim(), depth - 1, &mut words);
    if !words.is_empty() && !is_same_address(&words, address) {
        plain.push_str(&words);
        plain.push_str(": ");
    }
    plain.push_str(address);
    Some(label_at + label_len + 2 + target_len + 1)
}

/// Where the bracket stands that closes an address, which may itself have brackets.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            _ => {}
        }
    }
    None
}

/// "<https://x>"; the length that was taken.
fn angle(rest: &str, plain: &mut String) -> Option<usize> {
    let inner = &rest[1..];
    let end = bounded(inner).find('>').filter(|&end| !inner[..end].contains(' '))?;
    plain.push_str(shown(&inner[..end])?);
    Some(end + 2)
}

/// An address as a person can use it: without the scheme where it is a number or a mailbox.
fn shown(address: &str) -> Option<&str> {
    let bare = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:"));
    bare.or_else(|| is_address(address).then_some(address)).filter(|shown| !shown.is_empty())
}

fn is_same_address(words: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim_start_matches("https://").trim_start_matches("http://");
        text.trim_end_matches('/').to_lowercase()
    };
    bare(words) == bare(address)
}

fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// How far an address reaches that stands in a text.
fn address_len(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '*' | '"' | '`'))
        .unwrap_or(text.len())
}

/// The part of a text in which a closing mark is looked for.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_SPAN_BYTES)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_out() {
        for (markdown, expected) in [
            ("**Hello** *there* __you__ _all_", "Hello there you all"),
            ("***both*** and **bold *nested* on**", "both and bold nested on"),
            ("(**yes**/**no**), \"**ok**\".", "(yes/no), \"ok\"."),
            ("Note: **3** items, **Reset**ting", "Note: 3 items, Resetting"),
            ("これは**重要**です", "これは重要です"),
            ("run `a_b *c*` or ``x`y``", "run a_b *c* or x`y"),
            ("# Title\n### Sub ###\ntext", "Title\nSub\ntext"),
            ("## **Bold** title", "Bold title"),
            ("* one\n* **two**\n  * three", "- one\n- two\n  - three"),
            ("- one\n- *two*\n1. three", "- one\n- two\n1. three"),
            ("```sh\nls *a* *b*\n```\ndone", "ls *a* *b*\ndone"),
            ("~~~\n```\n~~~", "```"),
            ("a\n\n---\n\nb\n***\nc", "a\n\nb\nc"),
            ("[Orders](https://x.test/a_b_c)", "Orders: https://x.test/a_b_c"),
            ("[**Go**](https://x.test/w_(y) \"title\").", "Go: https://x.test/w_(y)."),
            ("[https://x.test](https://x.test)", "https://x.test"),
            ("[x.test](https://x.test/)", "https://x.test/"),
            ("[a@x.test](mailto:a@x.test)", "a@x.test"),
            ("[Call](tel:+14155550132)", "Call: +14155550132"),
            ("![photo](https://x.test/p.png)", "photo: https://x.test/p.png"),
            ("[](https://x.test)", "https://x.test"),
            ("**https://x.test/a** <https://x.test>", "https://x.test/a https://x.test"),
            ("**[A](https://x.test)**\n", "A: https://x.test\n"),
        ] {
            assert_eq!(plain(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "",
            "2*3*4 and 2**3**4",
            "2 * 3 * 4",
            "snake_case_name _ __ ____",
            "#1, #2 and #tag",
            "#hashtag first",
            "5* hotel, 4* hotel",
            "Price* applies. *Excl. VAT",
            "Kund*innen und Partner*innen",
            "+ 20 EUR\n- 5 EUR",
            "-- x --",
            "f(**a, **b)",
            "¯\\_(ツ)_/¯",
            "[1] and [note] (see below)",
            "f[i](x) and [a](below)",
            "https://x.test/_next_/a_b?c=*",
            "_see https://x.test/_a_ now",
            "a < b > c, <b>, <- back",
            "5` 6` tall",
            "``` starts a block",
            "C:\\_tmp\\*.*",
            "a\n\n\nb\r",
            "*",
            "**",
            "![",
            "[a](",
            "see ``` here",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_no_longer_and_keeps_its_words(
            text in "[a-c*_`#\\[\\]()<>!~ \n€]{0,80}|\\PC{0,60}",
        ) {
            let words = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let plain = plain(&text);
            prop_assert!(plain.len() <= text.len());
            if !text.contains("```") && !text.contains("~~~") {
                prop_assert_eq!(words(&plain), words(&text));
            }
        }
    }
}
