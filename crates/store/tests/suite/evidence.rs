use baton_core::{
    delivery::{Attempt, Delivery, DeliveryState, Destination, Hold, Payload},
    fault::{Fault, FaultClass, Outcome},
    ids::*,
    message::AuthorKind,
};

use crate::world::*;

crate::both!(a_desks_record_holds_its_tries_and_what_waits_for_the_window,);

fn at_desk(one: Delivery, desk: DeskId) -> Delivery {
    let call = serde_json::json!({});
    let payload = Payload::Plan { step: "create".to_owned(), call, optional: false };
    let id = DeliveryId(uuid());
    Delivery { id, destination: Destination::Desk, desk: Some(desk), payload, ..one }
}

async fn a_desks_record_holds_its_tries_and_what_waits_for_the_window(w: World) {
    let state = w.begin("7").await;
    let session = state.session.clone().unwrap();
    let text = message(&session, 2, AuthorKind::Rep, "late");
    let mut held = delivery(&session, 1, &text);
    held.state = DeliveryState::Held;
    held.hold = Some(Hold::Window);
    let ours = at_desk(delivery(&session, 2, &text), w.desk);
    let other = at_desk(delivery(&session, 3, &text), DeskId(uuid()));
    let fault = Fault::new(FaultClass::Permission, "create: the role lacks prvCreateIncident");
    let attempt = |of: &Delivery| Attempt {
        id: AttemptId(uuid()),
        delivery: of.id,
        workspace: of.workspace,
        conversation: of.conversation,
        number: 1,
        started_at: NOW,
        ended_at: Some(NOW),
        outcome: Some(Outcome::Rejected { fault: fault.clone() }),
    };
    let commit = change(&state, |e| {
        e.messages.push(text.clone());
        e.handoffs.push(handoff(&session, w.desk, 2));
        e.attempts = vec![attempt(&ours), attempt(&other)];
        e.deliveries = vec![held.clone(), ours.clone(), other];
    });
    w.store.commit(commit).await.unwrap();
    let record = w.store.desk_record(w.workspace, w.desk, NOW, 10).await.unwrap();
    assert_eq!(record.held, [held]);
    assert_eq!(record.handoffs.len(), 1);
    let tries: Vec<_> = record.tries.iter().map(|(delivery, _)| delivery.id).collect();
    assert_eq!(tries, [ours.id], "another desk's tries are not ours");
    let later = w.store.desk_record(w.workspace, w.desk, NOW.plus_ms(1), 10).await.unwrap();
    assert!(later.tries.is_empty() && later.handoffs.is_empty() && later.held.is_empty());
    let elsewhere = w.store.desk_record(WorkspaceId(uuid()), w.desk, NOW, 10).await.unwrap();
    assert!(elsewhere.tries.is_empty() && elsewhere.handoffs.is_empty());
}
