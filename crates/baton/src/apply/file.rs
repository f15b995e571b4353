//! The file: what a workspace is to look like.

use std::collections::BTreeMap;

use baton_core::{
    config::{ConfigFault, Field},
    route::{Unavailable, WorkKind},
    settings::Settings,
    template::TemplateUse,
    texts::Texts,
};
use serde_json::{Value, json};
use toml::Table;

use super::{
    secret::{self, References, VendorSettings},
    section::{Section, join, unknown},
};

/// The most inboxes, desks or routes of one file.
const LIST_MAX: usize = 500;

/// The desired state of one workspace.
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What it decides for itself; keys that the file leaves out have their defaults.
    pub settings: Settings,
    /// The engine's settings; the plain ones stand in `settings` too.
    pub engine: VendorSettings,
    /// Its inboxes.
    pub inboxes: Vec<Source>,
    /// Its desks.
    pub desks: Vec<Source>,
    /// Its routes, in order.
    pub routes: Vec<WantedRoute>,
}

/// An inbox or a desk.
pub struct Source {
    /// Its name, unique among its kind.
    pub name: String,
    /// The vendor's folder name.
    pub vendor: String,
    /// Whether the AI answers here; of no meaning for a desk.
    pub ai: bool,
    /// Its settings.
    pub settings: VendorSettings,
}

/// A route by names.
pub struct WantedRoute {
    /// Where it stands in the file.
    pub path: String,
    /// The inbox, by name.
    pub inbox: Option<String>,
    /// The classification.
    pub topic: Option<String>,
    /// The places.
    pub choices: Vec<WantedChoice>,
}

/// One place of a route.
pub struct WantedChoice {
    /// Where it stands in the file.
    pub path: String,
    /// The desk, by name.
    pub desk: String,
    /// What it makes there.
    pub kind: WorkKind,
    /// The queue or workstream, by the desk's own id.
    pub queue: Option<String>,
    /// What happens when nobody is there.
    pub unavailable: Unavailable,
}

/// Reads the file's text. Errors name the key and the fix, and never show a value that may be a
/// secret.
pub fn read(text: &str, references: &References<'_>) -> Result<Wanted, ConfigFault> {
    let table = text.parse::<Table>().map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        ConfigFault::new(format!("line {line}"), format!("not TOML: {}", error.message()))
    })?;
    let known = ["workspace", "settings", "inboxes", "desks", "routes", "engine"];
    let mut file = Section::open("", table, &known)?;
    let mut workspace = Section::open("workspace", file.table("workspace")?, &["name"])?;
    let (engine, about_engine) = engine(file.table("engine")?, references)?;
    Ok(Wanted {
        name: workspace.required("name")?,
        settings: settings(file.table("settings")?, about_engine, &engine)?,
        engine,
        inboxes: inboxes(&mut file, references)?,
        desks: desks(&mut file, references)?,
        routes: bounded("routes", file.tables("routes")?)?
            .into_iter()
            .map(|(path, table)| route(path, table))
            .collect::<Result<_, _>>()?,
    })
}

/// The engine's own settings, and what the workspace decides about it.
fn engine(
    table: Table,
    references: &References<'_>,
) -> Result<(VendorSettings, Table), ConfigFault> {
    let known = ["vendor", "deadline_ms", "session_token_budget", "settings"];
    let mut section = Section::open("engine", table, &known)?;
    let own = section.table("settings")?;
    let about = section.rest();
    let vendor = match about.get("vendor") {
        None => Settings::default().engine.vendor,
        Some(vendor) => vendor.as_str().unwrap_or_default().to_owned(),
    };
    let names = baton_engines::vendors();
    let fields = known_vendor("engine", &vendor, names, baton_engines::fields(&vendor))?;
    Ok((references.settings("engine.settings", own, fields)?, about))
}

fn inboxes(file: &mut Section, references: &References<'_>) -> Result<Vec<Source>, ConfigFault> {
    let names = baton_channels::vendors();
    let tables = bounded("inboxes", file.tables("inboxes")?)?.into_iter();
    let read = tables.map(|(path, table)| {
        let mut section = Section::open(&path, table, &["name", "vendor", "ai", "settings"])?;
        let ai = section.on_unless_said("ai")?;
        let vendor = section.required("vendor")?;
        let fields = known_vendor(&path, &vendor, names, baton_channels::fields(&vendor))?;
        source("inbox", section, vendor, ai, fields, references)
    });
    unique("inbox", read.collect::<Result<_, _>>()?)
}

fn desks(file: &mut Section, references: &References<'_>) -> Result<Vec<Source>, ConfigFault> {
    let names: Vec<&str> = baton_desks::vendors().collect();
    let tables = bounded("desks", file.tables("desks")?)?.into_iter();
    let read = tables.map(|(path, table)| {
        let mut section = Section::open(&path, table, &["name", "vendor", "settings"])?;
        let vendor = section.required("vendor")?;
        let fields = known_vendor(&path, &vendor, &names, baton_desks::fields(&vendor))?;
        source("desk", section, vendor, false, fields, references)
    });
    unique("desk", read.collect::<Result<_, _>>()?)
}

fn source(
    noun: &str,
    mut section: Section,
    vendor: String,
    ai: bool,
    fields: &[Field],
    references: &References<'_>,
) -> Result<Source, ConfigFault> {
    let name = section.required("name")?;
    let path = format!("{noun} {name:?}, settings");
    let settings = references.settings(&path, section.table("settings")?, fields)?;
    Ok(Source { name, vendor, ai, settings })
}

fn known_vendor<'a>(
    path: &str,
    vendor: &str,
    names: &[&str],
    fields: Option<&'a [Field]>,
) -> Result<&'a [Field], ConfigFault> {
    fields.ok_or_else(|| unknown(&join(path, "vendor"), vendor, names.iter().copied()))
}

fn unique(noun: &str, sources: Vec<Source>) -> Result<Vec<Source>, ConfigFault> {
    for (at, source) in sources.iter().enumerate() {
        if sources[..at].iter().any(|earlier| earlier.name == source.name) {
            let path = format!("{noun} {:?}", source.name);
            return Err(ConfigFault::new(path, "two have this name; give each its own"));
        }
    }
    Ok(sources)
}

fn bounded<T>(key: &str, list: Vec<T>) -> Result<Vec<T>, ConfigFault> {
    if list.len() > LIST_MAX {
        return Err(ConfigFault::new(key, format!("more than {LIST_MAX}")));
    }
    Ok(list)
}

fn route(path: String, table: Table) -> Result<WantedRoute, ConfigFault> {
    let mut section = Section::open(&path, table, &["inbox", "topic", "choices"])?;
    let choices = section.tables("choices")?;
    if choices.is_empty() {
        let text = "missing; write choices = [{ desk = \"NAME\" }]";
        return Err(ConfigFault::new(join(&path, "choices"), text));
    }
    Ok(WantedRoute {
        inbox: section.text("inbox")?,
        topic: section.text("topic")?,
        choices: bounded(&path, choices)?
            .into_iter()
            .map(|(path, table)| choice(path, table))
            .collect::<Result<_, _>>()?,
        path,
    })
}

fn choice(path: String, table: Table) -> Result<WantedChoice, ConfigFault> {
    let mut section = Section::open(&path, table, &["desk", "kind", "queue", "unavailable"])?;
    let kind = match section.text("kind")?.as_deref() {
        None | Some("live") => WorkKind::Live,
        Some("case") => WorkKind::Case,
        Some(other) => {
            return Err(unknown(&join(&path, "kind"), other, ["live", "case"].into_iter()));
        }
    };
    let unavailable = match section.text("unavailable")?.as_deref() {
        None | Some("queue") => Unavailable::Queue,
        Some("next") => Unavailable::Next,
        Some("ai") => Unavailable::Ai,
        Some(other) => {
            let known = ["queue", "next", "ai"].into_iter();
            return Err(unknown(&join(&path, "unavailable"), other, known));
        }
    };
    let (desk, queue) = (section.required("desk")?, section.text("queue")?);
    Ok(WantedChoice { desk, kind, queue, unavailable, path })
}

/// The settings: the defaults with the file's values laid over them.
fn settings(
    table: Table,
    about_engine: Table,
    engine: &VendorSettings,
) -> Result<Settings, ConfigFault> {
    if table.contains_key("engine") {
        return Err(ConfigFault::new(
            "settings.engine",
            "write it as a table of its own: [engine]",
        ));
    }
    let shape = shape();
    let mut laid = Overlay { root: json!(Settings::default()) };
    laid.lay(&mut Vec::new(), "settings", secret::json(table.into()), &shape)?;
    let path = &mut vec!["engine".to_owned()];
    laid.lay(path, "", secret::json(about_engine.into()), &shape["engine"])?;
    let mut settings = laid.read("settings")?;
    settings.engine.settings = engine.plain.clone();
    Ok(settings)
}

/// Every key that settings may have; `*` stands for any.
fn shape() -> Value {
    let template = TemplateUse {
        name: String::new(),
        language: String::new(),
        variables: Vec::new(),
        text: String::new(),
        ..TemplateUse::default()
    };
    json!(Settings {
        reengagement: Some(template.clone()),
        reengagement_by_inbox: BTreeMap::from([("*".to_owned(), template)]),
        texts: BTreeMap::from([("*".to_owned(), Texts::english())]),
        ..Settings::default()
    })
}

/// Values laid over the defaults one by one, so that an error names the one that is wrong.
struct Overlay {
    root: Value,
}

impl Overlay {
    fn lay(
        &mut self,
        path: &mut Vec<String>,
        prefix: &str,
        given: Value,
        shape: &Value,
    ) -> Result<(), ConfigFault> {
        let here = path.iter().try_fold(&self.root, |value, key| value.get(key));
        match (given, here) {
            (Value::Object(given), Some(Value::Object(_))) => {
                for (key, value) in given {
                    let shape = child(shape, &key, &shown(prefix, path, &key))?;
                    path.push(key);
                    self.lay(path, prefix, value, shape)?;
                    path.pop();
                }
                Ok(())
            }
            (given, _) => {
                let at = shown(prefix, path, "");
                check_keys(&given, shape, &at)?;
                if given.as_i64().is_some_and(|number| number < 0) {
                    return Err(ConfigFault::new(at, "must not be negative"));
                }
                *path.iter().fold(&mut self.root, |value, key| &mut value[key.as_str()]) = given;
                self.read(&at).map(|_| ())
            }
        }
    }

    fn read(&self, at: &str) -> Result<Settings, ConfigFault> {
        serde_json::from_value(self.root.clone())
            .map_err(|error| ConfigFault::new(at, error.to_string()))
    }
}

fn shown(prefix: &str, path: &[String], key: &str) -> String {
    let words = [prefix].into_iter().chain(path.iter().map(String::as_str)).chain([key]);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(".")
}

fn child<'a>(shape: &'a Value, key: &str, at: &str) -> Result<&'a Value, ConfigFault> {
    let found = shape.get(key).or_else(|| shape.get("*"));
    found.ok_or_else(|| {
        let known: Vec<&str> =
            shape.as_object().into_iter().flatten().map(|(k, _)| k.as_str()).collect();
        unknown(at, key, known.into_iter())
    })
}

fn check_keys(given: &Value, shape: &Value, at: &str) -> Result<(), ConfigFault> {
    for (key, value) in given.as_object().into_iter().flatten() {
        let at = join(at, key);
        check_keys(value, child(shape, key, &at)?, &at)?;
    }
    Ok(())
}
