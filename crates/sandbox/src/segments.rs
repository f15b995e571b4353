//! How many SMS one text becomes, after GSM 03.38 and the cases of Twilio's segment calculator 1.3.0 (checked 2026-11-20).

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
    ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Whether every character has a place in the GSM-7 alphabet or its extension.
pub fn is_gsm7(text: &str) -> bool {
    text.chars().all(|c| septets(c).is_some())
}

/// Segments of `text`; 1 for an empty one.
pub fn count(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(units) => parts(&units, 160, 153),
        None => parts(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Characters are never split between two parts, so that a part may stay a unit short.
fn parts(units: &[usize], single: usize, each: usize) -> usize {
    if units.iter().sum::<usize>() <= single {
        return 1;
    }
    let (mut parts, mut used) = (1, 0);
    for unit in units {
        if used + unit > each {
            parts += 1;
            used = 0;
        }
        used += unit;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_parts_of_the_vendors_calculator() {
        let a = |times| "a".repeat(times);
        let cases = [
            (String::new(), 1),
            (a(160), 1),
            (a(161), 2),
            (a(306), 2),
            (a(307), 3),
            (format!("{}€{}", a(152), a(152)), 3),
            ("я".repeat(70), 1),
            ("я".repeat(71), 2),
            (format!("{}😀{}", "я".repeat(66), "я".repeat(66)), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            (format!("{}ç", a(70)), 2),
            (format!("{}Ç", a(159)), 1),
            (format!("{}`", a(69)), 1),
            (format!("{}`", a(70)), 2),
            ("{".repeat(80), 1),
            ("{".repeat(81), 2),
        ];
        for (text, expected) in cases {
            assert_eq!(count(&text), expected, "{text}");
        }
    }
}
