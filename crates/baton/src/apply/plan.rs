//! From what is wanted and what is stored to one change, checked as a whole before anything is
//! written.

use std::collections::HashMap;

use baton_core::{
    config::{ConfigFault, HOOK_URL},
    ids::{DeskId, Ids, InboxId, WorkspaceId},
    inbox::{DeskRow, Inbox},
    route::{Choice, Route, WorkKind},
    settings::Settings,
};
use baton_relay::Builder;
use baton_store::{Config, ConfigChange, DeskConfig, InboxConfig, Workspace};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    diff::{Leaves, compare},
    file::{Source, Wanted, WantedRoute},
    section::unknown,
};

/// What will happen.
pub struct Plan {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// It is made first.
    pub is_new: bool,
    /// Its name.
    pub name: String,
    /// The change.
    pub change: ConfigChange,
    /// The change in lines for people; empty when there is none.
    pub diff: Vec<String>,
    /// What is stored and not in the file, and stays.
    pub stays: Vec<String>,
    /// The inboxes and desks with their ids, for the addresses of their hooks.
    pub hooks: Vec<(String, Uuid)>,
}

/// What a plan is made with.
pub struct Planner<'a> {
    /// What is stored.
    pub stored: &'a Config,
    /// Makes vendors, to see that they can be made.
    pub builder: &'a dyn Builder,
    /// Where new ids come from.
    pub ids: &'a dyn Ids,
    /// Where vendors reach the hub, without a slash at the end.
    pub public_url: &'a str,
    /// The stored workspace that is meant, where it is not the one of the file's name.
    pub workspace: Option<&'a str>,
    /// Stop what the file does not name.
    pub remove: bool,
}

impl Planner<'_> {
    /// Makes the plan.
    ///
    /// # Errors
    /// Names what is refused and the fix.
    pub fn plan(&self, wanted: Wanted) -> Result<Plan, ConfigFault> {
        let known = self.known_workspace(&wanted.name)?;
        let workspace = known.map_or_else(|| WorkspaceId::new(self.ids), |known| known.id);
        let mut plan = Plan {
            workspace,
            is_new: known.is_none(),
            name: wanted.name.clone(),
            change: ConfigChange::default(),
            diff: Vec::new(),
            stays: Vec::new(),
            hooks: Vec::new(),
        };
        self.name_and_settings(&mut plan, known, &wanted)?;
        let inboxes = self.inboxes(&mut plan, &wanted.inboxes)?;
        let desks = self.desks(&mut plan, &wanted.desks)?;
        self.routes(&mut plan, &wanted, &inboxes, &desks)?;
        Ok(plan)
    }

    /// The stored workspace that the file is about. The first one is made without a name by the
    /// first administrator; while it is empty, the file gives it its name.
    fn known_workspace(&self, name: &str) -> Result<Option<&Workspace>, ConfigFault> {
        let all = &self.stored.workspaces;
        let named = |name: &str| all.iter().find(|workspace| workspace.name == name);
        if let Some(meant) = self.workspace {
            let names = all.iter().map(|workspace| workspace.name.as_str());
            return named(meant).map(Some).ok_or_else(|| unknown("--workspace", meant, names));
        }
        let is_empty = self.stored.inboxes.is_empty() && self.stored.desks.is_empty();
        let only = (all.len() == 1 && is_empty).then(|| &all[0]);
        Ok(named(name).or(only))
    }

    fn name_and_settings(
        &self,
        plan: &mut Plan,
        known: Option<&Workspace>,
        wanted: &Wanted,
    ) -> Result<(), ConfigFault> {
        let engine = &wanted.settings.engine;
        self.builder.engine(&engine.vendor, &wanted.engine.merged()).map_err(|fault| {
            ConfigFault::new(format!("engine.settings.{}", fault.key), fault.text)
        })?;
        match known {
            None => plan.diff.push(format!("+ workspace {:?}", wanted.name)),
            Some(known) if known.name != wanted.name => {
                plan.diff.push(format!("~ workspace {:?} becomes {:?}", known.name, wanted.name));
                plan.change.name = Some(wanted.name.clone());
            }
            Some(_) => {}
        }
        let default = Settings::default();
        let before = known.map_or(&default, |known| &known.settings);
        let secrets = self.stored.engine_secrets.iter().find(|(id, _)| *id == plan.workspace);
        let none = serde_json::Map::new();
        let secrets = secrets.map_or(&none, |(_, secrets)| secrets);
        let (before, before_engine) = about(before);
        let (after, after_engine) = about(&wanted.settings);
        plan.diff.extend(compare("settings", Some(&before), Some(&after)));
        let before_engine = before_engine.secrets(secrets);
        let after_engine = after_engine.secrets(&wanted.engine.secrets);
        plan.diff.extend(compare("engine", Some(&before_engine), Some(&after_engine)));
        plan.change.settings = Some(wanted.settings.clone());
        plan.change.engine_secrets = Some(wanted.engine.secrets.clone());
        Ok(())
    }

    /// Whether a vendor wants to know its hook's own address, which only we know beforehand.
    fn asks_for_hook(&self, vendor: &str) -> bool {
        let vendors = self.builder.vendors();
        let known = vendors.iter().find(|known| known.name == vendor);
        known.is_some_and(|known| known.fields.iter().any(|field| field.key == HOOK_URL))
    }

    fn inboxes(
        &self,
        plan: &mut Plan,
        wanted: &[Source],
    ) -> Result<HashMap<String, InboxId>, ConfigFault> {
        let here = |c: &&InboxConfig| c.inbox.workspace == plan.workspace;
        let stored: Vec<&InboxConfig> = self.stored.inboxes.iter().filter(here).collect();
        let mut ids = HashMap::new();
        for source in wanted {
            let before = stored.iter().find(|c| c.inbox.name == source.name);
            same_vendor("inbox", source, before.map(|c| c.inbox.vendor.as_str()))?;
            let id = before.map_or_else(|| InboxId::new(self.ids), |c| c.inbox.id);
            let mut settings = source.settings.clone();
            if self.asks_for_hook(&source.vendor) {
                let hook_url = format!("{}/hooks/{id}", self.public_url);
                settings.plain.entry(HOOK_URL).or_insert(hook_url.into());
            }
            let channel = self
                .builder
                .channel(&source.vendor, &settings.merged())
                .map_err(|fault| within("inbox", source, fault))?;
            let after = InboxConfig {
                inbox: Inbox {
                    id,
                    workspace: plan.workspace,
                    name: source.name.clone(),
                    channel: channel.policy().channel,
                    vendor: source.vendor.clone(),
                    ai: source.ai,
                    settings: settings.plain,
                },
                secrets: settings.secrets,
            };
            let title = format!("inbox {:?}", source.name);
            let old = before.map(|c| inbox_leaves(c));
            plan.diff.extend(compare(&title, old.as_ref(), Some(&inbox_leaves(&after))));
            plan.hooks.push((title, id.0));
            plan.change.inboxes.push(after);
            ids.insert(source.name.clone(), id);
        }
        for c in stored.iter().filter(|c| !ids.contains_key(&c.inbox.name)) {
            if self.gone(plan, format!("inbox {:?}", c.inbox.name)) {
                plan.change.remove_inboxes.push(c.inbox.id);
            }
        }
        Ok(ids)
    }

    fn desks(
        &self,
        plan: &mut Plan,
        wanted: &[Source],
    ) -> Result<HashMap<String, DeskId>, ConfigFault> {
        let here = |c: &&DeskConfig| c.desk.workspace == plan.workspace;
        let stored: Vec<&DeskConfig> = self.stored.desks.iter().filter(here).collect();
        let mut ids = HashMap::new();
        for source in wanted {
            let before = stored.iter().find(|c| c.desk.name == source.name);
            let id = before.map_or_else(|| DeskId::new(self.ids), |c| c.desk.id);
            self.builder
                .desk(id, &source.vendor, &source.settings.merged())
                .map_err(|fault| within("desk", source, fault))?;
            same_vendor("desk", source, before.map(|c| c.desk.vendor.as_str()))?;
            let after = DeskConfig {
                desk: DeskRow {
                    id,
                    workspace: plan.workspace,
                    name: source.name.clone(),
                    vendor: source.vendor.clone(),
                    settings: source.settings.plain.clone(),
                },
                secrets: source.settings.secrets.clone(),
            };
            let title = format!("desk {:?}", source.name);
            let old = before.map(|c| desk_leaves(c));
            plan.diff.extend(compare(&title, old.as_ref(), Some(&desk_leaves(&after))));
            plan.hooks.push((title, id.0));
            plan.change.desks.push(after);
            ids.insert(source.name.clone(), id);
        }
        for c in stored.iter().filter(|c| !ids.contains_key(&c.desk.name)) {
            if self.gone(plan, format!("desk {:?}", c.desk.name)) {
                plan.change.remove_desks.push(c.desk.id);
            }
        }
        Ok(ids)
    }

    /// Notes what the file does not name; true when it stops.
    fn gone(&self, plan: &mut Plan, title: String) -> bool {
        if self.remove {
            plan.diff.extend(compare(&title, Some(&Leaves::default()), None));
        } else {
            plan.stays.push(title);
        }
        self.remove
    }

    fn routes(
        &self,
        plan: &mut Plan,
        wanted: &Wanted,
        inboxes: &HashMap<String, InboxId>,
        desks: &HashMap<String, DeskId>,
    ) -> Result<(), ConfigFault> {
        let topics = &wanted.settings.classifications;
        let routes = wanted.routes.iter().map(|route| resolve(route, inboxes, desks, topics));
        let routes = routes.collect::<Result<Vec<Route>, _>>()?;
        let names = self.names(plan);
        let stored = self.stored.routes.iter().find(|(id, _)| *id == plan.workspace);
        let before: Vec<Leaves> =
            stored.into_iter().flat_map(|(_, list)| list).map(|r| leaves(r, &names)).collect();
        let after: Vec<Leaves> = routes.iter().map(|r| leaves(r, &names)).collect();
        for at in 0..before.len().max(after.len()) {
            plan.diff.extend(compare(&format!("route {}", at + 1), before.get(at), after.get(at)));
        }
        plan.change.routes = Some(routes);
        Ok(())
    }

    /// The names of inboxes and desks, stored and wanted, by id.
    fn names(&self, plan: &Plan) -> HashMap<Uuid, String> {
        let inboxes = self.stored.inboxes.iter().chain(&plan.change.inboxes);
        let desks = self.stored.desks.iter().chain(&plan.change.desks);
        let inboxes = inboxes.map(|c| (c.inbox.id.0, c.inbox.name.clone()));
        inboxes.chain(desks.map(|c| (c.desk.id.0, c.desk.name.clone()))).collect()
    }
}

/// Settings without the engine, and the engine.
fn about(settings: &Settings) -> (Leaves, Leaves) {
    let mut rest = json!(settings);
    let engine = rest.as_object_mut().and_then(|map| map.remove("engine")).unwrap_or(Value::Null);
    (Leaves::default().plain("", &rest), Leaves::default().plain("", &engine))
}

fn inbox_leaves(config: &InboxConfig) -> Leaves {
    let InboxConfig { inbox, secrets } = config;
    Leaves::default()
        .plain("vendor", &json!(inbox.vendor))
        .plain("ai", &json!(inbox.ai))
        .plain("", &Value::Object(inbox.settings.clone()))
        .secrets(secrets)
}

fn desk_leaves(config: &DeskConfig) -> Leaves {
    Leaves::default()
        .plain("vendor", &json!(config.desk.vendor))
        .plain("", &Value::Object(config.desk.settings.clone()))
        .secrets(&config.secrets)
}

fn leaves(route: &Route, names: &HashMap<Uuid, String>) -> Leaves {
    let name = |id: &Uuid| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let choices = route.choices.iter().map(|choice| {
        let kind = match choice.kind {
            WorkKind::Live => "live",
            WorkKind::Case => "case",
        };
        let queue = choice.queue.iter().map(|queue| format!(" in {queue}")).collect::<String>();
        format!("{} ({kind}{queue})", name(&choice.desk.0))
    });
    let inbox = route.inbox.map(|id| name(&id.0));
    Leaves::default()
        .plain("inbox", &json!(inbox))
        .plain("topic", &json!(route.topic))
        .plain("choices", &json!(choices.collect::<Vec<String>>()))
}

fn within(noun: &str, source: &Source, fault: ConfigFault) -> ConfigFault {
    ConfigFault::new(format!("{noun} {:?}, settings.{}", source.name, fault.key), fault.text)
}

/// Conversations belong to a vendor's identities: they cannot move to another vendor.
fn same_vendor(noun: &str, source: &Source, before: Option<&str>) -> Result<(), ConfigFault> {
    match before {
        Some(before) if before != source.vendor => Err(ConfigFault::new(
            format!("{noun} {:?}", source.name),
            format!("it is at {before:?} already; give the new one another name"),
        )),
        _ => Ok(()),
    }
}

fn resolve(
    route: &WantedRoute,
    inboxes: &HashMap<String, InboxId>,
    desks: &HashMap<String, DeskId>,
    topics: &[String],
) -> Result<Route, ConfigFault> {
    let at = |key: &str| format!("{}.{key}", route.path);
    let inbox = match &route.inbox {
        None => None,
        Some(name) => Some(
            *inboxes
                .get(name)
                .ok_or_else(|| unknown(&at("inbox"), name, inboxes.keys().map(String::as_str)))?,
        ),
    };
    if let Some(topic) = route.topic.as_ref().filter(|topic| !topics.contains(topic)) {
        return Err(unknown(&at("topic"), topic, topics.iter().map(String::as_str)));
    }
    let choices = route.choices.iter().map(|choice| {
        let desk = desks.get(&choice.desk).ok_or_else(|| {
            let path = format!("{}.desk", choice.path);
            unknown(&path, &choice.desk, desks.keys().map(String::as_str))
        })?;
        Ok(Choice {
            desk: *desk,
            kind: choice.kind,
            queue: choice.queue.clone(),
            unavailable: choice.unavailable,
        })
    });
    Ok(Route { inbox, topic: route.topic.clone(), choices: choices.collect::<Result<_, _>>()? })
}
