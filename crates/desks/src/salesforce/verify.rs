//! What comes to our hook: Salesforce sends no events, and may only fetch the key set, which is
//! public by its nature.

use baton_core::inbound::{Answer, RawRequest, Received};

use super::config::Config;

/// Where the key set is, behind the hook's own address.
const KEYS: &str = "keys";

/// Answers the key set; refuses everything else.
pub fn receive(config: &Config, request: &RawRequest) -> Received {
    if request.path.trim_end_matches('/') != KEYS {
        return Received::Answer(Answer::text(404, "this desk has no webhook"));
    }
    if request.method != "GET" {
        return Received::Answer(Answer::status(405));
    }
    let body = config.key_set.clone();
    Received::Answer(Answer { status: 200, body, content_type: Some("application/json") })
}
