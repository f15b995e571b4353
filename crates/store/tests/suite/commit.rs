use baton_core::{
    consent::{Consent, ConsentScope},
    contact::{Point, PointKind},
    conversation::{Window, WindowKind},
    delivery::{Attempt, DeliveryState, Hold},
    fault::{Accepted, Fault, FaultClass, Outcome},
    feed::FactKind,
    ids::*,
    message::{AuthorKind, Content},
    session::Owner,
};
use baton_store::{Also, CommitError, StoreError};
use futures::future::join_all;

use crate::world::*;

crate::both!(
    a_first_contact_is_loaded_as_it_was_committed,
    what_changed_is_loaded_as_it_was_committed,
    an_old_version_loses,
    a_loser_does_not_hurt_its_neighbours,
    a_refused_unit_does_not_hurt_its_neighbours,
    many_commits_share_a_flush,
    the_feed_has_no_gaps,
    two_new_conversations_of_one_address_become_one,
    two_new_people_of_one_address_become_one,
    odd_text_round_trips,
    finished_deliveries_are_loaded_when_asked_for,
    the_newest_consent_counts,
    merged_conversations_are_found_as_one,
    a_lost_connection_heals,
);

async fn a_first_contact_is_loaded_as_it_was_committed(w: World) {
    let commit = w.first_contact("491511");
    let facts = w.store.commit(commit.clone()).await.unwrap();
    let state = w.load(commit.effects.conversation.id).await;

    let mut conversation = commit.effects.conversation.clone();
    conversation.version = 1;
    assert_eq!(state.conversation, conversation);
    assert_eq!(Some(state.contact), commit.effects.contact);
    let mut session = commit.effects.sessions[0].clone();
    session.number = 1;
    assert_eq!(state.session.as_ref(), Some(&session));
    assert_eq!(facts.iter().map(|f| f.position).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(facts[0].kind, FactKind::SessionOpened(session.clone()));
    assert_eq!(w.store.feed_after(w.workspace, 0, None, 10).await.unwrap(), facts);
    let messages = w.store.messages_of_session(w.workspace, session.id, 0, 10).await.unwrap();
    assert_eq!(messages, commit.effects.messages);
    let missing = w.store.state_load(ConversationId(uuid()), &Also::default()).await.unwrap();
    assert_eq!(missing, None);
}

async fn what_changed_is_loaded_as_it_was_committed(w: World) {
    let state = w.begin("491511").await;
    let session = state.session.clone().unwrap();
    let reply = message(&session, 2, AuthorKind::Ai, "It left today.");
    let mut held = delivery(&session, 1, &reply);
    held.state = DeliveryState::Held;
    held.hold = Some(Hold::Window);
    held.fault = Some(Fault::new(FaultClass::WindowClosed, "the window is closed"));
    let given = handoff(&session, w.desk, 2);
    let commit = change(&state, |e| {
        e.conversation.last_position = 2;
        e.conversation.reengaged = true;
        e.conversation.window = Some(Window {
            kind: WindowKind::Call,
            opened_by: None,
            opened_at: NOW,
            expires_at: NOW.plus_ms(5),
            refused: true,
            referred_at: Some(NOW),
            free_entry_until: Some(NOW.plus_ms(7)),
        });
        let mut owned = session.clone();
        owned.owner = Owner::Desk;
        owned.metadata.insert("ticket".to_owned(), "T-1".into());
        e.sessions = vec![owned];
        e.handoffs = vec![given.clone()];
        e.messages = vec![reply.clone()];
        e.deliveries = vec![held.clone()];
    });
    w.store.commit(commit.clone()).await.unwrap();

    let loaded = w.load(state.conversation.id).await;
    let mut conversation = commit.effects.conversation.clone();
    conversation.version = 2;
    assert_eq!(loaded.conversation, conversation);
    assert_eq!(loaded.session.as_ref(), commit.effects.sessions.first());
    assert_eq!(loaded.handoff, Some(given));
    assert_eq!(loaded.deliveries, [held]);
    assert_eq!(loaded.messages, [reply]);
}

async fn an_old_version_loses(w: World) {
    let state = w.begin("491511").await;
    w.store.commit(change(&state, |_| {})).await.unwrap();
    let session = state.session.clone().unwrap();
    let late = change(&state, |e| {
        e.messages = vec![message(&session, 2, AuthorKind::Ai, "too late")];
    });
    assert!(matches!(w.store.commit(late).await, Err(CommitError::Conflict)));
    let messages = w.store.messages_of_session(w.workspace, session.id, 0, 9).await.unwrap();
    assert_eq!(messages.len(), 1, "nothing of a loser is written");
    assert_eq!(w.load(state.conversation.id).await.conversation.version, 2);
}

async fn a_loser_does_not_hurt_its_neighbours(w: World) {
    let state = w.begin("1").await;
    let mut commits: Vec<_> = (10..60).map(|n| w.first_contact(n)).collect();
    commits.insert(20, change(&state, |_| {}));
    commits.insert(21, change(&state, |_| {}));
    let mut stale = change(&state, |_| {});
    stale.effects.conversation.version = 9;
    commits.insert(30, stale);
    let results = join_all(commits.into_iter().map(|c| w.store.commit(c))).await;
    let lost: Vec<usize> = (0..results.len()).filter(|at| results[*at].is_err()).collect();
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(lost.contains(&30) && (lost.contains(&20) || lost.contains(&21)));
}

async fn a_refused_unit_does_not_hurt_its_neighbours(w: World) {
    let mut commits: Vec<_> = (10..30).map(|n| w.first_contact(n)).collect();
    let session = commits[7].effects.sessions[0].clone();
    let text = message(&session, 2, AuthorKind::Ai, "held for nothing");
    let mut broken = delivery(&session, 1, &text);
    broken.state = DeliveryState::Held;
    commits[7].effects.messages.push(text);
    commits[7].effects.deliveries = vec![broken];
    let results = join_all(commits.into_iter().map(|c| w.store.commit(c))).await;
    for (at, result) in results.iter().enumerate() {
        match result {
            Err(CommitError::Store(StoreError::Refused(_))) => assert_eq!(at, 7),
            result => assert!(result.is_ok() && at != 7, "{at}: {result:?}"),
        }
    }
    assert_eq!(w.store.feed_last(w.workspace).await.unwrap(), 19 * 2);
}

async fn many_commits_share_a_flush(w: World) {
    let before = w.store.stats();
    let commits: Vec<_> = (0..200).map(|n| w.first_contact(100 + n)).collect();
    let results = join_all(commits.into_iter().map(|c| w.store.commit(c))).await;
    assert!(results.iter().all(Result::is_ok));
    let after = w.store.stats();
    assert_eq!(after.units - before.units, 200);
    assert!(after.commits - before.commits <= 20, "{after:?}");
    assert!(after.rows > before.rows + 200 * 5);
    assert_eq!(after.queued, 0);
}

async fn the_feed_has_no_gaps(w: World) {
    let state = w.begin("1").await;
    let mut commits: Vec<_> = (0..200).map(|n| w.first_contact(100 + n)).collect();
    for at in [5, 50, 150] {
        let mut stale = change(&state, |_| {});
        stale.effects.conversation.version = 9;
        stale.effects.facts = commits[0].effects.facts.clone();
        commits.insert(at, stale);
    }
    let results = join_all(commits.into_iter().map(|c| w.store.commit(c))).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 200);
    let facts = w.store.feed_after(w.workspace, 0, None, 1_000).await.unwrap();
    let positions: Vec<i64> = facts.iter().map(|f| f.position).collect();
    assert_eq!(positions, (1..=402).collect::<Vec<i64>>());
    assert_eq!(w.store.feed_last(w.workspace).await.unwrap(), 402);
    let kind = FactKind::OperatorNotice { code: "c".to_owned(), text: "t".to_owned() };
    let added = w.store.fact_add(w.workspace, kind, baton_core::time::Timestamp(1)).await.unwrap();
    assert_eq!((added.position, added.session), (403, None));
    assert_eq!(w.store.feed_after(w.workspace, 402, None, 10).await.unwrap(), [added]);
    let mut numbers: Vec<i64> = facts
        .iter()
        .filter_map(|f| match &f.kind {
            FactKind::SessionOpened(s) => Some(s.number),
            _ => None,
        })
        .collect();
    numbers.sort();
    assert_eq!(numbers, (1..=201).collect::<Vec<i64>>());
    let session = facts[10].session.unwrap();
    let of_one = w.store.feed_after(w.workspace, 0, Some(session), 1_000).await.unwrap();
    assert!(of_one.len() == 2 && of_one.iter().all(|f| f.session == Some(session)));
    let other = WorkspaceId(uuid());
    assert_eq!(w.store.feed_after(other, 0, None, 10).await.unwrap(), []);
}

async fn two_new_conversations_of_one_address_become_one(w: World) {
    let (first, mut second) = (w.first_contact("7"), w.first_contact("8"));
    let shared = Point::new(PointKind::WhatsappUser, "US.1");
    let mut first = first;
    first.aliases.push(shared.clone());
    second.aliases.push(shared.clone());
    let ids = [first.effects.conversation.id, second.effects.conversation.id];
    let (a, b) = futures::join!(w.store.commit(first.clone()), w.store.commit(second.clone()));
    let won = if a.is_ok() { 0 } else { 1 };
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
    let lost = [a, b].into_iter().find_map(Result::err).unwrap();
    assert!(matches!(lost, CommitError::Conflict), "{lost:?}");
    let found = w.store.conversation_find(w.inbox, std::slice::from_ref(&shared)).await.unwrap();
    assert_eq!(found, [ids[won]]);
    let losers_own = [w.phone("7"), w.phone("8")][1 - won].clone();
    let left = w.store.conversation_find(w.inbox, &[losers_own]).await.unwrap();
    assert_eq!(left, [], "nothing of the loser stays");
    let later = if won == 0 { second } else { first };
    assert!(matches!(w.store.commit(later).await, Err(CommitError::Conflict)));
}

async fn two_new_people_of_one_address_become_one(w: World) {
    let other_inbox = InboxId(uuid());
    let inboxes = vec![w.inbox_config(other_inbox)];
    let change = baton_store::ConfigChange { inboxes, ..Default::default() };
    w.store.config_put(w.workspace, change).await.unwrap();
    let first = w.first_contact("7");
    let mut second = w.first_contact("7");
    second.effects.conversation.inbox = other_inbox;
    let (a, b) = futures::join!(w.store.commit(first.clone()), w.store.commit(second.clone()));
    assert!(a.is_ok() != b.is_ok());
    let person = w.store.contact_find(w.workspace, &[w.phone("7")]).await.unwrap().unwrap();
    let mut again = if a.is_ok() { second } else { first };
    again.effects.conversation.contact = person.id;
    again.effects.contact = None;
    w.store.commit(again.clone()).await.unwrap();
    assert_eq!(w.load(again.effects.conversation.id).await.contact, person);
    let none = w.store.contact_find(WorkspaceId(uuid()), &[w.phone("7")]).await.unwrap();
    assert_eq!(none, None, "another workspace knows nobody");
}

async fn odd_text_round_trips(w: World) {
    let odd =
        "\u{1F469}\u{200D}\u{1F4BB} \u{202E}abc\u{feff}\u{fffd}\u{10ffff}'\"\\u0041\r\n\t\u{1}";
    let mut commit = w.first_contact("7");
    commit.effects.messages[0].content = Content::text(format!("{odd}\0"));
    commit.effects.facts.truncate(1);
    let contact = commit.effects.contact.as_mut().unwrap();
    contact.name = Some(odd.to_owned());
    contact.points.push(Point::new(PointKind::Visitor, odd));
    commit.aliases.push(Point::new(PointKind::Visitor, odd));
    w.store.commit(commit.clone()).await.unwrap();
    let id = commit.effects.conversation.id;
    let mut state = w.load(id).await;
    state.contact.points.sort();
    assert_eq!(Some(state.contact), commit.effects.contact);
    let session = commit.effects.sessions[0].id;
    let messages = w.store.messages_up_to(id, session, 9, 9).await.unwrap();
    assert_eq!(messages, commit.effects.messages, "JSON text keeps even a NUL");
    let points = [Point::new(PointKind::Visitor, odd)];
    assert_eq!(w.store.conversation_find(w.inbox, &points).await.unwrap(), [id]);

    let mut nul = w.first_contact("8");
    nul.effects.contact.as_mut().unwrap().name = Some("a\0b".to_owned());
    nul.aliases.push(Point::new(PointKind::Visitor, "c\0d"));
    w.store.commit(nul.clone()).await.unwrap();
    let state = w.load(nul.effects.conversation.id).await;
    assert_eq!(state.contact.name.as_deref(), Some("a\u{fffd}b"));
    let points = [Point::new(PointKind::Visitor, "c\0d")];
    assert_eq!(w.store.conversation_find(w.inbox, &points).await.unwrap().len(), 1);
}

async fn finished_deliveries_are_loaded_when_asked_for(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let reply = message(&session, 2, AuthorKind::Ai, "done");
    let mut done = delivery(&session, 1, &reply);
    done.state = DeliveryState::Done;
    done.vendor_id = Some(VendorId("wamid.out".to_owned()));
    let attempt = Attempt {
        id: AttemptId(uuid()),
        workspace: w.workspace,
        conversation: session.conversation,
        delivery: done.id,
        number: 1,
        started_at: NOW,
        ended_at: Some(NOW),
        outcome: Some(Outcome::Accepted(Accepted::default())),
    };
    let commit = change(&state, |e| {
        e.messages = vec![reply.clone()];
        e.deliveries = vec![done.clone()];
        e.attempts = vec![attempt.clone()];
    });
    w.store.commit(commit).await.unwrap();
    let id = state.conversation.id;
    assert_eq!(w.load(id).await.deliveries, []);
    let also = Also::delivery(done.id);
    let loaded = w.store.state_load(id, &also).await.unwrap().unwrap();
    assert_eq!((loaded.deliveries, loaded.messages), (vec![done.clone()], vec![reply]));
    let foreign = w.begin("8").await.conversation.id;
    let loaded = w.store.state_load(foreign, &also).await.unwrap().unwrap();
    assert_eq!(loaded.deliveries, [], "only the conversation's own");

    assert_eq!(w.store.attempt_last(done.id).await.unwrap(), Some(attempt.clone()));
    assert_eq!(w.store.attempts_of(id).await.unwrap(), [attempt]);
    assert_eq!(w.store.delivery_get(done.id).await.unwrap(), Some(done.clone()));
    assert_eq!(w.store.deliveries_of(id).await.unwrap(), [done.clone()]);
    let vendor = VendorId("wamid.out".to_owned());
    let found = w.store.delivery_by_vendor_id(w.inbox, &vendor).await.unwrap();
    assert_eq!(found, Some((id, done.id)));
    let elsewhere = w.store.delivery_by_vendor_id(InboxId(uuid()), &vendor).await.unwrap();
    assert_eq!(elsewhere, None);
}

async fn the_newest_consent_counts(w: World) {
    let mut state = w.begin("7").await;
    let line = |opted_out, scope| Consent {
        point: w.phone("7"),
        inbox: w.inbox,
        scope,
        opted_out,
        at: NOW,
        source: "customer".to_owned(),
    };
    let stop = line(true, ConsentScope::Everything);
    let marketing = line(true, ConsentScope::Marketing);
    let start = line(false, ConsentScope::Everything);
    let lines = vec![stop.clone(), marketing.clone()];
    w.store.commit(change(&state, |e| e.consents = lines)).await.unwrap();
    state = w.load(state.conversation.id).await;
    w.store.commit(change(&state, |e| e.consents = vec![start.clone()])).await.unwrap();
    let mut consents = w.load(state.conversation.id).await.consents;
    consents.sort_by_key(|c| c.scope.name());
    assert_eq!(consents, [start, marketing]);
    let ledger = w.raw("select \"source\" from \"consent\"").await;
    assert_eq!(ledger.len(), 3, "the ledger forgets nothing");
}

async fn merged_conversations_are_found_as_one(w: World) {
    let (keep, absorb) = (w.begin("7").await, w.begin("8").await);
    let ids = [keep.conversation.id, absorb.conversation.id];
    let both = [w.phone("8"), w.phone("7")];
    let found = w.store.conversation_find(w.inbox, &both).await.unwrap();
    assert_eq!(found, ids, "oldest first");
    w.store.conversation_merge(w.workspace, ids[0], ids[1], NOW).await.unwrap();
    for point in &both {
        let found = w.store.conversation_find(w.inbox, std::slice::from_ref(point)).await.unwrap();
        assert_eq!(found, [ids[0]]);
    }
    let person = w.load(ids[0]).await.contact;
    assert_eq!(person.points, [w.phone("7"), w.phone("8")]);
    assert_eq!(w.load(ids[1]).await.contact.id, person.id);
    let stale = w.store.commit(change(&absorb, |_| {})).await;
    assert!(matches!(stale, Err(CommitError::Conflict)), "a step under way must see the merge");
    let rows = w.raw("select \"moved\" from \"merge\"").await;
    assert!(rows.len() == 1 && rows[0].contains(&absorb.contact.id.to_string()));
}

/// PostgreSQL only: SQLite has no connection to lose.
async fn a_lost_connection_heals(w: World) {
    let state = w.begin("7").await;
    if w.kind == Kind::Postgres {
        let sql = "select pg_terminate_backend(pid)::text from pg_stat_activity \
                   where application_name = current_setting('application_name') \
                   and pid <> pg_backend_pid()";
        assert!(!w.raw(sql).await.is_empty());
        let lost = w.store.commit(change(&state, |_| {})).await;
        assert!(matches!(lost, Err(CommitError::Store(StoreError::Unavailable(_)))), "{lost:?}");
    }
    w.store.commit(change(&state, |_| {})).await.unwrap();
    assert_eq!(w.load(state.conversation.id).await.conversation.version, 2);
}
