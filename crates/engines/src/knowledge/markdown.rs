//! Markdown to plain passages. What customers read must not show any marks.

use super::{Passage, Sentence};

/// The most characters of one passage; longer paragraphs are cut at sentences.
const PASSAGE_MAX_CHARS: usize = 1_500;

/// An article, cut into blocks.
pub struct Article {
    title: String,
    shows: Option<String>,
    blocks: Vec<Block>,
}

struct Block {
    heading: Option<String>,
    sentences: Vec<Sentence>,
}

impl Article {
    /// The whole text, for telling its language.
    pub fn plain(&self) -> String {
        let sentences = self.blocks.iter().flat_map(|block| &block.sentences);
        sentences.map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The address of its first picture or file, as it is written.
    pub fn shows(&self) -> Option<&str> {
        self.shows.as_deref()
    }

    /// Its passages.
    pub fn passages(
        self,
        source: &str,
        language: &'static str,
        file: Option<&str>,
    ) -> Vec<Passage> {
        let title = self.title;
        self.blocks
            .into_iter()
            .map(|block| Passage {
                title: title.clone(),
                source: source.to_owned(),
                language,
                heading: block.heading,
                sentences: block.sentences,
                file: file.map(str::to_owned),
            })
            .collect()
    }
}

/// Reads an article.
pub fn read(text: &str, source: &str) -> Article {
    let mut reader = Reader::default();
    for line in body(text).lines() {
        reader.line(line);
    }
    reader.end_block();
    let name = source.rsplit('/').next().unwrap_or(source);
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let title = reader.title.unwrap_or_else(|| name.replace(['-', '_'], " "));
    Article { title, shows: reader.shows, blocks: reader.blocks }
}

/// The text after front matter.
fn body(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"));
    match rest.and_then(|rest| rest.split_once("\n---")) {
        Some((_, body)) => body.trim_start_matches('-'),
        None => text,
    }
}

#[derive(Default)]
struct Reader {
    title: Option<String>,
    shows: Option<String>,
    heading: Option<String>,
    paragraph: String,
    sentences: Vec<Sentence>,
    blocks: Vec<Block>,
    in_code: bool,
    in_list: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            self.in_code = !self.in_code;
        } else if self.in_code {
            self.end_paragraph();
            self.paragraph = line.to_owned();
        } else if let Some(address) = picture(line) {
            self.shows.get_or_insert_with(|| address.to_owned());
        } else if let Some(heading) = heading(line) {
            self.end_block();
            if self.title.is_none() {
                self.title = Some(heading);
            } else {
                self.heading = Some(heading);
            }
        } else if line.is_empty() {
            self.blank();
        } else if let Some(item) = list_item(line) {
            self.end_paragraph();
            self.in_list = true;
            self.paragraph = item.to_owned();
        } else if !is_rule(line) {
            if !self.paragraph.is_empty() {
                self.paragraph.push(' ');
            }
            self.paragraph.push_str(line.trim_start_matches("> "));
        }
    }

    /// An empty line ends the block, unless a list is announced or goes on.
    fn blank(&mut self) {
        self.end_paragraph();
        let announced = self.sentences.last().is_some_and(|s| s.text.ends_with([':', '：']));
        if !announced {
            self.end_block();
        }
    }

    fn end_paragraph(&mut self) {
        let plain = plain(&std::mem::take(&mut self.paragraph));
        let is_item = std::mem::take(&mut self.in_list);
        let texts = if is_item { vec![plain] } else { sentences(&plain) };
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        self.sentences.extend(texts.map(|text| Sentence { text, is_item }));
    }

    fn end_block(&mut self) {
        self.end_paragraph();
        let mut block = Block { heading: self.heading.clone(), sentences: Vec::new() };
        let mut size = 0;
        for sentence in std::mem::take(&mut self.sentences) {
            let length = sentence.text.chars().count();
            if size + length > PASSAGE_MAX_CHARS && !block.sentences.is_empty() {
                let next = Block { heading: self.heading.clone(), sentences: Vec::new() };
                self.blocks.push(std::mem::replace(&mut block, next));
                size = 0;
            }
            size += length;
            block.sentences.push(sentence);
        }
        if !block.sentences.is_empty() {
            self.blocks.push(block);
        }
    }
}

/// A line that is a picture and nothing else.
fn picture(line: &str) -> Option<&str> {
    let (_, address) = line.strip_prefix("![")?.strip_suffix(')')?.split_once("](")?;
    let address = address.split_whitespace().next()?;
    (!address.contains(['(', ')'])).then_some(address)
}

fn heading(line: &str) -> Option<String> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    ((1..=6).contains(&level) && rest.starts_with(' '))
        .then(|| plain(rest.trim().trim_end_matches('#')))
}

fn list_item(line: &str) -> Option<&str> {
    let bullet = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark));
    bullet.or_else(|| {
        let (number, rest) = line.split_once(['.', ')'])?;
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        (is_number && rest.starts_with(' ')).then(|| rest.trim_start())
    })
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' '))
}

/// One line without marks: links and pictures become their text, tags and comments vanish.
pub fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if let Some((label, after)) = link(rest) {
            out.push_str(&plain(label));
            rest = after;
            continue;
        }
        if let Some(after) = tag(rest) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' | '`' | '~' => {}
            '|' => out.push(' '),
            '\\' => {
                if let Some(escaped) = rest.chars().next() {
                    out.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
            }
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[text](address)`, `![text](address)` and `[text][reference]`: the text and what follows.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let (label, rest) = inner.split_once(']')?;
    let after = match rest.chars().next()? {
        '(' => rest.split_once(')')?.1,
        '[' => rest[1..].split_once(']')?.1,
        _ => return None,
    };
    Some((label, after))
}

/// An HTML tag or comment: what follows it.
fn tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let starts = inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
    if !starts {
        return None;
    }
    if let Some(comment) = inner.strip_prefix("!--") {
        return Some(comment.split_once("-->").map_or("", |(_, after)| after));
    }
    inner.split_once('>').map(|(_, after)| after)
}

/// Cuts a paragraph into sentences. A dot between digits or before a small letter ends nothing.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut current = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        current.push(c);
        let ends = match c {
            '。' | '！' | '？' | '؟' | '।' => true,
            '.' | '!' | '?' | ':' => {
                let mut ahead = chars.clone();
                ahead.next().is_some_and(char::is_whitespace)
                    && ahead.next().is_some_and(|next| !next.is_lowercase())
                    && c != ':'
            }
            _ => false,
        };
        if ends {
            sentences.push(std::mem::take(&mut current));
        }
    }
    sentences.push(current);
    sentences.iter().map(|sentence| sentence.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_vanish_and_lists_stay_with_their_announcement() {
        let article = read(
            "---\ntag: x\n---\n# *Refunds*\n\nSee [the page](https://x.example). It takes 4.90 EUR. <b>Yes</b>\n\n## By card\nThe days:\n\n- **Visa**: 5\n- PayPal: 2\n\nLast.",
            "a/b.md",
        );
        assert_eq!(article.title, "Refunds");
        let passages = article.passages("a/b.md", "en", None);
        let texts = |at: usize| -> Vec<&str> {
            passages[at].sentences.iter().map(|s| s.text.as_str()).collect()
        };
        assert_eq!(texts(0), ["See the page.", "It takes 4.90 EUR.", "Yes"]);
        assert!(passages[1].sentences[2].is_item && !passages[1].sentences[0].is_item);
        assert_eq!(texts(1), ["The days:", "Visa: 5", "PayPal: 2"]);
        assert_eq!(passages[1].heading.as_deref(), Some("By card"));
        assert_eq!(texts(2), ["Last."]);
    }

    #[test]
    fn an_article_without_heading_is_named_after_its_file() {
        assert_eq!(read("Text.", "x/store-hours.md").title, "store hours");
    }
}
