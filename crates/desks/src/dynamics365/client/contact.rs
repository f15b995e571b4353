//! The customer's contact: found where exactly one fits, else made, exactly once.

use std::time::Duration;

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        ids::read_guid,
        parse::contact as parse,
        policy::{self, Failure},
        render::{
            case::{ACCOUNT, CONTACT},
            contact::{AMBIGUOUS, Wanted, links},
        },
        wire::{self, ContactRow},
    },
    Client, read,
};

/// What a question for the contact found.
enum Found {
    Nobody,
    One(String),
    /// The first of them.
    Several(Vec<String>),
}

impl Client {
    /// The customer's contact. A conversation does not wait long for it.
    pub(super) async fn contact(&self, call: &Call) -> Result<Accepted, Failure> {
        let wanted = Wanted::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no contact"))?;
        let found = self.found_or_made(&wanted);
        if wanted.required {
            return found.await;
        }
        let patience = Duration::from_millis(policy::CONTACT_PATIENCE_MS);
        tokio::time::timeout(patience, found).await.unwrap_or_else(|_| {
            Err(Failure::unknown("Dataverse did not say in time who the customer is"))
        })
    }

    /// Finds the contact by e-mail, then by phone, then by the user id; makes one where nobody
    /// fits. Where several fit nobody is chosen.
    async fn found_or_made(&self, wanted: &Wanted) -> Result<Accepted, Failure> {
        if wanted.unverified && wanted.required && self.config.cases.fallback_account_id.is_some() {
            return Ok(self.fallback(Accepted::default()));
        }
        match self.find_contact(wanted).await.map_err(Failure::before_the_call)? {
            Found::One(id) => Ok(known(&id)),
            Found::Nobody => self.make_contact(wanted).await.map(|id| known(&id)),
            Found::Several(ids) => self.ambiguous(wanted, &ids).await,
        }
    }

    async fn find_contact(&self, wanted: &Wanted) -> Result<Found, Failure> {
        if let Some(email) = &wanted.email {
            let rows = self.contacts(&parse::by_email(email)).await?;
            let found = self.among(rows, |row| parse::has_email(row, email)).await?;
            if !matches!(found, Found::Nobody) {
                return Ok(found);
            }
        }
        if let Some(digits) = &wanted.phone {
            let rows = self.contacts(&parse::by_phone(digits)).await?;
            let found = self.among(rows, |row| parse::has_phone(row, digits)).await?;
            if !matches!(found, Found::Nobody) {
                return Ok(found);
            }
        }
        if let (Some(id), Some(column)) = (&wanted.user_id, &self.config.contact_user_id_column) {
            let rows = self.contacts(&parse::by_column(column, id)).await?;
            return self.among(rows, |_| true).await;
        }
        Ok(Found::Nobody)
    }

    async fn contacts(&self, filter: &str) -> Result<Vec<ContactRow>, Failure> {
        let request = self.dataverse("contacts").query(&[
            ("$select", parse::SELECT),
            ("$filter", filter),
            ("$orderby", "createdon asc"),
            ("$top", &policy::CONTACTS_MAX.to_string()),
        ]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<ContactRow> = read(&reply, "contacts")?;
        Ok(rows.value)
    }

    /// Who is left of the rows: the active ones that fit, and who took the place of merged ones.
    /// Of a full page nobody can say that only one fits.
    async fn among(
        &self,
        rows: Vec<ContactRow>,
        fits: impl Fn(&ContactRow) -> bool,
    ) -> Result<Found, Failure> {
        let full = rows.len() >= policy::CONTACTS_MAX;
        let mut ids: Vec<String> = Vec::new();
        for row in rows.into_iter().filter(fits) {
            if let Some(id) = self.master(row).await?
                && !ids.contains(&id)
            {
                ids.push(id);
            }
            if ids.len() > policy::AMBIGUOUS_SHOWN {
                break;
            }
        }
        Ok(match ids.len() {
            0 => Found::Nobody,
            1 if !full => Found::One(ids.swap_remove(0)),
            _ => Found::Several(ids),
        })
    }

    /// The active row that a row stands for; none where it is deactivated.
    async fn master(&self, mut row: ContactRow) -> Result<Option<String>, Failure> {
        for _ in 0..policy::MERGES_MAX {
            if row.statecode == parse::ACTIVE {
                return Ok(read_guid(&row.contactid));
            }
            let Some(master) = row.master.as_deref().and_then(read_guid) else { return Ok(None) };
            let Some(next) = self.contact_row(&master).await? else { return Ok(None) };
            row = next;
        }
        Ok(None)
    }

    async fn contact_row(&self, id: &str) -> Result<Option<ContactRow>, Failure> {
        let path = format!("contacts({id})");
        let request = self.dataverse(&path).query(&[("$select", parse::SELECT)]);
        let reply = policy::unless_missing(self.call_dataverse(request).await)?;
        reply.map(|reply| read(&reply, "a contact")).transpose()
    }

    /// Makes the contact under our own id, so that retries and handoffs at the same time make one
    /// only. A contact of ours that was merged stands for its master; one that was deactivated
    /// is left alone, and the next id is taken.
    async fn make_contact(&self, wanted: &Wanted) -> Result<String, Failure> {
        for id in &wanted.ids {
            let request = self.insert(&format!("contacts({id})"), &wanted.columns);
            if self.insert_once(request).await?.is_some() {
                return Ok(id.clone());
            }
            let there = self.contact_row(id).await.map_err(Failure::before_the_call)?;
            let there = there.ok_or_else(unreadable)?;
            if let Some(id) = self.master(there).await.map_err(Failure::before_the_call)? {
                return Ok(id);
            }
        }
        Err(Failure::refused(
            FaultClass::ContentRejected,
            "the customer's contact was deactivated several times; activate one of them",
        ))
    }

    /// Several contacts fit: shown to the operator and to the rep. A case gets the fallback
    /// account, or a contact of its own.
    async fn ambiguous(&self, wanted: &Wanted, ids: &[String]) -> Result<Accepted, Failure> {
        let mut accepted = Accepted::default();
        if wanted.required {
            accepted = match self.config.cases.fallback_account_id {
                Some(_) => self.fallback(accepted),
                None => known(&self.make_contact(wanted).await?),
            };
        }
        let shown = || ids.iter().map(String::as_str).take(policy::AMBIGUOUS_SHOWN);
        accepted.notice = Some(format!(
            "several contacts in Dynamics 365 have the customer's address, so that none is linked; \
             merge them: {}",
            links(&self.config, shown())
        ));
        let ids: Vec<&str> = shown().collect();
        accepted.learned.insert(AMBIGUOUS.to_owned(), ids.join(" "));
        Ok(accepted)
    }

    fn fallback(&self, mut accepted: Accepted) -> Accepted {
        if let Some(id) = &self.config.cases.fallback_account_id {
            accepted.learned.insert(ACCOUNT.to_owned(), id.clone());
        }
        accepted
    }

    /// Looks whether Microsoft linked the conversation, and links it where nobody did.
    pub(super) async fn link(&self, call: &Call) -> Result<Accepted, Failure> {
        let text = |key: &str| call.body.get(key).and_then(Value::as_str).unwrap_or_default();
        let (conversation, contact) = (text("conversation"), text("contact"));
        let select = ("$select", "activityid,_msdyn_customer_value");
        let row = self.dataverse(&format!("msdyn_ocliveworkitems({conversation})"));
        let reply = self.call_dataverse(row.query(&[select])).await;
        let reply = reply.map_err(|mut failure| {
            if policy::is_missing(&failure) {
                failure.fault.operator = format!(
                    "conversation {conversation} is not in Dataverse yet, so that nobody knows \
                     whether it is linked to contact {contact}"
                );
            }
            failure.before_the_call()
        })?;
        let row: wire::CustomerRow = read(&reply, "a conversation's row")?;
        match row.customer {
            Some(linked) if linked.eq_ignore_ascii_case(contact) => Ok(Accepted::default()),
            Some(linked) => Ok(Accepted {
                notice: Some(format!(
                    "Dynamics 365 linked the conversation to {linked}, the customer's contact is \
                     {contact}; look at both: {}",
                    links(&self.config, [linked.as_str(), contact].into_iter())
                )),
                ..Accepted::default()
            }),
            None => {
                let bind = format!("/contacts({contact})");
                let columns =
                    json!({ "msdyn_customer_msdyn_ocliveworkitem_contact@odata.bind": bind });
                self.change_conversation(conversation, &columns).await
            }
        }
    }

    /// Writes the conversation's title. That it may be is said by no page.
    pub(super) async fn entitle(&self, call: &Call) -> Result<Accepted, Failure> {
        let conversation = call.body["conversation"].as_str().unwrap_or_default();
        let subject = &call.body["subject"];
        let columns = json!({ "subject": subject, "msdyn_title": subject });
        self.change_conversation(conversation, &columns).await
    }

    /// An update only: a conversation that is not there is never made.
    async fn change_conversation(
        &self,
        conversation: &str,
        columns: &Value,
    ) -> Result<Accepted, Failure> {
        let request = self
            .dataverse_call(Method::PATCH, &format!("msdyn_ocliveworkitems({conversation})"))
            .header("If-Match", "*")
            .json(columns);
        self.call_dataverse(request).await.map(|_| Accepted::default())
    }
}

/// The contact is known: for later steps, and for whoever looks at the session.
fn known(id: &str) -> Accepted {
    let mut accepted = Accepted::default();
    accepted.learned.insert(CONTACT.to_owned(), id.to_owned());
    accepted.metadata.insert("dynamics365_contact_id".to_owned(), json!(id));
    accepted
}

/// A row that exists and is not shown: another rule of the organisation refused the insert, or
/// the role sees its own rows only.
fn unreadable() -> Failure {
    Failure::refused(
        FaultClass::Permission,
        "Dynamics 365 says that the contact exists and does not show it; let the application \
         user's role read contacts of the whole organisation, and look for alternate keys on contact",
    )
}
