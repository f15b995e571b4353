//! Trouble on demand: what goes wrong with the next calls and webhooks, and how often.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Faults that may be set at once.
const MAX_RULES: usize = 1_000;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The call is refused with `status` (and `retry_after_s`, `code`) and does nothing.
    Status,
    /// The connection is dropped and nothing was done.
    TimeoutBeforeAccept,
    /// The request is carried out, then the connection is dropped without an answer.
    TimeoutAfterAccept,
    /// The request is carried out and answered with `status` (and `code`), as if it had failed.
    StatusAfterAccept,
    /// On a call, the answer waits `ms`; on a webhook, its sending does. Virtual time.
    Delay,
    /// The request is carried out and answered 200 with something that is not JSON.
    Garbage,
    /// The webhook is never sent.
    Drop,
    /// The webhook is sent twice.
    Duplicate,
    /// The webhook is held until the next one for the same target has been sent.
    Reorder,
    /// The webhook is sent and completed before the call that caused it is answered.
    BeforeAnswer,
}

impl Kind {
    fn is_for_calls(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::TimeoutBeforeAccept
                | Self::TimeoutAfterAccept
                | Self::StatusAfterAccept
                | Self::Delay
                | Self::Garbage
        )
    }

    fn is_for_webhooks(self) -> bool {
        matches!(self, Self::Delay | Self::Drop | Self::Duplicate | Self::Reorder)
    }

    /// The name used in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::TimeoutBeforeAccept => "timeout_before_accept",
            Self::TimeoutAfterAccept => "timeout_after_accept",
            Self::StatusAfterAccept => "status_after_accept",
            Self::Delay => "delay",
            Self::Garbage => "garbage",
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::BeforeAnswer => "before_answer",
        }
    }
}

/// One fault, used up `count` times.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub vendor: String,
    /// The operation of the call, or the webhook's kind as `webhook.<kind>`; `*` is any call, `webhook.*` any webhook.
    /// A trailing `.*` matches every operation below.
    pub operation: String,
    pub fault: Kind,
    #[serde(default = "once")]
    pub count: u32,
    /// Only for this customer, conversation or record, as the vendor's simulator names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For `delay`: milliseconds of virtual time.
    #[serde(default)]
    pub ms: i64,
    /// For `status` and `status_after_accept`: the HTTP status; 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// For `status`: seconds in a `Retry-After` header; no header if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// For `status`: the vendor's error code in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Value>,
}

fn once() -> u32 {
    1
}

impl Rule {
    fn matches(&self, vendor: &str, operation: &str, key: Option<&str>) -> bool {
        let operation_matches = match self.operation.strip_suffix('*') {
            Some("") => !operation.starts_with("webhook."),
            Some(prefix) => operation.starts_with(prefix),
            None => self.operation == operation,
        };
        operation_matches
            && self.vendor == vendor
            && (self.key.is_none() || self.key.as_deref() == key)
    }
}

/// The faults that are still to happen, in the order in which they were set.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Adds a fault; an error says why it cannot happen.
    pub fn add(&self, rule: Rule) -> Result<(), String> {
        let on_webhook = rule.operation.starts_with("webhook.");
        let fits = if on_webhook {
            rule.fault.is_for_webhooks() || rule.fault == Kind::BeforeAnswer
        } else {
            rule.fault.is_for_calls()
        };
        if !fits {
            let place = if on_webhook { "webhooks" } else { "calls" };
            return Err(format!("fault {} does not exist for {place}", rule.fault.name()));
        }
        let mut rules = self.rules();
        if rules.len() >= MAX_RULES {
            return Err(format!("no more than {MAX_RULES} faults at once; delete some first"));
        }
        if rule.count > 0 {
            rules.push(rule);
        }
        Ok(())
    }

    /// Everything still to happen.
    pub fn list(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// Forgets every fault.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Uses up one fault for a call, if one is set.
    pub fn take_call(&self, vendor: &str, operation: &str, key: Option<&str>) -> Option<Rule> {
        self.take(|rule| rule.fault.is_for_calls() && rule.matches(vendor, operation, key))
    }

    /// Uses up one fault for sending a webhook, if one is set. `kind` is without the `webhook.` prefix.
    pub fn take_webhook(&self, vendor: &str, kind: &str, key: Option<&str>) -> Option<Rule> {
        let operation = format!("webhook.{kind}");
        self.take(|rule| rule.fault.is_for_webhooks() && rule.matches(vendor, &operation, key))
    }

    /// Uses up one order to send a webhook before the answer, if one is set.
    pub fn take_before_answer(&self, vendor: &str, kind: &str, key: Option<&str>) -> bool {
        let operation = format!("webhook.{kind}");
        self.take(|rule| rule.fault == Kind::BeforeAnswer && rule.matches(vendor, &operation, key))
            .is_some()
    }

    fn take(&self, wanted: impl Fn(&Rule) -> bool) -> Option<Rule> {
        let mut rules = self.rules();
        let index = rules.iter().position(wanted)?;
        rules[index].count -= 1;
        let taken = rules[index].clone();
        if taken.count == 0 {
            rules.remove(index);
        }
        Some(taken)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
