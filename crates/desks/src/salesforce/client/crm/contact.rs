//! The customer's contact: found where exactly one fits, else made, once.

use std::time::Duration;

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
};
use serde::Deserialize;
use serde_json::json;

use super::super::Client;
use crate::salesforce::{
    config::crm::Crm,
    parse::crm::contact as parse,
    policy::{Certainty, Failure, crm as policy},
    render::crm::contact::{AMBIGUOUS, KNOWN, Wanted, links},
    wire::crm::ContactRow,
};

/// What a question for the contact found.
enum Found {
    Nobody,
    One(String),
    /// The first of them.
    Several(Vec<String>),
}

impl Client {
    /// The customer's contact. A live conversation does not wait long for it; a case waits while
    /// trying again helps, and does without where it does not.
    pub(super) async fn contact(&self, call: &Call) -> Result<Accepted, Failure> {
        let wanted = Wanted::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no contact"))?;
        let found = self.found_or_made(&wanted);
        if wanted.patient {
            return found.await.or_else(without);
        }
        let patience = Duration::from_millis(policy::CONTACT_PATIENCE_MS);
        tokio::time::timeout(patience, found).await.unwrap_or_else(|_| {
            Err(Failure::unknown("Salesforce did not say in time who the customer is"))
        })
    }

    /// One customer at a time: of two handoffs at once the second finds what the first made.
    async fn found_or_made(&self, wanted: &Wanted) -> Result<Accepted, Failure> {
        let crm = self.crm()?;
        let turn = self.shared().turn_of(&wanted.key);
        let _our_turn = turn.lock().await;
        match self.find_contact(crm, wanted).await.map_err(Failure::before_the_call)? {
            Found::One(id) => Ok(known(&id)),
            Found::Several(ids) => Ok(self.ambiguous(&ids)),
            Found::Nobody if crm.creates_contacts => self.make_contact(crm, wanted).await,
            Found::Nobody => Ok(Accepted::default()),
        }
    }

    /// By our own word, then by phone, then by e-mail.
    async fn find_contact(&self, crm: &Crm, wanted: &Wanted) -> Result<Found, Failure> {
        if let Some(field) = &crm.contact_external_id {
            let rows: Vec<ContactRow> = self.query(&parse::by_key(field, &wanted.key)).await?;
            if let Some(row) = rows.into_iter().next() {
                return Ok(Found::One(row.id));
            }
        }
        if let Some(digits) = &wanted.phone {
            let found = self.search(&parse::search_phone(digits)).await?;
            let found = among(found, |row| parse::has_phone(row, digits));
            if !matches!(found, Found::Nobody) {
                return Ok(found);
            }
            let found = self.query(&parse::by_phone(digits)).await?;
            let found = among(found, |row| parse::has_phone(row, digits));
            if !matches!(found, Found::Nobody) {
                return Ok(found);
            }
        }
        if let Some(email) = &wanted.email {
            let found = self.query(&parse::by_email(email)).await?;
            return Ok(among(found, |row| parse::has_email(row, email)));
        }
        Ok(Found::Nobody)
    }

    /// With an external id the same call makes the same contact; without, a lost answer stays
    /// unknown.
    async fn make_contact(&self, crm: &Crm, wanted: &Wanted) -> Result<Accepted, Failure> {
        let made = match &crm.contact_external_id {
            Some(field) => self.upsert(("Contact", field, &wanted.key), &wanted.fields).await,
            None => self.insert("Contact", &wanted.fields).await,
        };
        match made {
            Ok(id) => Ok(known(&id)),
            Err(failure) if policy::is_code(&failure, &["DUPLICATES_DETECTED"]) => Ok(Accepted {
                notice: Some(
                    "a duplicate rule of the organisation refuses a new contact for the customer, \
                     and none has their address, so that none is linked; look for the contact and \
                     add the address"
                        .to_owned(),
                ),
                ..Accepted::default()
            }),
            Err(failure) => Err(failure),
        }
    }

    /// Several contacts fit: shown to the operator and to the rep, and nobody is chosen.
    fn ambiguous(&self, ids: &[String]) -> Accepted {
        let shown = || ids.iter().map(String::as_str).take(policy::AMBIGUOUS_SHOWN);
        let mut accepted = Accepted {
            notice: Some(format!(
                "several contacts in Salesforce have the customer's address, so that none is \
                 linked; merge them: {}",
                links(&self.config, shown())
            )),
            ..Accepted::default()
        };
        let ids: Vec<&str> = shown().collect();
        accepted.learned.insert(AMBIGUOUS.to_owned(), ids.join(" "));
        accepted
    }
}

/// Who is left of the rows. Of a full page nobody can say that only one fits.
fn among(rows: Vec<ContactRow>, fits: impl Fn(&ContactRow) -> bool) -> Found {
    let full = rows.len() >= policy::CONTACTS_MAX;
    let mut ids: Vec<String> = rows.into_iter().filter(fits).map(|row| row.id).collect();
    ids.dedup();
    match ids.len() {
        0 => Found::Nobody,
        1 if !full => Found::One(ids.swap_remove(0)),
        _ => Found::Several(ids),
    }
}

/// The contact is known: for later steps, and for whoever looks at the session.
fn known(id: &str) -> Accepted {
    let mut accepted = Accepted::default();
    accepted.learned.insert(KNOWN.to_owned(), id.to_owned());
    accepted.metadata.insert("salesforce_contact_id".to_owned(), json!(id));
    accepted
}

/// A case is better made without its contact than not at all; what passes by itself, and what an
/// operator can cure, is waited for.
fn without(failure: Failure) -> Result<Accepted, Failure> {
    use FaultClass::{Auth, NotRegistered, Permission};
    let cured = matches!(failure.fault.class, Auth | NotRegistered | Permission);
    if cured || matches!(failure.certainty, Certainty::NotDone { .. }) {
        return Err(failure);
    }
    Ok(Accepted {
        notice: Some(format!(
            "the case has no contact: {}; it may have been made all the same",
            failure.fault.operator
        )),
        ..Accepted::default()
    })
}
