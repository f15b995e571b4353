//! The contact of a customer: by what it is looked for, and what a new one holds; and its link to
//! the messaging user.

use aws_lc_rs::digest::{SHA256, digest};
use baton_core::{
    channel::Call,
    contact::{Contact, Point, PointKind},
    desk::{Opening, PlanStep, ToDesk},
    fault::{Fault, FaultClass},
    inbox::ChannelKind,
    route::WorkKind,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{CONTACT, LINK, nothing};
use crate::{
    salesforce::{
        config::{Config, crm::Crm},
        ids::conversation_of,
        policy::crm as policy,
    },
    transcript::one_line,
};

/// Under which a handoff keeps its messaging session, whoever tells it first.
pub use crate::salesforce::parse::SESSION;

/// Under which a handoff keeps its contact, the contacts that may all be meant, and how the
/// messaging user is called at Salesforce.
pub const KNOWN: &str = "contact";
pub const AMBIGUOUS: &str = "ambiguous";
pub const END_USER: &str = "end_user";

/// A contact to be found, or made.
#[derive(Serialize, Deserialize)]
pub struct Wanted {
    pub email: Option<String>,
    /// E.164 digits.
    pub phone: Option<String>,
    /// Baton's word for the customer: the value of the external id, and whose turn it is.
    pub key: String,
    /// The fields of a new one.
    pub fields: Map<String, Value>,
    /// A field of the organisation keeps that word.
    pub keeps_key: bool,
    /// The work waits for it, as a case does, which goes on without in the end.
    pub patient: bool,
}

/// The first step of a plan. A live conversation does not wait for it.
pub fn step(opening: &Opening<'_>) -> PlanStep {
    PlanStep {
        step: "contact".to_owned(),
        call: json!({ "operation": CONTACT, "channel": opening.channel }),
        optional: opening.choice.kind == WorkKind::Live,
    }
}

/// Names the messaging user and links it. Waits a little for the session to be there, but never
/// keeps what follows.
pub fn link_step(opening: &Opening<'_>) -> PlanStep {
    PlanStep {
        step: "link".to_owned(),
        call: json!({
            "operation": LINK,
            "window_until": opening.window_until.map(baton_core::time::Timestamp::rfc3339),
        }),
        optional: false,
    }
}

/// The contact step as a call: the customer as known when it is sent. An address that somebody only
/// claims finds nobody and makes nobody.
pub fn render(crm: &Crm, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let channel = call.get("channel").and_then(|name| ChannelKind::deserialize(name).ok());
    let bug = |text| Fault::new(FaultClass::Bug, text);
    let channel = channel.ok_or_else(|| bug("the contact step names no channel"))?;
    let contact = to_desk.contact;
    let proven = |kind: PointKind| contact.point(kind).filter(|_| !kind.is_claimed_on(channel));
    let Some(key) = key_point(crm, contact, channel) else {
        // Nothing is known that a contact could be found by again.
        return Ok(nothing());
    };
    let wanted = Wanted {
        email: proven(PointKind::Email).map(str::to_owned),
        phone: proven(PointKind::Phone).map(|digits| digits.trim_start_matches('+').to_owned()),
        key: key_of(key),
        keeps_key: crm.contact_external_id.is_some(),
        fields: fields(contact, channel),
        patient: to_desk.handoff.target.kind == WorkKind::Case,
    };
    let body =
        serde_json::to_value(wanted).map_err(|_| bug("the contact cannot be written down"))?;
    Ok(Call { operation: CONTACT.to_owned(), body })
}

/// The address by which the customer is known again. Ids that no field of the organisation holds
/// serve only where the settings name one for them.
fn key_point<'a>(crm: &Crm, contact: &'a Contact, channel: ChannelKind) -> Option<&'a Point> {
    use PointKind::{Email, Phone, Visitor, WhatsappUser};
    let kept = crm.contact_external_id.is_some();
    let serves = |kind: &PointKind| match kind {
        Phone | Email => true,
        WhatsappUser => kept,
        Visitor => kept && contact.name.is_some(),
    };
    let kinds = [Phone, WhatsappUser, Email, Visitor].into_iter();
    let proven = kinds.filter(serves).filter(|kind| !kind.is_claimed_on(channel));
    proven.into_iter().find_map(|kind| contact.points.iter().find(|point| point.kind == kind))
}

/// The link step as a call.
pub fn render_link(to_desk: &ToDesk<'_>, call: &Value) -> Call {
    let handoff = to_desk.handoff;
    let Some(conversation) = conversation_of(handoff) else { return nothing() };
    let name = to_desk.contact.name.as_deref().unwrap_or_default();
    let body = json!({
        "conversation": conversation,
        "opened_at": handoff.opened_at,
        "contact": handoff.learned.get(KNOWN),
        "session": handoff.learned.get(SESSION),
        "name": one_line(name, policy::USER_NAME_MAX),
        "window_until": call.get("window_until"),
    });
    Call { operation: LINK.to_owned(), body }
}

/// The pages of contacts in the organisation.
pub fn links<'a>(config: &Config, ids: impl Iterator<Item = &'a str>) -> String {
    let base = &config.instance_url;
    ids.map(|id| format!("{base}/{id}")).collect::<Vec<_>>().join(" and ")
}

/// What a rep reads first where several contacts may be meant.
pub fn ambiguity(config: &Config, to_desk: &ToDesk<'_>) -> Option<String> {
    let ids = to_desk.handoff.learned.get(AMBIGUOUS)?;
    Some(format!("Contact: not linked, several may be meant: {}", links(config, ids.split(' '))))
}

/// Baton's word for the owner of an address: readable where it can stand in an address itself. A
/// dot would be taken for a file's ending there ("Upsert Records Using sObject Rows by External
/// ID", REST API Developer Guide, checked 2026-11).
fn key_of(point: &Point) -> String {
    let plain = point.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let value = if plain && !point.value.is_empty() {
        point.value.clone()
    } else {
        let hash = digest(&SHA256, point.value.as_bytes());
        hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    };
    format!("{}-{value}", point.kind.name())
}

/// What a new contact holds: what is too long for its field is left out, except for names.
fn fields(contact: &Contact, channel: ChannelKind) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |key: &str, value: &str, max: usize| {
        if !value.is_empty() && value.chars().count() <= max {
            fields.insert(key.to_owned(), json!(value));
        }
    };
    let phone = contact.point(PointKind::Phone);
    let phone = phone.map(|digits| format!("+{}", digits.trim_start_matches('+')));
    let name = contact.name.as_deref().map(|name| one_line(name, policy::FULL_NAME_MAX));
    let name = name.filter(|name| !name.is_empty()).or_else(|| phone.clone());
    let (first, last) = split_name(&name.unwrap_or_else(|| "Customer".to_owned()));
    put("FirstName", &first, policy::FIRST_NAME_MAX);
    put("LastName", &last, policy::LAST_NAME_MAX);
    put("MobilePhone", phone.as_deref().unwrap_or_default(), policy::PHONE_MAX);
    if !PointKind::Email.is_claimed_on(channel) {
        put("Email", contact.point(PointKind::Email).unwrap_or_default(), policy::EMAIL_MAX);
    }
    fields
}

/// First and last name within their fields. The last word is the last name; what does not fit
/// before it goes over to it.
fn split_name(name: &str) -> (String, String) {
    let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
    let chars = |words: &[&str]| words.join(" ").chars().count();
    let mut at = words.len().saturating_sub(1);
    while at > 0 && chars(&words[..at]) > policy::FIRST_NAME_MAX {
        at -= 1;
    }
    let (first, last) = words.split_at(at);
    let cut = |words: &[&str], max: usize| words.join(" ").chars().take(max).collect::<String>();
    (cut(first, policy::FIRST_NAME_MAX), cut(last, policy::LAST_NAME_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_within_its_fields() {
        for (name, first, last) in [
            ("Maria", "", "Maria"),
            ("Maria da Silva", "Maria da", "Silva"),
            ("一郎 山田", "一郎", "山田"),
        ] {
            assert_eq!(split_name(name), (first.to_owned(), last.to_owned()));
        }
        let long =
            "Pablo Diego José Francisco de Paula Juan Nepomuceno María Cipriano Ruiz Picasso";
        let (first, last) = split_name(long);
        assert!(first.chars().count() <= 40 && last.chars().count() <= 80);
        assert_eq!(format!("{first} {last}"), long);
        assert_eq!(split_name(&"x".repeat(100)).1.len(), 80);
    }

    #[test]
    fn a_key_can_stand_in_an_address_and_tells_customers_apart() {
        let of = |kind, value: &str| key_of(&Point::new(kind, value));
        assert_eq!(of(PointKind::Phone, "491701234567"), "phone-491701234567");
        let email = of(PointKind::Email, "maria@example.inc");
        assert!(email.starts_with("email-") && !email.contains(['.', '@']), "{email}");
        assert_ne!(email, of(PointKind::Email, "maria@example.com"));
        assert_ne!(of(PointKind::WhatsappUser, "DE.1"), of(PointKind::WhatsappUser, "DE.2"));
    }
}
