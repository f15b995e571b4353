//! The promises, proven from the vendors' side wherever they can be seen from there.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use baton_core::{
    delivery::{DeliveryState, Destination, Payload},
    ids::MessageId,
    inbound::Source,
    message::{AuthorKind, Message, MessageStatus},
};
use baton_sandbox::{Direction, Entry};
use baton_store::Parked;
use serde_json::Value;

use super::evidence::{Evidence, text};

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub invariant: &'static str,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Everything that is broken; empty when all promises were kept.
pub fn check(evidence: &Evidence) -> Vec<Finding> {
    let heard = heard(evidence);
    let checks = [
        nothing_is_lost(evidence, &heard),
        customers_get_each_once(evidence),
        reps_words_arrive(evidence),
        reps_get_each_once(evidence),
        customers_order_holds(evidence, &heard),
        reps_order_holds(evidence),
        ai_is_silent_after_handoff(evidence),
        one_live_work(evidence),
        vendors_complain_of_nothing(evidence),
        statuses_are_true(evidence),
        nobody_is_left_unheard(evidence),
        nothing_is_stuck(evidence),
    ];
    checks.into_iter().flatten().collect()
}

fn finding(invariant: &'static str, what: impl Into<String>) -> Finding {
    Finding { invariant, what: what.into() }
}

/// When one message of a customer's was first brought to the hub, and when it was first taken.
#[derive(Clone, Copy, Default)]
struct Heard {
    offered: u64,
    taken: Option<u64>,
}

impl Heard {
    /// It was acknowledged before the other was offered at all.
    fn is_before(self, other: Self) -> bool {
        self.taken.is_some_and(|taken| taken < other.offered)
    }
}

/// Every message of a customer's, by the vendor's id.
fn heard(evidence: &Evidence) -> HashMap<String, Heard> {
    let mut heard: HashMap<String, Heard> = HashMap::new();
    for entry in evidence.of("whatsapp", Direction::Out, "webhook.message") {
        for message in messages_in(&entry.body) {
            let id = message["id"].as_str().unwrap().to_owned();
            let row = heard.entry(id).or_insert(Heard { offered: entry.seq, taken: None });
            if entry.status == Some(200) {
                row.taken.get_or_insert(entry.seq);
            }
        }
    }
    heard
}

fn messages_in(body: &Value) -> impl Iterator<Item = &Value> {
    body["entry"][0]["changes"][0]["value"]["messages"].as_array().into_iter().flatten()
}

/// I1: what was answered 200 is in the hub exactly once, and nothing was set aside but a desk's
/// events that waited in vain for the answer of our own create: their words come by the listing.
fn nothing_is_lost(evidence: &Evidence, heard: &HashMap<String, Heard>) -> Vec<Finding> {
    let mut stored: HashMap<&str, usize> = HashMap::new();
    for message in evidence.messages.iter().filter(|m| m.author.kind == AuthorKind::Customer) {
        if let Some(id) = &message.vendor_id {
            *stored.entry(id.as_str()).or_default() += 1;
        }
    }
    let mut found = Vec::new();
    for (id, row) in heard {
        let count = stored.get(id.as_str()).copied().unwrap_or(0);
        if count > 1 || (row.taken.is_some() && count == 0) {
            found.push(finding("I1", format!("{id} was acknowledged and is stored {count} times")));
        }
    }
    let early = |p: &&Parked| p.code == "unknown_reference" && matches!(p.source, Source::Desk(_));
    for parked in evidence.parked.iter().filter(|parked| !early(parked)) {
        let what = format!("set aside: {} {} {}", parked.code, parked.reason, parked.body);
        found.push(finding("I1", what));
    }
    found
}

/// I2: no delivery was taken twice by the customers' vendor.
fn customers_get_each_once(evidence: &Evidence) -> Vec<Finding> {
    let mut taken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for entry in evidence.reached() {
        let id = entry.body["biz_opaque_callback_data"].as_str().unwrap_or_default();
        taken.entry(id).or_default().push(entry.seq);
    }
    let doubled = taken.into_iter().filter(|(_, seqs)| seqs.len() > 1);
    doubled.map(|(id, seqs)| finding("I2", format!("delivery {id} was taken {seqs:?}"))).collect()
}

/// I1 and I2 for the rep's words: each reached the customer as often as it was typed, or is
/// shown as what it is.
fn reps_words_arrive(evidence: &Evidence) -> Vec<Finding> {
    let mut typed: BTreeMap<&str, usize> = BTreeMap::new();
    for reply in &evidence.typed {
        *typed.entry(&reply.text).or_default() += 1;
    }
    let mut found = Vec::new();
    for (words, typed) in typed {
        let reached = evidence.reached().filter(|entry| text(entry) == words).count();
        let shown = evidence.messages.iter().filter(|m| is_shown_as_lost(m, words)).count();
        if reached > typed {
            found.push(finding("I2", format!("{words:?} was typed {typed}, sent {reached} times")));
        }
        if reached + shown < typed {
            let what = format!("{words:?} was typed {typed}, sent {reached}, shown {shown} times");
            found.push(finding("I1", what));
        }
    }
    found
}

fn is_shown_as_lost(message: &Message, words: &str) -> bool {
    message.author.kind == AuthorKind::Rep
        && message.content.as_text() == words
        && matches!(
            message.status,
            MessageStatus::Held | MessageStatus::Failed | MessageStatus::MayHaveBeenSent
        )
}

/// I3: the desk took each message of a customer's at most once for each work, and took the ones
/// that the hub calls brought. The customers' texts are all different.
fn reps_get_each_once(evidence: &Evidence) -> Vec<Finding> {
    let mut found = Vec::new();
    for work in &evidence.works {
        let mut seen = HashSet::new();
        for said in said_by_customer(work).filter(|said| !seen.insert(*said)) {
            found.push(finding("I3", format!("{said:?} stands twice in {}", work["id"])));
        }
    }
    let works: HashMap<&str, &Value> =
        evidence.works.iter().map(|work| (work["id"].as_str().unwrap(), work)).collect();
    for (work, words) in brought_to_desk(evidence) {
        let there =
            works.get(work.as_str()).is_some_and(|w| said_by_customer(w).any(|s| s == words));
        if !there {
            found.push(finding("I3", format!("{words:?} is called brought and is not in {work}")));
        }
    }
    found
}

fn said_by_customer(work: &Value) -> impl Iterator<Item = &str> {
    let messages = work["messages"].as_array().unwrap().iter();
    messages.filter(|m| m["author"] == "customer").map(|m| m["text"].as_str().unwrap())
}

/// The work and the words of every customer's message that the hub calls brought.
fn brought_to_desk(evidence: &Evidence) -> Vec<(String, String)> {
    let works: HashMap<_, _> =
        evidence.handoffs.iter().filter_map(|h| Some((h.id, h.work.as_ref()?))).collect();
    let brought = evidence.deliveries.iter().filter_map(|delivery| {
        let Payload::Message { content, .. } = &delivery.payload else { return None };
        let brought = delivery.state == DeliveryState::Done
            && delivery.destination == Destination::Desk
            && delivery.author == AuthorKind::Customer;
        let work = works.get(&delivery.handoff.filter(|_| brought)?)?;
        Some((work.id.to_string(), content.as_text()))
    });
    brought.collect()
}

/// I4, from the customers: what was acknowledged before another was offered stands before it,
/// in the hub and at the desk.
fn customers_order_holds(evidence: &Evidence, heard: &HashMap<String, Heard>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut threads: BTreeMap<_, Vec<&Message>> = BTreeMap::new();
    let mut by_text = HashMap::new();
    for message in evidence.messages.iter().filter(|m| m.author.kind == AuthorKind::Customer) {
        threads.entry(message.conversation.0).or_default().push(message);
        if let Some(row) = message.vendor_id.as_ref().and_then(|id| heard.get(id.as_str())) {
            by_text.insert(message.content.as_text(), *row);
        }
    }
    for thread in threads.values_mut() {
        thread.sort_by_key(|message| message.position);
        let texts: Vec<String> = thread.iter().map(|m| m.content.as_text()).collect();
        found.extend(out_of_order(texts.iter().map(String::as_str), &by_text, "the hub"));
    }
    for work in &evidence.works {
        let place = work["id"].as_str().unwrap();
        found.extend(out_of_order(said_by_customer(work), &by_text, place));
    }
    found
}

fn out_of_order<'a>(
    texts: impl Iterator<Item = &'a str>,
    heard: &HashMap<String, Heard>,
    place: &str,
) -> Vec<Finding> {
    let rows: Vec<(&str, Heard)> =
        texts.filter_map(|text| Some((text, *heard.get(text)?))).collect();
    let mut found = Vec::new();
    for (at, (later, row)) in rows.iter().enumerate() {
        for (earlier, _) in rows[..at].iter().filter(|(_, earlier)| row.is_before(*earlier)) {
            let what = format!("{earlier:?} stands before {later:?} in {place}");
            found.push(finding("I4", what));
        }
    }
    found
}

/// I4, from the rep: what was acknowledged before another was offered reached the customer
/// before it. Texts that were typed more than once tell nothing.
fn reps_order_holds(evidence: &Evidence) -> Vec<Finding> {
    let mut offered: HashMap<String, Heard> = HashMap::new();
    for entry in evidence.of("dynamics365", Direction::Out, "webhook.message") {
        let words = entry.body["text"].as_str().unwrap_or_default();
        if evidence.typed.iter().filter(|reply| reply.text == words).count() != 1 {
            continue;
        }
        let row = offered.entry(words.to_owned());
        let row = row.or_insert(Heard { offered: entry.seq, taken: None });
        if entry.status.is_some_and(|status| (200..300).contains(&status)) {
            row.taken.get_or_insert(entry.seq);
        }
    }
    let mut threads: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in evidence.reached() {
        threads.entry(entry.body["to"].as_str().unwrap_or_default()).or_default().push(entry);
    }
    let check = |(customer, sent): (&str, Vec<&Entry>)| {
        out_of_order(sent.into_iter().map(text), &offered, customer)
    };
    threads.into_iter().flat_map(check).collect()
}

/// I5: no answer of the AI's was tried after the commit that made a desk the owner.
fn ai_is_silent_after_handoff(evidence: &Evidence) -> Vec<Finding> {
    let mut found = Vec::new();
    for answer in evidence.deliveries.iter().filter(|d| d.author == AuthorKind::Ai) {
        let handoffs = evidence.handoffs.iter();
        let over = handoffs.filter(|h| h.session == answer.session && h.epoch > answer.epoch);
        for handoff in over {
            let mut tries = evidence.attempts.iter().filter(|a| a.delivery == answer.id);
            if tries.any(|attempt| attempt.started_at > handoff.requested_at) {
                let what = format!("answer {} was tried after handoff {}", answer.id, handoff.id);
                found.push(finding("I5", what));
            }
        }
    }
    found
}

/// I6, in the hub's rows; the simulators see it too.
fn one_live_work(evidence: &Evidence) -> Vec<Finding> {
    let mut live: HashMap<_, usize> = HashMap::new();
    for handoff in evidence.handoffs.iter().filter(|h| h.state.is_live()) {
        *live.entry(handoff.session).or_default() += 1;
    }
    let two = live.into_iter().filter(|(_, count)| *count > 1);
    two.map(|(session, count)| finding("I6", format!("{session} has {count} live"))).collect()
}

/// I2, I3, I6 and I7 as the simulators count them. I13 is theirs too, but it holds within one
/// life of the process: pace is kept in memory.
fn vendors_complain_of_nothing(evidence: &Evidence) -> Vec<Finding> {
    let invariants = [("i2_", "I2"), ("i3_", "I3"), ("i6_", "I6"), ("i7_", "I7")];
    let named = |name: &str| invariants.iter().find(|(start, _)| name.starts_with(start));
    let broken = evidence.violations.iter().filter(|(_, count)| *count > 0);
    broken
        .filter_map(|(name, count)| Some(finding(named(name)?.1, format!("{count} times {name}"))))
        .collect()
}

/// I15: nothing is called unknown whose receipt the hub took, and nothing sent that the vendor
/// never took.
fn statuses_are_true(evidence: &Evidence) -> Vec<Finding> {
    let deliveries: HashMap<String, MessageId> = evidence
        .deliveries
        .iter()
        .filter_map(|d| Some((d.id.to_string(), d.payload.message()?)))
        .collect();
    let told = |entry: &Entry| {
        let value = &entry.body["entry"][0]["changes"][0]["value"]["statuses"][0];
        let id = value["biz_opaque_callback_data"].as_str()?;
        deliveries.get(id).copied().filter(|_| entry.status == Some(200))
    };
    let told: HashSet<MessageId> =
        evidence.of("whatsapp", Direction::Out, "webhook.status.").filter_map(told).collect();
    let taken: HashSet<MessageId> = evidence
        .reached()
        .filter_map(|entry| {
            deliveries.get(entry.body["biz_opaque_callback_data"].as_str()?).copied()
        })
        .collect();
    let mut found = Vec::new();
    for message in &evidence.messages {
        let (id, status) = (message.id, message.status);
        let sent =
            matches!(status, MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read);
        if status == MessageStatus::MayHaveBeenSent && told.contains(&id) {
            found.push(finding("I15", format!("{id} is called unknown in spite of its receipt")));
        }
        if sent && !taken.contains(&id) {
            found.push(finding("I15", format!("{id} is called {} and never was", status.name())));
        }
    }
    found
}

/// I14: a customer's message that no longer goes to its desk went to somebody else.
fn nobody_is_left_unheard(evidence: &Evidence) -> Vec<Finding> {
    let mut to_desk: HashMap<MessageId, Vec<DeliveryState>> = HashMap::new();
    for delivery in evidence.deliveries.iter().filter(|d| d.destination == Destination::Desk) {
        if let Some(id) = delivery.payload.message() {
            to_desk.entry(id).or_default().push(delivery.state);
        }
    }
    let cancelled = |message: &&Message| {
        let states = to_desk.get(&message.id);
        message.author.kind == AuthorKind::Customer
            && states.is_some_and(|all| all.iter().all(|s| *s == DeliveryState::Cancelled))
    };
    let unheard = evidence.messages.iter().filter(cancelled).filter(|m| !goes_on(evidence, m));
    unheard.map(|m| finding("I14", format!("{:?} reached nobody", m.content.as_text()))).collect()
}

/// Whether the AI answered later in the message's session, or another desk was given it.
fn goes_on(evidence: &Evidence, message: &Message) -> bool {
    let answered = evidence.messages.iter().any(|m| {
        m.session == message.session
            && m.position > message.position
            && m.author.kind == AuthorKind::Ai
    });
    let given = |position: i64| position >= message.position;
    let handed = evidence
        .handoffs
        .iter()
        .any(|h| h.session == message.session && h.work.is_some() && given(h.transcript_up_to));
    answered || handed
}

/// I14: nothing is left but what is held or for later.
fn nothing_is_stuck(evidence: &Evidence) -> Vec<Finding> {
    let left = evidence.unfinished.iter();
    left.map(|(what, count)| finding("I14", format!("{count} {what} left"))).collect()
}

/// The figures of a run, in one line.
pub fn figures(evidence: &Evidence) -> String {
    let by = |kind| evidence.messages.iter().filter(|m| m.author.kind == kind).count();
    let status = |status| evidence.messages.iter().filter(|m| m.status == status).count();
    let faults = evidence.journal.iter().filter(|entry| entry.fault.is_some()).count();
    let rates: u64 = evidence
        .violations
        .iter()
        .filter(|(name, _)| name.starts_with("i13_"))
        .map(|(_, count)| count)
        .sum();
    format!(
        "{} customer, {} ai, {} rep, {} system messages; {} typed; {} sessions, {} handoffs, \
         {} works; {} deliveries, {} attempts, {} reached customers; {} may have been sent, \
         {} held, {} failed, {} cancelled; {} parked; {faults} faults; {rates} over the rate",
        by(AuthorKind::Customer),
        by(AuthorKind::Ai),
        by(AuthorKind::Rep),
        by(AuthorKind::System),
        evidence.typed.len(),
        evidence.sessions.len(),
        evidence.handoffs.len(),
        evidence.works.len(),
        evidence.deliveries.len(),
        evidence.attempts.len(),
        evidence.reached().count(),
        status(MessageStatus::MayHaveBeenSent),
        status(MessageStatus::Held),
        status(MessageStatus::Failed),
        status(MessageStatus::Cancelled),
        evidence.parked.len(),
    )
}

/// Prints the figures and what may have been sent, and fails when a promise was broken.
pub fn prove(evidence: &Evidence, run: &str) {
    println!("{run}: {}", figures(evidence));
    for unknown in evidence.messages.iter().filter(|m| m.status == MessageStatus::MayHaveBeenSent) {
        println!("  may have been sent: {} {:?}", unknown.id, unknown.content.as_text());
    }
    let findings = check(evidence);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{run}:\n{}", lines.join("\n"));
}
