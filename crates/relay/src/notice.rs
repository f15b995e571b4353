//! What operators should look at: told in the feed, and counted so that it can raise an alarm.

use baton_core::{
    feed::{Fact, FactKind},
    ids::WorkspaceId,
};
use baton_store::StoreError;

use crate::hub::Hub;

impl Hub {
    /// Tells what no conversation owns: a fact of the workspace's own.
    pub(crate) async fn notify_operator(
        &self,
        workspace: WorkspaceId,
        code: &str,
        text: String,
    ) -> Result<(), StoreError> {
        let kind = FactKind::OperatorNotice { code: code.to_owned(), text };
        self.store.fact_add(workspace, kind, self.clock.now()).await?;
        count(code);
        self.fed();
        Ok(())
    }
}

/// Counts the notices among committed facts.
pub(crate) fn count_all(facts: &[Fact]) {
    for fact in facts {
        if let FactKind::OperatorNotice { code, .. } = &fact.kind {
            count(code);
        }
    }
}

fn count(code: &str) {
    metrics::counter!("baton_notices_total", "code" => code.to_owned()).increment(1);
}
