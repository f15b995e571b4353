//! Text messages: what they count for, and text that they can carry.
//!
//! Counting follows GSM 03.38 (alphabet) and 03.40 (parts of long messages), and agrees with
//! Twilio's segment calculator 1.3.0, checked 2026-11-20.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

mod plain;

pub use plain::plain;

/// How a message is encoded. One character outside GSM-7 makes the whole message UCS-2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Seven bits a unit: the basic table, and the extension table at two units each.
    Gsm7,
    /// Sixteen bits a unit: UTF-16.
    Ucs2,
}

impl Encoding {
    /// Units in a message of one part.
    pub fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units in each part of a longer message; the rest of it says which part it is.
    pub fn part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// What a text counts for when it is sent as SMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segments {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Its length: septets or UTF-16 code units.
    pub units: usize,
    /// How many parts are sent and paid; an empty text is one.
    pub segments: usize,
    /// How many more units the last part would take.
    pub units_left_in_last: usize,
}

/// Counts a text. A character of two units is never split across parts, so that a part may stay
/// one unit short.
pub fn segments(text: &str) -> Segments {
    match septets(text) {
        Some(units) => count(Encoding::Gsm7, units, text.chars().map(septets_of)),
        None => {
            let units = text.chars().map(char::len_utf16).sum();
            count(Encoding::Ucs2, units, text.chars().map(char::len_utf16))
        }
    }
}

fn count(encoding: Encoding, units: usize, sizes: impl Iterator<Item = usize>) -> Segments {
    let (mut segments, mut used, mut limit) = (1, units, encoding.single());
    if units > limit {
        (used, limit) = (0, encoding.part());
        for size in sizes {
            if used + size > limit {
                segments += 1;
                used = 0;
            }
            used += size;
        }
    }
    Segments { encoding, units, segments, units_left_in_last: limit - used }
}

/// The length in septets; none when a character is not in GSM-7.
fn septets(text: &str) -> Option<usize> {
    text.chars().try_fold(0, |sum, c| match septets_of(c) {
        0 => None,
        size => Some(sum + size),
    })
}

/// Septets of the characters below U+0100; 0 is not in GSM-7.
const SEPTETS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = latin_septets(at as u8);
        at += 1;
    }
    table
};

/// GSM 03.38, sections 6.2.1 and 6.2.1.1; the argument is a character of Latin-1.
const fn latin_septets(c: u8) -> u8 {
    match c {
        b'^' | b'{' | b'}' | b'\\' | b'[' | b'~' | b']' | b'|' | 0x0c => 2,
        b'\n' | b'\r' | b' '..=b'Z' | b'_' | b'a'..=b'z' => 1,
        // ¡ £ ¤ ¥ § ¿
        0xa1 | 0xa3..=0xa5 | 0xa7 | 0xbf => 1,
        // Ä Å Æ Ç É Ñ Ö Ø Ü ß
        0xc4..=0xc7 | 0xc9 | 0xd1 | 0xd6 | 0xd8 | 0xdc | 0xdf => 1,
        // à ä å æ è é ì ñ ò ö ø ù ü
        0xe0 | 0xe4..=0xe6 | 0xe8 | 0xe9 | 0xec | 0xf1 | 0xf2 | 0xf6 | 0xf8 | 0xf9 | 0xfc => 1,
        _ => 0,
    }
}

fn septets_of(c: char) -> usize {
    match SEPTETS.get(c as usize) {
        Some(&size) => usize::from(size),
        None => match c {
            'Γ' | 'Δ' | 'Θ' | 'Λ' | 'Ξ' | 'Π' | 'Σ' | 'Φ' | 'Ψ' | 'Ω' => 1,
            '€' => 2,
            _ => 0,
        },
    }
}

/// Replaces signs that only look different (curly quotes, dashes, special spaces, full-width forms)
/// where this lets the whole text be GSM-7, which holds more than twice as much in a part, and
/// needs no more parts. Any other text stays as it is, and letters keep their accents.
pub fn smart(text: &str) -> Cow<'_, str> {
    if septets(text).is_some() {
        return Cow::Borrowed(text);
    }
    match simplified(text) {
        Some(simple) if segments(&simple).segments <= segments(text).segments => Cow::Owned(simple),
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// The text in GSM-7; none where a character has no look-alike.
fn simplified(text: &str) -> Option<String> {
    let mut simple = String::with_capacity(text.len());
    for c in text.chars().map(half_width) {
        if septets_of(c) > 0 {
            simple.push(c);
            continue;
        }
        let look_alike = look_alike(c)?;
        let fraction = look_alike.len() > 1 && look_alike.contains('/');
        if fraction && simple.ends_with(|before: char| before.is_ascii_digit()) {
            simple.push(' ');
        }
        simple.push_str(look_alike);
    }
    Some(simple)
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    }
}

fn look_alike(c: char) -> Option<&'static str> {
    Some(match c {
        '`' | '´' | '‘' | '’' | '‚' | '‛' | '′' | '‵' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ˈ' | '‹' | '›' => {
            "'"
        }
        '“' | '”' | '„' | '‟' | '″' | '‶' | 'ʺ' | '«' | '»' | '❝' | '❞' => "\"",
        '\u{2010}'..='\u{2015}' | '⁃' | '−' | '﹘' | '﹣' | '•' | '‣' | '∙' | '·' | '●' | '▪' => {
            "-"
        }
        '…' => "...",
        '‥' => "..",
        '․' => ".",
        '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{b}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "\n",
        // Invisible: soft hyphen, zero widths, directions of text, variation selectors.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => "",
        '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' => "",
        '⁄' | '∕' => "/",
        '∶' | '꞉' => ":",
        '˜' | '∼' | '〜' => "~",
        'ˆ' => "^",
        '¦' | '∣' => "|",
        '×' => "x",
        '½' => "1/2",
        '⅓' => "1/3",
        '⅔' => "2/3",
        '¼' => "1/4",
        '¾' => "3/4",
        '⅛' => "1/8",
        '⅜' => "3/8",
        '⅝' => "5/8",
        '⅞' => "7/8",
        '©' => "(C)",
        '®' => "(R)",
        '™' => "(TM)",
        '№' => "No.",
        '‼' => "!!",
        '⁇' => "??",
        '⁈' => "?!",
        '⁉' => "!?",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Encoding::*, *};

    fn counted(text: &str) -> (Encoding, usize, usize, usize) {
        let s = segments(text);
        (s.encoding, s.units, s.segments, s.units_left_in_last)
    }

    #[test]
    fn texts_are_counted_as_they_are_sent() {
        let a = |n| "a".repeat(n);
        let ya = |n| "я".repeat(n);
        let smile = |n| "😀".repeat(n);
        for (text, expected) in [
            (String::new(), (Gsm7, 0, 1, 160)),
            ("Hello".into(), (Gsm7, 5, 1, 155)),
            ("a\r\nb\n".into(), (Gsm7, 5, 1, 155)),
            (a(160), (Gsm7, 160, 1, 0)),
            (a(161), (Gsm7, 161, 2, 145)),
            (a(306), (Gsm7, 306, 2, 0)),
            (a(307), (Gsm7, 307, 3, 152)),
            ("€".repeat(80), (Gsm7, 160, 1, 0)),
            ("€".repeat(81), (Gsm7, 162, 2, 143)),
            (a(159) + "€", (Gsm7, 161, 2, 145)),
            // The pair begins the second part and leaves the first one septet short.
            (a(152) + "€" + &a(152), (Gsm7, 306, 3, 152)),
            (a(151) + "€" + &a(153), (Gsm7, 306, 2, 0)),
            ("я".into(), (Ucs2, 1, 1, 69)),
            (ya(70), (Ucs2, 70, 1, 0)),
            (ya(71), (Ucs2, 71, 2, 63)),
            (ya(134), (Ucs2, 134, 2, 0)),
            (ya(66) + "😀" + &ya(66), (Ucs2, 134, 3, 66)),
            (ya(65) + "😀" + &ya(67), (Ucs2, 134, 2, 0)),
            (smile(35), (Ucs2, 70, 1, 0)),
            (smile(36), (Ucs2, 72, 2, 61)),
            ("👨‍👩‍👧‍👦".into(), (Ucs2, 11, 1, 59)),
        ] {
            assert_eq!(counted(&text), expected, "{text}");
        }
    }

    #[test]
    fn the_tables_are_those_of_the_standard() {
        let basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
            ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
        let extension = "\u{c}^{}\\[~]|€";
        assert_eq!((basic.chars().count(), extension.chars().count()), (127, 10));
        for c in (0..=0x2_ffff).filter_map(char::from_u32) {
            let expected = if basic.contains(c) {
                1
            } else if extension.contains(c) {
                2
            } else {
                0
            };
            assert_eq!(septets_of(c), expected, "{c:?}");
        }
    }

    #[test]
    fn look_alikes_are_replaced_where_that_makes_the_text_gsm7() {
        for (text, expected) in [
            ("“It’s here” – 9…5", "\"It's here\" - 9...5"),
            ("10\u{202f}000\u{a0}€", "10 000 €"),
            ("ＡＢＣ　１２３！", "ABC 123!"),
            ("`code`\tnow", "'code' now"),
            ("½ price, 1½ hours", "1/2 price, 1 1/2 hours"),
            ("zero\u{200b}width", "zerowidth"),
            ("3 × 4 • Acme™", "3 x 4 - Acme(TM)"),
        ] {
            assert_eq!(smart(text), expected);
            assert_eq!(segments(expected).encoding, Gsm7);
        }
    }

    #[test]
    fn a_text_that_stays_ucs2_or_was_gsm7_is_left_alone() {
        let dear = "™".repeat(60);
        for text in [
            "",
            "plain, 5 € [ok]",
            "“Привет” – да",
            "“Thanks” 😀",
            "á la “carte”",
            "façade…",
            &dear,
        ] {
            assert!(matches!(smart(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parts_hold_the_whole_text_and_none_is_needless(text in "[a€я😀]{0,400}|[a€]{0,700}") {
            let s = segments(&text);
            let (limit, lost) = match s.segments {
                1 => (s.encoding.single(), 0),
                n => (s.encoding.part(), n - 1),
            };
            let free = s.segments * limit - s.units;
            prop_assert!(s.units_left_in_last <= free && free <= s.units_left_in_last + lost);
            prop_assert!(s.segments == 1 || s.units_left_in_last < limit);
        }

        #[test]
        fn smart_never_costs_more(text in "\\PC{0,200}") {
            let after = segments(&smart(&text));
            prop_assert!(after.segments <= segments(&text).segments);
        }
    }
}
