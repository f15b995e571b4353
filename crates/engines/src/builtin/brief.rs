//! The brief without a model: the customer's own words, marked as such, and what became of them.

use std::collections::HashSet;

use baton_core::{
    brief::{Brief, SUBJECT_MAX_CHARS, SUMMARY_MAX_CHARS},
    engine::{Line, Snapshot},
    handoff::HandoffReason,
    message::AuthorKind,
};

use crate::{detect, knowledge, rules};

/// The most questions and answers that a summary names, and the most characters of each.
const LINES_MAX: usize = 6;
const LINE_MAX_CHARS: usize = 220;
/// How much of one line is looked at, and at how many of the newest lines.
const TEXT_MAX_CHARS: usize = 1_000;
const LOOKED_AT_MAX: usize = 40;

pub fn brief(snapshot: &Snapshot, reason: HandoffReason) -> Brief {
    let said: Vec<&Line> = by(snapshot, AuthorKind::Customer);
    let texts: Vec<_> = said.iter().map(|line| detect::ends(&line.text, TEXT_MAX_CHARS)).collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let matters: Vec<&str> = texts.iter().copied().filter(|text| is_matter(text)).collect();
    let language = rules::heard(snapshot).map(|heard| heard.language);
    Brief {
        subject: subject(snapshot, &matters, &texts),
        summary: summary(snapshot, &matters, reason),
        classification: classification(&snapshot.classifications, &matters),
        sentiment: detect::sentiment(&texts),
        language: language
            .or_else(|| snapshot.language.clone())
            .unwrap_or_else(|| snapshot.default_language.clone()),
        reason: reason.words().to_owned(),
    }
}

fn by(snapshot: &Snapshot, author: AuthorKind) -> Vec<&Line> {
    let start = snapshot.lines.len().saturating_sub(LOOKED_AT_MAX);
    snapshot.lines[start..].iter().filter(|line| line.author == author).collect()
}

/// Neither politeness nor the mere wish for a person.
fn is_matter(text: &str) -> bool {
    detect::small_talk(text).is_none() && !detect::asks_for_person(text) && !detect::is_yes(text)
}

/// The newest question, or the newest matter, or whatever was said.
fn subject(snapshot: &Snapshot, matters: &[&str], texts: &[&str]) -> String {
    let question = matters.iter().rev().find(|text| text.contains(['?', '？', '؟']));
    let chosen = question.or(matters.last()).or(texts.last());
    match chosen.map(|text| one_line(text)).filter(|text| !text.is_empty()) {
        Some(text) => cut(&text, SUBJECT_MAX_CHARS),
        None => format!("Conversation on {}", snapshot.channel.name()),
    }
}

fn summary(snapshot: &Snapshot, matters: &[&str], reason: HandoffReason) -> String {
    let mut summary = String::new();
    section(&mut summary, "The customer wrote", matters);
    let answers = by(snapshot, AuthorKind::Ai);
    let answers: Vec<&str> = answers.iter().map(|line| line.text.as_str()).collect();
    section(&mut summary, "The AI answered", &answers);
    let open = rules::heard(snapshot).map(|heard| one_line(&heard.text));
    if let Some(open) = open {
        summary.push_str(&format!("Open: \"{}\"\n", cut(&open, LINE_MAX_CHARS)));
    }
    summary.push_str(reason.words());
    cut(&summary, SUMMARY_MAX_CHARS)
}

/// Quoted, so that nobody and nothing takes the customer's words for ours.
fn section(summary: &mut String, title: &str, texts: &[&str]) {
    if texts.is_empty() {
        return;
    }
    summary.push_str(title);
    summary.push_str(":\n");
    for text in &texts[texts.len().saturating_sub(LINES_MAX)..] {
        summary.push_str(&format!("- \"{}\"\n", cut(&one_line(text), LINE_MAX_CHARS)));
    }
}

/// The classification whose words the customer used, the newest words counting most; the last
/// one is for everything else.
fn classification(classifications: &[String], matters: &[&str]) -> String {
    let Some((fallback, named)) = classifications.split_last() else { return String::new() };
    for text in matters.iter().rev() {
        let used: HashSet<String> = knowledge::terms(text).into_iter().collect();
        let score = |name: &String| {
            let words = knowledge::terms(name);
            let hits = words.iter().filter(|word| used.contains(*word)).count();
            // Half of all messages mention an order: anything more particular goes before it.
            let particular = words.iter().any(|word| knowledge::is_particular(word));
            (hits, particular)
        };
        let best = named.iter().max_by_key(|name| score(name)).filter(|name| score(name).0 > 0);
        if let Some(best) = best {
            return best.clone();
        }
    }
    fallback.clone()
}

fn one_line(text: &str) -> String {
    let text = text.replace('"', "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    cut.push('…');
    cut
}
