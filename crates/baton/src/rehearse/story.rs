//! One scenario from its first line to its last, and what is left when it ends.

use std::{path::Path, time::Duration};

use baton_core::{message::Message, time::MINUTE_MS, time::Timestamp};
use baton_sandbox::Filter;

use super::{
    Failure, act, check,
    check::Verdict,
    line::{Expect, Step},
    script::{Line, Script},
    seen::{self, Sight},
    stage::Stage,
};

/// How long something may take on the virtual clock unless the scenario says otherwise.
const PATIENCE_MS: i64 = 3 * MINUTE_MS;
/// Before anything fails, a busy machine gets this much real time once more.
const LINGER: Duration = Duration::from_millis(300);
/// How long the end is watched for what nobody expected, on the virtual clock.
const AFTERWARDS_MS: i64 = MINUTE_MS;
/// Lines of each list in the account of a failure, and characters of each.
const SHOWN: usize = 12;
const WIDE: usize = 200;
/// Messages of a session that are read for the account.
const MANY: usize = 5_000;

/// Plays the scenario; how many lines came true, and why not all did.
pub async fn play(
    script: &Script,
    database: Option<&str>,
    knowledge: &Path,
) -> (usize, Option<String>) {
    let mut stage = match Stage::raise(script, database, knowledge).await {
        Ok(stage) => stage,
        Err(error) => return (0, Some(format!("failed to {error}"))),
    };
    let mut play = Play { sight: Sight::default(), patience_ms: PATIENCE_MS, steps: 0 };
    let played = play.through(&mut stage, script).await;
    let error = match played {
        Ok(()) => None,
        Err(Failure(why)) => Some(format!("{why}\n{}", account(&stage, &play.sight).await)),
    };
    let struck = stage.strike().await.err().map(|error| format!("failed to {error}"));
    (play.steps, error.or(struck))
}

struct Play {
    sight: Sight,
    patience_ms: i64,
    steps: usize,
}

impl Play {
    async fn through(&mut self, stage: &mut Stage, script: &Script) -> Result<(), Failure> {
        for line in &script.lines {
            self.line(stage, line).await.map_err(|Failure(why)| {
                Failure(format!("line {}, {:?}: {}", line.number, line.text, clipped(&why)))
            })?;
            self.steps += 1;
        }
        self.end(stage).await
    }

    async fn line(&mut self, stage: &mut Stage, line: &Line) -> Result<(), Failure> {
        match &line.step {
            Step::Do(deed) => act::act(stage, &mut self.sight, deed).await,
            Step::Expect(expect) => self.wait_for(stage, expect).await,
            Step::Patience(ms) => {
                self.patience_ms = *ms;
                Ok(())
            }
            Step::Anything => {
                stage.settle().await?;
                self.sight.forget(stage).await
            }
        }
    }

    /// Looks again after everything that happens, until it is true or the patience ends.
    async fn wait_for(&mut self, stage: &Stage, expect: &Expect) -> Result<(), Failure> {
        let until_ms = stage.clock.now_ms() + self.patience_ms;
        let mut lingered = false;
        stage.settle().await?;
        loop {
            match check::check(stage, &mut self.sight, expect).await? {
                Verdict::Met => return Ok(()),
                Verdict::Wrong(why) => return Err(Failure(why)),
                Verdict::NotYet(why) => {
                    if stage.step_towards(until_ms).await? {
                        lingered = false;
                    } else if lingered {
                        return Err(Failure(why));
                    } else {
                        tokio::time::sleep(LINGER).await;
                        stage.settle().await?;
                        lingered = true;
                    }
                }
            }
        }
    }

    /// Nothing is left to do, nothing was seen that nobody expected, no promise was broken.
    async fn end(&mut self, stage: &Stage) -> Result<(), Failure> {
        stage.play(AFTERWARDS_MS).await?;
        let until_ms = stage.clock.now_ms() + PATIENCE_MS;
        while let Some(left) = left_over(stage).await? {
            if !stage.step_towards(until_ms).await? {
                return Err(Failure(format!("at the end {left}")));
            }
        }
        if let Some(seen) = self.sight.unexpected(stage).await? {
            return Err(Failure(format!("at the end {seen}")));
        }
        let parked = stage.store()?.unfinished().await?.parked;
        if parked != self.sight.parked {
            return Err(Failure(format!("at the end {parked} events are parked")));
        }
        violations(stage).await
    }
}

/// What should be finished and is not.
async fn left_over(stage: &Stage) -> Result<Option<String>, Failure> {
    let left = stage.store()?.unfinished().await?;
    if left.inbound > 0 {
        return Ok(Some(format!("{} events are not dealt with", left.inbound)));
    }
    let delivery = left.deliveries.iter().find(|(state, count)| *state != "held" && **count > 0);
    if let Some((state, count)) = delivery {
        return Ok(Some(format!("{count} deliveries are {state}")));
    }
    let at_once = ["turn", "brief", "settle"];
    let task = left.tasks.iter().find(|(kind, _)| at_once.contains(&kind.as_str()));
    Ok(task.map(|(kind, count)| format!("{count} tasks are left: {kind}")))
}

async fn violations(stage: &Stage) -> Result<(), Failure> {
    let found = stage.ask("violations").await?;
    let found = found["violations"].as_array().cloned().unwrap_or_default();
    match found.iter().find(|violation| violation["count"] != 0) {
        Some(violation) => Err(Failure(format!("a promise was broken: {violation}"))),
        None => Ok(()),
    }
}

/// One line that fits the page.
fn clipped(text: &str) -> String {
    let line = text.replace('\n', " ⏎ ");
    if line.chars().count() <= WIDE {
        return line;
    }
    line.chars().take(WIDE).chain(['…']).collect()
}

/// What was really there, for whoever reads of the failure.
async fn account(stage: &Stage, sight: &Sight) -> String {
    let now = Timestamp(stage.clock.now_ms()).rfc3339();
    let mut text = format!("  it is {now} on the virtual clock");
    let mut part = |title: &str, lines: Vec<String>| {
        text.push_str(&format!("\n  {title}"));
        for line in lines.iter().skip(lines.len().saturating_sub(SHOWN)) {
            text.push_str("\n    ");
            text.push_str(&clipped(line));
        }
    };
    part("the thread:", thread(stage, sight).await.unwrap_or_else(|Failure(why)| vec![why]));
    part("at the desk:", desk(stage, sight).await.unwrap_or_else(|Failure(why)| vec![why]));
    part("the last calls:", calls(stage));
    text
}

async fn thread(stage: &Stage, sight: &Sight) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for view in check::sessions(stage, sight).await? {
        let session = &view.session;
        let handoff = view.handoff.as_ref().map_or("no handoff", |h| h.state.name());
        let end = session.close_reason.map(|reason| format!(", closed: {reason:?}"));
        lines.push(format!(
            "session {}, owner {}, {handoff}{}",
            session.number,
            session.owner.name(),
            end.unwrap_or_default()
        ));
        let store = stage.store()?;
        let said = store.messages_of_session(session.workspace, session.id, 0, MANY).await?;
        lines.extend(said.iter().map(spoken));
    }
    Ok(lines)
}

fn spoken(message: &Message) -> String {
    let at = message.recorded_at.rfc3339();
    let (author, status) = (message.author.kind.name(), message.status.name());
    let fault = message.fault.as_ref().map(|fault| format!(": {}", fault.operator));
    let (text, fault) = (message.content.as_text(), fault.unwrap_or_default());
    format!("{at} {author}: {text}  ({status}{fault})")
}

async fn desk(stage: &Stage, sight: &Sight) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for id in seen::conversations(stage).await?.into_iter().rev() {
        let thread = seen::thread(stage, &id).await?;
        lines.push(format!("conversation {id}, {}", thread.whole["state"]));
        lines.extend(thread.items.iter().map(|item| {
            let read = if sight.read.contains(&item.id) { "" } else { "  (not expected yet)" };
            format!("{}{read}", item.text)
        }));
    }
    Ok(lines)
}

fn calls(stage: &Stage) -> Vec<String> {
    let journal = &stage.sandbox.world.journal;
    let after = journal.extent().0.saturating_sub(SHOWN as u64);
    let entries = journal.list(&Filter { after, limit: SHOWN, ..Filter::default() });
    let line = |entry: &baton_sandbox::Entry| {
        let status = entry.status.map_or("no answer".to_owned(), |status| status.to_string());
        let fault = entry.fault.as_ref().map(|fault| format!(", fault {fault}"));
        let notes = entry.notes.join(", ");
        let fault = fault.unwrap_or_default();
        let at = Timestamp(entry.at_ms).rfc3339();
        format!("{at} {} {}: {status}{fault}; {notes}", entry.vendor, entry.operation)
    };
    entries.iter().map(line).collect()
}
