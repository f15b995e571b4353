//! Who is one person, what makes two of them one, and the way back; and what they cost.

use baton_core::{
    contact::Contact,
    cost::{Cost, Price},
    feed::FactKind,
    ids::{ContactId, ConversationId, WorkspaceId},
    message::AuthorKind,
};
use baton_store::{CommitError, Unmerged};

use crate::world::*;

crate::both!(
    a_number_is_found_in_every_spelling,
    what_is_no_second_spelling_is_somebody_else,
    a_vendor_is_given_its_own_spelling,
    a_merge_can_be_taken_back,
    a_merge_of_one_persons_threads_can_be_taken_back,
    the_newest_merge_is_taken_back_first,
    a_person_is_shown_with_their_threads,
    the_prices_of_a_session_are_summed_when_they_are_read,
);

async fn find(w: &World, digits: &str) -> Vec<ConversationId> {
    w.store.conversation_find(w.inbox, &[w.phone(digits)]).await.unwrap()
}

async fn person(w: &World, digits: &str) -> Option<ContactId> {
    let found = w.store.contact_find(w.workspace, &[w.phone(digits)]).await.unwrap();
    found.map(|contact| contact.id)
}

async fn a_number_is_found_in_every_spelling(w: World) {
    for (known, other) in [
        ("5511987654321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("541123456789", "5491123456789"),
    ] {
        let state = w.begin(known).await;
        for digits in [known, other] {
            assert_eq!(find(&w, digits).await, [state.conversation.id], "{digits}");
            assert_eq!(person(&w, digits).await, Some(state.contact.id), "{digits}");
        }
        let exactly = w.store.conversation_of(w.inbox, &w.phone(other)).await.unwrap();
        assert_eq!(exactly, None, "{other} was never written from");
    }
}

async fn what_is_no_second_spelling_is_somebody_else(w: World) {
    w.begin("551132654321").await;
    w.begin("14155550132").await;
    for digits in ["5511932654321", "5514155550132", "4155550132"] {
        assert_eq!(find(&w, digits).await, [], "{digits}");
        assert_eq!(person(&w, digits).await, None, "{digits}");
    }
}

async fn a_vendor_is_given_its_own_spelling(w: World) {
    let old = w.begin("5511987654321").await;
    let commit = change(&old, |e| {
        let mut contact = old.contact.clone();
        contact.points.push(w.phone("551187654321"));
        e.contact = Some(contact);
    });
    w.store.commit(commit).await.unwrap();
    let first = |contact: &Contact| contact.points[0].value.clone();
    assert_eq!(first(&w.load(old.conversation.id).await.contact), "5511987654321");
    let state = w.load(old.conversation.id).await;
    let mut heard = change(&state, |_| {});
    heard.aliases = vec![w.phone("551187654321")];
    w.store.commit(heard).await.unwrap();
    let now = w.load(old.conversation.id).await.contact;
    assert_eq!(first(&now), "551187654321", "the newest address of the vendor's");
    assert_eq!(now.points.len(), 2);
}

fn notice() -> FactKind {
    FactKind::OperatorNotice { code: "contacts_separated".to_owned(), text: "by Ada".to_owned() }
}

async fn unmerge(w: &World, contact: ContactId, absorb: ConversationId) -> Unmerged {
    let now = NOW.plus_ms(9);
    w.store.conversation_unmerge(w.workspace, contact, absorb, notice(), now).await.unwrap()
}

async fn a_merge_can_be_taken_back(w: World) {
    let (keep, absorb) = (w.begin("7").await, w.begin("8").await);
    let (kept, gone) = (keep.conversation.id, absorb.conversation.id);
    w.store.conversation_merge(w.workspace, kept, gone, NOW).await.unwrap();
    let log = w.store.contact_merges(w.workspace, keep.contact.id).await.unwrap();
    assert_eq!((log.len(), log[0].keep, log[0].absorb), (1, kept, gone));
    assert_eq!((log[0].contact, log[0].kept_contact), (absorb.contact.id, keep.contact.id));
    assert_eq!((log[0].aliases.clone(), log[0].undone_at), (vec![w.phone("8")], None));
    assert!(!w.store.conversations_parted(kept, gone).await.unwrap());

    let stranger = WorkspaceId(uuid());
    let foreign = w.store.conversation_unmerge(stranger, keep.contact.id, gone, notice(), NOW);
    assert_eq!(foreign.await.unwrap(), Unmerged::Unknown);
    assert!(w.store.contact_merges(stranger, keep.contact.id).await.unwrap().is_empty());
    assert_eq!(unmerge(&w, absorb.contact.id, gone).await, Unmerged::Unknown);
    let under_way = w.load(kept).await;
    assert_eq!(unmerge(&w, keep.contact.id, gone).await, Unmerged::Done);
    let stale = w.store.commit(change(&under_way, |_| {})).await;
    assert!(matches!(stale, Err(CommitError::Conflict)), "a step under way must see it");

    assert_eq!((find(&w, "7").await, find(&w, "8").await), (vec![kept], vec![gone]));
    assert_eq!(person(&w, "8").await, Some(absorb.contact.id));
    let (a, b) = (w.load(kept).await.contact, w.load(gone).await.contact);
    assert_eq!((a.id, a.points), (keep.contact.id, vec![w.phone("7")]));
    assert_eq!((b.id, b.points), (absorb.contact.id, vec![w.phone("8")]));
    assert!(w.store.conversations_parted(gone, kept).await.unwrap());
    for contact in [keep.contact.id, absorb.contact.id] {
        let log = w.store.contact_merges(w.workspace, contact).await.unwrap();
        assert_eq!(log[0].undone_at, Some(NOW.plus_ms(9)), "both see what happened");
    }
    let last = w.store.feed_last(w.workspace).await.unwrap();
    let facts = w.store.feed_after(w.workspace, last - 1, None, 9).await.unwrap();
    assert_eq!(facts[0].kind, notice());
    assert_eq!(unmerge(&w, keep.contact.id, gone).await, Unmerged::Unknown, "once");
    assert_eq!(w.store.feed_last(w.workspace).await.unwrap(), last);
}

async fn a_merge_of_one_persons_threads_can_be_taken_back(w: World) {
    let first = w.begin("7").await;
    let mut second = w.first_contact("8");
    second.effects.conversation.contact = first.contact.id;
    second.effects.contact =
        Some(Contact { points: vec![w.phone("7"), w.phone("8")], ..first.contact.clone() });
    let (kept, gone) = (first.conversation.id, second.effects.conversation.id);
    w.store.commit(second).await.unwrap();
    w.store.conversation_merge(w.workspace, kept, gone, NOW).await.unwrap();
    assert_eq!(unmerge(&w, first.contact.id, gone).await, Unmerged::Done);
    assert_eq!(find(&w, "8").await, [gone]);
    assert_eq!(person(&w, "8").await, Some(first.contact.id), "still one person");
}

async fn the_newest_merge_is_taken_back_first(w: World) {
    let states = [w.begin("7").await, w.begin("8").await, w.begin("9").await];
    let [a, b, c] = states.each_ref().map(|s| s.conversation.id);
    let [person_a, person_b, _] = states.each_ref().map(|s| s.contact.id);
    w.store.conversation_merge(w.workspace, b, c, NOW).await.unwrap();
    w.store.conversation_merge(w.workspace, a, b, NOW.plus_ms(1)).await.unwrap();
    assert_eq!(find(&w, "9").await, [a]);
    assert_eq!(unmerge(&w, person_a, c).await, Unmerged::Later(a));
    assert_eq!(unmerge(&w, person_a, b).await, Unmerged::Done);
    assert_eq!((find(&w, "9").await, find(&w, "7").await), (vec![b], vec![a]));
    assert_eq!(unmerge(&w, person_b, c).await, Unmerged::Done);
    assert_eq!((find(&w, "9").await, find(&w, "8").await), (vec![c], vec![b]));
}

async fn a_person_is_shown_with_their_threads(w: World) {
    let state = w.begin("7").await;
    let view = w.store.contact_get(w.workspace, state.contact.id).await.unwrap().unwrap();
    assert_eq!(view.contact, state.contact);
    let [thread] = view.conversations.as_slice() else { panic!("{view:?}") };
    assert_eq!(thread.conversation, state.conversation);
    assert_eq!(thread.inbox.0, w.inbox);
    let session = state.session.unwrap();
    assert_eq!(thread.session, Some((session.id, session.number, true)));
    let foreign = w.store.contact_get(WorkspaceId(uuid()), state.contact.id).await.unwrap();
    assert_eq!(foreign, None);
    assert_eq!(w.store.contact_get(w.workspace, ContactId(uuid())).await.unwrap(), None);
}

async fn the_prices_of_a_session_are_summed_when_they_are_read(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let free = Cost {
        category: "service".to_owned(),
        billable: false,
        kind: Some("free_entry_point".to_owned()),
        segments: None,
        price: None,
    };
    let price = Price { micros: 7_500, currency: "USD".to_owned() };
    let paid = Cost { billable: true, price: Some(price), ..free.clone() };
    let costs = [Some(paid.clone()), Some(free.clone()), None, Some(paid.clone())];
    let mut messages = Vec::new();
    for (position, cost) in (2..).zip(costs) {
        let mut said = message(&session, position, AuthorKind::Ai, "hello");
        said.cost = cost;
        messages.push(said);
    }
    let commit = change(&state, |e| {
        e.conversation.last_position = 5;
        e.messages = messages;
    });
    w.store.commit(commit).await.unwrap();
    let view = w.store.session_get(w.workspace, session.id).await.unwrap().unwrap();
    let mut costs = view.costs;
    costs.sort_by_key(|(cost, _)| cost.billable);
    assert_eq!(costs, [(free, 1), (paid, 2)]);
    let other = w.begin("8").await.session.unwrap();
    let view = w.store.session_get(w.workspace, other.id).await.unwrap().unwrap();
    assert!(view.costs.is_empty());
}
