//! Who may sign in and who may call. Only digests are kept, never the secret itself.

use baton_core::{
    ids::{UserId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    database::{Arg, limit},
    error::StoreError,
    table::{Kind::Int, Kind::Text, Noun, Table},
};

/// The most users or keys that one list holds.
const LIST_MAX: usize = 1_000;

/// A person who signs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The e-mail address, in lower case; unique in the installation.
    pub email: String,
    /// The name on screen.
    pub name: String,
    /// The password's argon2 hash in PHC form.
    pub password_hash: String,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// A signed-in browser.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The digest of the cookie's token.
    pub token_hash: String,
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The user.
    pub user: UserId,
    /// The word that changing requests must bring.
    pub csrf: String,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A key for the API.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The digest of the key.
    pub key_hash: String,
    /// The tenant that it opens.
    pub workspace: WorkspaceId,
    /// Its name, unique in the workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Noun for User {
    const TABLE: Table = Table {
        name: "user",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("email", Text),
            ("name", Text),
            ("password_hash", Text),
            ("created_at", Int),
        ],
        derived: &[],
    };
}

impl Noun for Login {
    const TABLE: Table = Table {
        name: "login",
        key: &["token_hash"],
        columns: &[
            ("token_hash", Text),
            ("workspace", Text),
            ("user", Text),
            ("csrf", Text),
            ("created_at", Int),
            ("expires_at", Int),
        ],
        derived: &[],
    };
}

impl Noun for ApiKey {
    const TABLE: Table = Table {
        name: "api_key",
        key: &["key_hash"],
        columns: &[("key_hash", Text), ("workspace", Text), ("name", Text), ("created_at", Int)],
        derived: &[],
    };
}

impl Store {
    /// Makes a user, or replaces the one of this id.
    ///
    /// # Errors
    /// [`StoreError::Taken`]: another user has the e-mail address. Or the database failed.
    pub async fn user_put(&self, user: User) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "select \"id\" from \"user\" where \"email\" = $1 and \"id\" <> $2";
                let args = [user.email.as_str().into(), user.id.to_string().into()];
                if !tx.run("user.taken", |_| sql.to_owned(), &args).await?.is_empty() {
                    return Err(StoreError::Taken("e-mail address"));
                }
                tx.upsert("user.put", &[user])
            })
        })
        .await
    }

    /// The user with this e-mail address, in lower case.
    ///
    /// # Errors
    /// The database failed.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let args = [email.into()];
        self.database().select_one("user.by_email", "where t.\"email\" = $1", &args).await
    }

    /// One user.
    ///
    /// # Errors
    /// The database failed.
    pub async fn user_get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let args = [id.to_string().into()];
        self.database().select_one("user.get", "where t.\"id\" = $1", &args).await
    }

    /// The users of a workspace.
    ///
    /// # Errors
    /// The database failed.
    pub async fn users(&self, workspace: WorkspaceId) -> Result<Vec<User>, StoreError> {
        let rest = "where t.\"workspace\" = $1 order by t.\"email\" limit $2";
        let args = [workspace.to_string().into(), limit(LIST_MAX)];
        self.database().select("user.all", rest, &args).await
    }

    /// Whether the installation has any user yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn user_exists(&self) -> Result<bool, StoreError> {
        let sql = "select \"id\" from \"user\" limit 1";
        Ok(!self.database().read("user.exists", |_| sql.to_owned(), &[]).await?.is_empty())
    }

    /// Remembers the digest of the one-time word that makes the first user; it replaces an
    /// earlier one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn setup_put(
        &self,
        token_hash: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "insert into \"setup\" (\"name\", \"token_hash\", \"expires_at\") \
                   values ('first_user', $1, $2) on conflict (\"name\") do update set \
                   \"token_hash\" = excluded.\"token_hash\", \
                   \"expires_at\" = excluded.\"expires_at\" returning \"name\"";
        let args = vec![token_hash.into(), expires_at.0.into()];
        self.change("setup.put", sql, args).await.map(|_| ())
    }

    /// Whether this is the one-time word, unused and in time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn setup_is(&self, token_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "select \"name\" from \"setup\" where \"token_hash\" = $1 and \"expires_at\" > $2";
        let args = [token_hash.into(), now.0.into()];
        Ok(!self.database().read("setup.is", |_| sql.to_owned(), &args).await?.is_empty())
    }

    /// Uses the one-time word up; false when it is another one or was used already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn setup_take(&self, token_hash: &str) -> Result<bool, StoreError> {
        let sql = "delete from \"setup\" where \"token_hash\" = $1 returning \"name\"";
        self.change("setup.take", sql, vec![token_hash.into()]).await
    }

    /// Remembers a signed-in browser.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_put(&self, login: Login) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(async move { tx.upsert("login.put", &[login]) })).await
    }

    /// The signed-in browser of this digest, also when its time is over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_get(&self, token_hash: &str) -> Result<Option<Login>, StoreError> {
        let args = [token_hash.into()];
        self.database().select_one("login.get", "where t.\"token_hash\" = $1", &args).await
    }

    /// Lets a browser stay signed in until then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_extend(&self, token_hash: &str, until: Timestamp) -> Result<(), StoreError> {
        let sql = "update \"login\" set \"expires_at\" = $2 where \"token_hash\" = $1 \
                   returning \"token_hash\"";
        self.change("login.extend", sql, vec![token_hash.into(), until.0.into()]).await.map(|_| ())
    }

    /// Signs a browser out; false when it was not signed in.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_delete(&self, token_hash: &str) -> Result<bool, StoreError> {
        let sql = "delete from \"login\" where \"token_hash\" = $1 returning \"token_hash\"";
        self.change("login.delete", sql, vec![token_hash.into()]).await
    }

    /// Forgets browsers whose time is over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let sql = "delete from \"login\" where \"expires_at\" <= $1 returning \"token_hash\"";
        self.change("login.sweep", sql, vec![now.0.into()]).await.map(|_| ())
    }

    /// Stores a key's digest under a name; the workspace's earlier key of this name ends.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key_put(
        &self,
        workspace: WorkspaceId,
        key_hash: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "insert into \"api_key\" (\"workspace\", \"key_hash\", \"name\", \"created_at\") \
                   values ($1, $2, $3, $4) on conflict (\"workspace\", \"name\") do update set \
                   \"key_hash\" = excluded.\"key_hash\", \
                   \"created_at\" = excluded.\"created_at\" returning \"name\"";
        let args = vec![workspace.to_string().into(), key_hash.into(), name.into(), now.0.into()];
        self.change("api_key.put", sql, args).await.map(|_| ())
    }

    /// The key of this digest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key_get(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let args = [key_hash.into()];
        self.database().select_one("api_key.get", "where t.\"key_hash\" = $1", &args).await
    }

    /// The keys of a workspace.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
        let rest = "where t.\"workspace\" = $1 order by t.\"name\" limit $2";
        let args = [workspace.to_string().into(), limit(LIST_MAX)];
        self.database().select("api_key.all", rest, &args).await
    }

    /// Takes a key back by its name; false when there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key_delete(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let sql = "delete from \"api_key\" where \"workspace\" = $1 and \"name\" = $2 \
                   returning \"name\"";
        self.change("api_key.delete", sql, vec![workspace.to_string().into(), name.into()]).await
    }

    /// Runs one writing statement that returns what it changed; false when that is nothing.
    async fn change(
        &self,
        name: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move { Ok(!tx.run(name, |_| sql.to_owned(), &args).await?.is_empty()) })
        })
        .await
    }
}
