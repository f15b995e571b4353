//! Text as the rules see it: lower case, without diacritics, in clauses of words.

/// The token that stands for a comma: gaps in rules never cross it.
pub const COMMA: &str = ",";

/// Lower case without diacritics, in half-width letters, with Arabic and Devanagari spelling
/// variants made one. Characters without width are dropped, so that they hide nothing.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().map(half_width) {
        if is_dropped(c) {
            continue;
        }
        for lower in c.to_lowercase() {
            match expansion(lower) {
                Some(letters) => folded.push_str(letters),
                None if is_dropped(lower) => {}
                None => folded.push(base(lower)),
            }
        }
    }
    folded
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' | '´' => '\'',
        _ => c,
    }
}

/// Combining marks, Arabic vowel signs and stretching, the nukta, and everything invisible.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}'
        | '\u{670}' | '\u{93c}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

fn expansion(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

fn base(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'آ' | 'أ' | 'إ' | 'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        'ؤ' => 'و',
        'ئ' => 'ي',
        'ँ' => 'ं',
        _ => devanagari_base(c),
    }
}

fn devanagari_base(c: char) -> char {
    match c {
        '\u{958}' => 'क',
        '\u{959}' => 'ख',
        '\u{95a}' => 'ग',
        '\u{95b}' => 'ज',
        '\u{95c}' => 'ड',
        '\u{95d}' => 'ढ',
        '\u{95e}' => 'फ',
        _ => c,
    }
}

/// Whether the script is written without spaces; there every character is a word of its own.
pub fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '々')
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{900}'..='\u{963}' | '\u{966}'..='\u{97f}')
}

fn ends_clause(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ';' | '\n' | '。' | '؟' | '؛' | '।' | '…' | '¿' | '¡')
}

/// The clauses of a text, each a row of folded words.
pub fn clauses(text: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    for c in fold(text).chars() {
        reader.take(c);
    }
    reader.end_clause();
    reader.clauses
}

/// All words of a text, without commas and clauses.
pub fn words(text: &str) -> Vec<String> {
    clauses(text).into_iter().flatten().filter(|word| word != COMMA).collect()
}

#[derive(Default)]
struct Reader {
    clauses: Vec<Vec<String>>,
    clause: Vec<String>,
    word: String,
}

impl Reader {
    fn take(&mut self, c: char) {
        if is_unspaced(c) {
            self.end_word();
            self.clause.push(c.to_string());
        } else if is_word_char(c) || c == '\'' {
            self.word.push(c);
        } else {
            self.end_word();
            if ends_clause(c) {
                self.end_clause();
            } else if matches!(c, ',' | '،') {
                self.clause.push(COMMA.to_owned());
            }
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        for part in split_apostrophes(&word) {
            let part = strip_arabic_article(&squeeze(&part)).to_owned();
            if !part.is_empty() {
                self.clause.push(part);
            }
        }
    }

    fn end_clause(&mut self) {
        self.end_word();
        if !self.clause.is_empty() {
            self.clauses.push(std::mem::take(&mut self.clause));
        }
    }
}

/// `don't` is one word, `l'operatore` and `j'ai` are two.
fn split_apostrophes(word: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut pieces = word.split('\'').filter(|piece| !piece.is_empty()).peekable();
    while let Some(piece) = pieces.next() {
        if let Some(last) = parts.last_mut() {
            last.push_str(piece);
        }
        let Some(next) = pieces.peek() else { break };
        let elided = matches!(piece, "l" | "d" | "j" | "m" | "t" | "s" | "c" | "n" | "qu");
        if elided || next.chars().count() > 2 {
            parts.push(String::new());
        }
    }
    parts
}

/// Three or more of one letter become one: `pleaaase`.
fn squeeze(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut squeezed = String::with_capacity(word.len());
    let mut start = 0;
    while start < chars.len() {
        let run = chars[start..].iter().take_while(|c| **c == chars[start]).count();
        let keep = if run >= 3 && chars[start].is_alphabetic() { 1 } else { run };
        squeezed.extend(std::iter::repeat_n(chars[start], keep));
        start += run;
    }
    squeezed
}

/// The Arabic article with what is written together with it, where a word remains.
fn strip_arabic_article(word: &str) -> &str {
    for article in ["وال", "بال", "فال", "كال", "لل", "ال"] {
        if let Some(rest) = word.strip_prefix(article)
            && rest.chars().count() >= 3
        {
            return rest;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_variants_become_one() {
        assert_eq!(fold("ÇAĞRI İÇİN"), "cagri icin");
        assert_eq!(fold("Straße Łódź"), "strasse lodz");
        assert_eq!(fold("ｈｕｍａｎ"), "human");
        assert_eq!(fold("hu\u{200b}man"), "human");
        assert_eq!(words("أُريدُ التحدث"), words("اريد التحدث"));
        assert_eq!(words("ज़रूर"), words("जरूर"));
    }

    #[test]
    fn words_are_split_as_people_read_them() {
        assert_eq!(words("I don't want l'operatore"), ["i", "dont", "want", "l", "operatore"]);
        assert_eq!(words("pleeeease"), ["please"]);
        assert_eq!(words("担当者"), ["担", "当", "者"]);
        assert_eq!(clauses("No, thanks. Bye").len(), 2);
    }
}
