use baton_core::{delivery::DeliveryState, ids::*, inbound::Source, message::AuthorKind};

use crate::world::*;

crate::both!(
    a_list_is_read_from_its_beginning_and_begins_anew_with_another_subject,
    what_is_stored_is_known_by_its_id_and_source,
    our_deliveries_are_known_by_inbox_and_customer,
);

async fn a_list_is_read_from_its_beginning_and_begins_anew_with_another_subject(w: World) {
    let begun = async |subject: &str| w.store.message_list_begun(w.inbox, subject).await.unwrap();
    let inbox = (w.workspace, w.inbox);
    assert_eq!(begun("AC1 +1").await, None);
    w.store.message_list_begin(inbox, "AC1 +1", NOW).await.unwrap();
    assert_eq!((begun("AC1 +1").await, begun("AC1 +2").await), (Some(NOW), None));
    let later = NOW.plus_ms(1);
    w.store.message_list_begin(inbox, "AC1 +2", later).await.unwrap();
    assert_eq!((begun("AC1 +1").await, begun("AC1 +2").await), (None, Some(later)));
    w.store.message_list_end(w.inbox).await.unwrap();
    assert_eq!(begun("AC1 +2").await, None);
}

async fn what_is_stored_is_known_by_its_id_and_source(w: World) {
    let long = "x".repeat(5_000);
    let events = vec![w.event("k", Some("m:SM1")), w.event("k", Some(&long))];
    w.store.inbound_put(events).await.unwrap();
    let ids = ["m:SM1", "m:SM2", &*long];
    let mut known: Vec<String> =
        w.store.inbound_known(w.event("k", None).source, &ids).await.unwrap().into_iter().collect();
    known.sort();
    assert_eq!(known, ["m:SM1", &*long]);
    assert!(w.store.inbound_known(Source::Desk(w.desk), &ids).await.unwrap().is_empty());
}

async fn our_deliveries_are_known_by_inbox_and_customer(w: World) {
    let mut states = Vec::new();
    for (digits, sent) in [("7", ["SM1", "SM2"]), ("8", ["SM3", "SM4"])] {
        let state = w.begin(digits).await;
        let session = state.session.clone().unwrap();
        let commit = change(&state, |e| {
            for (seq, id) in (1_i64..).zip(sent) {
                let text = message(&session, seq + 1, AuthorKind::Ai, "hello");
                let mut one = delivery(&session, seq, &text);
                one.state = DeliveryState::Done;
                one.vendor_id = Some(VendorId::from(id));
                e.messages.push(text);
                e.deliveries.push(one);
            }
        });
        w.store.commit(commit).await.unwrap();
        states.push(state.conversation.id);
    }
    let ids: Vec<VendorId> = ["SM1", "SM3", "SM9"].into_iter().map(VendorId::from).collect();
    let known = w.store.deliveries_known(w.inbox, &ids).await.unwrap();
    assert_eq!(known, ids[..2].iter().cloned().collect());
    let elsewhere = w.store.deliveries_known(InboxId(uuid()), &ids).await.unwrap();
    assert!(elsewhere.is_empty());
    let of_first = w.store.customer_vendor_ids(states[0]).await.unwrap();
    assert_eq!(of_first, [VendorId::from("SM2"), VendorId::from("SM1")]);
}
