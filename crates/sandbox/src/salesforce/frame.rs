//! How an event looks on the wire (the HTML standard, "Server-sent events"), with every liberty that the format leaves.

use serde_json::Value;

use crate::World;

/// The liberties that are taken.
pub struct Style {
    line_end: &'static str,
    /// After the colon.
    space: &'static str,
    /// Data over several lines, with a comment and a `retry` in between.
    many_lines: bool,
    /// Bytes that are written at once; 0: whole events.
    pub chunk_bytes: usize,
}

impl Style {
    pub fn of(world: &World) -> Self {
        let switches = &world.switches;
        Self {
            line_end: match switches.get("salesforce.line_end").as_str() {
                "crlf" => "\r\n",
                "cr" => "\r",
                _ => "\n",
            },
            space: if switches.is("salesforce.field_space", "yes") { " " } else { "" },
            many_lines: switches.is("salesforce.data_lines", "many"),
            chunk_bytes: usize::try_from(switches.number("salesforce.chunk_bytes")).unwrap_or(0),
        }
    }

    pub fn event(&self, name: &str, id: u64, data: &str) -> String {
        let mut text = String::with_capacity(data.len() + 128);
        if self.many_lines {
            self.line(&mut text, "", "an event follows");
            self.line(&mut text, "retry", "1000");
        }
        self.line(&mut text, "event", name);
        self.line(&mut text, "id", &id.to_string());
        match serde_json::from_str::<Value>(data).ok().filter(|_| self.many_lines) {
            Some(json) => {
                for line in format!("{json:#}").lines() {
                    self.line(&mut text, "data", line);
                }
            }
            None => self.line(&mut text, "data", data),
        }
        text.push_str(self.line_end);
        text
    }

    pub fn ping(&self) -> String {
        let mut text = String::new();
        self.line(&mut text, "event", "ping");
        self.line(&mut text, "data", "0");
        text.push_str(self.line_end);
        text
    }

    fn line(&self, text: &mut String, field: &str, value: &str) {
        for part in [field, ":", self.space, value, self.line_end] {
            text.push_str(part);
        }
    }
}
