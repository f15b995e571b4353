//! How SQLite finds rows: what is looked up for every event must not read all that ever was, which
//! no test of its result shows.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use baton_core::ids::{ConversationId, DeskId, VendorId};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Also, SecretKey, Store, StoreConfig, database::Pools, lent::Connections, task::next_due_sql,
};

const TASKS: &str = "insert into \"task\" (\"id\", \"workspace\", \"conversation\", \"what\", \
    \"due_at\", \"kind\", \"subject\", \"partition\") \
    with recursive n (i) as (values (1) union all select i + 1 from n where i < 2000) \
    select i, 'w', 'c', '{}', 1000 + i, 'silence', i, 0 from n";

async fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig {
        url: format!("sqlite:{}", folder.path().join("baton.db").display()),
        partitions: 4,
        key: SecretKey::read(&SecretKey::generate().unwrap()),
        node: "one".to_owned(),
    });
    (store.await.unwrap(), folder)
}

fn connections(store: &Store) -> (&Arc<Connections>, &Arc<Connections>) {
    let Pools::Sqlite { writer, readers } = &*store.database().pools else {
        panic!("this is about SQLite");
    };
    (writer, readers)
}

/// How many hundreds of steps SQLite's machine takes for a statement.
async fn effort(readers: &Arc<Connections>, sql: String, argument: i64) -> u64 {
    let hundreds = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&hundreds);
    let mut lent = readers.lend().await.unwrap();
    let reader = lent.connection().unwrap();
    reader.lock_handle().await.unwrap().set_progress_handler(100, move || {
        counted.fetch_add(1, Ordering::Relaxed);
        true
    });
    let query = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).bind(argument);
    assert_eq!(query.fetch_all(reader).await.unwrap(), ["1501"]);
    hundreds.load(Ordering::Relaxed)
}

/// The steps of a statement that has run, in the words of "explain query plan".
async fn plan(store: &Store, name: &'static str) -> Vec<String> {
    let sql = store.database().texts.get(name, || panic!("{name} has not run"));
    let (_, readers) = connections(store);
    let mut reader = readers.lend().await.unwrap();
    let sql = AssertSqlSafe(format!("explain query plan {sql}"));
    let steps = sqlx::query_as::<_, (i64, i64, i64, String)>(sql)
        .fetch_all(reader.connection().unwrap())
        .await
        .unwrap();
    steps.into_iter().map(|(.., step)| step).collect()
}

#[tokio::test]
async fn what_every_event_looks_up_is_found_without_reading_a_history() {
    let (store, _folder) = store().await;
    store.handoff_by_work(DeskId(Uuid::nil()), &VendorId("work".to_owned())).await.unwrap();
    store.state_load(ConversationId(Uuid::nil()), &Also::default()).await.unwrap();

    let by_work = plan(&store, "handoff.by_work").await;
    assert!(by_work[0].ends_with("(desk=? AND work_id=?)"), "{by_work:#?}");

    let load = plan(&store, "state.load").await;
    let whole = ["SCAN", "USE TEMP B-TREE", "MATERIALIZE", "CO-ROUTINE", "AUTOMATIC"];
    for step in &load {
        let found = !whole.iter().any(|word| step.contains(word));
        assert!(found, "{step} in {load:#?}");
    }
    for table in ["d", "m"] {
        let steps = load.iter().filter(|step| step.starts_with(&format!("SEARCH {table} ")));
        for step in steps {
            assert!(!step.ends_with("(conversation=?)"), "{step} in {load:#?}");
        }
    }
    let unfinished = load.iter().find(|step| step.starts_with("SEARCH d "));
    assert!(unfinished.is_some_and(|step| step.contains("delivery_unfinished")), "{load:#?}");
}

#[tokio::test]
async fn the_next_moment_is_found_however_much_is_still_to_come() {
    let (store, _folder) = store().await;
    let (writer, readers) = connections(&store);
    let mut lent = writer.lend().await.unwrap();
    sqlx::query(TASKS).execute(lent.connection().unwrap()).await.unwrap();
    let hundreds = effort(readers, next_due_sql("0, 1"), 1_500).await;
    assert!(hundreds < 10, "{hundreds} hundreds of steps");
}
