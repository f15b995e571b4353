//! What a place of the route or the settings means: which messaging channel takes conversations.

use baton_core::{fault::FaultClass, handoff::Handoff};

use super::{config::Config, ids::read_guid, policy::Failure, wire::ChannelRow};

/// Under which a handoff keeps the channel that its conversation was made in.
pub const CHANNEL: &str = "channel";
/// `msdyn_occustomchannelid` of channels for the Messaging API (its entity reference).
const MESSAGING_API: i64 = 192_350_005;
/// How many channels a refusal lists; our own bound.
const SHOWN: usize = 10;

/// The channel or workstream that a choice names; none where it names neither, and what it says
/// is a word for routing rules.
pub fn named(queue: Option<&str>) -> Option<String> {
    read_guid(queue?.trim())
}

/// The channel of a handoff's conversation.
pub fn channel<'a>(config: &'a Config, handoff: &'a Handoff) -> Option<&'a str> {
    handoff.learned.get(CHANNEL).map(String::as_str).or(config.channel_id.as_deref())
}

/// Whether the row is for the Messaging API.
pub fn is_messaging(row: &ChannelRow) -> bool {
    row.msdyn_occustomchannelid == Some(MESSAGING_API)
}

/// The channel that an id means: itself, or the only one whose workstream it is.
pub fn pick<'a>(rows: &'a [ChannelRow], id: &str) -> Result<&'a ChannelRow, Failure> {
    if let Some(row) = rows.iter().find(|row| row.id.eq_ignore_ascii_case(id)) {
        return Ok(row);
    }
    let of_stream: Vec<&ChannelRow> = rows
        .iter()
        .filter(|row| is_messaging(row))
        .filter(|row| row.workstream.as_deref().is_some_and(|ws| ws.eq_ignore_ascii_case(id)))
        .collect();
    match of_stream[..] {
        [only] => Ok(only),
        [] => Err(refused(format!(
            "{id} is neither a messaging channel nor the workstream of one; choose from {}",
            list(rows.iter())
        ))),
        _ => Err(refused(format!(
            "the workstream {id} has several messaging channels; set the id of one of {}",
            list(of_stream.into_iter())
        ))),
    }
}

/// The channel where nobody named any: the only one that was made for our application.
pub fn only<'a>(rows: &'a [ChannelRow], config: &Config) -> Result<&'a ChannelRow, Failure> {
    let ours: Vec<&ChannelRow> =
        rows.iter().filter(|row| is_messaging(row) && is_ours(row, config)).collect();
    match ours[..] {
        [only] => Ok(only),
        [] => Err(refused(format!(
            "no messaging channel names client_id; make one (guide, step \"Messaging channel\"); \
             there are {}",
            list(rows.iter())
        ))),
        _ => Err(refused(format!(
            "several messaging channels name client_id; set channel_id to one of {}",
            list(ours.into_iter())
        ))),
    }
}

/// Whether the channel's record names our application.
pub fn is_ours(row: &ChannelRow, config: &Config) -> bool {
    row.msdyn_appid.as_deref().is_some_and(|app| app.eq_ignore_ascii_case(&config.client_id))
}

fn refused(text: String) -> Failure {
    Failure::refused(FaultClass::NotRegistered, text)
}

/// Names and ids, for people.
fn list<'a>(rows: impl Iterator<Item = &'a ChannelRow>) -> String {
    let mut shown: Vec<String> = rows
        .take(SHOWN + 1)
        .map(|row| {
            let name = row.msdyn_name.as_deref().unwrap_or("unnamed");
            let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
            let stream = row.workstream.as_deref().unwrap_or("none");
            format!("{name:?} {} (workstream {stream})", row.id)
        })
        .collect();
    if shown.len() > SHOWN {
        shown.truncate(SHOWN);
        shown.push("others".to_owned());
    }
    if shown.is_empty() { "none at all".to_owned() } else { shown.join(", ") }
}
