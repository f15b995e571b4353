//! What a client should never have done: seen here, counted with the other violations.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Map, Value};

use super::answer::Refusal;

/// Calls that are remembered.
const MAX_KEPT: usize = 50_000;

/// Calls by journal number.
#[derive(Default)]
pub struct Broken {
    /// Texts and files over their limits, which definitions and pages tell beforehand.
    pub over_limit: Vec<u64>,
    /// Queries and addresses whose literals were not escaped.
    pub unescaped: Vec<u64>,
    /// Calls that made a second row with one external key.
    pub twice: Vec<u64>,
    /// What was made, by table and hash of the content: the calls that made it, in their order.
    made: HashMap<(&'static str, u64), Vec<u64>>,
}

impl Broken {
    /// Notes what a refusal says about the caller.
    pub fn refused(&mut self, seq: u64, refusal: &Refusal) {
        let kept = match refusal.code {
            "0x80044331" | "0x80044a02" => &mut self.over_limit,
            _ if refusal.message.contains("unterminated literal") => &mut self.unescaped,
            _ => return,
        };
        if kept.len() < MAX_KEPT {
            kept.push(seq);
        }
    }

    /// Notes that a call made a second row with one external key.
    pub fn twice(&mut self, seq: u64) {
        if self.twice.len() < MAX_KEPT {
            self.twice.push(seq);
        }
    }

    /// Notes that a call made a row.
    pub fn made(&mut self, table: &'static str, fields: &Map<String, Value>, seq: u64) {
        let mut content = DefaultHasher::new();
        Value::Object(fields.clone()).to_string().hash(&mut content);
        if self.made.len() < MAX_KEPT {
            self.made.entry((table, content.finish())).or_default().push(seq);
        }
    }

    /// Calls that made the same row of these tables again, after an earlier one whose answer was lost.
    pub fn again(&self, tables: &[&str], lost: &dyn Fn(u64) -> bool) -> Vec<u64> {
        let of_tables = self.made.iter().filter(|((table, _), _)| tables.contains(table));
        let mut found: Vec<u64> = of_tables
            .flat_map(|(_, seqs)| {
                let pairs = seqs.windows(2).filter(|pair| lost(pair[0]));
                pairs.map(|pair| pair[1]).collect::<Vec<_>>()
            })
            .collect();
        found.sort_unstable();
        found
    }
}
