//! What a client should never have done: seen here, counted with the other violations.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::answer::Refusal;
use super::store::Fields;
use crate::{Violation, World};

/// Calls that are remembered.
const MAX_KEPT: usize = 50_000;
/// Objects on which a rep reads what was written.
const WRITTEN: [&str; 4] = ["CaseComment", "FeedItem", "EmailMessage", "Task"];

/// Calls by journal number.
#[derive(Default)]
pub struct Broken {
    /// Texts over the length that describes tell beforehand.
    over_length: Vec<u64>,
    /// Queries and searches whose literals were not escaped.
    unescaped: Vec<u64>,
    /// Calls that made a second row with one external key.
    twice: Vec<u64>,
    /// Fields in which the client keeps its own key.
    keys: BTreeSet<(String, String)>,
    /// What was made, by object and hash of the content: the calls that made it, in their order.
    made: HashMap<(String, u64), Vec<u64>>,
}

impl Broken {
    /// Notes what a refusal says about the caller.
    pub fn refused(&mut self, seq: u64, refusal: &Refusal) {
        let kept = match refusal.code.as_str() {
            "STRING_TOO_LONG" => &mut self.over_length,
            "MALFORMED_QUERY" | "MALFORMED_SEARCH" => &mut self.unescaped,
            _ => return,
        };
        if kept.len() < MAX_KEPT {
            kept.push(seq);
        }
    }

    /// Tells in which field the client keeps its own key.
    pub fn add_key(&mut self, object: &str, field: &str) {
        self.keys.insert((object.to_owned(), field.to_owned()));
    }

    /// The fields of an object in which the client keeps its own key.
    pub fn keys_of(&self, object: &str) -> Vec<String> {
        let of_object = self.keys.iter().filter(|(known, _)| known == object);
        of_object.map(|(_, field)| field.clone()).collect()
    }

    /// Notes that a call made a second row with one external key.
    pub fn twice(&mut self, seq: u64) {
        if self.twice.len() < MAX_KEPT {
            self.twice.push(seq);
        }
    }

    /// Notes that a call made a row.
    pub fn made(&mut self, object: &str, fields: &Fields, seq: u64) {
        let mut content = DefaultHasher::new();
        Value::Object(fields.clone()).to_string().hash(&mut content);
        if self.made.len() < MAX_KEPT {
            self.made.entry((object.to_owned(), content.finish())).or_default().push(seq);
        }
    }

    /// Calls that made the same row of these objects again, after an earlier one whose answer was lost.
    fn again(&self, objects: &[&str], lost: &dyn Fn(u64) -> bool) -> Vec<u64> {
        let of_objects = self.made.iter().filter(|((name, _), _)| objects.contains(&&**name));
        let pairs = of_objects.flat_map(|(_, seqs)| seqs.windows(2));
        let mut found: Vec<u64> = pairs.filter(|pair| lost(pair[0])).map(|pair| pair[1]).collect();
        found.sort_unstable();
        found
    }
}

/// `i3_duplicate_to_rep` and `i6_two_live_works` as the records tell; `i13_rate`, calls that came although the day's
/// allocation was used up; and what a careful client never sends: `salesforce_over_length`, `salesforce_unescaped`.
pub fn violations(world: &World) -> Vec<Violation> {
    let lost = |seq| answer_was_lost(world, seq);
    let hurried = world.salesforce.core.ignored_limit();
    let org = world.salesforce.records.org();
    let broken = &org.broken;
    let again = broken.again(&["Case"], &lost);
    let works: BTreeSet<u64> = again.into_iter().chain(broken.twice.iter().copied()).collect();
    vec![
        Violation::new("i3_duplicate_to_rep", broken.again(&WRITTEN, &lost)),
        Violation::new("i6_two_live_works", works.into_iter().collect()),
        Violation::new("i13_rate", hurried),
        Violation::new("salesforce_over_length", broken.over_length.clone()),
        Violation::new("salesforce_unescaped", broken.unescaped.clone()),
    ]
}

fn answer_was_lost(world: &World, seq: u64) -> bool {
    let mut lost = false;
    world.journal.amend(seq, |entry| {
        let lost_by = ["timeout_after_accept", "status_after_accept", "garbage"];
        lost = entry.fault.as_deref().is_some_and(|fault| lost_by.contains(&fault));
    });
    lost
}
