//! Promises to reps that were broken, as seen from Microsoft's side.

use std::collections::{BTreeMap, HashMap};

use super::Inner;
use super::conversation::{Author, Message};
use crate::{Violation, World};

/// `i3_duplicate_to_rep`, `i6_two_live_works` and `i13_rate`; and what Dataverse saw that a careful client never sends:
/// `dataverse_over_limit`, `dataverse_unescaped`.
pub fn violations(world: &World) -> Vec<Violation> {
    let inner = world.dynamics365.inner();
    let lost = |seq| answer_was_lost(world, seq);
    let (broken, limits) = (&inner.org.broken, &inner.org.limits);
    let written = ["annotations", "emails", "phonecalls", "tasks", "adx_portalcomments"];
    let repeated = [duplicates(&inner, &lost), broken.again(&written, &lost)].concat();
    let again = broken.again(&["incidents"], &lost);
    let two_live = [inner.two_live.clone(), again, broken.twice.clone()].concat();
    let hurried = [inner.pace.ignored.clone(), limits.ignored.clone()].concat();
    vec![
        Violation::new("i3_duplicate_to_rep", repeated),
        Violation::new("i6_two_live_works", two_live),
        Violation::new("i13_rate", hurried),
        Violation::new("dataverse_over_limit", broken.over_limit.clone()),
        Violation::new("dataverse_unescaped", broken.unescaped.clone()),
    ]
}

/// A text said more often here than by the customer, where that number is known. Elsewhere the same activity taken
/// twice: because it carries its own id, or because the first answer never reached the sender. Two equal messages
/// without id after a good answer are taken for a customer who repeats himself.
fn duplicates(inner: &Inner, lost: &dyn Fn(u64) -> bool) -> Vec<u64> {
    let mut counted: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut repeated = Vec::new();
    for conversation in &inner.conversations {
        let mut seen: HashMap<String, u64> = HashMap::new();
        let sent =
            |message: &&Message| matches!(message.author, Author::Customer | Author::Automated);
        for message in conversation.messages.iter().filter(sent) {
            if message.author == Author::Customer && inner.said.contains_key(&message.text) {
                counted.entry(&message.text).or_default().push(message.seq);
            } else if let Some(earlier) = seen.insert(identity(message), message.seq)
                && (has_id(message) || lost(earlier))
            {
                repeated.push(message.seq);
            }
        }
    }
    for (text, mut seqs) in counted {
        seqs.sort_unstable();
        let said = inner.said.get(text).copied().unwrap_or(0);
        repeated.extend(seqs.into_iter().skip(said));
    }
    repeated
}

/// The activity's own id, or else the whole of it.
fn identity(message: &Message) -> String {
    match message.activity.get("id").and_then(serde_json::Value::as_str) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => message.activity.to_string(),
    }
}

fn has_id(message: &Message) -> bool {
    message.activity.get("id").and_then(serde_json::Value::as_str).is_some_and(|id| !id.is_empty())
}

fn answer_was_lost(world: &World, seq: u64) -> bool {
    let mut lost = false;
    world.journal.amend(seq, |entry| {
        let lost_by = ["timeout_after_accept", "status_after_accept", "garbage"];
        lost = entry.fault.as_deref().is_some_and(|fault| lost_by.contains(&fault));
    });
    lost
}
