//! Just enough of Rust's grammar to tell code from text: comments, strings, characters.

/// A source in which comments and the insides of strings and characters are blank; line ends
/// and lengths stay. The strings stand beside it with their lines.
pub struct Source {
    pub code: String,
    /// Line from 1, and what stands between the quotes.
    pub strings: Vec<(usize, String)>,
}

/// Reads a source; what follows `#[cfg(test)] mod` is not looked at.
pub fn product(text: &str) -> Source {
    let mut source = read(text);
    if let Some(at) = source.code.find("#[cfg(test)]\nmod ")
        && source.code[at..].lines().nth(1).is_some_and(|line| line.ends_with('{'))
    {
        let lines = source.code[..at].lines().count();
        source.code.truncate(at);
        source.strings.retain(|(line, _)| *line <= lines);
    }
    source
}

pub fn read(text: &str) -> Source {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader { chars, at: 0, line: 1, code: String::new(), strings: Vec::new() };
    while reader.at < reader.chars.len() {
        reader.step();
    }
    Source { code: reader.code, strings: reader.strings }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// Goes one on; a blank takes the place of what is no code.
    fn take(&mut self, keep: bool) -> char {
        let c = self.peek(0);
        self.at += 1;
        self.line += usize::from(c == '\n');
        self.code.push(if keep || c == '\n' { c } else { ' ' });
        c
    }

    fn step(&mut self) {
        let after_word = self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.take(false);
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if !after_word || self.code.ends_with('b') => self.raw(),
            ('\'', _) => self.quote(),
            _ => {
                self.take(true);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.take(false);
                    continue;
                }
            }
            self.take(false);
            self.take(false);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let line = self.line;
        self.take(true);
        let mut text = String::new();
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.take(false);
                let escaped = self.take(false);
                text.push(if escaped == '"' { '"' } else { ' ' });
            } else {
                text.push(self.take(false));
            }
        }
        self.take(true);
        self.strings.push((line, text));
    }

    fn raw(&mut self) {
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        if self.peek(1 + hashes) != '"' {
            self.take(true);
            return;
        }
        let line = self.line;
        for _ in 0..hashes + 2 {
            self.take(true);
        }
        let mut text = String::new();
        let closes = |reader: &Self| {
            reader.peek(0) == '"' && (1..=hashes).all(|ahead| reader.peek(ahead) == '#')
        };
        while self.at < self.chars.len() && !closes(self) {
            text.push(self.take(false));
        }
        for _ in 0..=hashes {
            self.take(true);
        }
        self.strings.push((line, text));
    }

    /// A character, or a lifetime.
    fn quote(&mut self) {
        self.take(true);
        if self.peek(0) == '\\' {
            self.take(false);
            self.take(false);
            while self.at < self.chars.len() && self.peek(0) != '\'' {
                self.take(false);
            }
            self.take(true);
        } else if self.peek(1) == '\'' {
            self.take(false);
            self.take(true);
        }
    }
}

/// Whether `word` stands in the text on its own, not as a part of a longer one.
pub fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[test]
fn text_is_told_from_code() {
    let text = "let a = \"{ // \\\" }\"; // { fn\nlet b = '{'; /* { /* { */ } */ let c: &'a str = r#\"x\"{\"#;";
    let source = read(text);
    assert!(!source.code.contains('{'), "{}", source.code);
    assert!(!source.code.contains("fn"));
    assert!(source.code.contains("&'a str"));
    assert_eq!(source.strings[0], (1, "{ // \" }".to_owned()));
    assert_eq!(source.strings[1], (2, "x\"{".to_owned()));
    assert_eq!(source.code.chars().count(), text.chars().count());
}

#[test]
fn inline_tests_are_left_out() {
    let source = product("fn a() {}\n#[cfg(test)]\nmod tests {\n let x = \"y\";\n}\n");
    assert_eq!(source.code, "fn a() {}\n");
    assert!(source.strings.is_empty());
    assert!(product("#[cfg(test)]\nmod tests;\nfn a() {}\n").code.contains("fn a"));
}

#[test]
fn words_stand_alone() {
    assert!(has_word("a meta b", "meta"));
    assert!(!has_word("metadata", "meta"));
}
