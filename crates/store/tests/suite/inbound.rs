use std::sync::Arc;

use baton_core::{
    feed::{Fact, FactKind, NewFact},
    ids::*,
    inbound::{Inbound, Source},
    step::State,
    time::Timestamp,
};
use baton_store::{Cause, Commit, CommitError, NewInbound, StoreError};
use futures::future::join_all;

use crate::world::*;

crate::both!(
    an_event_is_stored_once,
    a_race_of_repeats_stores_an_event_once,
    what_came_in_a_rush_keeps_its_order_and_survives,
    events_of_one_key_keep_their_order,
    a_deferred_event_holds_its_key_back,
    an_event_is_set_aside_and_tried_again,
    it_is_known_when_each_source_was_last_heard,
    an_event_takes_effect_once,
    an_event_is_stored_with_what_follows_from_it,
    an_event_does_not_overtake_what_waits,
    an_event_whose_commit_lost_is_not_stored,
    whoever_loses_in_a_crowd_hurts_nobody,
    a_flood_is_stored_in_few_transactions,
    what_the_workers_commit_is_not_lost_in_a_flood,
    an_overload_is_refused_and_loses_nothing_else,
);

async fn due(w: &World, now: Timestamp) -> Vec<Inbound> {
    w.store.inbound_due(now, 100).await.unwrap()
}

async fn it_is_known_when_each_source_was_last_heard(w: World) {
    let mut of_desk = w.event("d", Some("d1"));
    of_desk.source = Source::Desk(w.desk);
    let later = NewInbound { received_at: NOW.plus_ms(7), ..w.event("a", Some("e2")) };
    w.store.inbound_put(vec![w.event("a", Some("e1")), of_desk.clone(), later]).await.unwrap();
    let mut last = w.store.inbound_last().await.unwrap();
    last.sort_by_key(|(_, at)| *at);
    let inbox = w.event("a", None).source;
    assert_eq!(last, [(of_desk.source, NOW), (inbox, NOW.plus_ms(7))]);
}

async fn an_event_is_stored_once(w: World) {
    let first = w.event("a", Some("e1"));
    let again = w.event("a", Some("e1"));
    assert_eq!(w.store.inbound_put(vec![first.clone(), again.clone()]).await.unwrap(), 1);
    assert_eq!(w.store.inbound_put(vec![again]).await.unwrap(), 0);
    assert_eq!(w.store.inbound_put(vec![first]).await.unwrap(), 0);
    let mut other_source = w.event("a", Some("e1"));
    other_source.source = Source::Desk(w.desk);
    assert_eq!(w.store.inbound_put(vec![other_source]).await.unwrap(), 1);
    let nameless = vec![w.event("a", None), w.event("a", None)];
    assert_eq!(w.store.inbound_put(nameless).await.unwrap(), 2);
    let long = "x".repeat(5_000);
    let events = vec![w.event("l", Some(&long)), w.event("l", Some(&long))];
    assert_eq!(w.store.inbound_put(events).await.unwrap(), 1);
    assert_eq!(w.store.inbound_put(Vec::new()).await.unwrap(), 0);
}

async fn a_race_of_repeats_stores_an_event_once(w: World) {
    let racing = (0..20).map(|_| w.store.inbound_put(vec![w.event("r", Some("race"))]));
    assert!(join_all(racing).await.iter().all(Result::is_ok));
    assert_eq!(due(&w, NOW).await.len(), 1);
    assert_eq!(w.store.unfinished().await.unwrap().inbound, 1);
    let second = w.second("two").await;
    let stores = [&w.store, &second].into_iter().cycle().take(20);
    let racing = stores.map(|store| store.inbound_put(vec![w.event("n", Some("nodes"))]));
    assert!(join_all(racing).await.iter().all(Result::is_ok));
    assert_eq!(due(&w, NOW).await.len(), 2, "also between two processes");
    assert_eq!(w.store.unfinished().await.unwrap().inbound, 2);
}

async fn what_came_in_a_rush_keeps_its_order_and_survives(w: World) {
    let early: Vec<_> = (0..40).map(|n| w.event(&format!("k{}", n % 4), None)).collect();
    let rush = early.iter().map(|event| w.store.inbound_put(vec![event.clone()]));
    assert!(join_all(rush).await.iter().all(Result::is_ok));
    let late: Vec<_> = (0..4).map(|n| w.event(&format!("k{n}"), None)).collect();
    w.store.inbound_put(late.clone()).await.unwrap();
    let second = w.second("two").await;
    assert_eq!(second.unfinished().await.unwrap().inbound, 44, "nothing is in memory only");
    let mut seen = Vec::new();
    loop {
        let heads = due(&w, NOW).await;
        if heads.is_empty() {
            break;
        }
        w.store.inbound_done(heads.iter().map(|event| event.id).collect()).await.unwrap();
        seen.extend(heads.into_iter().map(|event| (event.source_key, event.id)));
    }
    for n in 0..4 {
        let key = format!("k{n}");
        let sent = early.iter().chain(&late).filter(|e| e.source_key == key).map(|e| e.id);
        let got = seen.iter().filter(|(of, _)| *of == key).map(|(_, id)| *id);
        assert!(sent.eq(got), "{key} out of order");
    }
}

async fn events_of_one_key_keep_their_order(w: World) {
    let events: Vec<_> =
        (0..6).map(|n| w.event(if n % 2 == 0 { "even" } else { "odd" }, None)).collect();
    let ids: Vec<InboundId> = events.iter().map(|e| e.id).collect();
    w.store.inbound_put(events[..3].to_vec()).await.unwrap();
    w.store.inbound_put(events[3..].to_vec()).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let heads = due(&w, NOW).await;
        if heads.is_empty() {
            break;
        }
        assert!(heads.len() <= 2, "one of each key");
        seen.extend(heads.iter().map(|e| (e.source_key.clone(), e.id)));
        w.store.inbound_done(heads.iter().map(|e| e.id).collect()).await.unwrap();
    }
    let of = |key: &str| -> Vec<InboundId> {
        seen.iter().filter(|(k, _)| k == key).map(|(_, id)| *id).collect()
    };
    assert_eq!(of("even"), [ids[0], ids[2], ids[4]]);
    assert_eq!(of("odd"), [ids[1], ids[3], ids[5]]);
    assert_eq!(w.store.unfinished().await.unwrap().inbound, 0);
    assert_eq!(w.store.unfinished_since().await.unwrap(), None);
}

async fn a_deferred_event_holds_its_key_back(w: World) {
    let events = vec![w.event("a", None), w.event("a", None), w.event("b", None)];
    let ids: Vec<InboundId> = events.iter().map(|e| e.id).collect();
    w.store.inbound_put(events).await.unwrap();
    w.store.inbound_defer(ids[0], NOW.plus_ms(10)).await.unwrap();
    let now = due(&w, NOW).await;
    assert_eq!(now.iter().map(|e| e.id).collect::<Vec<_>>(), [ids[2]]);
    w.store.inbound_done(vec![ids[2]]).await.unwrap();
    assert_eq!(w.store.next_due_at(Timestamp(0)).await.unwrap(), Some(NOW.plus_ms(10)));
    let later = due(&w, NOW.plus_ms(10)).await;
    assert_eq!((later[0].id, later[0].tries, later.len()), (ids[0], 1, 1));
}

async fn an_event_is_set_aside_and_tried_again(w: World) {
    let event = w.event("a", None);
    let id = event.id;
    w.store.inbound_put(vec![event.clone(), w.event("a", None)]).await.unwrap();
    w.store.inbound_park(id, "malformed", "read the event: no text\0").await.unwrap();
    assert_ne!(due(&w, NOW).await[0].id, id, "the next one is not held up");
    let parked = w.store.parked(w.workspace, None, 10).await.unwrap();
    assert_eq!((parked.len(), parked[0].id, parked[0].code.as_str()), (1, id, "malformed"));
    assert_eq!((parked[0].source, &parked[0].body), (event.source, &event.body));
    let rest = w.store.parked(w.workspace, Some(parked[0].position), 10).await.unwrap();
    assert_eq!(rest, []);
    let other = WorkspaceId(uuid());
    assert_eq!(w.store.parked(other, None, 10).await.unwrap(), []);
    assert!(!w.store.parked_retry(other, id).await.unwrap(), "not from another workspace");
    assert!(w.store.parked_retry(w.workspace, id).await.unwrap());
    assert!(!w.store.parked_retry(w.workspace, id).await.unwrap());
    assert_eq!(due(&w, NOW).await[0].id, id);
}

async fn an_event_takes_effect_once(w: World) {
    let event = w.event("491511", Some("e1"));
    w.store.inbound_put(vec![event.clone()]).await.unwrap();
    let mut commit = w.first_contact("491511");
    commit.cause = Some(Cause::Stored(event.id));
    w.store.commit(commit.clone()).await.unwrap();
    assert_eq!(due(&w, NOW).await, []);
    let state = w.load(commit.effects.conversation.id).await;
    let mut again = change(&state, |_| {});
    again.cause = Some(Cause::Stored(event.id));
    assert!(is_out_of_turn(w.store.commit(again).await));
    let mut unheard = w.first_contact("8");
    unheard.cause = Some(Cause::Stored(InboundId(uuid())));
    assert!(is_out_of_turn(w.store.commit(unheard).await));
    let fresh = w.event("9", None);
    w.store.inbound_put(vec![fresh.clone()]).await.unwrap();
    let (mut one, mut two) = (w.first_contact("9"), w.first_contact("10"));
    one.cause = Some(Cause::Stored(fresh.id));
    two.cause = Some(Cause::Stored(fresh.id));
    let (one, two) = futures::join!(w.store.commit(one), w.store.commit(two));
    assert!(one.is_ok() != two.is_ok());
}

/// A change that comes with its event.
fn arriving(state: &State, event: &NewInbound) -> Commit {
    Commit { cause: Some(Cause::Arriving(Arc::new(event.clone()))), ..change(state, |_| {}) }
}

fn is_out_of_turn(result: Result<Vec<Fact>, CommitError>) -> bool {
    matches!(result, Err(CommitError::OutOfTurn))
}

async fn an_event_is_stored_with_what_follows_from_it(w: World) {
    let state = w.begin("1").await;
    let event = w.event("k", Some("e1"));
    w.store.commit(arriving(&state, &event)).await.unwrap();
    assert_eq!(due(&w, NOW).await, [], "it is dealt with");
    let last = w.store.inbound_last().await.unwrap();
    assert_eq!(last, [(event.source, NOW)], "and stored");
    let state = w.load(state.conversation.id).await;
    assert!(is_out_of_turn(w.store.commit(arriving(&state, &event)).await), "once");
    let again = w.event("k", Some("e1"));
    assert!(
        is_out_of_turn(w.store.commit(arriving(&state, &again)).await),
        "by the vendor's id too"
    );
    assert_eq!(w.store.inbound_put(vec![again]).await.unwrap(), 0);
    let next = w.event("k", Some("e2"));
    w.store.commit(arriving(&state, &next)).await.unwrap();
    let version = w.load(state.conversation.id).await.conversation.version;
    assert_eq!(version, state.conversation.version + 1, "what was out of turn changed nothing");
}

async fn an_event_does_not_overtake_what_waits(w: World) {
    let (state, other) = (w.begin("1").await, w.begin("2").await);
    let waiting = w.event("k", None);
    w.store.inbound_put(vec![waiting.clone()]).await.unwrap();
    let event = w.event("k", None);
    assert!(is_out_of_turn(w.store.commit(arriving(&state, &event)).await));
    w.store.commit(arriving(&other, &w.event("other key", None))).await.unwrap();
    w.store.inbound_defer(waiting.id, NOW.plus_ms(10)).await.unwrap();
    assert!(
        is_out_of_turn(w.store.commit(arriving(&state, &event)).await),
        "nor what waits longer"
    );
    w.store.inbound_done(vec![waiting.id]).await.unwrap();
    w.store.commit(arriving(&state, &event)).await.unwrap();
    let rush = (0..40).map(|n| w.store.inbound_put(vec![w.event(&format!("r{n}"), None)]));
    assert!(join_all(rush).await.iter().all(Result::is_ok));
    let state = w.load(state.conversation.id).await;
    let event = w.event("r1", None);
    assert!(is_out_of_turn(w.store.commit(arriving(&state, &event)).await), "nor what is packed");
}

async fn an_event_whose_commit_lost_is_not_stored(w: World) {
    let state = w.begin("1").await;
    w.store.commit(change(&state, |_| {})).await.unwrap();
    let event = w.event("k", Some("e1"));
    let lost = w.store.commit(arriving(&state, &event)).await;
    assert!(matches!(lost, Err(CommitError::Conflict)));
    let state = w.load(state.conversation.id).await;
    w.store.commit(arriving(&state, &event)).await.unwrap();
    let unleased = w.second("two").await;
    let state = w.load(state.conversation.id).await;
    let event = w.event("k", Some("e2"));
    let fenced = unleased.commit(arriving(&state, &event)).await;
    assert!(matches!(fenced, Err(CommitError::Fenced)));
    assert_eq!(w.store.inbound_put(vec![event]).await.unwrap(), 1);
}

/// Many commits of one transaction, some of which lose each in another way.
async fn whoever_loses_in_a_crowd_hurts_nobody(w: World) {
    w.store.inbound_put(vec![w.event("waits", None)]).await.unwrap();
    let mut commits = Vec::new();
    for n in 0..24 {
        let state = w.begin(n).await;
        let mut commit = arriving(&state, &w.event(&format!("k{n}"), Some(&format!("e{n}"))));
        commit.effects.facts.push(notice());
        match n % 6 {
            1 => commit.cause = Some(Cause::Arriving(Arc::new(w.event("waits", None)))),
            2 => commit.cause = Some(Cause::Stored(InboundId(uuid()))),
            3 => commit.effects.conversation.version += 1,
            _ => {}
        }
        commits.push((n, commit));
    }
    let before = w.store.feed_last(w.workspace).await.unwrap();
    let results = join_all(commits.iter().map(|(_, c)| w.store.commit(c.clone()))).await;
    let mut positions = Vec::new();
    for ((n, commit), result) in commits.iter().zip(results) {
        match (n % 6, result) {
            (1 | 2, result) => assert!(is_out_of_turn(result), "{n}"),
            (3, result) => assert!(matches!(result, Err(CommitError::Conflict)), "{n}"),
            (_, result) => positions.extend(result.unwrap().iter().map(|fact| fact.position)),
        }
        let loaded = w.load(commit.effects.conversation.id).await.conversation.version;
        assert_eq!(loaded, if (1..=3).contains(&(n % 6)) { 1 } else { 2 }, "{n}");
    }
    positions.sort_unstable();
    assert_eq!(positions, (before + 1..=before + 12).collect::<Vec<_>>(), "without gaps");
    let stored = commits.iter().filter(|(n, _)| !(1..=3).contains(&(n % 6)));
    for (n, _) in stored {
        let again = w.event(&format!("k{n}"), Some(&format!("e{n}")));
        assert_eq!(w.store.inbound_put(vec![again]).await.unwrap(), 0, "{n}");
    }
    let lost = w.event("k3", Some("e3"));
    assert_eq!(w.store.inbound_put(vec![lost]).await.unwrap(), 1, "what lost was not stored");
}

fn notice() -> NewFact {
    let kind = FactKind::OperatorNotice { code: "told".to_owned(), text: "once".to_owned() };
    NewFact { session: None, kind }
}

async fn a_flood_is_stored_in_few_transactions(w: World) {
    let before = w.store.stats().commits;
    let events = (0..300).map(|n| w.event(&format!("k{n}"), Some(&format!("e{n}"))));
    let stored = join_all(events.map(|e| w.store.inbound_put(vec![e]))).await;
    assert!(stored.into_iter().all(|new| new.unwrap() == 1));
    assert!(w.store.stats().commits - before <= 20);
    assert_eq!(due(&w, NOW).await.len(), 100, "the list is bounded");
}

async fn what_the_workers_commit_is_not_lost_in_a_flood(w: World) {
    let first = (0..40).map(|n| w.event(&format!("w{n}"), None)).collect::<Vec<_>>();
    w.store.inbound_put(first.clone()).await.unwrap();
    let flood = async {
        for round in 0..20 {
            let events = (0..100).map(|n| w.event(&format!("f{round}.{n}"), None));
            for put in join_all(events.map(|e| w.store.inbound_put(vec![e]))).await {
                assert_eq!(put.unwrap(), 1);
            }
        }
    };
    let work = async {
        for event in &first {
            w.store.inbound_done(vec![event.id]).await.unwrap();
        }
    };
    futures::join!(flood, work);
    assert_eq!(w.store.unfinished().await.unwrap().inbound, 2_000);
}

async fn an_overload_is_refused_and_loses_nothing_else(w: World) {
    let events = (0..4_500).map(|n| w.event(&format!("k{n}"), None));
    let results = join_all(events.map(|e| w.store.inbound_put(vec![e]))).await;
    let refused = results.iter().filter(|r| matches!(r, Err(StoreError::Overloaded))).count();
    let stored = results.iter().filter(|r| matches!(r, Ok(1))).count();
    assert!(refused >= 400, "the queue is bounded: {refused}");
    assert_eq!(refused + stored, results.len());
    assert_eq!(w.store.unfinished().await.unwrap().inbound, stored as u64);
    assert_eq!(w.store.inbound_put(vec![w.event("after", None)]).await.unwrap(), 1);
}
