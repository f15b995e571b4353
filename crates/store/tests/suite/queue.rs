use baton_core::{
    delivery::{Delivery, DeliveryState, Destination, Hold, Payload},
    ids::*,
    message::AuthorKind,
    step::State,
    task::{TaskChange, TaskKind},
    template::TemplateUse,
    time::Timestamp,
};

use crate::world::*;

crate::both!(
    only_the_head_of_a_queue_is_due,
    what_goes_out_for_a_campaign_comes_last,
    a_held_delivery_lets_others_pass_and_comes_first_again,
    attempts_cut_short_are_found,
    tasks_are_one_of_a_kind_per_subject,
    the_next_moment_is_the_earliest_unblocked_one,
);

async fn heads(w: &World, now: Timestamp) -> Vec<DeliveryId> {
    w.store.delivery_due(now, 100).await.unwrap().iter().map(|due| due.delivery).collect()
}

/// Commits deliveries in these states; the numbers of the queue follow the list.
async fn queue(w: &World, state: &State, list: &[DeliveryState]) -> Vec<Delivery> {
    let session = state.session.clone().unwrap();
    let mut deliveries = Vec::new();
    let commit = change(state, |e| {
        for (seq, state) in (1_i64..).zip(list) {
            let text = message(&session, seq + 1, AuthorKind::Ai, "hello");
            let mut one = delivery(&session, seq, &text);
            one.state = *state;
            one.hold = (*state == DeliveryState::Held).then_some(Hold::Window);
            e.messages.push(text);
            deliveries.push(one.clone());
            e.deliveries.push(one);
        }
    });
    w.store.commit(commit).await.unwrap();
    deliveries
}

async fn put(w: &World, state: &State, deliveries: Vec<Delivery>) -> State {
    let state = w.load(state.conversation.id).await;
    w.store.commit(change(&state, |e| e.deliveries = deliveries)).await.unwrap();
    w.load(state.conversation.id).await
}

async fn only_the_head_of_a_queue_is_due(w: World) {
    let state = w.begin("7").await;
    let other = w.begin("8").await;
    let mut mine = queue(&w, &state, &[DeliveryState::Waiting; 3]).await;
    let theirs = queue(&w, &other, &[DeliveryState::Waiting; 2]).await;
    let mut due = w.store.delivery_due(NOW, 100).await.unwrap();
    due.sort_by_key(|d| d.conversation != state.conversation.id);
    assert_eq!(due[0].delivery, mine[0].id);
    assert_eq!(due[1].delivery, theirs[0].id);
    assert_eq!(due.len(), 2);
    assert_eq!(due[0].payload_kind, "message");
    assert_eq!(
        (due[0].conversation, due[0].workspace, due[0].destination),
        (state.conversation.id, w.workspace, Destination::Customer)
    );
    assert_eq!(w.store.delivery_due(NOW, 1).await.unwrap().len(), 1);
    for blocking in [DeliveryState::Sending, DeliveryState::Settling] {
        mine[0].state = blocking;
        put(&w, &state, vec![mine[0].clone()]).await;
        assert_eq!(heads(&w, NOW).await, [theirs[0].id], "{blocking:?} keeps its place");
    }
    let mut desk = mine[2].clone();
    desk.id = DeliveryId(uuid());
    (desk.destination, desk.desk, desk.seq) = (Destination::Desk, Some(w.desk), 9);
    put(&w, &state, vec![desk.clone()]).await;
    assert!(heads(&w, NOW).await.contains(&desk.id), "each destination has its own queue");
    for finished in [DeliveryState::Done, DeliveryState::Failed, DeliveryState::Cancelled] {
        mine[0].state = finished;
        put(&w, &state, vec![mine[0].clone()]).await;
        assert!(heads(&w, NOW).await.contains(&mine[1].id), "{finished:?} makes way");
    }
    mine[1].next_at = NOW.plus_ms(5);
    put(&w, &state, vec![mine[1].clone()]).await;
    let now = heads(&w, NOW).await;
    assert!(!now.contains(&mine[1].id) && !now.contains(&mine[2].id), "order outlasts a pause");
    assert!(heads(&w, NOW.plus_ms(5)).await.contains(&mine[1].id));
}

async fn what_goes_out_for_a_campaign_comes_last(w: World) {
    let invited = w.begin("7").await;
    let mut invitations = queue(&w, &invited, &[DeliveryState::Waiting]).await;
    let Payload::Message { message, .. } = invitations[0].payload.clone() else { unreachable!() };
    let campaign = Some(CampaignId(uuid()));
    let template = TemplateUse::default();
    invitations[0].payload = Payload::Template { message, template, campaign };
    invitations[0].next_at = NOW.plus_ms(-1_000);
    put(&w, &invited, invitations.clone()).await;
    let asking = w.begin("8").await;
    let answers = queue(&w, &asking, &[DeliveryState::Waiting]).await;
    assert_eq!(heads(&w, NOW).await, [answers[0].id, invitations[0].id]);
}

async fn a_held_delivery_lets_others_pass_and_comes_first_again(w: World) {
    let state = w.begin("7").await;
    let list = [DeliveryState::Held, DeliveryState::Held, DeliveryState::Waiting];
    let mut all = queue(&w, &state, &list).await;
    let Payload::Message { message, .. } = all[2].payload.clone() else { unreachable!() };
    let template = TemplateUse {
        name: "hello_again".to_owned(),
        language: "en".to_owned(),
        variables: Vec::new(),
        text: String::new(),
        ..TemplateUse::default()
    };
    all[2].payload = Payload::Template { message, template, campaign: None };
    let state = put(&w, &state, vec![all[2].clone()]).await;
    let due = w.store.delivery_due(NOW, 9).await.unwrap();
    assert_eq!((due[0].delivery, due[0].payload_kind.as_str()), (all[2].id, "template"));
    all[2].state = DeliveryState::Sending;
    for held in &mut all[..2] {
        held.state = DeliveryState::Waiting;
        held.hold = None;
    }
    let state = put(&w, &state, all.clone()).await;
    assert!(heads(&w, NOW).await.is_empty(), "one is on its way");
    all[2].state = DeliveryState::Settling;
    let state = put(&w, &state, vec![all[2].clone()]).await;
    assert_eq!(heads(&w, NOW).await, [all[0].id], "what was released goes first");
    all[0].state = DeliveryState::Done;
    put(&w, &state, vec![all[0].clone()]).await;
    assert_eq!(heads(&w, NOW).await, [all[1].id], "and in order");
    let left = w.store.unfinished().await.unwrap();
    let counts: Vec<(&str, u64)> = left.deliveries.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(counts, [("settling", 1), ("waiting", 1)]);
}

async fn attempts_cut_short_are_found(w: World) {
    let state = w.begin("7").await;
    let all = queue(&w, &state, &[DeliveryState::Sending, DeliveryState::Settling]).await;
    let found = w.store.delivery_sending().await.unwrap();
    assert_eq!(found, [(state.conversation.id, all[0].id)]);
}

async fn tasks_are_one_of_a_kind_per_subject(w: World) {
    let state = w.begin("7").await;
    let id = state.session.clone().unwrap().id;
    let (turn, silence) = (TaskKind::Turn(id), TaskKind::Silence(id));
    let at = |ms| NOW.plus_ms(ms);
    let put = async |tasks: Vec<TaskChange>| {
        let state = w.load(state.conversation.id).await;
        w.store.commit(change(&state, |e| e.tasks = tasks)).await.unwrap();
    };
    let due = async |now| -> Vec<(TaskKind, Timestamp)> {
        let tasks = w.store.task_due(now, 9).await.unwrap();
        assert!(tasks.iter().all(|t| t.conversation == state.conversation.id));
        tasks.iter().map(|t| (t.what, t.due_at)).collect()
    };
    put(vec![TaskChange::Set(turn, at(5)), TaskChange::Set(silence, at(9))]).await;
    assert_eq!(due(at(4)).await, []);
    assert_eq!(due(at(9)).await, [(turn, at(5)), (silence, at(9))]);
    put(vec![TaskChange::Set(turn, at(7)), TaskChange::Set(turn, at(8))]).await;
    assert_eq!(due(at(8)).await, [(turn, at(8))], "the later word counts");
    put(vec![TaskChange::Clear(turn), TaskChange::Set(turn, at(1))]).await;
    assert_eq!(due(at(1)).await, [(turn, at(1))]);
    put(vec![TaskChange::Set(silence, at(1)), TaskChange::Clear(silence)]).await;
    assert_eq!(due(at(99)).await, [(turn, at(1))]);
    assert_eq!(w.store.unfinished().await.unwrap().tasks["turn"], 1);
}

async fn the_next_moment_is_the_earliest_unblocked_one(w: World) {
    assert_eq!(w.store.next_due_at(Timestamp(0)).await.unwrap(), None);
    let state = w.begin("7").await;
    let mut all = queue(&w, &state, &[DeliveryState::Settling, DeliveryState::Waiting]).await;
    assert_eq!(
        w.store.next_due_at(Timestamp(0)).await.unwrap(),
        None,
        "what is blocked wakes nobody"
    );
    all[0].state = DeliveryState::Done;
    all[1].next_at = NOW.plus_ms(50);
    let state = put(&w, &state, all).await;
    assert_eq!(w.store.next_due_at(Timestamp(0)).await.unwrap(), Some(NOW.plus_ms(50)));
    let session = state.session.clone().unwrap().id;
    let tasks = vec![TaskChange::Set(TaskKind::Turn(session), NOW.plus_ms(20))];
    w.store.commit(change(&state, |e| e.tasks = tasks)).await.unwrap();
    assert_eq!(w.store.next_due_at(Timestamp(0)).await.unwrap(), Some(NOW.plus_ms(20)));
    w.store.inbound_put(vec![w.event("a", None)]).await.unwrap();
    assert_eq!(w.store.next_due_at(Timestamp(0)).await.unwrap(), Some(NOW));
    let after = w.store.next_due_at(NOW).await.unwrap();
    assert_eq!(after, Some(NOW.plus_ms(20)), "what is due already hides nothing that is due later");
}
