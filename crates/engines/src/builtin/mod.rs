//! The engine that needs no model: it answers with sentences of the articles, says so when they
//! hold no answer, and hands over by rule. It is also what writes the brief when another engine
//! cannot.

mod brief;
mod turn;

use std::sync::Arc;

use baton_core::{
    brief::Brief,
    config::Field,
    engine::{Engine, Snapshot, Turn},
    fault::Fault,
    file::{FileStream, MediaSource},
    handoff::HandoffReason,
    time::BoxFuture,
};

use crate::knowledge::Index;

/// The folder name.
pub const VENDOR: &str = "builtin";
/// It has no settings.
pub const FIELDS: &[Field] = &[];

/// The engine.
pub struct Builtin {
    knowledge: Arc<Index>,
}

impl Builtin {
    /// An engine over the articles.
    pub fn new(knowledge: Arc<Index>) -> Self {
        Self { knowledge }
    }
}

impl Engine for Builtin {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn turn<'a>(&'a self, snapshot: &'a Snapshot) -> BoxFuture<'a, Result<Turn, Fault>> {
        Box::pin(async move { Ok(turn::turn(snapshot, &self.knowledge)) })
    }

    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.knowledge.read_file(media))
    }

    fn brief<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        reason: HandoffReason,
    ) -> BoxFuture<'a, Result<Brief, Fault>> {
        Box::pin(async move { Ok(brief::brief(snapshot, reason)) })
    }
}
