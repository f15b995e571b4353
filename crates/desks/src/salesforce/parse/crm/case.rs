//! A case and what is written on it, in our words.

use baton_core::{
    desk::{Listing, RepMessage},
    fault::Accepted,
    handoff::Work,
    ids::VendorId,
    message::Content,
    time::Timestamp,
};
use serde_json::{Map, Value, json};

use crate::{
    html,
    salesforce::{
        config::crm::{Cases, Transcript},
        policy::{Failure, crm as policy},
        soql::{self, quoted},
        wire::crm::{AnswerRow, CaseRow, Refusal, Rows, SubAnswer},
    },
};

/// What is asked of a case.
pub const FIELDS: &str = "Id, CaseNumber, IsClosed";
/// The names of the questions about a case.
const CASE: &str = "case";
const COMMENTS: &str = "comments";
const EMAILS: &str = "emails";
const POSTS: &str = "posts";

/// What making a case, or finding an open one, says.
pub fn made(row: &CaseRow) -> Accepted {
    let mut metadata = Map::new();
    metadata.insert("salesforce_case_id".to_owned(), json!(row.id));
    if let Some(number) = &row.case_number {
        metadata.insert("salesforce_case_number".to_owned(), json!(number));
    }
    let work = Work { id: VendorId(row.id.clone()), reference: row.case_number.clone() };
    Accepted { work: Some(work), metadata, ..Accepted::default() }
}

/// The questions about a case since a moment, as far as the settings want answers. Comments or
/// posts are asked for in any case where ours are among them.
pub fn questions(cases: &Cases, case: &str, since: Timestamp) -> Vec<(&'static str, String)> {
    const WHO: &str = "CreatedDate, CreatedById, CreatedBy.Name";
    let (case, since) = (quoted(case), since.rfc3339());
    let mut all = vec![(CASE, soql::rows(FIELDS, "Case", &format!("Id = {case}"), "", 1))];
    // What was written before and is published or sent only now counts as new.
    let mut ask = |name: &'static str, object: &str, fields: &str, which: &str| {
        let filter = format!("ParentId = {case}{which} AND LastModifiedDate >= {since}");
        let (fields, order) = (format!("Id, {fields}, {WHO}"), "LastModifiedDate DESC");
        all.push((name, soql::rows(&fields, object, &filter, order, policy::ANSWERS_MAX)));
    };
    if cases.answers.comment || cases.transcript == Transcript::Comments {
        ask(COMMENTS, "CaseComment", "CommentBody, IsPublished", "");
    }
    if cases.answers.email {
        let fields = "TextBody, HtmlBody, Status, MessageDate";
        ask(EMAILS, "EmailMessage", fields, " AND Incoming = false");
    }
    if cases.answers.feed || cases.transcript == Transcript::Feed {
        ask(POSTS, "FeedItem", "Body, IsRichText, Visibility", " AND Type = 'TextPost'");
    }
    all
}

/// What a case holds since a moment; `me` is the integration user. What it wrote, and what its
/// making set off in its name, is no answer. A case that is gone is over.
pub fn listing(
    cases: &Cases,
    answers: Vec<SubAnswer>,
    me: &str,
    since: Timestamp,
) -> Result<Listing, Failure> {
    let mut listing = Listing::default();
    let mut ours: Vec<(Option<Timestamp>, VendorId, String)> = Vec::new();
    for answer in answers {
        let name = answer.reference_id.clone();
        if name == CASE {
            let rows: Vec<CaseRow> = rows(answer)?;
            listing.ended = rows.first().is_none_or(|row| row.is_closed);
            continue;
        }
        let rows: Vec<AnswerRow> = match rows(answer) {
            // The organisation does without e-mails or posts.
            Err(failure) if name != COMMENTS && policy::is_code(&failure, &["INVALID_TYPE"]) => {
                continue;
            }
            rows => rows?,
        };
        // They come the newest first, and two of one moment keep their order.
        for row in rows.into_iter().rev() {
            let text = words(&name, &row);
            if is_by(&row, me) {
                ours.push((written_at(&row), VendorId(row.id), text));
            } else if goes_to_customer(cases, &name, &row)
                && written_at(&row).is_none_or(|at| at >= since || name != COMMENTS)
            {
                listing.from_rep.extend(message(row, text));
            }
        }
    }
    ours.sort_by_key(|(at, ..)| *at);
    listing.from_us = ours.into_iter().map(|(_, id, text)| (id, text)).collect();
    listing.from_rep.sort_by_key(|message| message.at);
    Ok(listing)
}

/// The rows of one answer, or why there are none.
fn rows<T: serde::de::DeserializeOwned>(answer: SubAnswer) -> Result<Vec<T>, Failure> {
    if !(200..300).contains(&answer.status) {
        let refusals: Vec<Refusal> = serde_json::from_value(answer.body).unwrap_or_default();
        return Err(policy::failure(answer.status, &refusals));
    }
    let rows: Result<Rows<T>, _> = serde_json::from_value(answer.body);
    let unreadable = |_| Failure::unknown("Salesforce's answer holds no rows; check instance_url");
    rows.map(|rows| rows.records).map_err(unreadable)
}

fn is_by(row: &AnswerRow, me: &str) -> bool {
    // The first 15 characters decide.
    row.created_by_id.as_deref().is_some_and(|by| by.get(..15) == me.get(..15))
}

/// Public comments, e-mails that were sent, posts that all may see; each where the settings want it.
fn goes_to_customer(cases: &Cases, name: &str, row: &AnswerRow) -> bool {
    let wanted = cases.answers;
    match name {
        COMMENTS => wanted.comment && row.is_published,
        EMAILS => row.status.as_deref() != Some(policy::DRAFT),
        _ => wanted.feed && row.visibility.as_deref() == Some("AllUsers"),
    }
}

fn words(name: &str, row: &AnswerRow) -> String {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    match name {
        COMMENTS => text(&row.comment_body),
        EMAILS => match row.html_body.as_deref().filter(|body| !body.trim().is_empty()) {
            Some(body) => html::answer(body),
            None => html::answer(&as_html(&text(&row.text_body))),
        },
        _ if row.is_rich_text => html::answer(&text(&row.body)),
        _ => text(&row.body),
    }
}

/// Plain words, so that they go the same way as those of a page.
fn as_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("\r\n", "\n").replace('\n', "<br>")
}

fn message(row: AnswerRow, text: String) -> Option<RepMessage> {
    let at = written_at(&row);
    let rep = row.created_by.and_then(|by| by.name).filter(|name| !name.trim().is_empty());
    let said = !text.is_empty();
    said.then(|| RepMessage {
        vendor_id: Some(VendorId(row.id)),
        rep,
        at,
        content: Content::text(text),
    })
}

fn written_at(row: &AnswerRow) -> Option<Timestamp> {
    let at = row.message_date.as_deref().or(row.created_date.as_deref())?;
    moment(at)
}

/// `2026-11-21T12:00:00.000+0000`, as the REST API writes it.
pub fn moment(text: &str) -> Option<Timestamp> {
    match text.strip_suffix("+0000") {
        Some(rest) => Timestamp::read(&format!("{rest}Z")),
        None => Timestamp::read(text),
    }
}

/// The value of one member, for those who only need that.
pub fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_the_api_writes_them() {
        let at = Timestamp::read("2026-11-21T12:00:00Z").unwrap();
        assert_eq!(moment("2026-11-21T12:00:00.000+0000"), Some(at));
        assert_eq!(moment("2026-11-21T12:00:00.000Z"), Some(at));
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn plain_words_stay_what_they_are() {
        assert_eq!(
            html::answer(&as_html("a < b\nand <script>x</script>")),
            "a < b\nand <script>x</script>"
        );
    }
}
