//! What the rules know of each language: one file per language, the same fields in each. The
//! notation of rules is described at `matcher`; lists are `a|two_words|stem*`.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod hi;
mod it;
mod ja;
mod nl;
mod pl;
mod pt;
mod tr;

use super::matcher::Classes;

/// One language.
pub struct Table {
    /// ISO 639-1.
    pub language: &'static str,
    /// Named alternatives for the rules.
    pub classes: &'static Classes,
    /// The customer asks for a person.
    pub person: &'static [&'static str],
    /// The customer wants no machine. No guard hides this.
    pub no_machine: &'static [&'static str],
    /// Looks like it, but says something else.
    pub not_person: &'static [&'static str],
    /// One such clause is frustration.
    pub frustrated: &'static [&'static str],
    /// Two such signs together are frustration.
    pub annoyed: &'static [&'static str],
    /// Looks like it, but says something else.
    pub not_frustrated: &'static [&'static str],
    /// Words of a good mood.
    pub positive: &'static str,
    /// Words of a bad mood.
    pub negative: &'static str,
    /// Words that tell the language and nothing else; search leaves them out.
    pub function_words: &'static str,
    /// Letters that only this language of those here uses.
    pub letters: &'static str,
    /// Hello.
    pub greeting: &'static str,
    /// Thanks.
    pub thanks: &'static str,
    /// Goodbye, or that is all.
    pub goodbye: &'static str,
    /// Understood.
    pub noted: &'static str,
    /// Yes.
    pub yes: &'static str,
    /// No.
    pub no: &'static str,
    /// Words that may stand beside any of these.
    pub filler: &'static str,
}

/// All languages.
pub const TABLES: &[Table] = &[
    en::TABLE,
    es::TABLE,
    pt::TABLE,
    fr::TABLE,
    de::TABLE,
    it::TABLE,
    nl::TABLE,
    pl::TABLE,
    tr::TABLE,
    ar::TABLE,
    hi::TABLE,
    ja::TABLE,
];
