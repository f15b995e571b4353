use baton_core::{
    task::{TaskChange, TaskKind},
    time::Timestamp,
};
use baton_store::{Cause, CommitError};

use crate::world::*;

crate::both!(
    a_partition_has_one_holder,
    a_commit_under_an_old_term_is_refused,
    a_restarted_process_takes_over_from_itself,
    what_was_released_is_free,
    only_the_holder_is_given_work,
    everybody_sees_who_holds,
);

async fn a_partition_has_one_holder(w: World) {
    let held = w.store.lease_take(60_000).await.unwrap();
    assert_eq!(held.by_partition.len(), PARTITIONS as usize);
    let second = w.second("two").await;
    assert!(second.lease_take(60_000).await.unwrap().by_partition.is_empty());
    let again = w.store.lease_take(60_000).await.unwrap();
    assert_eq!(again, held, "what is held keeps its term");
}

async fn a_commit_under_an_old_term_is_refused(w: World) {
    let state = w.begin("7").await;
    let event = w.event("8", None);
    w.store.inbound_put(vec![event.clone()]).await.unwrap();
    w.store.lease_take(-1).await.unwrap();
    w.store.commit(change(&state, |_| {})).await.unwrap();
    let state = w.load(state.conversation.id).await;

    let second = w.second("two").await;
    let terms = second.lease_take(60_000).await.unwrap();
    assert!(terms.by_partition.len() == PARTITIONS as usize);
    assert!(terms.by_partition.values().all(|term| *term == 2), "{terms:?}");
    let mut with_event = w.first_contact("8");
    with_event.cause = Some(Cause::Stored(event.id));
    for commit in [change(&state, |_| {}), w.first_contact("9"), with_event.clone()] {
        assert!(matches!(w.store.commit(commit).await, Err(CommitError::Fenced)));
    }
    assert_eq!(w.load(state.conversation.id).await, state, "nothing was written");
    assert!(w.store.lease_take(60_000).await.unwrap().by_partition.is_empty());
    assert!(matches!(w.store.commit(change(&state, |_| {})).await, Err(CommitError::Fenced)));
    second.commit(change(&state, |_| {})).await.unwrap();
    second.commit(with_event).await.unwrap();
    let other = w.event("9", None);
    assert_eq!(w.store.inbound_put(vec![other]).await.unwrap(), 1, "anybody may acknowledge");
}

async fn a_restarted_process_takes_over_from_itself(w: World) {
    let state = w.begin("7").await;
    let restarted = w.second("one").await;
    let terms = restarted.lease_take(60_000).await.unwrap();
    assert_eq!(terms.by_partition.len(), PARTITIONS as usize);
    assert!(matches!(w.store.commit(change(&state, |_| {})).await, Err(CommitError::Fenced)));
    restarted.commit(change(&state, |_| {})).await.unwrap();
}

async fn what_was_released_is_free(w: World) {
    let state = w.begin("7").await;
    w.store.lease_release().await.unwrap();
    assert!(matches!(w.store.commit(change(&state, |_| {})).await, Err(CommitError::Fenced)));
    let second = w.second("two").await;
    assert_eq!(second.lease_take(60_000).await.unwrap().by_partition.len(), PARTITIONS as usize);
    second.commit(change(&state, |_| {})).await.unwrap();
}

async fn only_the_holder_is_given_work(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let reply = message(&session, 2, baton_core::message::AuthorKind::Ai, "hello");
    let commit = change(&state, |e| {
        e.deliveries = vec![delivery(&session, 1, &reply)];
        e.messages = vec![reply];
        e.tasks = vec![TaskChange::Set(TaskKind::Turn(session.id), NOW)];
    });
    w.store.commit(commit).await.unwrap();
    w.store.inbound_put(vec![w.event("a", None)]).await.unwrap();
    let second = w.second("two").await;
    for (store, work) in [(&w.store, 1), (&second, 0)] {
        assert_eq!(store.delivery_due(NOW, 9).await.unwrap().len(), work);
        assert_eq!(store.task_due(NOW, 9).await.unwrap().len(), work);
        assert_eq!(store.inbound_due(NOW, 9).await.unwrap().len(), work);
        assert_eq!(store.next_due_at(Timestamp(0)).await.unwrap().is_some(), work == 1);
    }
    assert_eq!(second.unfinished().await.unwrap().inbound, 1, "everybody may count");
    assert_eq!(second.unfinished_since().await.unwrap(), Some(NOW));
}

async fn everybody_sees_who_holds(w: World) {
    let second = w.second("two").await;
    let holders = second.lease_holders().await.unwrap();
    assert_eq!(holders.len(), 1);
    assert_eq!((holders[0].node.as_str(), holders[0].partitions), ("one", PARTITIONS as usize));
    assert!(holders[0].left_ms > 0);
    w.store.lease_take(-1).await.unwrap();
    assert!(second.lease_holders().await.unwrap()[0].left_ms < 0);
    w.store.lease_release().await.unwrap();
    assert!(second.lease_holders().await.unwrap().is_empty());
}
