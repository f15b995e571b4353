//! Files: versions with bytes, the documents that they are versions of, and where these hang.
//!
//! Source: "ContentVersion", "ContentDocument" and "ContentDocumentLink", Object Reference; "Insert or Update Blob
//! Data", REST API Developer Guide, checked 2026-11.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::org::{Org, object};
use super::schema::Object;
use super::store::Fields;

/// Bytes of the largest file in base64 within JSON: 37.5 MB.
pub const MAX_EMBEDDED_BYTES: usize = 37_500_000;

/// Refuses a version without a file.
pub fn check(of: &Object, _row: &Fields, file: Option<&Bytes>) -> Result<(), Refusal> {
    if of.name != "ContentVersion" {
        return Ok(());
    }
    match file {
        Some(bytes) if !bytes.is_empty() => Ok(()),
        _ => {
            let message = "Required fields are missing: [VersionData]";
            Err(Refusal::new(400, "REQUIRED_FIELD_MISSING", message).about(&["VersionData"]))
        }
    }
}

/// Keeps a version's bytes and what is told about them.
pub fn keep(org: &mut Org, id: &str, bytes: Bytes) -> Option<()> {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let checksum: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let size = bytes.len();
    org.tables.put_file(id, bytes).then_some(())?;
    let told = json!({ "ContentSize": size, "Checksum": checksum.get(..32) });
    org.tables.change("ContentVersion", id, object(told));
    let document = text(org, "ContentVersion", id, "ContentDocumentId");
    org.tables.change("ContentDocument", &document, object(json!({ "ContentSize": size })));
    Some(())
}

fn text(org: &Org, name: &str, id: &str, field: &str) -> String {
    let record = org.tables.get(name, id);
    record.and_then(|record| record.text(field)).unwrap_or_default().to_owned()
}

/// A new version: of a new document, or the latest of the one that it names.
pub fn published(org: &mut Org, id: &str, now_ms: i64) {
    let path = text(org, "ContentVersion", id, "PathOnClient");
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    let given = text(org, "ContentVersion", id, "Title");
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let title = if given.is_empty() { stem } else { &given };
    let kind = if extension.is_empty() { "UNKNOWN".to_owned() } else { extension.to_uppercase() };
    let about = json!({ "Title": title, "FileExtension": extension, "FileType": kind });
    let owner = text(org, "ContentVersion", id, "OwnerId");
    let named = text(org, "ContentVersion", id, "ContentDocumentId");
    let document = if named.is_empty() {
        org.insert("ContentDocument", object(about.clone()), &owner, now_ms, now_ms)
    } else {
        age_versions(org, &named, id);
        Some(named)
    };
    let Some(document) = document else { return };
    let mut version = object(about);
    version.insert("ContentDocumentId".to_owned(), json!(document));
    version.insert("VersionNumber".to_owned(), json!("1"));
    org.tables.change("ContentVersion", id, version);
    let latest = object(json!({ "LatestPublishedVersionId": id }));
    org.tables.change("ContentDocument", &document, latest);
    let place = text(org, "ContentVersion", id, "FirstPublishLocationId");
    for place in [owner, place].into_iter().filter(|place| !place.is_empty()) {
        let share = if place.starts_with("005") { "I" } else { "V" };
        let link = json!({
            "ContentDocumentId": document,
            "LinkedEntityId": place,
            "ShareType": share,
        });
        let user = text(org, "ContentVersion", id, "CreatedById");
        org.insert("ContentDocumentLink", object(link), &user, now_ms, now_ms);
    }
}

fn age_versions(org: &mut Org, document: &str, latest: &str) {
    let of_document = |record: &&super::store::Record| {
        record.text("ContentDocumentId") == Some(document) && record.text("Id") != Some(latest)
    };
    let versions = org.tables.list("ContentVersion");
    let older = versions.into_iter().filter(of_document);
    let older: Vec<String> =
        older.filter_map(|record| record.text("Id").map(str::to_owned)).collect();
    for id in older {
        org.tables.change("ContentVersion", &id, object(json!({ "IsLatest": false })));
    }
}

/// A file hangs on an email: the email tells that.
pub fn linked(org: &mut Org, id: &str) {
    let place = text(org, "ContentDocumentLink", id, "LinkedEntityId");
    if place.starts_with("02s") {
        let told = object(json!({ "HasAttachment": true }));
        org.tables.change("EmailMessage", &place, told);
    }
}

/// Everything that hangs on a row, newest version of each.
pub fn on(org: &Org, place: &str) -> Vec<Value> {
    let links = org.tables.list("ContentDocumentLink");
    let of_place = links.into_iter().filter(|link| link.text("LinkedEntityId") == Some(place));
    let version = |link: &super::store::Record| {
        let document = org.tables.get("ContentDocument", link.text("ContentDocumentId")?)?;
        let id = document.text("LatestPublishedVersionId")?;
        let record = org.tables.get("ContentVersion", id)?;
        Some(Value::Object(record.fields.clone()))
    };
    of_place.filter_map(version).collect()
}
