//! Any endpoint that speaks OpenAI's chat completions with structured output
//! (`response_format: json_schema`): OpenAI itself, Azure OpenAI, and self-hosted servers.
//!
//! The model proposes, the rules dispose. Requests for a person, frustration and forbidden
//! topics are decided before it is asked. It has no tools and sees no secrets. What it returns
//! is data: checked against the schema, the passages and the limits; refused once with the
//! reason, then a fault, and a fault is a handoff.

mod check;
mod client;
mod config;
mod prompt;
mod wire;

use std::sync::Arc;

use baton_core::{
    brief::Brief,
    config::ConfigFault,
    engine::{Decision, Engine, Snapshot, Turn},
    fault::Fault,
    file::{FileStream, MediaSource},
    handoff::HandoffReason,
    message::Citation,
    time::{BoxFuture, Clock},
};
use serde_json::{Map, Value};

use crate::{
    Deps,
    knowledge::{Index, Passage},
    rules::{self, Heard},
};
use client::{Budget, Client};

pub use config::FIELDS;

/// The folder name.
pub const VENDOR: &str = "openai";
/// How many passages the model is given.
const PASSAGES: usize = 5;

/// The engine.
pub struct OpenAi {
    client: Client,
    clock: Arc<dyn Clock>,
    knowledge: Arc<Index>,
}

impl OpenAi {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the setting that is wrong and the fix.
    pub fn new(settings: &Map<String, Value>, deps: &Deps) -> Result<Self, ConfigFault> {
        let config = config::Config::read(settings, deps.development)?;
        Ok(Self {
            client: Client::new(deps.http.clone(), config),
            clock: Arc::clone(&deps.clock),
            knowledge: Arc::clone(&deps.knowledge),
        })
    }

    async fn decide(&self, snapshot: &Snapshot, heard: &Heard) -> Result<Turn, Fault> {
        let hits = self.knowledge.search(&heard.text, Some(&heard.language), PASSAGES);
        let passages: Vec<&Passage> = hits.iter().map(|hit| hit.passage).collect();
        let today = self.clock.now().rfc3339();
        let ask = prompt::decision(snapshot, heard, &passages, &today);
        let mut budget = Budget::of(snapshot);
        let output: wire::DecisionOutput = self
            .client
            .ask(ask, &mut budget, |output| check::decision(output, snapshot, &passages))
            .await?;
        let language = check::language(&output.language).unwrap_or_else(|| heard.language.clone());
        let decision = settle(snapshot, output, &passages);
        Ok(Turn { decision, language: Some(language), tokens: budget.used() })
    }
}

/// The checked proposal under the workspace's rules.
fn settle(snapshot: &Snapshot, output: wire::DecisionOutput, passages: &[&Passage]) -> Decision {
    match output.action {
        wire::Action::Handoff => Decision::Handoff { reason: HandoffReason::EngineDecided },
        wire::Action::Wait => Decision::Wait,
        wire::Action::Close => Decision::Close,
        wire::Action::Reply if !output.knew => rules::miss(snapshot, output.text, output.choices),
        wire::Action::Reply => {
            let cited = output.citations.iter().filter_map(|n| passages.get(n.checked_sub(1)?));
            let mut citations: Vec<Citation> = Vec::new();
            for passage in cited {
                let citation = passage.citation();
                if !citations.contains(&citation) {
                    citations.push(citation);
                }
            }
            Decision::Reply { text: output.text, choices: output.choices, citations, knew: true }
        }
    }
}

impl Engine for OpenAi {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn turn<'a>(&'a self, snapshot: &'a Snapshot) -> BoxFuture<'a, Result<Turn, Fault>> {
        Box::pin(async move {
            let Some(heard) = rules::heard(snapshot) else {
                let language = snapshot.language.clone();
                return Ok(Turn { decision: Decision::Wait, language, tokens: 0 });
            };
            match rules::first(snapshot, &heard) {
                Some(decision) => Ok(Turn { decision, language: Some(heard.language), tokens: 0 }),
                None => self.decide(snapshot, &heard).await,
            }
        })
    }

    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.knowledge.read_file(media))
    }

    fn brief<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        reason: HandoffReason,
    ) -> BoxFuture<'a, Result<Brief, Fault>> {
        Box::pin(async move {
            let ask = prompt::brief(snapshot);
            let mut budget = Budget::of(snapshot);
            let accept = |output| check::brief(output, snapshot);
            let output: wire::BriefOutput = self.client.ask(ask, &mut budget, accept).await?;
            let language = check::language(&output.language)
                .or_else(|| snapshot.language.clone())
                .unwrap_or_else(|| snapshot.default_language.clone());
            Ok(Brief {
                subject: output.subject,
                summary: output.summary,
                classification: output.classification,
                sentiment: output.sentiment,
                language,
                reason: reason.words().to_owned(),
            })
        })
    }
}
