//! The lines that a case's description begins with. No quoted text can begin a line of ours.

use baton_core::{
    contact::{Contact, PointKind},
    desk::Opening,
};

use crate::transcript::{one_line, quoted};

/// What it is about, why, and who the customer is.
pub fn head(opening: &Opening<'_>, summary: &str) -> String {
    let brief = opening.brief;
    let mut lines = vec![
        format!("Channel: {}", opening.channel.name()),
        format!("Classification: {}", one_line(&brief.classification, 100)),
        format!("Sentiment: {}", brief.sentiment.words()),
        String::new(),
        "Summary:".to_owned(),
    ];
    lines.extend(quoted(summary));
    lines.push(String::new());
    lines.push(format!("Reason: {}", one_line(&brief.reason, 500)));
    lines.extend(customer(opening.contact));
    lines.push(format!("Language: {}", one_line(&brief.language, 20)));
    lines.push(format!("Session: {}", opening.session));
    lines.join("\n")
}

fn customer(contact: &Contact) -> Vec<String> {
    let name = contact.name.as_deref().map(|name| format!("Customer: {}", one_line(name, 200)));
    let of = |kind, label: &str, sign: &str| {
        let value = contact.point(kind)?;
        Some(format!("{label}: {sign}{}", one_line(value.trim_start_matches('+'), 200)))
    };
    let points = [
        of(PointKind::Phone, "Phone", "+"),
        of(PointKind::Email, "Email", ""),
        of(PointKind::WhatsappUser, "WhatsApp user id", ""),
    ];
    name.into_iter().chain(points.into_iter().flatten()).collect()
}
