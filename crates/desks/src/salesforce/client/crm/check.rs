//! What contacts, cases and history will need, tried without writing anything.

use baton_core::{desk::Check, fault::FaultClass};
use reqwest::Method;

use super::{super::Client, records::read};
use crate::salesforce::{
    config::crm::{Cases, Crm, Transcript},
    policy::Failure,
    wire::crm::{Describe, FieldRow},
};

/// What must be allowed with an object.
#[derive(Clone, Copy)]
struct Right {
    object: &'static str,
    /// The check's name.
    name: &'static str,
    /// What it is for, fits after "failed to".
    what: &'static str,
    create: bool,
    update: bool,
}

const CONTACT: Right = Right {
    object: "Contact",
    name: "crm_contact",
    what: "find contacts and make new ones",
    create: true,
    update: false,
};
const CASE: Right = Right {
    object: "Case",
    name: "crm_case",
    what: "make cases and change them",
    create: true,
    update: true,
};
const SESSION: Right = Right {
    object: "MessagingSession",
    name: "crm_messaging_session",
    what: "find messaging sessions",
    create: false,
    update: false,
};
const OTHERS: &[Right] = &[
    Right {
        object: "MessagingEndUser",
        name: "crm_messaging_end_user",
        what: "link messaging users to contacts",
        create: false,
        update: true,
    },
    Right {
        object: "ContentVersion",
        name: "crm_content_version",
        what: "put files on cases",
        create: true,
        update: false,
    },
];
const COMMENT: Right = Right {
    object: "CaseComment",
    name: "crm_case_comment",
    what: "write comments on cases",
    create: true,
    update: false,
};
const POST: Right = Right {
    object: "FeedItem",
    name: "crm_feed_item",
    what: "post to the feed of cases",
    create: true,
    update: false,
};
const EMAIL: Right = Right {
    object: "EmailMessage",
    name: "crm_email_message",
    what: "read e-mails on cases",
    create: false,
    update: false,
};

impl Client {
    /// Every right by itself, so that all that is missing is named at once.
    pub(in super::super) async fn crm_checks(&self) -> Vec<Check> {
        let Some(crm) = &self.config.crm else { return Vec::new() };
        let mut checks = vec![check(
            "crm_token",
            "sign in to the organisation's records",
            self.core_token(crm).await,
        )];
        if checks[0].fault.is_some() {
            return checks;
        }
        checks.push(check("crm_user", "ask who the integration user is", self.check_user().await));
        let contact = self.check_right(&mut checks, CONTACT, crm.creates_contacts).await;
        let case = self.check_right(&mut checks, CASE, true).await;
        let session = self.check_right(&mut checks, SESSION, true).await;
        for right in OTHERS.iter().chain(self.words(crm)) {
            self.check_right(&mut checks, *right, true).await;
        }
        if let (Some(field), Some(contact)) = (&crm.contact_external_id, &contact) {
            checks.push(key_field(contact, field, "contact_external_id_field"));
        }
        if let (Some(field), Some(case)) = (&crm.cases.external_id, &case) {
            checks.push(key_field(case, field, "case_external_id_field"));
        }
        if let (Some(field), Some(session)) = (&crm.window_field, &session) {
            checks.push(window_field(session, field));
        }
        if let Some(case) = &case {
            let found = fields(&crm.cases, case);
            checks.push(check("case_fields", "find the fields and values that cases get", found));
        }
        self.check_names(&mut checks, &crm.cases).await;
        checks
    }

    /// What words on cases need, by the settings.
    fn words(&self, crm: &Crm) -> impl Iterator<Item = &'static Right> {
        let (cases, posts) = (&crm.cases, crm.cases.transcript == Transcript::Feed);
        let comments = !posts || cases.answers.comment;
        let posts = posts || cases.answers.feed;
        let wanted = [(&COMMENT, comments), (&POST, posts), (&EMAIL, cases.answers.email)];
        wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(right, _)| right)
    }

    async fn check_user(&self) -> Result<(), Failure> {
        let who = self.user_info().await?;
        if who.organization_id.is_empty() || self.config.is_ours(&who.organization_id) {
            return Ok(());
        }
        Err(Failure::refused(
            FaultClass::NotRegistered,
            "the integration user is of another organisation; correct organization_id, \
             instance_url or crm_username",
        ))
    }

    /// What the integration user may do with an object, as the object's description says.
    async fn check_right(
        &self,
        checks: &mut Vec<Check>,
        right: Right,
        creates: bool,
    ) -> Option<Describe> {
        let described = self.describe(right.object).await;
        let described = described.and_then(|found| allowed(&found, right, creates).map(|()| found));
        let (found, result) = match described {
            Ok(found) => (Some(found), Ok(())),
            Err(failure) => (None, Err(failure)),
        };
        checks.push(check(right.name, right.what, result));
        found
    }

    async fn describe(&self, object: &str) -> Result<Describe, Failure> {
        let path = format!("sobjects/{object}/describe");
        let asked = self.call(self.data(self.crm()?, Method::GET, &path)).await;
        let reply = asked.map_err(|mut failure| {
            if failure.fault.class == FaultClass::NotRegistered {
                failure.fault.operator = format!(
                    "Salesforce hides {object} from the integration user, or the organisation does \
                     without it; give its permission set the object"
                );
            }
            failure
        })?;
        read(&reply, "an object's description")
    }

    async fn check_names(&self, checks: &mut Vec<Check>, cases: &Cases) {
        if let Some(owner) = &cases.owner {
            let found = self.owner_id(owner).await;
            checks.push(check("case_owner", "find the owner of cases (case_owner)", found));
        }
        if let Some(kind) = &cases.record_type {
            let found = self.record_type_id(kind).await;
            let what = "find the record type of cases (case_record_type)";
            checks.push(check("case_record_type", what, found));
        }
    }
}

fn check<T>(name: &str, what: &str, result: Result<T, Failure>) -> Check {
    let fault = result.err().map(|failure| failure.fault);
    Check { name: name.to_owned(), what: what.to_owned(), fault }
}

fn allowed(found: &Describe, right: Right, creates: bool) -> Result<(), Failure> {
    let missing = [
        (found.queryable, "Read"),
        (found.createable || !right.create || !creates, "Create"),
        (found.updateable || !right.update, "Edit"),
    ];
    let missing: Vec<&str> =
        missing.into_iter().filter(|(held, _)| !held).map(|(_, word)| word).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        FaultClass::Permission,
        format!(
            "the integration user lacks {} on {}; give it in its permission set",
            missing.join(" and "),
            right.object
        ),
    ))
}

/// A field that keeps our key: found by it, and never twice.
fn key_field(object: &Describe, name: &str, setting: &str) -> Check {
    let result = find(object, name, setting).and_then(|field| {
        let wrong = |text: &str| {
            Err(Failure::refused(FaultClass::NotRegistered, format!("{name} {text} ({setting})")))
        };
        match field {
            f if !f.external_id => {
                wrong("is no External ID; mark it so in Setup, or choose another")
            }
            f if !f.unique => wrong("is not Unique; mark it so in Setup, or choose another"),
            f if f.kind != "string" || f.length < KEY_CHARS => {
                wrong("does not hold text of 64 characters; choose another")
            }
            f if !f.createable => wrong("may not be written; make it editable for the user"),
            _ => Ok(()),
        }
    });
    check(setting, &format!("find the field {name} that keeps Baton's key"), result)
}

/// Our longest key: a kind of address with its value.
const KEY_CHARS: usize = 64;

fn window_field(session: &Describe, name: &str) -> Check {
    const SETTING: &str = "window_field";
    let result = find(session, name, SETTING).and_then(|field| {
        if field.kind == "datetime" && field.updateable && session.updateable {
            return Ok(());
        }
        let text = format!("{name} must be a date/time field that the user may edit ({SETTING})");
        Err(Failure::refused(FaultClass::NotRegistered, text))
    });
    check(SETTING, &format!("find the field {name} of MessagingSession"), result)
}

fn find<'a>(object: &'a Describe, name: &str, setting: &str) -> Result<&'a FieldRow, Failure> {
    let found = object.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let text = format!(
            "Salesforce knows no field {name}, or hides it from the integration user; correct \
             {setting} or the user's permission set"
        );
        Failure::refused(FaultClass::NotRegistered, text)
    })
}

/// The fields and picklist values that the settings name.
fn fields(cases: &Cases, case: &Describe) -> Result<(), Failure> {
    for name in cases.properties.keys() {
        let field = find(case, name, "case_properties")?;
        if !field.createable {
            let text = format!("{name} may not be written; correct case_properties");
            return Err(Failure::refused(FaultClass::Permission, text));
        }
    }
    for (name, value, setting) in cases.labels() {
        let field = find(case, name, setting)?;
        let known = field.picklist_values.iter().filter(|pick| pick.active);
        let known: Vec<&str> = known.map(|pick| pick.value.as_str()).collect();
        if field.kind == "picklist" && !known.contains(&value) {
            let text = format!(
                "{name} of the case has no value {value:?}; Salesforce knows {}; correct {setting}",
                known.join(", ")
            );
            return Err(Failure::refused(FaultClass::NotRegistered, text));
        }
    }
    Ok(())
}
