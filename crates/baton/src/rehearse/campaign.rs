//! Templates and campaigns in a scenario: what a rep or a program does through the hub's API.

use serde_json::{Value, json};

use super::{Failure, check, check::Verdict, pattern::Pattern, seen::Sight, stage::Stage};

/// What somebody does with templates.
#[derive(Clone, PartialEq, Debug)]
pub enum Job {
    /// A rep sends one from the session, or is refused for the sake of a field or a reason.
    Template { name: String, values: Value, refused: Option<String> },
    /// A program begins a campaign, with these members of the API's document.
    Campaign { template: String, what: Value },
    /// Somebody moves the newest campaign on: `pause`, `resume`, `cancel`.
    Move(&'static str),
    /// Meta changes a template, in the sandbox's own words.
    AtMeta(Value),
    /// Somebody is known to the simulator, in the sandbox's own words.
    Person(Value),
}

/// What must come true of the newest campaign.
#[derive(Clone, PartialEq, Debug)]
pub enum Outlook {
    /// Where it stands.
    State(String),
    /// How many people there are of each status.
    Counts(Value),
    /// Why it was paused by itself.
    Why(Pattern),
}

fn document(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))
}

/// Reads a line without words of anybody's.
pub fn whole(line: &str) -> Option<Job> {
    match line {
        "campaign is paused" => Some(Job::Move("pause")),
        "campaign is resumed" => Some(Job::Move("resume")),
        "campaign is cancelled" => Some(Job::Move("cancel")),
        _ => None,
    }
}

/// Reads a deed; none where it is about something else.
///
/// # Errors
/// Says what is not understood.
pub fn deed(head: &str, tail: &str) -> Result<Option<Job>, String> {
    let words: Vec<&str> = head.split_whitespace().collect();
    let name = |name: &str| name.to_owned();
    Ok(Some(match words[..] {
        ["rep", "sends", "template", template] => {
            Job::Template { name: name(template), values: document(tail)?, refused: None }
        }
        ["rep", "is", "refused", "template", template, field] => Job::Template {
            name: name(template),
            values: document(tail)?,
            refused: Some(name(field)),
        },
        ["campaign", "sends", template] => {
            Job::Campaign { template: name(template), what: document(tail)? }
        }
        ["whatsapp", "template"] => Job::AtMeta(document(tail)?),
        ["whatsapp", "person"] => Job::Person(document(tail)?),
        _ => return Ok(None),
    }))
}

/// Reads an expectation; none where it is about something else.
///
/// # Errors
/// Says what is not understood.
pub fn outlook(head: &str, tail: &str) -> Result<Option<Outlook>, String> {
    Ok(Some(match head {
        "campaign" => Outlook::State(tail.to_owned()),
        "campaign counts" => Outlook::Counts(document(tail)?),
        "campaign why" => Outlook::Why(Pattern::new(tail)),
        _ => return Ok(None),
    }))
}

/// Does it through the API.
///
/// # Errors
/// The API refuses what it should take, or takes what it should refuse.
pub async fn act(stage: &Stage, sight: &Sight, job: &Job) -> Result<(), Failure> {
    match job {
        Job::Template { name, values, refused } => {
            template(stage, sight, name, values, refused.as_deref()).await
        }
        Job::Campaign { template, what } => campaign(stage, template, what).await,
        Job::Move(how) => {
            let id = newest(stage).await?["id"].as_str().unwrap_or_default().to_owned();
            taken(stage.api(&format!("campaigns/{id}/{how}"), Some(&json!({}))).await?)
        }
        Job::AtMeta(change) => {
            stage.order("whatsapp/templates", change).await?;
            Ok(())
        }
        Job::Person(change) => {
            stage.order("whatsapp/users", change).await?;
            Ok(())
        }
    }
}

fn taken((status, body): (u16, Value)) -> Result<(), Failure> {
    if status < 300 { Ok(()) } else { Err(Failure::broken(format!("the API says {body}"))) }
}

async fn template(
    stage: &Stage,
    sight: &Sight,
    name: &str,
    values: &Value,
    refused: Option<&str>,
) -> Result<(), Failure> {
    let sessions = check::sessions(stage, sight).await?;
    let Some(view) = sessions.last() else { return Err(Failure::broken("there is no session")) };
    let body = json!({ "name": name, "language": "en", "values": values });
    let path = format!("sessions/{}/template", view.session.id);
    let (status, answer) = stage.api(&path, Some(&body)).await?;
    let Some(field) = refused else { return taken((status, answer)) };
    if answer["error"]["field"] == field || answer["error"]["code"] == field {
        return Ok(());
    }
    Err(Failure::broken(format!("the API says {status} {answer}, and does not name {field}")))
}

async fn campaign(stage: &Stage, template: &str, what: &Value) -> Result<(), Failure> {
    let inbox = stage.company.inboxes.first();
    let inbox = inbox.ok_or_else(|| Failure::broken("there is no inbox"))?.id;
    let mut body = json!({
        "name": template, "inbox_id": inbox.to_string(), "template": template, "language": "en",
        "start": true,
    });
    for (key, value) in what.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    taken(stage.api("campaigns", Some(&body)).await?)
}

async fn newest(stage: &Stage) -> Result<Value, Failure> {
    let (_, list) = stage.api("campaigns", None).await?;
    let id = list["campaigns"][0]["id"].as_str();
    let id = id.ok_or_else(|| Failure::broken("there is no campaign"))?;
    Ok(stage.api(&format!("campaigns/{id}"), None).await?.1)
}

/// Looks at the newest campaign once.
///
/// # Errors
/// There is none.
pub async fn look(stage: &Stage, outlook: &Outlook) -> Result<Verdict, Failure> {
    let view = newest(stage).await?;
    let met = |met: bool, is: &Value| {
        if met { Verdict::Met } else { Verdict::NotYet(format!("it is {is}")) }
    };
    Ok(match outlook {
        Outlook::State(state) => met(view["state"] == *state, &view["state"]),
        Outlook::Counts(counts) => met(view["counts"] == *counts, &view["counts"]),
        Outlook::Why(why) => met(why.fits(view["why"].as_str().unwrap_or_default()), &view["why"]),
    })
}
