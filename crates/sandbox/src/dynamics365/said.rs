//! What a rep or the platform writes into a conversation.

use serde_json::Value;

use super::Inner;
use super::conversation::{Author, MAX_MESSAGES, Message, Rep, Signal};
use super::files::File;
use super::orders::{found, named};
use super::routing::SYSTEM;

/// A line of the platform: always in the thread, on the webhook only by switch.
pub fn system_line(
    inner: &mut Inner,
    id: &str,
    text: String,
    now_ms: i64,
) -> Result<Signal, String> {
    let from = named(inner, SYSTEM, now_ms)?;
    let said = Said { text: text.clone(), ..Said::default() };
    write(inner, id, Author::System, &from, said, now_ms)?;
    Ok(Signal::Message { from, text, attachments: Vec::new() })
}

/// What a message consists of.
#[derive(Default)]
pub struct Said {
    pub text: String,
    pub attachments: Vec<Value>,
    pub files: Vec<File>,
}

/// Adds it to the conversation.
pub fn write(
    inner: &mut Inner,
    id: &str,
    author: Author,
    from: &Rep,
    said: Said,
    now_ms: i64,
) -> Result<(), String> {
    let at_ms = inner.next_message_ms(now_ms);
    let message = Message {
        id: at_ms.to_string(),
        at_ms,
        author,
        from_id: from.id.clone(),
        from_name: from.name.clone(),
        text: said.text,
        attachments: said.attachments,
        files: said.files,
        read_at_ms: None,
        activity: Value::Null,
        seq: 0,
    };
    let conversation = found(inner, id)?;
    if conversation.messages.len() >= MAX_MESSAGES {
        return Err(format!("conversation {id} is full"));
    }
    conversation.messages.push(message);
    conversation.modified_ms = now_ms;
    Ok(())
}
