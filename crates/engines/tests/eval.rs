//! How well the rules find requests for a person and frustration, measured on sentences that
//! were written apart from the rules.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeMap, fs, path::Path};

use baton_engines::detect;

/// Overall precision and recall, slightly under what is reached.
const PERSON_PRECISION: f64 = 0.94;
const PERSON_RECALL: f64 = 0.90;
const PERSON_RECALL_PER_LANGUAGE: f64 = 0.70;
const FRUSTRATED_PRECISION: f64 = 0.91;
const FRUSTRATED_RECALL: f64 = 0.90;

#[derive(Default, Clone, Copy)]
struct Count {
    hit: usize,
    missed: usize,
    wrong: usize,
}

impl Count {
    fn add(&mut self, expected: bool, found: bool) {
        match (expected, found) {
            (true, true) => self.hit += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => {}
        }
    }

    fn precision(&self) -> f64 {
        ratio(self.hit, self.hit + self.wrong)
    }

    fn recall(&self) -> f64 {
        ratio(self.hit, self.hit + self.missed)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn rows() -> Vec<(String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/sentences.tsv");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.splitn(3, '\t').map(str::to_owned);
        Some((columns.next()?, columns.next()?, columns.next()?))
    });
    rows.collect()
}

/// Prints the table and gives the sums.
fn measure(
    title: &str,
    label: &str,
    counts_as_negative: impl Fn(&str) -> bool,
    finds: impl Fn(&str) -> bool,
) -> (Count, BTreeMap<String, Count>) {
    let mut total = Count::default();
    let mut languages: BTreeMap<String, Count> = BTreeMap::new();
    for (language, given, text) in rows() {
        let expected = given == label;
        if expected || counts_as_negative(&given) {
            let found = finds(&text);
            total.add(expected, found);
            languages.entry(language).or_default().add(expected, found);
        }
    }
    println!(
        "{title:<12} {:>9} {:>7} {:>4} {:>6} {:>5}",
        "precision", "recall", "hit", "missed", "wrong"
    );
    for (name, count) in languages.iter().map(|(n, c)| (n.as_str(), c)).chain([("all", &total)]) {
        println!(
            "{name:<12} {:>9.2} {:>7.2} {:>4} {:>6} {:>5}",
            count.precision(),
            count.recall(),
            count.hit,
            count.missed,
            count.wrong
        );
    }
    (total, languages)
}

#[test]
fn requests_for_a_person_are_found() {
    let (total, languages) = measure("person", "person", |_| true, detect::asks_for_person);
    assert!(languages.len() >= 12 && rows().len() >= 300, "the set covers 12 languages");
    assert!(total.precision() >= PERSON_PRECISION, "precision {:.3}", total.precision());
    assert!(total.recall() >= PERSON_RECALL, "recall {:.3}", total.recall());
    for (language, count) in languages {
        let recall = count.recall();
        assert!(recall >= PERSON_RECALL_PER_LANGUAGE, "{language}: recall {recall:.2}");
    }
}

#[test]
fn frustration_is_found() {
    let negative = |label: &str| label != "person";
    let (total, _) = measure("frustrated", "frustrated", negative, detect::is_frustrated);
    assert!(total.precision() >= FRUSTRATED_PRECISION, "precision {:.3}", total.precision());
    assert!(total.recall() >= FRUSTRATED_RECALL, "recall {:.3}", total.recall());
}
