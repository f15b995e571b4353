//! The brief and the transcript as a rep reads them, within a vendor's limits.
//!
//! Lines that begin with `> ` are quoted: what a customer, the AI or a rep said, or what was
//! made of it. All other lines are ours. No quoted text can begin a line without the sign.

use baton_core::{
    desk::Opening,
    message::{AuthorKind, Message, MessageStatus},
    time::Timestamp,
};

/// Begins every text that is not the customer's, so that it is known again wherever it turns
/// up and is never relayed back.
pub const MARK: &str = "[Baton]";

/// What the vendor takes.
pub struct Limits {
    /// Bytes of the first message, as they travel in JSON.
    pub start_bytes: usize,
    /// UTF-16 units of one part.
    pub part_units: usize,
    /// The most parts.
    pub parts: usize,
}

/// The start message, and what did not fit into it, oldest first.
pub struct Start {
    pub text: String,
    pub parts: Vec<String>,
}

/// Room for the lines that say what stands where.
const WORDS_BYTES: usize = 400;
/// Room for the first line of a part.
const PART_WORDS: usize = 300;
/// The longest quoted line; longer ones go on in the next.
const LINE_MAX: usize = 1_000;

/// One message of the transcript: its heading and its quoted lines.
struct Entry {
    heading: String,
    lines: Vec<String>,
}

/// Brief, then as much of the newest transcript as fits; the rest in parts, of which the oldest
/// are left out first.
pub fn compose(opening: &Opening<'_>, limits: &Limits) -> Start {
    let entries: Vec<Entry> = opening.transcript.iter().map(entry).collect();
    let head = head(opening);
    let room = limits.start_bytes.saturating_sub(wire_bytes(&head) + WORDS_BYTES);
    let first_shown = first_that_fits(&entries, room);
    let (older, newest) = entries.split_at(first_shown);
    let (parts, left_out) = parts(older, limits);

    let mut text = head;
    if !entries.is_empty() {
        text.push('\n');
        text.push_str(&where_the_rest_is(first_shown, left_out, parts.len(), opening));
    }
    for entry in newest {
        push_line(&mut text, &entry.heading);
        entry.lines.iter().for_each(|line| push_line(&mut text, line));
    }
    let count = parts.len();
    let parts = parts.into_iter().enumerate().map(|(index, body)| {
        format!(
            "{MARK} Transcript, part {} of {count}, older than the first message.{body}",
            index + 1
        )
    });
    Start { text, parts: parts.collect() }
}

fn head(opening: &Opening<'_>) -> String {
    let brief = opening.brief;
    let mut text = format!("{MARK} Handoff");
    for (label, value, max) in [
        ("Subject", brief.subject.as_str(), baton_core::brief::SUBJECT_MAX_CHARS),
        ("Classification", &brief.classification, 100),
        ("Sentiment", brief.sentiment.words(), 100),
        ("Language", &brief.language, 20),
        ("Reason", &brief.reason, 500),
        ("Channel", opening.channel.name(), 20),
    ] {
        push_line(&mut text, &format!("{label}: {}", one_line(value, max)));
    }
    push_line(&mut text, &format!("Session: {}", opening.session));
    push_line(&mut text, "Summary:");
    let summary: String =
        brief.summary.chars().take(baton_core::brief::SUMMARY_MAX_CHARS).collect();
    quoted(&summary).iter().for_each(|line| push_line(&mut text, line));
    text
}

fn where_the_rest_is(older: usize, left_out: usize, parts: usize, opening: &Opening<'_>) -> String {
    let mut line = "\nTranscript, oldest first; lines with > are what was said.".to_owned();
    if older > left_out {
        let messages = counted(older - left_out, "older message");
        line.push_str(&format!(" Before it: {messages}, in {} below.", counted(parts, "part")));
    }
    if left_out > 0 {
        let messages = counted(left_out, "message");
        line.push_str(&format!(
            " Not here: the oldest {messages}; read them in Baton, session {}.",
            opening.session
        ));
    }
    line
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Messages as a rep reads them, each with who said it and when.
pub fn entries(messages: &[Message]) -> Vec<String> {
    let text = |message: &Message| {
        let Entry { heading, lines } = entry(message);
        format!("{heading}\n{}", lines.join("\n"))
    };
    messages.iter().map(text).collect()
}

/// Minutes suffice for a reader: 2026-11-20T10:00:00.000Z → 2026-11-20 10:00 UTC.
pub fn minute(at: Timestamp) -> String {
    format!("{} UTC", at.rfc3339().chars().take(16).collect::<String>().replace('T', " "))
}

fn entry(message: &Message) -> Entry {
    let mut heading = minute(message.at);
    heading.push_str(" · ");
    heading.push_str(author_word(message.author.kind));
    if let Some(name) = &message.author.name {
        heading.push_str(&format!(" ({})", shown_name(name)));
    }
    if let Some(words) = status_words(message.status) {
        heading.push_str(" · ");
        heading.push_str(words);
    }
    Entry { heading, lines: quoted(&message.content.as_text()) }
}

/// A name inside a heading, without the signs that a heading is made of.
pub fn shown_name(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !"()·>".contains(*c)).collect();
    one_line(&plain, 60)
}

/// What the customer may not have read.
fn status_words(status: MessageStatus) -> Option<&'static str> {
    match status {
        MessageStatus::Failed => Some("not delivered"),
        MessageStatus::MayHaveBeenSent => Some("may have been sent"),
        MessageStatus::Pending | MessageStatus::Held => Some("not sent yet"),
        MessageStatus::Cancelled => Some("withdrawn"),
        MessageStatus::Received
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Read => None,
    }
}

/// The word for who speaks.
pub fn author_word(kind: AuthorKind) -> &'static str {
    match kind {
        AuthorKind::Customer => "Customer",
        AuthorKind::Ai => "AI",
        AuthorKind::Rep => "Rep",
        AuthorKind::System => "System",
    }
}

/// The index of the first of the newest entries that fit.
fn first_that_fits(entries: &[Entry], room: usize) -> usize {
    let mut left = room;
    for (index, entry) in entries.iter().enumerate().rev() {
        let lines = std::iter::once(&entry.heading).chain(&entry.lines);
        let size: usize = lines.map(|line| wire_bytes(line) + 2).sum();
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return index + 1,
        }
    }
    0
}

/// Packs entries into parts of the vendor's message size. Returns the newest `max` of them and
/// how many messages are in none.
fn parts(entries: &[Entry], limits: &Limits) -> (Vec<String>, usize) {
    let room = limits.part_units.saturating_sub(PART_WORDS);
    let mut parts: Vec<(usize, String)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let whole: usize =
            units(&entry.heading) + entry.lines.iter().map(|line| units(line) + 1).sum::<usize>();
        let mut begun = false;
        for line in &entry.lines {
            let again = format!("{} (continued)", entry.heading);
            let heading = if begun { &again } else { &entry.heading };
            let needed = units(line) + 2 + if begun { 0 } else { units(heading) };
            let full = parts.last().is_none_or(|(_, part)| {
                let used = units(part);
                used + needed > room || (!begun && whole <= room && used + whole + 2 > room)
            });
            if full {
                parts.push((index, String::new()));
            }
            let Some((_, part)) = parts.last_mut() else { continue };
            if full || !begun {
                push_line(part, heading);
            }
            push_line(part, line);
            begun = true;
        }
    }
    let dropped = parts.len().saturating_sub(limits.parts);
    let kept = parts.split_off(dropped);
    let left_out =
        if dropped == 0 { 0 } else { kept.first().map_or(entries.len(), |(first, _)| *first) };
    (kept.into_iter().map(|(_, text)| text).collect(), left_out)
}

fn push_line(text: &mut String, line: &str) {
    text.push('\n');
    text.push_str(line);
}

/// Quotes every line, whatever ends it, and wraps very long ones.
pub fn quoted(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let lines = text.split(is_line_end).flat_map(|line| {
        let signs: Vec<char> = line.chars().filter(|c| is_shown(*c)).collect();
        if signs.is_empty() {
            return vec![">".to_owned()];
        }
        // 500 signs are at most 1,000 of the units in which the vendor may count.
        signs
            .chunks(LINE_MAX / 2)
            .map(|chunk| format!("> {}", chunk.iter().collect::<String>()))
            .collect()
    });
    lines.collect()
}

/// Everything that some reader shows as the end of a line.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Neither a control character nor a sign that turns the direction of what follows.
fn is_shown(c: char) -> bool {
    c == '\t' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// Text on one line, at most `max` characters.
pub fn one_line(text: &str, max: usize) -> String {
    let spaced: String =
        text.chars().map(|c| if is_line_end(c) || c == '\t' { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().filter(|c| is_shown(*c)).take(max).collect::<String>().trim().to_owned()
}

/// UTF-16 units: how the vendor's platform counts characters.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Bytes of the text inside JSON.
fn wire_bytes(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '"' | '\\' | '\n' | '\t') { 2 } else { c.len_utf8() }).sum()
}
