//! A scenario as it is written: a title, what it shows, and lines that read like a chat.

use baton_core::{
    route::{Unavailable, WorkKind},
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS},
};
use serde_json::Value;

use super::{
    line::{self, Deed, Step},
    pattern::Pattern,
};
use crate::seed::{Back, Front};

/// A scenario.
#[derive(Clone, Debug)]
pub struct Script {
    /// Channel, desk and matter, such as `whatsapp-dynamics-late-reply`.
    pub name: String,
    /// What it is about, in a sentence.
    pub title: String,
    /// The numbers of the statements that it shows.
    pub shows: Vec<String>,
    /// Settings of the workspace that differ from the seeded ones, by path.
    pub settings: Vec<(String, Value)>,
    /// Settings of the inbox that differ from the seeded ones.
    pub inbox_settings: Vec<(String, Value)>,
    /// Settings of the desk that differ from the seeded ones.
    pub desk_settings: Vec<(String, Value)>,
    /// Switches of the simulators: what no vendor's page settles is played both ways.
    pub also_with: Vec<Vec<(String, String)>>,
    /// The desk to which everything goes that names no other.
    pub back: Back,
    /// The places of the route, in order.
    pub places: Vec<Place>,
    /// The places of routes for topics of their own.
    pub by_topic: Vec<(String, Vec<Place>)>,
    /// The engine, where it is not the built-in one.
    pub engine: Option<String>,
    /// The customers' side.
    pub front: Front,
    /// What happens, in order.
    pub lines: Vec<Line>,
}

/// A place of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Live or case.
    pub kind: WorkKind,
    /// The desk, where it is not the scenario's.
    pub back: Option<Back>,
    /// What happens where nobody is there.
    pub unavailable: Unavailable,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its words.
    pub text: String,
    /// What it means.
    pub step: Step,
}

impl Script {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Names the line that is not understood.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let mut script = Self {
            name: name.to_owned(),
            title: String::new(),
            shows: Vec::new(),
            settings: Vec::new(),
            inbox_settings: Vec::new(),
            desk_settings: Vec::new(),
            also_with: Vec::new(),
            back: Back::Dynamics365,
            places: vec![LIVE],
            by_topic: Vec::new(),
            engine: None,
            front: Front::WhatsappCloud,
            lines: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            script.take(number, line).map_err(|why| format!("{name}, line {number}: {why}"))?;
        }
        if script.title.is_empty() || script.lines.is_empty() {
            return Err(format!("{name}: it needs a title (a comment) and something that happens"));
        }
        Ok(script)
    }

    /// The desks that it needs, its own first.
    pub fn backs(&self) -> Vec<Back> {
        let topics = self.by_topic.iter().flat_map(|(_, places)| places);
        let named = self.places.iter().chain(topics).filter_map(|place| place.back);
        let mut backs = vec![self.back];
        backs.extend(named.filter(|back| *back != self.back));
        backs.dedup();
        backs
    }

    /// The scenario as it is written, and once more with every set of switches that it names.
    pub fn each_way(self) -> Vec<Self> {
        let with = |switches: &Vec<(String, String)>| {
            let mut script = self.clone();
            let words = |(name, value): &(String, String)| format!("{name}={value}");
            let named: Vec<String> = switches.iter().map(words).collect();
            script.name = format!("{} with {}", self.name, named.join(" "));
            let turned = switches.iter().cloned().map(|(name, value)| Line {
                number: 0,
                text: format!("switch {name} = {value}"),
                step: Step::Do(Deed::Switch { name, value }),
            });
            script.lines.splice(0..0, turned);
            script
        };
        let mut all: Vec<Self> = self.also_with.iter().map(with).collect();
        all.insert(0, self);
        all
    }

    fn take(&mut self, number: usize, line: &str) -> Result<(), String> {
        if let Some(comment) = line.strip_prefix('#') {
            if self.title.is_empty() {
                comment.trim().clone_into(&mut self.title);
            }
        } else if let Some(numbers) = line.strip_prefix("shows:") {
            self.shows.extend(numbers.split_whitespace().map(str::to_owned));
        } else if let Some(setting) = line.strip_prefix("setting:") {
            self.settings.push(read_setting(setting)?);
        } else if let Some(setting) = line.strip_prefix("inbox setting:") {
            self.inbox_settings.push(read_setting(setting)?);
        } else if let Some(setting) = line.strip_prefix("desk setting:") {
            self.desk_settings.push(read_setting(setting)?);
        } else if let Some(switches) = line.strip_prefix("also with:") {
            self.also_with.push(read_switches(switches)?);
        } else if let Some(places) = line.strip_prefix("route:") {
            self.places = read_places(places)?;
        } else if let Some(route) = line.strip_prefix("route for ") {
            let (topic, places) = route.split_once(':').ok_or("write route for TOPIC: PLACES")?;
            self.by_topic.push((topic.trim().to_owned(), read_places(places)?));
        } else if let Some(back) = line.strip_prefix("desk vendor:") {
            self.back = read_back(back)?;
        } else if let Some(engine) = line.strip_prefix("engine:") {
            self.engine = Some(engine.trim().to_owned());
        } else if let Some(front) = line.strip_prefix("inbox:") {
            self.front = Front::read(front.trim()).ok_or("there is no such inbox")?;
        } else if !line.is_empty() {
            let step = line::read(line)?;
            self.lines.push(Line { number, text: line.to_owned(), step });
        }
        Ok(())
    }
}

const LIVE: Place = Place { kind: WorkKind::Live, back: None, unavailable: Unavailable::Queue };

fn read_places(text: &str) -> Result<Vec<Place>, String> {
    text.split(',').map(read_place).collect()
}

fn read_back(text: &str) -> Result<Back, String> {
    Back::read(text.trim()).ok_or_else(|| format!("there is no desk {:?}", text.trim()))
}

/// `live`, `case`, `live at salesforce`, or `live or next`, `live or ai`: what happens when nobody
/// is there.
fn read_place(text: &str) -> Result<Place, String> {
    let (place, otherwise) = text.split_once(" or ").unwrap_or((text, "queue"));
    let (kind, back) = match place.split_once(" at ") {
        Some((kind, back)) => (kind, Some(read_back(back)?)),
        None => (place, None),
    };
    let kind = match kind.trim() {
        "live" => WorkKind::Live,
        "case" => WorkKind::Case,
        _ => return Err("a route makes live or case".to_owned()),
    };
    let unavailable = match otherwise.trim() {
        "queue" => Unavailable::Queue,
        "next" => Unavailable::Next,
        "ai" => Unavailable::Ai,
        _ => return Err("a live place is left or queued for: write or next, or ai".to_owned()),
    };
    Ok(Place { kind, back, unavailable })
}

/// `handoff.after_desk = return_to_ai`; a time may be written as `90s`, `30m`, `25h` or `7d`.
fn read_setting(text: &str) -> Result<(String, Value), String> {
    let (path, value) = text.split_once('=').ok_or("a setting is written PATH = VALUE")?;
    let value = value.trim();
    let read = match span_ms(value) {
        Some(ms) => ms.into(),
        None => serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
    };
    Ok((path.trim().to_owned(), read))
}

/// `dynamics365.headers = x_ms, dynamics365.field_case = lower`: both at once.
fn read_switches(text: &str) -> Result<Vec<(String, String)>, String> {
    let one = |pair: &str| {
        let (name, value) = pair.split_once('=').ok_or("a switch is written NAME = VALUE")?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    text.split(',').map(one).collect()
}

/// Milliseconds of `250ms`, `90s`, `30m`, `25h` or `7d`.
pub fn span_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let count: i64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => SECOND_MS,
        "m" => MINUTE_MS,
        "h" => HOUR_MS,
        "d" => DAY_MS,
        _ => return None,
    };
    count.checked_mul(unit)
}

/// `NAME = PATTERN`.
pub fn named_pattern(text: &str) -> Result<(String, Pattern), String> {
    let (name, pattern) = text.split_once('=').ok_or("this is written NAME = WORDS")?;
    Ok((name.trim().to_owned(), Pattern::new(pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_lines_are_told_apart() {
        let text = "# A title\n# more\nshows: S1 S9\nsetting: quiet_ms = 2s\nengine: openai\n\n\
                    customer: Hello: you\nclock +25h\n";
        let script = Script::read("a-b-c", text).unwrap();
        assert_eq!(script.title, "A title");
        assert_eq!(script.shows, ["S1", "S9"]);
        assert_eq!(script.settings, [("quiet_ms".to_owned(), Value::from(2_000))]);
        assert_eq!(script.engine.as_deref(), Some("openai"));
        assert_eq!(script.lines.len(), 2);
        assert_eq!(script.lines[1].number, 8);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let why = Script::read("x", "# t\ncustomer: hi\nthe rep sings\n").unwrap_err();
        assert!(why.starts_with("x, line 3: "), "{why}");
    }

    #[test]
    fn spans_need_a_unit() {
        assert_eq!(span_ms("25h"), Some(90_000_000));
        assert_eq!(span_ms("250ms"), Some(250));
        for wrong in ["25", "h", "2 h", "-2h", "2w"] {
            assert_eq!(span_ms(wrong), None, "{wrong}");
        }
    }
}
