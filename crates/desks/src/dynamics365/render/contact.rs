//! The contact that a conversation or a case belongs to: by what it is looked for, and what a new
//! one holds.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
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
use uuid::Uuid;

use super::{
    super::{config::Config, ids::conversation_of, policy},
    case::{CONTACT, NOTHING},
};
use crate::transcript::one_line;

/// Links the conversation to its contact, where Microsoft has not.
pub const LINK: &str = "link";
/// Writes the conversation's title.
pub const SUBJECT: &str = "subject";
/// Under which a handoff keeps the contacts that may all be meant, separated by spaces.
pub const AMBIGUOUS: &str = "ambiguous";
/// How many ids a contact of ours may have had: where one was deactivated the next is taken.
const IDS: usize = 3;

/// A contact to be found, or made.
#[derive(Serialize, Deserialize)]
pub struct Wanted {
    pub email: Option<String>,
    /// E.164 digits.
    pub phone: Option<String>,
    pub user_id: Option<String>,
    /// The ids that a contact of ours may have, in the order in which they are taken.
    pub ids: Vec<String>,
    /// The columns of a new one.
    pub columns: Map<String, Value>,
    /// The work cannot be made without a customer.
    pub required: bool,
    /// Whoever writes has proven no address.
    pub unverified: bool,
}

/// The first step of a plan. A live conversation can do without, a case cannot.
pub fn step(opening: &Opening<'_>) -> PlanStep {
    PlanStep {
        step: CONTACT.to_owned(),
        call: json!({
            "operation": CONTACT, "channel": opening.channel, "session": opening.session,
        }),
        optional: opening.choice.kind == WorkKind::Live,
    }
}

/// The steps after a live conversation was made.
pub fn after(config: &Config, opening: &Opening<'_>) -> Vec<PlanStep> {
    let step = |name: &str, call: Value| PlanStep { step: name.to_owned(), call, optional: true };
    let mut steps = vec![step(LINK, json!({ "operation": LINK }))];
    if config.sets_subject {
        let subject = one_line(&opening.brief.subject, policy::SUBJECT_MAX);
        steps.push(step(SUBJECT, json!({ "operation": SUBJECT, "subject": subject })));
    }
    steps
}

/// The contact step as a call: the customer as known when it is sent.
pub fn render(config: &Config, to_desk: &ToDesk<'_>, call: &Value) -> Result<Call, Fault> {
    let channel = call.get("channel").and_then(|name| ChannelKind::deserialize(name).ok());
    let organisation = config.messaging.as_ref().map(|api| api.organization_id.as_str());
    let organisation = organisation.and_then(|id| Uuid::try_parse(id).ok());
    let (Some(channel), Some(organisation)) = (channel, organisation) else {
        return Err(Fault::new(
            FaultClass::NotRegistered,
            "the organisation's id is not known yet; test and save the desk's settings, or set \
             organization_id",
        ));
    };
    let contact = to_desk.contact;
    let required = to_desk.handoff.target.kind == WorkKind::Case;
    let proven = |kind: PointKind| contact.point(kind).filter(|_| !kind.is_claimed_on(channel));
    let points = contact.points.iter();
    let first = points.clone().find(|point| !point.kind.is_claimed_on(channel));
    let nameless = contact.name.is_none() && first.is_none_or(|p| p.kind == PointKind::Visitor);
    if nameless && contact.points.len() < 2 && !required {
        // Nothing is known that a contact could be found by again.
        return Ok(Call { operation: NOTHING.to_owned(), body: Value::Null });
    }
    let unverified = first.is_none();
    let key = first.or_else(|| points.clone().next());
    let key =
        key.cloned().unwrap_or_else(|| Point::new(PointKind::Visitor, contact.id.to_string()));
    let wanted = Wanted {
        email: proven(PointKind::Email).map(str::to_owned),
        phone: proven(PointKind::Phone).map(|digits| digits.trim_start_matches('+').to_owned()),
        user_id: proven(PointKind::WhatsappUser).map(str::to_owned),
        ids: (0..IDS).map(|n| own_id(organisation, &key, unverified, n)).collect(),
        columns: columns(config, contact, channel, call.get("session")),
        required,
        unverified,
    };
    let body = serde_json::to_value(wanted)
        .map_err(|_| Fault::new(FaultClass::Bug, "the contact cannot be written down"))?;
    Ok(Call { operation: CONTACT.to_owned(), body })
}

/// Links or entitles the conversation; nothing where there is nothing to do it with.
pub fn render_after(to_desk: &ToDesk<'_>, call: &Value) -> Call {
    let conversation = conversation_of(to_desk.handoff);
    let body = match (call.get("operation").and_then(Value::as_str), conversation) {
        (Some(SUBJECT), Some(id)) => {
            json!({ "conversation": id, "subject": call["subject"] })
        }
        (_, Some(id)) if to_desk.handoff.learned.contains_key(CONTACT) => {
            json!({ "conversation": id, "contact": to_desk.handoff.learned[CONTACT] })
        }
        _ => return Call { operation: NOTHING.to_owned(), body: Value::Null },
    };
    let operation = if body.get("subject").is_some() { SUBJECT } else { LINK };
    Call { operation: operation.to_owned(), body }
}

/// What a rep reads first where several contacts may be meant.
pub fn ambiguity(config: &Config, to_desk: &ToDesk<'_>) -> Option<String> {
    let ids = to_desk.handoff.learned.get(AMBIGUOUS)?;
    Some(format!("Contact: not linked, several may be meant: {}", links(config, ids.split(' '))))
}

/// The pages of contacts in the organisation.
pub fn links<'a>(config: &Config, ids: impl Iterator<Item = &'a str>) -> String {
    let base = &config.environment_url;
    let link = |id: &str| format!("{base}/main.aspx?pagetype=entityrecord&etn=contact&id={id}");
    ids.map(link).collect::<Vec<_>>().join(" and ")
}

/// A contact's id in the organisation, the same however often and from wherever it is made
/// (RFC 9562, UUID version 5). An address that is only claimed gives another one than the same
/// address proven.
fn own_id(organisation: Uuid, key: &Point, unverified: bool, n: usize) -> String {
    let claim = if unverified { "claimed " } else { "" };
    let mut name = format!("{claim}{}:{}", key.kind.name(), key.value);
    if n > 0 {
        name.push_str(&format!("/{n}"));
    }
    let bytes = [organisation.as_bytes(), name.as_bytes()].concat();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let mut first = [0; 16];
    first.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    uuid::Builder::from_sha1_bytes(first).into_uuid().hyphenated().to_string()
}

fn columns(
    config: &Config,
    contact: &Contact,
    channel: ChannelKind,
    session: Option<&Value>,
) -> Map<String, Value> {
    let mut columns = Map::new();
    let mut put = |key: &str, value: &str, max: usize| {
        let fits = !value.is_empty() && value.chars().count() <= max;
        if fits {
            columns.insert(key.to_owned(), json!(value));
        }
        fits
    };
    let point = |kind: PointKind| contact.point(kind);
    let phone =
        point(PointKind::Phone).map(|digits| format!("+{}", digits.trim_start_matches('+')));
    let name = contact.name.as_deref().map(|name| one_line(name, policy::FULL_NAME_MAX));
    let name = name.filter(|name| !name.is_empty());
    let name = name.or_else(|| phone.clone());
    let name = name.unwrap_or_else(|| "Customer".to_owned());
    let (first, last, whole) = split_name(&name, policy::NAME_PART_MAX);
    put("firstname", &first, policy::NAME_PART_MAX);
    put("lastname", &last, policy::NAME_PART_MAX);
    let mut remarks = Vec::new();
    if !whole {
        remarks.push(format!("Full name: {name}"));
    }
    put("mobilephone", phone.as_deref().unwrap_or_default(), policy::PHONE_MAX);
    let email = point(PointKind::Email).unwrap_or_default();
    if PointKind::Email.is_claimed_on(channel) && !email.is_empty() {
        remarks.push(format!("Not verified, as stated by the sender: {}", one_line(email, 320)));
    } else {
        put("emailaddress1", email, policy::EMAIL_MAX);
    }
    let user_id = point(PointKind::WhatsappUser).unwrap_or_default();
    if let Some(column) = &config.contact_user_id_column {
        put(column, user_id, policy::FIELD_MAX);
    }
    let session = session.and_then(Value::as_str).unwrap_or_default();
    if let Some(column) = &config.contact_session_column {
        put(column, session, policy::FIELD_MAX);
    }
    put("description", &remarks.join("\n"), policy::REMARK_MAX);
    columns
}

/// First and last name within their columns, and whether nothing of the name is lost. The last
/// word is the last name; what does not fit before it goes over to it.
fn split_name(name: &str, max: usize) -> (String, String, bool) {
    let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
    let chars = |words: &[&str]| words.join(" ").chars().count();
    let mut at = words.len().saturating_sub(1);
    while at > 1 && chars(&words[..at]) > max {
        at -= 1;
    }
    let (first, last) = words.split_at(at);
    let whole = chars(first) <= max && chars(last) <= max;
    let cut = |words: &[&str]| words.join(" ").chars().take(max).collect::<String>();
    (cut(first), cut(last), whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_and_nothing_is_lost() {
        for (name, first, last) in [
            ("Maria", "", "Maria"),
            ("Maria da Silva", "Maria da", "Silva"),
            ("一郎 山田", "一郎", "山田"),
        ] {
            assert_eq!(split_name(name, 50), (first.to_owned(), last.to_owned(), true));
        }
        let twelve =
            "Pablo Diego José Francisco de Paula Juan Nepomuceno María Cipriano Ruiz Picasso";
        let (first, last, whole) = split_name(twelve, 50);
        assert!(whole && first.chars().count() <= 50 && last.chars().count() <= 50);
        assert_eq!(format!("{first} {last}"), twelve);
        let (first, last, whole) = split_name(&"x".repeat(60), 50);
        assert_eq!((first.len(), last.len(), whole), (0, 50, false));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_5_of_the_organisation_and_the_address() {
        let organisation = Uuid::from_u128(3);
        let key = Point::new(PointKind::Phone, "491701234567");
        let id = own_id(organisation, &key, false, 0);
        let read = Uuid::try_parse(&id).unwrap();
        assert_eq!(read.get_version_num(), 5);
        assert_eq!(id, own_id(organisation, &key, false, 0));
        for other in [
            own_id(Uuid::from_u128(4), &key, false, 0),
            own_id(organisation, &key, true, 0),
            own_id(organisation, &key, false, 1),
            own_id(organisation, &Point::new(PointKind::WhatsappUser, "491701234567"), false, 0),
        ] {
            assert_ne!(id, other);
        }
    }
}
