//! Templates as their vendors hold them.

use std::collections::HashMap;

use baton_core::{
    ids::{InboxId, TemplateId, VendorId, WorkspaceId},
    template::Template,
};

use crate::{
    Store,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row},
    table::{Noun, decode, parse},
    transaction::Tx,
};

/// The most templates of one inbox; a vendor allows 6,000 at most.
const INBOX_MAX: usize = 10_000;

impl Store {
    /// Writes what a vendor lists for an inbox. A template that is known keeps its id; where the
    /// listing is complete, those that it lacks are gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn template_put_all(
        &self,
        inbox: InboxId,
        templates: Vec<Template>,
        complete: bool,
    ) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(put_all(tx, inbox, templates, complete))).await
    }

    /// The templates of a workspace, or of one inbox of it, by name and language.
    ///
    /// # Errors
    /// The database failed.
    pub async fn template_list(
        &self,
        workspace: WorkspaceId,
        inbox: Option<InboxId>,
        max: usize,
    ) -> Result<Vec<Template>, StoreError> {
        let workspace = Arg::from(workspace.to_string());
        let order = "order by t.\"name\", t.\"language\", t.\"id\" limit $2";
        match inbox {
            None => {
                let rest = format!("where t.\"workspace\" = $1 {order}");
                self.database().select("template.all", &rest, &[workspace, limit(max)]).await
            }
            Some(inbox) => {
                let rest = format!("where t.\"workspace\" = $1 and t.\"inbox\" = $3 {order}");
                let args = [workspace, limit(max), inbox.to_string().into()];
                self.database().select("template.of_inbox", &rest, &args).await
            }
        }
    }

    /// One template.
    ///
    /// # Errors
    /// The database failed.
    pub async fn template_get(
        &self,
        workspace: WorkspaceId,
        id: TemplateId,
    ) -> Result<Option<Template>, StoreError> {
        let args = [workspace.to_string().into(), id.to_string().into()];
        let rest = "where t.\"workspace\" = $1 and t.\"id\" = $2";
        self.database().select_one("template.get", rest, &args).await
    }

    /// The template of this name and language at an inbox.
    ///
    /// # Errors
    /// The database failed.
    pub async fn template_find(
        &self,
        inbox: InboxId,
        name: &str,
        language: &str,
    ) -> Result<Option<Template>, StoreError> {
        let args = [inbox.to_string().into(), name.into(), language.into()];
        let rest = "where t.\"inbox\" = $1 and t.\"name\" = $2 and t.\"language\" = $3 \
                    order by t.\"synced_at\" desc, t.\"id\" limit 1";
        self.database().select_one("template.find", rest, &args).await
    }
}

async fn put_all(
    tx: &mut Tx,
    inbox: InboxId,
    mut templates: Vec<Template>,
    complete: bool,
) -> Result<(), StoreError> {
    let mut known = known(tx, inbox).await?;
    // A vendor that lists one twice means one.
    let mut listed = HashMap::new();
    for template in templates.drain(..) {
        let id = known.remove(&template.vendor_id).unwrap_or(template.id);
        let vendor_id = template.vendor_id.clone();
        listed.entry(vendor_id).or_insert(Template { id, inbox, ..template });
    }
    let mut listed: Vec<Template> = listed.into_values().collect();
    listed.sort_by_key(|template| template.id);
    tx.upsert("template.put", &listed)?;
    if !complete {
        return Ok(());
    }
    let gone = known.into_values().map(id_row).collect();
    let make = |dialect: Dialect| {
        let ids = dialect.rows(1, IDS);
        format!("delete from \"template\" where \"id\" in (select r.\"id\" from {ids})")
    };
    tx.rows("template.gone", make, gone).await.map(|_| ())
}

/// The templates of an inbox that are stored, by the vendor's ids.
async fn known(tx: &mut Tx, inbox: InboxId) -> Result<HashMap<VendorId, TemplateId>, StoreError> {
    let make = |dialect: Dialect| {
        let rest = "where t.\"inbox\" = $1 order by t.\"id\" limit $2";
        format!("{}{}", Template::TABLE.select(dialect, rest), dialect.for_update())
    };
    let args = [inbox.to_string().into(), limit(INBOX_MAX)];
    let texts = tx.run("template.known", make, &args).await?;
    let templates = texts.iter().map(|text| decode::<Template>(parse("template", text)?));
    templates.map(|t| t.map(|t| (t.vendor_id, t.id))).collect()
}
