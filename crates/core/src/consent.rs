//! What a person has allowed us to send.

use serde::{Deserialize, Serialize};

use crate::{contact::Point, ids::InboxId, time::Timestamp};

/// What an opt-out covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentScope {
    /// Everything that we would begin: templates of every category.
    BusinessInitiated,
    /// Marketing templates only.
    Marketing,
    /// Every message, as carriers demand after STOP.
    Everything,
}

impl ConsentScope {
    /// The name in tables and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::BusinessInitiated => "business_initiated",
            Self::Marketing => "marketing",
            Self::Everything => "everything",
        }
    }
}

/// One line of the consent ledger: the newest for its point, inbox and scope counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// The address that it is about.
    pub point: Point,
    /// Our address that it is about.
    pub inbox: InboxId,
    /// What it covers.
    pub scope: ConsentScope,
    /// Whether the person opted out (true) or in again (false).
    pub opted_out: bool,
    /// Since when.
    pub at: Timestamp,
    /// How we know: the customer's own word, or a vendor's report.
    pub source: String,
}

/// What a message that is nothing but a keyword asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyword {
    /// Send no more.
    Stop,
    /// Send again.
    Start,
    /// Say who you are and how to stop.
    Help,
}

/// Which words are keywords.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keywords {
    /// Words that nobody means otherwise in a chat; help is for whoever answers.
    Chat,
    /// Also what carriers demand of SMS senders: "cancel", "end", "yes", "info" and their like.
    Carrier,
}

/// The longest keyword, in bytes; a longer message is not looked at.
const MAX_KEYWORD_BYTES: usize = 64;

/// Opts out on every channel. The English ones are Twilio's default keywords (Advanced Opt-Out,
/// read 2026-11-20).
const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "baja",
    "alto",
    "parar",
    "pare",
    "sair",
    "descadastrar",
    "arret",
    "arrêt",
    "arrêter",
    "désabonner",
    "desabonner",
    "stopp",
    "abmelden",
    "disiscrivimi",
    "afmelden",
    "wypisz",
    "dur",
    "iptal",
    "توقف",
    "إلغاء",
    "الغاء",
    "रोकें",
    "बंद करो",
    "停止",
    "配信停止",
    "退订",
    "退訂",
];

/// Opts out where carriers rule: ordinary words elsewhere.
const CARRIER_STOP: &[&str] = &["cancel", "end", "cancelar", "detener", "annuler", "td"];

/// Opts in again on every channel.
const START: &[&str] = &["start", "unstop", "subscribe", "alta", "iniciar", "reprendre"];

/// Opts in again where carriers rule.
const CARRIER_START: &[&str] = &["yes"];

/// Asks for help where carriers rule; "aide" is demanded in Canada beside the English ones.
const CARRIER_HELP: &[&str] = &[
    "help",
    "info",
    "ayuda",
    "ajuda",
    "aide",
    "hilfe",
    "aiuto",
    "hulp",
    "pomoc",
    "yardım",
    "yardim",
    "مساعدة",
    "मदद",
    "ヘルプ",
    "帮助",
    "幫助",
];

/// Reads a keyword that fills a whole message, whatever its case and whatever signs, spaces and
/// invisible characters stand around it.
pub fn keyword(text: &str, words: Keywords) -> Option<Keyword> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    if text.is_empty() || text.len() > MAX_KEYWORD_BYTES {
        return None;
    }
    let word = folded(text);
    let is_in = |both: &[&str], carrier: &[&str]| {
        both.contains(&word.as_str())
            || (words == Keywords::Carrier && carrier.contains(&word.as_str()))
    };
    if is_in(STOP, CARRIER_STOP) {
        Some(Keyword::Stop)
    } else if is_in(START, CARRIER_START) {
        Some(Keyword::Start)
    } else if is_in(&[], CARRIER_HELP) {
        Some(Keyword::Help)
    } else {
        None
    }
}

/// Lower case, full-width letters as plain ones, one space between words, nothing invisible.
fn folded(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            // Zero-width characters, and the dot that lower case leaves of a Turkish capital.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{307}' => {}
            'ａ'..='ｚ' => word.extend(char::from_u32(u32::from(c) - 0xfee0)),
            c if c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}') => {
                if !word.ends_with(' ') {
                    word.push(' ');
                }
            }
            c => word.push(c),
        }
    }
    word
}

/// Whether the ledger forbids something of this scope.
pub fn forbids(ledger: &[Consent], scope: ConsentScope) -> bool {
    ledger.iter().any(|line| line.opted_out && (line.scope == scope || covers(line.scope, scope)))
}

fn covers(wide: ConsentScope, narrow: ConsentScope) -> bool {
    match wide {
        ConsentScope::Everything => true,
        ConsentScope::BusinessInitiated => narrow == ConsentScope::Marketing,
        ConsentScope::Marketing => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_is_a_keyword() {
        for text in [
            "STOP",
            " stop. ",
            "Stop\u{200b}",
            "\u{feff}\u{200e}Stop!!!",
            "ST\u{200b}OP",
            "«Stop»",
            "“STOP”",
            "stop 🛑",
            "\nStop\r\n",
            "ＳＴＯＰ",
            "Stop-All",
            "opt\u{a0}out",
            "OPT  OUT",
            "ARRÊT",
            "İPTAL",
            "配信停止。",
            "बंद करो।",
        ] {
            for words in [Keywords::Chat, Keywords::Carrier] {
                assert_eq!(keyword(text, words), Some(Keyword::Stop), "{text:?}");
            }
        }
        for text in [
            "",
            "...",
            "\u{200b}",
            "please stop sending the wrong size",
            "stop it",
            "nonstop",
            "stop stop",
            "the end",
            "yes please",
            "more info",
            "s.t.o.p",
        ] {
            for words in [Keywords::Chat, Keywords::Carrier] {
                assert_eq!(keyword(text, words), None, "{text:?}");
            }
        }
    }

    #[test]
    fn the_carriers_words_are_all_understood() {
        for (words, meaning) in [
            ("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT", Keyword::Stop),
            ("START YES UNSTOP", Keyword::Start),
            ("HELP INFO AYUDA AIDE HILFE AJUDA YARDIM Yardım", Keyword::Help),
        ] {
            for word in words.split(' ') {
                assert_eq!(keyword(word, Keywords::Carrier), Some(meaning), "{word}");
            }
        }
    }

    #[test]
    fn a_chat_leaves_ordinary_words_to_whoever_answers() {
        for word in "cancel end yes info help cancelar ayuda hilfe".split(' ') {
            assert_eq!(keyword(word, Keywords::Chat), None, "{word}");
        }
        assert_eq!(keyword("Start", Keywords::Chat), Some(Keyword::Start));
    }

    #[test]
    fn every_listed_word_is_found_in_either_case() {
        for (list, meaning) in [
            (STOP, Keyword::Stop),
            (CARRIER_STOP, Keyword::Stop),
            (START, Keyword::Start),
            (CARRIER_START, Keyword::Start),
            (CARRIER_HELP, Keyword::Help),
        ] {
            for word in list {
                assert!(word.len() <= MAX_KEYWORD_BYTES);
                for text in [(*word).to_owned(), word.to_uppercase()] {
                    assert_eq!(keyword(&text, Keywords::Carrier), Some(meaning), "{text}");
                }
            }
        }
    }
}
