//! The calls: bounded in time, size, number and tokens.

use baton_core::{
    engine::Snapshot,
    fault::{Fault, FaultClass},
};
use serde::de::DeserializeOwned;

use super::{
    config::Config,
    prompt::Ask,
    wire::{Message, Request, Response},
};

/// The most bytes of an answer.
const BODY_MAX_BYTES: usize = 256 * 1024;
/// One try, and one more with the reason why the first was refused.
const TRIES: usize = 2;
/// What a token is taken for where the endpoint does not count.
const BYTES_PER_TOKEN: u64 = 3;

/// The endpoint.
pub struct Client {
    http: reqwest::Client,
    config: Config,
}

/// What the session may still spend.
pub struct Budget {
    left: Option<u64>,
    used: u64,
}

impl Budget {
    /// What is left of the session's budget.
    pub fn of(snapshot: &Snapshot) -> Self {
        let bounded = snapshot.token_budget > 0;
        let left = snapshot.token_budget.saturating_sub(snapshot.tokens_spent);
        Self { left: bounded.then_some(left), used: 0 }
    }

    /// Tokens spent by these calls.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// How long the next answer may be.
    fn allow(&self, wished: u64) -> Result<u64, Fault> {
        let left = self.left.map_or(wished, |left| left.saturating_sub(self.used));
        if left == 0 {
            return Err(fault(
                "the session's token budget is spent; raise it in the engine settings",
            )
            .with_code("budget"));
        }
        Ok(wished.min(left))
    }
}

impl Client {
    /// A client of the endpoint.
    pub fn new(http: reqwest::Client, config: Config) -> Self {
        Self { http, config }
    }

    /// Asks, checks, and asks once more if the answer is refused.
    pub async fn ask<Output: DeserializeOwned>(
        &self,
        ask: Ask,
        budget: &mut Budget,
        accept: impl Fn(Output) -> Result<Output, &'static str>,
    ) -> Result<Output, Fault> {
        let Ask { mut messages, response_format } = ask;
        let mut problem = "";
        for _ in 0..TRIES {
            let content = self.call(&messages, &response_format, budget).await?;
            let checked = serde_json::from_str::<Output>(&content)
                .map_err(|_| "the answer does not fit the schema")
                .and_then(&accept);
            match checked {
                Ok(output) => return Ok(output),
                Err(why) => problem = why,
            }
            let content = format!("Your answer was refused: {problem}. Answer again by the rules.");
            messages.push(Message { role: "user", content });
        }
        Err(fault(format!("the model's answer was refused twice: {problem}")).with_code("refused"))
    }

    async fn call(
        &self,
        messages: &[Message],
        response_format: &serde_json::Value,
        budget: &mut Budget,
    ) -> Result<String, Fault> {
        let limit = budget.allow(self.config.max_tokens)?;
        let is_openai = self.config.base_url.starts_with("https://api.openai.com");
        let request = Request {
            model: &self.config.model,
            messages,
            response_format,
            max_tokens: (!is_openai).then_some(limit),
            max_completion_tokens: is_openai.then_some(limit),
        };
        let mut call = self
            .http
            .post(format!("{}/chat/completions", self.config.base_url))
            .timeout(self.config.timeout)
            .json(&request);
        if let Some(key) = &self.config.api_key {
            call = call.bearer_auth(key.reveal());
        }
        let response = call.send().await.map_err(|error| network(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(status.as_u16()));
        }
        let body = read(response).await?;
        let sent: usize = messages.iter().map(|message| message.content.len()).sum();
        let parsed = serde_json::from_slice::<Response>(&body)
            .map_err(|_| fault("the endpoint's answer is no chat completion; check base_url"))?;
        let counted = parsed.usage.map(|usage| usage.total_tokens).filter(|tokens| *tokens > 0);
        let bytes = u64::try_from(sent + body.len()).unwrap_or(u64::MAX);
        budget.used = budget.used.saturating_add(counted.unwrap_or(bytes / BYTES_PER_TOKEN));
        // A refusal has no content: it does not fit the schema, and is treated as such.
        let choice = parsed.choices.into_iter().next();
        Ok(choice.and_then(|choice| choice.message.content).unwrap_or_default())
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        if body.len() + chunk.len() > BODY_MAX_BYTES {
            return Err(fault("the endpoint's answer is larger than 256 KiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn fault(text: impl Into<String>) -> Fault {
    Fault::new(FaultClass::EngineFailed, text).for_rep("The AI could not answer.")
}

/// The error's own text may hold the address with whatever stands in it: it is left out.
fn network(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        fault("the endpoint did not answer in time; check it or raise timeout_ms")
            .with_code("timeout")
    } else if error.is_connect() {
        fault("the endpoint cannot be reached; check base_url and the network").with_code("connect")
    } else {
        fault("the connection to the endpoint broke").with_code("network")
    }
}

fn refused(status: u16) -> Fault {
    let text = match status {
        401 | 403 => "the endpoint refuses the key; check api_key and its rights",
        404 => "the endpoint knows neither the path nor the model; check base_url and model",
        400 | 422 => "the endpoint refuses the request; check that the model supports json_schema",
        429 => "the endpoint's rate or spending limit is reached; raise it there",
        _ => "the endpoint answered with an error",
    };
    fault(text).with_code(status.to_string())
}
