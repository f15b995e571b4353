//! How SQLite finds rows: what is looked up for every event must not read all that ever was, which
//! no test of its result shows.

use baton_core::ids::{ConversationId, DeskId, VendorId};
use uuid::Uuid;

use crate::{Also, SecretKey, Store, StoreConfig, database::Pools};

/// The steps of a statement that has run, in the words of "explain query plan".
async fn plan(store: &Store, name: &'static str) -> Vec<String> {
    let sql = store.database().texts.get(name, || panic!("{name} has not run"));
    let Pools::Sqlite { readers, .. } = &*store.database().pools else {
        panic!("this is about SQLite");
    };
    let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
    let steps = sqlx::query_as::<_, (i64, i64, i64, String)>(sql).fetch_all(readers).await.unwrap();
    steps.into_iter().map(|(.., step)| step).collect()
}

#[tokio::test]
async fn what_every_event_looks_up_is_found_without_reading_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig {
        url: format!("sqlite:{}", folder.path().join("baton.db").display()),
        partitions: 4,
        key: SecretKey::read(&SecretKey::generate().unwrap()),
        node: "one".to_owned(),
    });
    let store = store.await.unwrap();
    store.handoff_by_work(DeskId(Uuid::nil()), &VendorId("work".to_owned())).await.unwrap();
    store.state_load(ConversationId(Uuid::nil()), &Also::default()).await.unwrap();

    let by_work = plan(&store, "handoff.by_work").await;
    assert!(by_work[0].ends_with("(desk=? AND work_id=?)"), "{by_work:#?}");

    let load = plan(&store, "state.load").await;
    for table in ["delivery", "message", "x"] {
        let steps = load.iter().filter(|step| step.starts_with(&format!("SEARCH {table} ")));
        for step in steps {
            assert!(!step.ends_with("(conversation=?)"), "{step} in {load:#?}");
        }
    }
    let unfinished = load.iter().find(|step| step.starts_with("SEARCH delivery "));
    assert!(unfinished.is_some_and(|step| step.contains("delivery_unfinished")), "{load:#?}");
}
