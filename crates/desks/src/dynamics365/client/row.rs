//! Rows of the compatibility mode.

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, FaultClass},
    handoff::{Handoff, Work},
    ids::VendorId,
};
use serde_json::{Map, Value};

use super::{
    super::{
        config::Rows,
        ids::{read_guid, row_of},
        policy::{self, Failure},
        wire,
    },
    Client, read,
};

impl Client {
    /// Makes a row under our own id. Made already is made.
    pub(super) async fn make_row(&self, call: &Call) -> Result<Accepted, Failure> {
        let text = |key: &str| call.body.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(id) = read_guid(text("id")) else {
            return Err(Failure::refused(FaultClass::Bug, "the call names no row"));
        };
        let path = format!("{}({id})", text("set"));
        self.insert_once(self.insert(&path, &call.body["columns"])).await?;
        let mut metadata = Map::new();
        metadata.insert("dynamics365_chat_id".to_owned(), Value::String(id.clone()));
        let work = Work { id: VendorId(id), reference: None };
        Ok(Accepted { work: Some(work), metadata, ..Accepted::default() })
    }

    /// Whether the row is closed; what reps write does not come back from it.
    pub(super) async fn list_row(
        &self,
        rows: &Rows,
        handoff: &Handoff,
    ) -> Result<Listing, Failure> {
        let Some(id) = row_of(handoff) else {
            return Err(Failure::refused(FaultClass::Bug, "the work is no row's id"));
        };
        let request =
            self.dataverse(&format!("{}({id})", rows.set)).query(&[("$select", "statecode")]);
        let ended = match policy::unless_missing(self.poll_dataverse(request).await)? {
            Some(reply) => read::<wire::StateRow>(&reply, "a row")?.statecode != 0,
            None => true,
        };
        Ok(Listing { ended, ..Listing::default() })
    }
}
