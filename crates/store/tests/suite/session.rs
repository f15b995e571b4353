use baton_core::{
    delivery::{DeliveryState, Destination},
    handoff::{HandoffState, Work},
    ids::*,
    message::{AuthorKind, Message, MessageStatus},
    session::{CloseReason, Owner},
};
use baton_store::{Also, CommitError, SessionFilter, StoreError};

use crate::world::*;

crate::both!(
    sessions_are_listed_newest_first_in_pages,
    a_session_is_shown_with_all_around_it,
    a_session_is_found_under_every_name,
    a_session_has_one_live_handoff,
    transcripts_leave_out_what_was_withdrawn,
    the_state_holds_rep_messages_after_a_position,
);

fn filter(limit: usize) -> SessionFilter {
    SessionFilter { limit, ..SessionFilter::default() }
}

async fn ids(w: &World, filter: SessionFilter) -> Vec<SessionId> {
    let views = w.store.session_list(w.workspace, &filter).await.unwrap();
    views.iter().map(|view| view.session.id).collect()
}

async fn sessions_are_listed_newest_first_in_pages(w: World) {
    let mut made = Vec::new();
    for n in 0..5_i64 {
        let mut commit = w.first_contact(format!("49151{n}"));
        let session = &mut commit.effects.sessions[0];
        session.last_activity_at = NOW.plus_ms(n / 2);
        session.owner = if n == 0 { Owner::Desk } else { Owner::Ai };
        if n == 4 {
            session.closed_at = Some(NOW);
            session.close_reason = Some(CloseReason::Silent);
        }
        commit.effects.contact.as_mut().unwrap().name = Some(format!("Grace_{n} 100%"));
        made.push(session.id);
        w.store.commit(commit).await.unwrap();
    }
    let all = ids(&w, filter(10)).await;
    assert_eq!(all.len(), 5);
    assert_eq!((all[0], all[4].min(all[3])), (made[4], made[0].min(made[1])));
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let filter = SessionFilter { before, ..filter(2) };
        let page = w.store.session_list(w.workspace, &filter).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.session.last_activity_at, last.session.id));
        paged.extend(page.iter().map(|view| view.session.id));
    }
    assert_eq!(paged, all, "pages neither repeat nor leave out");
    let wanted = |q: &str| SessionFilter { q: Some(q.to_owned()), ..filter(10) };
    assert_eq!(ids(&w, SessionFilter { open: Some(false), ..filter(9) }).await, [made[4]]);
    assert_eq!(ids(&w, SessionFilter { open: Some(true), ..filter(9) }).await.len(), 4);
    assert_eq!(ids(&w, SessionFilter { owner: Some(Owner::Desk), ..filter(9) }).await, [made[0]]);
    assert_eq!(ids(&w, wanted("grace_3")).await, [made[3]]);
    assert_eq!(ids(&w, wanted("491512")).await, [made[2]]);
    assert_eq!(ids(&w, wanted("#2")).await, [made[1]]);
    assert_eq!(ids(&w, wanted("100%")).await.len(), 5);
    assert_eq!(ids(&w, wanted("1_0")).await.len(), 0, "wildcards are taken literally");
    assert_eq!(ids(&w, wanted("  ")).await.len(), 5);
    let none = w.store.session_list(WorkspaceId(uuid()), &filter(9)).await.unwrap();
    assert_eq!(none, []);
}

async fn a_session_is_shown_with_all_around_it(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let plain = w.store.session_get(w.workspace, session.id).await.unwrap().unwrap();
    assert_eq!((plain.handoff, plain.desk), (None, None));
    assert_eq!(plain.last_message.map(|m| m.position), Some(1));
    let mut failed = handoff(&session, w.desk, 1);
    failed.state = HandoffState::Failed;
    let live = handoff(&session, w.desk, 65);
    let last = message(&session, 2, AuthorKind::Ai, "One moment.");
    let commit = change(&state, |e| {
        e.handoffs = vec![failed.clone(), live.clone()];
        e.messages = vec![last.clone()];
    });
    w.store.commit(commit).await.unwrap();
    let view = w.store.session_get(w.workspace, session.id).await.unwrap().unwrap();
    assert_eq!(view.session, session);
    assert_eq!(view.conversation.version, 2);
    assert_eq!(view.contact, state.contact);
    assert_eq!((view.inbox.0, view.inbox.2.name()), (w.inbox, "whatsapp"));
    assert_eq!(view.desk.unwrap().0, w.desk);
    assert_eq!((view.handoff, view.last_message), (Some(live.clone()), Some(last)));
    assert_eq!(w.load(state.conversation.id).await.handoff, Some(live.clone()));
    assert_eq!(w.store.session_get(WorkspaceId(uuid()), session.id).await.unwrap(), None);
    assert_eq!(w.store.handoff_get(failed.id).await.unwrap(), Some(failed.clone()));
    assert_eq!(w.store.handoffs_of(state.conversation.id).await.unwrap(), [failed, live]);
}

async fn a_session_is_found_under_every_name(w: World) {
    let state = w.begin("7").await;
    let mut session = state.session.clone().unwrap();
    session.metadata.insert("sessionId".to_owned(), session.id.to_string().into());
    session.metadata.insert("caseNumber".to_owned(), "CAS-01".into());
    let mut given = handoff(&session, w.desk, 1);
    given.state = HandoffState::Active;
    let work = VendorId("work-1".to_owned());
    given.work = Some(Work { id: work.clone(), reference: Some("REF 9".to_owned()) });
    let reply = message(&session, 2, AuthorKind::Rep, "hi");
    let mut sent = delivery(&session, 1, &reply);
    sent.state = DeliveryState::Done;
    sent.vendor_id = Some(VendorId("wamid.sent".to_owned()));
    let mut desk = delivery(&session, 2, &reply);
    desk.destination = Destination::Desk;
    desk.state = DeliveryState::Done;
    (desk.handoff, desk.desk) = (Some(given.id), Some(w.desk));
    desk.vendor_id = Some(VendorId("desk-msg".to_owned()));
    let commit = change(&state, |e| {
        e.sessions = vec![session.clone()];
        e.handoffs = vec![given.clone()];
        e.messages = vec![reply.clone()];
        e.deliveries = vec![sent.clone(), desk.clone()];
    });
    w.store.commit(commit).await.unwrap();
    let names = [
        session.id.to_string(),
        "1".to_owned(),
        "#1".to_owned(),
        reply.vendor_id.clone().unwrap().0,
        sent.id.to_string(),
        "wamid.sent".to_owned(),
        "desk-msg".to_owned(),
        "work-1".to_owned(),
        " REF 9 ".to_owned(),
        "CAS-01".to_owned(),
    ];
    for name in &names {
        let found = w.store.session_find(w.workspace, name).await.unwrap();
        assert_eq!(found, Some(session.id), "{name}");
        let foreign = w.store.session_find(WorkspaceId(uuid()), name).await.unwrap();
        assert_eq!(foreign, None, "{name} crosses workspaces");
    }
    assert_eq!(w.store.session_find(w.workspace, "CAS").await.unwrap(), None);
    assert_eq!(w.store.handoff_by_work(w.desk, &work).await.unwrap(), Some(given.clone()));
    assert_eq!(w.store.handoff_by_work(DeskId(uuid()), &work).await.unwrap(), None);
    assert_eq!(w.store.handoffs_open().await.unwrap(), [given.clone()]);
    let ids = w.store.desk_vendor_ids(given.id).await.unwrap();
    assert_eq!(ids, [VendorId("desk-msg".to_owned())]);
}

async fn a_session_has_one_live_handoff(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let first = handoff(&session, w.desk, 1);
    w.store.commit(change(&state, |e| e.handoffs = vec![first.clone()])).await.unwrap();
    let state = w.load(state.conversation.id).await;
    let second = handoff(&session, w.desk, 65);
    let both = change(&state, |e| e.handoffs = vec![second.clone()]);
    let refused = w.store.commit(both).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Refused(_)))));
    let mut closed = first.clone();
    closed.state = HandoffState::Closed;
    let moved = change(&state, |e| e.handoffs = vec![closed, second.clone()]);
    w.store.commit(moved).await.unwrap();
    assert_eq!(w.load(state.conversation.id).await.handoff, Some(second));
}

async fn transcripts_leave_out_what_was_withdrawn(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let mut messages: Vec<Message> =
        (2..=6).map(|n| message(&session, n, AuthorKind::Ai, &format!("{n}"))).collect();
    messages[1].status = MessageStatus::Cancelled;
    w.store.commit(change(&state, |e| e.messages = messages)).await.unwrap();
    let positions = async |up_to, max| -> Vec<i64> {
        let id = state.conversation.id;
        let list = w.store.messages_up_to(id, session.id, up_to, max).await.unwrap();
        list.iter().map(|m| m.position).collect()
    };
    assert_eq!(positions(5, 10).await, [1, 2, 4, 5]);
    assert_eq!(positions(5, 2).await, [4, 5], "the newest, oldest first");
    let after = w.store.messages_of_session(w.workspace, session.id, 2, 2).await.unwrap();
    assert_eq!(after.iter().map(|m| m.position).collect::<Vec<_>>(), [3, 4]);
}

async fn the_state_holds_rep_messages_after_a_position(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let by = |n, who| message(&session, n, who, "ok");
    let messages = vec![
        by(2, AuthorKind::Rep),
        by(3, AuthorKind::Customer),
        by(4, AuthorKind::Ai),
        by(5, AuthorKind::Rep),
    ];
    w.store.commit(change(&state, |e| e.messages = messages.clone())).await.unwrap();
    let load = |after| {
        let also = Also { rep_messages_after: after, ..Also::default() };
        let (store, id) = (w.store.clone(), state.conversation.id);
        async move { store.state_load(id, &also).await.unwrap().unwrap().messages }
    };
    assert_eq!(load(None).await, []);
    assert_eq!(load(Some(2)).await, [messages[3].clone()]);
    assert_eq!(load(Some(0)).await, [messages[0].clone(), messages[3].clone()]);
}
