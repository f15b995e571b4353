//! Promises to reps that were broken, as seen from Salesforce's side.

use std::collections::{BTreeMap, HashSet};

use super::entry::{Author, Entry, Kind};
use super::{Inner, crm};
use crate::{Violation, World};

/// `i3_duplicate_to_rep`, `i6_two_live_works`, `i12_second_stream`, `i13_rate` and `salesforce_late_message`; and what
/// the half around records saw.
pub fn violations(world: &World) -> Vec<Violation> {
    let mut inner = world.salesforce.inner();
    let mut found = vec![
        Violation::new("i3_duplicate_to_rep", duplicates(&inner)),
        Violation::new("i6_two_live_works", inner.two_live.clone()),
        Violation::new("i12_second_stream", second_streams(&mut inner)),
        Violation::new("i13_rate", inner.ignored.0.clone()),
        Violation::new("salesforce_late_message", inner.late.clone()),
    ];
    drop(inner);
    found.extend(crm::violations(world));
    found
}

/// A message id taken twice, or a text said more often here than by the customer, where that number is known.
fn duplicates(inner: &Inner) -> Vec<u64> {
    let mut counted: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut repeated = Vec::new();
    for conversation in &inner.conversations {
        let mut ids = HashSet::new();
        for entry in conversation.entries().filter(|entry| is_customers(entry)) {
            let text = entry.shown.as_ref().map_or("", |shown| shown.text.as_str());
            if !ids.insert(&entry.identifier) {
                repeated.push(entry.seq);
            } else if inner.said.contains_key(text) {
                counted.entry(text).or_default().push(entry.seq);
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

fn is_customers(entry: &Entry) -> bool {
    let by_customer = entry.shown.as_ref().is_some_and(|shown| shown.author == Author::Customer);
    entry.kind == Kind::Message && by_customer
}

/// Also those that are open at this moment, told once.
fn second_streams(inner: &mut Inner) -> Vec<u64> {
    let open: Vec<u64> = inner.subjects_mut().flat_map(|subject| subject.take_rivals()).collect();
    inner.second_streams.extend(open);
    inner.second_streams.clone()
}
