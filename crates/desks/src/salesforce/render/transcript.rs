//! The brief and the transcript as messages that a rep reads, as few as may be.

use baton_core::desk::Opening;

use super::super::policy;
use crate::transcript::{self, Limits, MARK};

/// Room for the first line of a part.
const HEADING: usize = 150;

/// The brief; in several messages where its summary is long.
pub fn brief(opening: &Opening<'_>) -> Vec<String> {
    let limits = Limits { start_bytes: 0, part_units: 0, parts: 0 };
    let text = transcript::compose(&Opening { transcript: &[], ..*opening }, &limits).text;
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let length = line.chars().count() + 1;
        match parts.last_mut() {
            Some(part) if part.chars().count() + length <= policy::TEXT_MAX => {
                part.push('\n');
                part.push_str(line);
            }
            Some(_) => parts.push(format!("{MARK} Handoff, continued\n{line}")),
            None => parts.push(line.to_owned()),
        }
    }
    parts
}

/// What was said, oldest first; where it does not fit, the oldest is left out.
pub fn parts(opening: &Opening<'_>) -> Vec<String> {
    let room = policy::TEXT_MAX - HEADING;
    let mut parts = packed(&transcript::entries(opening.transcript), room);
    let dropped = parts.len().saturating_sub(policy::TRANSCRIPT_PARTS);
    parts.drain(..dropped);
    let count = parts.len();
    let heading = |at: usize| {
        let left_out = if at == 0 && dropped > 0 {
            format!("; what came before is in Baton, session {}", opening.session)
        } else {
            String::new()
        };
        format!("{MARK} Transcript, {} of {count}; lines with > were said{left_out}", at + 1)
    };
    parts.into_iter().enumerate().map(|(at, body)| format!("{}{body}", heading(at))).collect()
}

/// Entries in as few texts of at most so many characters as may be. An entry that is longer goes
/// on in the next, under its heading.
fn packed(entries: &[String], room: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for entry in entries {
        let heading = entry.lines().next().unwrap_or_default();
        let length = entry.chars().count() + 1;
        let fits = |part: &String, more: usize| part.chars().count() + more <= room;
        if length <= room && !parts.last().is_some_and(|part| fits(part, length)) {
            parts.push(String::new());
        }
        for line in entry.lines() {
            if !parts.last().is_some_and(|part| fits(part, line.chars().count() + 1)) {
                let again = line != heading;
                parts.push(if again { format!("\n{heading} (continued)") } else { String::new() });
            }
            if let Some(part) = parts.last_mut() {
                part.push('\n');
                part.push_str(line);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_entries_share_a_part_and_a_long_one_goes_on() {
        let short = |n: usize| format!("{n} · Customer\n> hello {n}");
        let parts = packed(&[short(1), short(2), short(3)], 60);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0], "\n1 · Customer\n> hello 1\n2 · Customer\n> hello 2");
        let long = format!("4 · AI\n> {}\n> {}", "a".repeat(30), "b".repeat(30));
        let parts = packed(&[long], 50);
        assert_eq!(parts.len(), 2);
        assert!(parts[1].starts_with("\n4 · AI (continued)\n> bbb"), "{parts:?}");
        assert!(packed(&[], 50).is_empty());
    }
}
