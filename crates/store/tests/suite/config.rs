use baton_core::{
    ids::*,
    route::{Choice, Route, WorkKind},
    settings::Settings,
};
use baton_store::{ConfigChange, Store, StoreConfig, StoreError};
use serde_json::{Map, Value, json};

use crate::world::*;

crate::both!(
    a_configuration_is_read_as_it_was_written,
    a_workspace_cannot_replace_another_ones_inbox,
    secrets_are_encrypted,
    a_copied_secret_does_not_open,
    another_key_opens_nothing,
    no_key_stores_no_secret,
    a_newer_database_is_refused,
    the_number_of_partitions_is_fixed,
    a_ping_writes_and_a_closed_store_does_not,
    a_workspace_can_be_renamed,
    looking_needs_no_key_and_opens_no_secret,
    looking_at_an_empty_database_changes_nothing,
);

const CANARY: &str = "canary-7c1f";

fn secrets() -> Map<String, Value> {
    json!({"token": CANARY}).as_object().unwrap().clone()
}

fn with_secrets(w: &World) -> ConfigChange {
    let mut inbox = w.inbox_config(w.inbox);
    inbox.secrets = secrets();
    let mut desk = w.desk_config(w.desk);
    desk.secrets = secrets();
    ConfigChange {
        inboxes: vec![inbox],
        desks: vec![desk],
        engine_secrets: Some(secrets()),
        ..ConfigChange::default()
    }
}

async fn a_configuration_is_read_as_it_was_written(w: World) {
    let before = w.store.config_version().await.unwrap();
    let choice = Choice { kind: WorkKind::Case, queue: Some("q".to_owned()), ..Choice::of(w.desk) };
    let routes = vec![Route { inbox: Some(w.inbox), topic: None, choices: vec![choice] }];
    let settings = Settings { quiet_ms: 77, ..Settings::default() };
    let change = ConfigChange {
        settings: Some(settings.clone()),
        routes: Some(routes.clone()),
        ..with_secrets(&w)
    };
    w.store.config_put(w.workspace, change.clone()).await.unwrap();
    let config = w.store.config_load().await.unwrap();
    assert!(config.version > before);
    assert_eq!(config.version, w.store.config_version().await.unwrap());
    assert!(config.inboxes == change.inboxes && config.desks == change.desks);
    assert_eq!(config.routes, [(w.workspace, routes)]);
    assert_eq!(config.engine_secrets, [(w.workspace, secrets())]);
    assert_eq!(config.workspaces[0].settings, settings);
    assert_eq!(config.workspaces[0].name, "Shop");

    w.store.workspace_create(w.workspace, "Again", &Settings::default()).await.unwrap();
    w.store.config_put(w.workspace, ConfigChange::default()).await.unwrap();
    let same = w.store.config_load().await.unwrap();
    assert!(same.workspaces == config.workspaces && same.inboxes == config.inboxes);
    assert!(same.routes == config.routes && same.engine_secrets == config.engine_secrets);
    let stop = ConfigChange {
        remove_inboxes: vec![w.inbox],
        remove_desks: vec![w.desk],
        engine_secrets: Some(Map::new()),
        ..ConfigChange::default()
    };
    w.store
        .config_put(WorkspaceId(uuid()), ConfigChange { engine_secrets: None, ..stop.clone() })
        .await
        .expect_err("an unknown workspace has no configuration");
    w.store.config_put(w.workspace, stop).await.unwrap();
    let stopped = w.store.config_load().await.unwrap();
    assert!(stopped.inboxes.is_empty() && stopped.desks.is_empty());
    assert_eq!(stopped.engine_secrets, [(w.workspace, Map::new())]);
    w.store.config_put(w.workspace, with_secrets(&w)).await.unwrap();
    assert_eq!(w.store.config_load().await.unwrap().inboxes.len(), 1, "it runs again");
}

async fn a_workspace_cannot_replace_another_ones_inbox(w: World) {
    let other = WorkspaceId(uuid());
    w.store.workspace_create(other, "Other", &Settings::default()).await.unwrap();
    let mut theirs = w.inbox_config(w.inbox);
    theirs.inbox.name = "stolen".to_owned();
    let change = ConfigChange {
        inboxes: vec![theirs],
        remove_desks: vec![w.desk],
        ..ConfigChange::default()
    };
    w.store.config_put(other, change).await.unwrap();
    let config = w.store.config_load().await.unwrap();
    assert_ne!(config.inboxes[0].inbox.name, "stolen");
    assert_eq!(config.desks.len(), 1);
}

async fn secrets_are_encrypted(w: World) {
    w.store.config_put(w.workspace, with_secrets(&w)).await.unwrap();
    let inbox = w.raw("select \"secrets\" from \"inbox\"").await;
    let desk = w.raw("select \"secrets\" from \"desk\"").await;
    let engine = w.raw("select \"engine_secrets\" from \"routes\"").await;
    assert_ne!(inbox[0], desk[0], "equal secrets do not look equal");
    for sealed in [&inbox[0], &desk[0], &engine[0]] {
        assert!(!sealed.contains("canary") && sealed.len() > 40);
    }
    if w.kind == Kind::Sqlite {
        let path = w.url.strip_prefix("sqlite:").unwrap();
        for file in [path.to_owned(), format!("{path}-wal")] {
            let bytes = std::fs::read(file).unwrap();
            assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
        }
    }
}

async fn a_copied_secret_does_not_open(w: World) {
    let other = WorkspaceId(uuid());
    w.store.workspace_create(other, "Other", &Settings::default()).await.unwrap();
    w.store.config_put(w.workspace, with_secrets(&w)).await.unwrap();
    assert!(w.store.config_load().await.is_ok());
    w.raw(&format!("update \"inbox\" set \"workspace\" = '{other}' returning \"id\"")).await;
    assert!(matches!(w.store.config_load().await, Err(StoreError::Sealed)));
    let back = w.workspace;
    w.raw(&format!("update \"inbox\" set \"workspace\" = '{back}' returning \"id\"")).await;
    assert!(w.store.config_load().await.is_ok());
    let sql =
        "update \"desk\" set \"secrets\" = (select \"secrets\" from \"inbox\") returning \"id\"";
    w.raw(sql).await;
    assert!(matches!(w.store.config_load().await, Err(StoreError::Sealed)));
}

async fn another_key_opens_nothing(w: World) {
    let wrong = StoreConfig { key: Some(key(8)), ..config(&w.url, "two") };
    assert!(matches!(Store::open(wrong).await, Err(StoreError::WrongKey)));
    let none = StoreConfig { key: None, ..config(&w.url, "two") };
    assert!(matches!(Store::open(none).await, Err(StoreError::NoKey)));
    let text = StoreError::WrongKey.to_string();
    assert!(text.contains("key") && text.chars().next().unwrap().is_lowercase());
    assert!(Store::open(config(&w.url, "two")).await.is_ok());
}

async fn no_key_stores_no_secret(w: World) {
    w.raw("delete from \"meta\" where \"name\" = 'key_check' returning \"name\"").await;
    let keyless = Store::open(StoreConfig { key: None, ..config(&w.url, "two") }).await.unwrap();
    let result = keyless.config_put(w.workspace, with_secrets(&w)).await;
    assert!(matches!(result, Err(StoreError::NoKey)));
    assert!(keyless.config_load().await.is_ok());
}

async fn a_newer_database_is_refused(w: World) {
    w.raw("insert into \"schema_version\" values (99) returning 'x'").await;
    let result = Store::open(config(&w.url, "two")).await;
    assert!(matches!(result, Err(StoreError::NewerSchema { found: 99, .. })));
}

async fn the_number_of_partitions_is_fixed(w: World) {
    let other = StoreConfig { partitions: PARTITIONS * 2, ..config(&w.url, "two") };
    let result = Store::open(other).await;
    assert!(matches!(result, Err(StoreError::Partitions { found: 8 })));
    let unknown = Store::open(config("mysql://localhost/x", "two")).await;
    assert!(matches!(unknown, Err(StoreError::Address)));
}

async fn a_ping_writes_and_a_closed_store_does_not(w: World) {
    let before = w.store.stats().commits;
    w.store.ping().await.unwrap();
    assert_eq!(w.store.stats().commits, before + 1);
    let late = w.store.clone();
    let last = w.first_contact("7");
    let (committed, ()) = futures::join!(w.store.commit(last), w.store.close());
    assert!(committed.is_ok(), "what was queued is finished");
    assert!(matches!(late.ping().await, Err(StoreError::Closed)));
}

async fn a_workspace_can_be_renamed(w: World) {
    let change = ConfigChange { name: Some("Store".to_owned()), ..ConfigChange::default() };
    w.store.config_put(w.workspace, change).await.unwrap();
    let workspaces = w.store.workspaces().await.unwrap();
    assert_eq!(workspaces[0].name, "Store");
    assert_eq!(workspaces[0].settings, Settings::default());
}

async fn looking_needs_no_key_and_opens_no_secret(w: World) {
    let removed = ConfigChange { remove_desks: vec![w.desk], ..with_secrets(&w) };
    w.store.config_put(w.workspace, removed).await.unwrap();
    let look = Store::look(&w.url).await.unwrap();
    assert!(matches!(look.config_load().await, Err(StoreError::NoKey)));
    let vendors = look.vendors(w.workspace).await.unwrap();
    assert_eq!(vendors[&w.inbox.0], "whatsapp_cloud");
    assert!(vendors.contains_key(&w.desk.0), "a stopped desk keeps its name in old stories");
    assert!(look.vendors(WorkspaceId(uuid())).await.unwrap().is_empty());
    look.close().await;
}

async fn looking_at_an_empty_database_changes_nothing(w: World) {
    if w.kind == Kind::Postgres {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("empty.db").display());
    for _ in 0..2 {
        let looked = Store::look(&url).await;
        assert!(matches!(looked, Err(StoreError::OlderSchema { found: 0, .. })), "{looked:?}");
    }
}
