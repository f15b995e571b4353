use baton_core::{ids::DeskId, secret::Secret};
use baton_store::StreamPlace;

use crate::world::*;

crate::both!(
    a_stream_goes_on_where_it_was_heard_last,
    a_stream_that_cannot_be_heard_is_told_until_it_can,
    what_a_desk_keeps_is_its_own_and_ends,
);

fn place(desk: DeskId, subject: &str, cursor: &str) -> StreamPlace {
    StreamPlace { desk, subject: subject.to_owned(), cursor: cursor.to_owned() }
}

async fn a_stream_goes_on_where_it_was_heard_last(w: World) {
    let cursor = async |subject: &str| w.store.stream_cursor(w.desk, subject).await.unwrap();
    assert_eq!(cursor("c1").await, None);
    let both = vec![place(w.desk, "c1", "10"), place(w.desk, "c2", "7")];
    w.store.streams_put(both, NOW).await.unwrap();
    let later = NOW.plus_ms(5);
    w.store.streams_put(vec![place(w.desk, "c1", "11")], later).await.unwrap();
    assert_eq!(
        (cursor("c1").await.as_deref(), cursor("c2").await.as_deref()),
        (Some("11"), Some("7"))
    );
    // A desk that is not there has no streams.
    w.store.streams_put(vec![place(DeskId(uuid()), "c1", "99")], later).await.unwrap();
    assert_eq!(cursor("c1").await.as_deref(), Some("11"));
    w.store.streams_forget(later).await.unwrap();
    assert_eq!((cursor("c1").await.as_deref(), cursor("c2").await), (Some("11"), None));
}

async fn a_stream_that_cannot_be_heard_is_told_until_it_can(w: World) {
    let unheard = async || {
        let record = w.store.desk_record(w.workspace, w.desk, NOW, 10).await.unwrap();
        record.unheard
    };
    w.store.streams_put(vec![place(w.desk, "c1", "10")], NOW).await.unwrap();
    w.store.stream_trouble(w.desk, "c1", Some("the key is refused"), NOW).await.unwrap();
    w.store.stream_trouble(w.desk, "c2", Some("the key is refused"), NOW).await.unwrap();
    assert_eq!(unheard().await.len(), 2);
    w.store.stream_trouble(w.desk, "c1", None, NOW).await.unwrap();
    let why = "the key is refused".to_owned();
    assert_eq!(unheard().await, [("c2".to_owned(), NOW, why)]);
    let cursor = async |subject: &str| w.store.stream_cursor(w.desk, subject).await.unwrap();
    assert_eq!((cursor("c1").await.as_deref(), cursor("c2").await), (Some("10"), None));
}

async fn what_a_desk_keeps_is_its_own_and_ends(w: World) {
    let until = NOW.plus_ms(1_000);
    let token = Secret::new("eyJ.one");
    w.store.kept_put(w.desk, "token/c1", &token, (NOW, until)).await.unwrap();
    let kept = async |desk, name: &str, now| w.store.kept_get(desk, name, now).await.unwrap();
    assert_eq!(kept(w.desk, "token/c1", NOW).await, Some(token));
    assert_eq!(kept(w.desk, "token/c2", NOW).await, None);
    assert_eq!(kept(DeskId(uuid()), "token/c1", NOW).await, None);
    assert_eq!(kept(w.desk, "token/c1", until).await, None, "it is valid no more");
    let newer = Secret::new("eyJ.two");
    w.store.kept_put(w.desk, "token/c1", &newer, (NOW, until)).await.unwrap();
    assert_eq!(kept(w.desk, "token/c1", NOW).await, Some(newer.clone()));
    // Whoever reads the database reads no secret, and a row moved elsewhere does not open.
    let rows = w.raw("select \"sealed\" from \"kept\"").await;
    assert!(rows.len() == 1 && !rows[0].contains("eyJ"), "{rows:?}");
    let nobody = DeskId(uuid());
    w.store.kept_put(nobody, "token", &newer, (NOW, until)).await.unwrap();
    assert_eq!(kept(nobody, "token", NOW).await, None, "a desk that is not there yet");
}
