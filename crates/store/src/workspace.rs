//! Tenants and what they have configured.

use std::collections::HashMap;

use baton_core::{
    ids::{DeskId, InboxId, WorkspaceId},
    inbox::{DeskRow, Inbox},
    route::Route,
    settings::Settings,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    Store,
    database::Arg,
    dialect::Dialect,
    error::StoreError,
    secret::Vault,
    state::{id_row, read},
    table::{Column, Kind, Noun, Row, Rows, Table, decode, encode, parse},
    transaction::Tx,
};

/// One tenant.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it decided for itself.
    pub settings: Settings,
    /// The newest session's number.
    pub session_number: i64,
    /// The newest fact's position.
    pub feed_position: i64,
}

/// An inbox with its secrets.
#[derive(Clone, PartialEq)]
pub struct InboxConfig {
    /// The inbox.
    pub inbox: Inbox,
    /// Its secrets, opened.
    pub secrets: Map<String, Value>,
}

/// An inbox as it is stored, running or not.
#[derive(Clone, PartialEq)]
pub struct KnownInbox {
    /// The inbox with its secrets.
    pub config: InboxConfig,
    /// Somebody stopped it.
    pub stopped: bool,
}

/// A desk with its secrets.
#[derive(Clone, PartialEq)]
pub struct DeskConfig {
    /// The desk.
    pub desk: DeskRow,
    /// Its secrets, opened.
    pub secrets: Map<String, Value>,
}

/// A desk as it is stored, running or not.
#[derive(Clone, PartialEq)]
pub struct KnownDesk {
    /// The desk with its secrets.
    pub config: DeskConfig,
    /// Somebody stopped it.
    pub stopped: bool,
}

/// Everything that is configured and not stopped.
#[derive(Clone, PartialEq, Default)]
pub struct Config {
    /// Raised by every change.
    pub version: i64,
    /// All tenants.
    pub workspaces: Vec<Workspace>,
    /// Their inboxes.
    pub inboxes: Vec<InboxConfig>,
    /// Their desks.
    pub desks: Vec<DeskConfig>,
    /// Their routes.
    pub routes: Vec<(WorkspaceId, Vec<Route>)>,
    /// The secrets of their engines.
    pub engine_secrets: Vec<(WorkspaceId, Map<String, Value>)>,
}

/// The desired state of one workspace. What is not named stays; inboxes and desks stop only
/// when `remove_inboxes` or `remove_desks` names them.
#[derive(Clone, PartialEq, Default)]
pub struct ConfigChange {
    /// A new name.
    pub name: Option<String>,
    /// New settings.
    pub settings: Option<Settings>,
    /// Inboxes to make or replace, with all their secrets.
    pub inboxes: Vec<InboxConfig>,
    /// Desks to make or replace, with all their secrets.
    pub desks: Vec<DeskConfig>,
    /// All routes.
    pub routes: Option<Vec<Route>>,
    /// All secrets of the engine.
    pub engine_secrets: Option<Map<String, Value>>,
    /// Inboxes that stop. Their conversations stay.
    pub remove_inboxes: Vec<InboxId>,
    /// Desks that stop. Their handoffs stay.
    pub remove_desks: Vec<DeskId>,
}

const WORKSPACE: &[&str] = &["id", "name", "settings", "session_number", "feed_position"];

impl Store {
    /// Makes a workspace; one that exists stays as it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn workspace_create(
        &self,
        id: WorkspaceId,
        name: &str,
        settings: &Settings,
    ) -> Result<(), StoreError> {
        let args = [id.to_string().into(), name.into(), Arg::Text(json!(settings).to_string())];
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "insert into \"workspace\" (\"id\", \"name\", \"settings\") \
                           values ($1, $2, $3) on conflict do nothing";
                tx.run("workspace.create", |_| sql.to_owned(), &args).await?;
                raise(tx).await
            })
        })
        .await
    }

    /// All workspaces.
    ///
    /// # Errors
    /// The database failed.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        let make = |dialect: Dialect| {
            let fields: Vec<(&str, String)> =
                WORKSPACE.iter().map(|name| (*name, format!("\"{name}\""))).collect();
            let object = dialect.text(&dialect.object(&fields));
            format!("select {object} from \"workspace\" order by \"name\", \"id\"")
        };
        let texts = self.database().read("workspace.all", make, &[]).await?;
        texts.iter().map(|text| workspace(parse("workspace", text)?)).collect()
    }

    /// The configuration's version: it is raised by every change.
    ///
    /// # Errors
    /// The database failed.
    pub async fn config_version(&self) -> Result<i64, StoreError> {
        let sql = "select \"value\" from \"meta\" where \"name\" = 'config_version'";
        let texts = self.database().read("config.version", |_| sql.to_owned(), &[]).await?;
        Ok(texts.first().and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Everything that is configured and not stopped. A change that comes in between raises the
    /// version above the one returned.
    ///
    /// # Errors
    /// The database failed, or a secret does not open under the key.
    pub async fn config_load(&self) -> Result<Config, StoreError> {
        let version = self.config_version().await?;
        let inboxes = self.configured::<Inbox>("config.inboxes").await?;
        let desks = self.configured::<DeskRow>("config.desks").await?;
        let (routes, engine_secrets) = self.routes().await?;
        Ok(Config {
            version,
            workspaces: self.workspaces().await?,
            inboxes: inboxes
                .into_iter()
                .map(|(inbox, secrets)| InboxConfig { inbox, secrets })
                .collect(),
            desks: desks.into_iter().map(|(desk, secrets)| DeskConfig { desk, secrets }).collect(),
            routes,
            engine_secrets,
        })
    }

    /// The vendor's folder name of every inbox and desk of the workspace, stopped ones too, by
    /// their ids. Opens no secret.
    ///
    /// # Errors
    /// The database failed.
    pub async fn vendors(
        &self,
        workspace: WorkspaceId,
    ) -> Result<HashMap<Uuid, String>, StoreError> {
        let make = |dialect: Dialect| {
            let fields = ["id", "vendor"].map(|name| (name, format!("\"{name}\"")));
            let object = dialect.text(&dialect.object(&fields));
            format!(
                "select {object} from \"inbox\" where \"workspace\" = $1 \
                 union all select {object} from \"desk\" where \"workspace\" = $1"
            )
        };
        let args = [workspace.to_string().into()];
        let texts = self.database().read("config.vendors", make, &args).await?;
        let rows = texts.iter().map(|text| read::<VendorRow>("inbox", parse("inbox", text)?));
        rows.map(|row| row.map(|row| (row.id, row.vendor))).collect()
    }

    /// Whether any workspace has an inbox or a desk with this id, stopped ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn source_exists(&self, id: Uuid) -> Result<bool, StoreError> {
        let sql = "select \"id\" from \"inbox\" where \"id\" = $1 \
                   union all select \"id\" from \"desk\" where \"id\" = $1";
        let args = [id.to_string().into()];
        let found = self.database().read("config.source_exists", |_| sql.to_owned(), &args).await?;
        Ok(!found.is_empty())
    }

    /// The workspace's inboxes by name, stopped ones too.
    ///
    /// # Errors
    /// The database failed, or a secret does not open under the key.
    pub async fn inboxes(&self, workspace: WorkspaceId) -> Result<Vec<KnownInbox>, StoreError> {
        let ours = "t.\"workspace\" = $1";
        let args = [workspace.to_string().into()];
        let rows = self.configured_where::<Inbox>("config.own_inboxes", ours, &args).await?;
        let known = |(inbox, secrets, stopped)| KnownInbox {
            config: InboxConfig { inbox, secrets },
            stopped,
        };
        Ok(rows.into_iter().map(known).collect())
    }

    /// The workspace's desks by name, stopped ones too.
    ///
    /// # Errors
    /// The database failed, or a secret does not open under the key.
    pub async fn desks(&self, workspace: WorkspaceId) -> Result<Vec<KnownDesk>, StoreError> {
        let ours = "t.\"workspace\" = $1";
        let args = [workspace.to_string().into()];
        let rows = self.configured_where::<DeskRow>("config.own_desks", ours, &args).await?;
        let known =
            |(desk, secrets, stopped)| KnownDesk { config: DeskConfig { desk, secrets }, stopped };
        Ok(rows.into_iter().map(known).collect())
    }

    /// Applies a change in one transaction.
    ///
    /// # Errors
    /// The database failed, or there are secrets and no key; nothing changed.
    pub async fn config_put(
        &self,
        workspace: WorkspaceId,
        change: ConfigChange,
    ) -> Result<(), StoreError> {
        let vault = self.shared.vault.clone();
        self.write(move |tx| Box::pin(async move { put(tx, &vault, workspace, change).await }))
            .await
    }

    async fn configured<T: Noun>(
        &self,
        name: &'static str,
    ) -> Result<Vec<(T, Map<String, Value>)>, StoreError> {
        let rows = self.configured_where(name, "t.\"stopped\" = 0", &[]).await?;
        Ok(rows.into_iter().map(|(row, secrets, _)| (row, secrets)).collect())
    }

    /// Rows with their opened secrets and whether they are stopped.
    async fn configured_where<T: Noun>(
        &self,
        name: &'static str,
        condition: &str,
        args: &[Arg],
    ) -> Result<Vec<(T, Map<String, Value>, bool)>, StoreError> {
        let make = |dialect: Dialect| {
            let table = T::TABLE;
            let object = dialect.text(&dialect.object(&[
                ("row", table.object(dialect, "t")),
                ("secrets", "t.\"secrets\"".to_owned()),
                ("stopped", "t.\"stopped\"".to_owned()),
            ]));
            let name = table.name;
            format!(
                "select {object} from \"{name}\" t where {condition} \
                 order by t.\"name\", t.\"id\""
            )
        };
        let mut list = Vec::new();
        for text in self.database().read(name, make, args).await? {
            let mut both = parse(T::TABLE.name, &text)?;
            let Some(Value::Object(row)) = both.remove("row") else { continue };
            let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
            let sealed = both.get("secrets").and_then(Value::as_str);
            let secrets = self.shared.vault.open(text("workspace"), text("id"), sealed)?;
            let stopped = both.get("stopped").and_then(Value::as_i64) == Some(1);
            list.push((decode(row)?, secrets, stopped));
        }
        Ok(list)
    }

    async fn routes(&self) -> Result<(Routes, EngineSecrets), StoreError> {
        let make = |dialect: Dialect| {
            let fields =
                ["workspace", "routes", "engine_secrets"].map(|name| (name, format!("\"{name}\"")));
            let object = dialect.text(&dialect.object(&fields));
            format!("select {object} from \"routes\" order by \"workspace\"")
        };
        let (mut routes, mut secrets) = (Vec::new(), Vec::new());
        for text in self.database().read("config.routes", make, &[]).await? {
            let row: RoutesRow = read("routes", parse("routes", &text)?)?;
            let unreadable = |e| StoreError::unreadable("routes", e);
            routes.push((row.workspace, serde_json::from_str(&row.routes).map_err(unreadable)?));
            let id = row.workspace.to_string();
            let opened = self.shared.vault.open(&id, ENGINE, row.engine_secrets.as_deref())?;
            secrets.push((row.workspace, opened));
        }
        Ok((routes, secrets))
    }
}

type Routes = Vec<(WorkspaceId, Vec<Route>)>;
type EngineSecrets = Vec<(WorkspaceId, Map<String, Value>)>;

/// The owner under which a workspace's engine secrets are sealed.
const ENGINE: &str = "engine";

#[derive(Deserialize)]
struct VendorRow {
    id: Uuid,
    vendor: String,
}

#[derive(Deserialize)]
struct RoutesRow {
    workspace: WorkspaceId,
    routes: String,
    engine_secrets: Option<String>,
}

fn workspace(mut row: Row) -> Result<Workspace, StoreError> {
    if let Some(Value::String(text)) = row.get("settings") {
        let settings: Value =
            serde_json::from_str(text).map_err(|e| StoreError::unreadable("workspace", e))?;
        row.insert("settings".to_owned(), settings);
    }
    read("workspace", row)
}

/// Raises the configuration's version.
async fn raise(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "insert into \"meta\" (\"name\", \"value\") values ('config_version', '1') \
               on conflict (\"name\") do update set \
               \"value\" = cast(cast(\"meta\".\"value\" as bigint) + 1 as text)";
    tx.run("config.raise", |_| sql.to_owned(), &[]).await.map(|_| ())
}

async fn put(
    tx: &mut Tx,
    vault: &Vault,
    workspace: WorkspaceId,
    change: ConfigChange,
) -> Result<(), StoreError> {
    let id = workspace.to_string();
    if let Some(name) = &change.name {
        let sql = "update \"workspace\" set \"name\" = $2 where \"id\" = $1";
        let args = [id.clone().into(), name.as_str().into()];
        tx.run("config.name", |_| sql.to_owned(), &args).await?;
    }
    if let Some(settings) = &change.settings {
        let sql = "update \"workspace\" set \"settings\" = $2 where \"id\" = $1";
        let args = [id.clone().into(), Arg::Text(json!(settings).to_string())];
        tx.run("config.settings", |_| sql.to_owned(), &args).await?;
    }
    let inboxes = change.inboxes.iter().map(|c| (&c.inbox, &c.secrets));
    let rows = sealed(vault, &id, inboxes, tx.partitions)?;
    tx.rows("config.put_inboxes", put_sql::<Inbox>, rows).await?;
    let desks = change.desks.iter().map(|c| (&c.desk, &c.secrets));
    let rows = sealed(vault, &id, desks, tx.partitions)?;
    tx.rows("config.put_desks", put_sql::<DeskRow>, rows).await?;
    put_routes(tx, vault, &id, &change).await?;
    stop::<Inbox>(
        tx,
        "config.stop_inboxes",
        &id,
        change.remove_inboxes.iter().map(id_row).collect(),
    )
    .await?;
    stop::<DeskRow>(tx, "config.stop_desks", &id, change.remove_desks.iter().map(id_row).collect())
        .await?;
    raise(tx).await
}

/// Rows with their sealed secrets; always of this workspace, each once.
fn sealed<'a, T: Noun + 'a>(
    vault: &Vault,
    workspace: &str,
    list: impl Iterator<Item = (&'a T, &'a Map<String, Value>)>,
    partitions: u32,
) -> Result<Rows, StoreError> {
    let mut rows = HashMap::new();
    for (noun, secrets) in list {
        let mut row = encode(noun, partitions)?;
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        row.insert("workspace".to_owned(), workspace.into());
        row.insert("secrets".to_owned(), vault.seal(workspace, &id, secrets)?);
        row.insert("stopped".to_owned(), 0.into());
        rows.insert(id, row);
    }
    Ok(rows.into_values().collect())
}

/// A row of another workspace is never replaced.
fn put_sql<T: Noun>(dialect: Dialect) -> String {
    let own: &[Column] = &[("secrets", Kind::Text), ("stopped", Kind::Int)];
    let table = Table { derived: own, ..T::TABLE };
    let name = table.name;
    format!("{} where \"{name}\".\"workspace\" = excluded.\"workspace\"", table.upsert(dialect))
}

async fn put_routes(
    tx: &mut Tx,
    vault: &Vault,
    workspace: &str,
    change: &ConfigChange,
) -> Result<(), StoreError> {
    let first = "insert into \"routes\" (\"workspace\", \"routes\") values ($1, '[]') \
                 on conflict do nothing";
    tx.run("config.first_routes", |_| first.to_owned(), &[workspace.into()]).await?;
    if let Some(routes) = &change.routes {
        let sql = "update \"routes\" set \"routes\" = $2 where \"workspace\" = $1";
        let args = [workspace.into(), Arg::Text(json!(routes).to_string())];
        tx.run("config.put_routes", |_| sql.to_owned(), &args).await?;
    }
    if let Some(secrets) = &change.engine_secrets {
        let sealed = vault.seal(workspace, ENGINE, secrets)?;
        let sql = "update \"routes\" set \"engine_secrets\" = nullif($2, '') \
                   where \"workspace\" = $1";
        let args = [workspace.into(), Arg::Text(sealed.as_str().unwrap_or_default().to_owned())];
        tx.run("config.put_engine", |_| sql.to_owned(), &args).await?;
    }
    Ok(())
}

async fn stop<T: Noun>(
    tx: &mut Tx,
    name: &'static str,
    workspace: &str,
    ids: Vec<Row>,
) -> Result<(), StoreError> {
    const OWNED: &[Column] = &[("id", Kind::Text), ("workspace", Kind::Text)];
    let make = |dialect: Dialect| {
        format!(
            "update \"{}\" set \"stopped\" = 1 where (\"id\", \"workspace\") in \
             (select r.\"id\", r.\"workspace\" from {})",
            T::TABLE.name,
            dialect.rows(1, OWNED)
        )
    };
    let owned = |mut row: Row| {
        row.insert("workspace".to_owned(), workspace.into());
        row
    };
    tx.rows(name, make, ids.into_iter().map(owned).collect()).await.map(|_| ())
}
