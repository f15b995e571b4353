//! What a scenario expects to read: words, with `*` for anything between them.

/// A text with `*` for any characters. Case and the kind of white space do not matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &str) -> Self {
        Self(plain(text))
    }

    /// Whether the text is as expected.
    pub fn fits(&self, text: &str) -> bool {
        let text = plain(text);
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
        for part in between {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("Hello", "hello", true),
            ("Hello", "Hello there", false),
            ("*order*", "Where is my\norder?", true),
            ("we*to*you", "We talk to you", true),
            ("we*to*you", "We talk to you now", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text), fits, "{pattern:?} on {text:?}");
        }
    }
}
