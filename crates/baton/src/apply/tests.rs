use baton_core::{config::ConfigFault, ids::WorkspaceId};
use baton_store::{SecretKey, StoreConfig};
use tempfile::TempDir;

use super::*;

const EXAMPLE: &str = include_str!("../../../../docs/examples/northwind.toml");

fn secret(name: &str) -> Option<String> {
    let known = ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"];
    let is_known = known.contains(&name) || name == "DYNAMICS_CLIENT_SECRET";
    is_known.then(|| format!("the-value-of-{name}\n"))
}

fn read_with(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Wanted, ConfigFault> {
    file::read(text, &References { folder: PathBuf::new(), environment })
}

/// The example with one text replaced, which must stand there.
fn edited(old: &str, new: &str) -> String {
    assert!(EXAMPLE.contains(old), "{old}");
    EXAMPLE.replacen(old, new, 1)
}

fn vendors() -> Vendors {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Vendors::new(&clock, false, "", toml::Table::new()).unwrap()
}

fn planned(stored: &Config, text: &str, remove: bool) -> Result<Plan, ConfigFault> {
    let wanted = read_with(text, &secret)?;
    let builder = &vendors();
    let public_url = "https://baton.example.com";
    Planner { stored, builder, ids: &SystemIds, public_url, workspace: None, remove }.plan(wanted)
}

fn refused(text: &str) -> String {
    match planned(&Config::default(), text, false) {
        Ok(_) => panic!("taken: {text}"),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn what_is_wrong_is_named_with_its_key_and_the_fix() {
    for (old, new, words) in [
        ("[workspace]", "[workspaces]", "workspaces: unknown; did you mean \"workspace\"?"),
        ("ai = true", "ay = true", "inboxes[1].ay: unknown; did you mean \"ai\"?"),
        ("ai = true", "ai = \"yes\"", "inboxes[1].ai: must be true or false"),
        ("after_misses", "after_mises", "settings.handoff.after_mises: unknown; did you mean"),
        ("after_misses = 2", "after_misses = \"two\"", "settings.handoff.after_misses: invalid"),
        ("\"close\"", "\"shut\"", "settings.handoff.after_desk: unknown variant `shut`"),
        ("whatsapp = 86400000", "whatsap = 1", "settings.silent_close_ms.whatsap: unknown"),
        ("whatsapp = 86400000", "whatsapp = -1", "must not be negative"),
        ("variables = [", "variabels = [", "settings.reengagement.variabels: unknown"),
        ("waba_id", "waba_ids", "inbox \"WhatsApp support\", settings.waba_ids: unknown"),
        ("\"102290129340398\"", "102290129340398", "settings.waba_id: must be text"),
        ("\"whatsapp_cloud\"", "\"whatsapp\"", "inboxes[1].vendor: unknown"),
        ("\"11111111-1111-4111-8111-111111111111\"", "\"contoso\"", "tenant_id: not a GUID"),
        ("northwind.crm4", "crm4", "environment_url: this host is no environment"),
        ("https://northwind", "http://northwind", "environment_url: only https"),
        ("inbox = \"WhatsApp support\"", "inbox = \"WhatsApp suport\"", "routes[1].inbox: unknown"),
        ("desk = \"Dynamics 365\"", "desk = \"Dynamics\"", "choices[1].desk: unknown"),
        ("kind = \"live\"", "kind = \"life\"", "choices[1].kind: unknown; did you mean \"live\"?"),
        ("vendor = \"builtin\"", "vendor = \"buildin\"", "engine.vendor: unknown; did you mean"),
        ("deadline_ms = 20000", "deadline = 20000", "engine.deadline: unknown; did you mean"),
        ("name = \"Northwind Outfitters\"", "", "workspace.name: missing"),
        ("[settings]", "[settings]\nengine = {}", "settings.engine: write it as a table"),
        ("[[desks]]", "[[desks]", "not TOML"),
        ("{ env = \"WHATSAPP_APP_SECRET\" }", "{ env = \"NOT_SET\" }", "NOT_SET is not set"),
        ("{ env = \"WHATSAPP_APP_SECRET\" }", "{ envv = \"X\" }", "write it as { env"),
        (
            "{ env = \"WHATSAPP_APP_SECRET\" }",
            "{ file = \"no/such\" }",
            "settings.app_secret: no/such",
        ),
    ] {
        let text = refused(&edited(old, new));
        assert!(text.contains(words), "{new}: {text}");
    }
}

#[test]
fn a_literal_secret_is_refused_and_never_repeated() {
    for literal in ["\"hunter2\"", "\"hunter2", "12345 hunter2"] {
        let text = refused(&edited("{ env = \"WHATSAPP_APP_SECRET\" }", literal));
        assert!(!text.contains("hunter2"), "{text}");
    }
    let text = refused(&edited("{ env = \"WHATSAPP_APP_SECRET\" }", "\"hunter2\""));
    assert!(text.contains("app_secret = { env = \"NAME\" }"), "{text}");
}

#[test]
fn two_of_one_name_are_refused() {
    let again = EXAMPLE.split_once("[[desks]]").unwrap().1.split_once("# The first").unwrap().0;
    let text = refused(&edited("# The first", &format!("[[desks]]{again}# The first")));
    assert!(text.contains("desk \"Dynamics 365\": two have this name"), "{text}");
}

#[test]
fn what_is_left_out_has_its_default() {
    let wanted = read_with("[workspace]\nname = \"A\"\n", &secret).unwrap();
    assert_eq!(wanted.settings, baton_core::settings::Settings::default());
    let wanted = read_with(EXAMPLE, &secret).unwrap();
    assert_eq!(wanted.settings.quiet_ms, 1_500);
    assert_eq!(wanted.settings.handoff.forbidden_topics.len(), 2);
    assert_eq!(wanted.settings.reengagement.unwrap().variables, ["Northwind"]);
}

#[test]
fn an_inbox_may_have_a_template_of_its_own() {
    let text = "[settings.reengagement_by_inbox.\"WhatsApp by Twilio\"]\nname = \"HX1\"\n\
                language = \"en\"\n[settings.silent_close_ms]";
    let wanted = read_with(&edited("[settings.silent_close_ms]", text), &secret).unwrap();
    assert_eq!(wanted.settings.reengagement("WhatsApp by Twilio").unwrap().name, "HX1");
    assert_eq!(wanted.settings.reengagement("Other").unwrap().name, "reopen_conversation");
    let typo = edited("[settings.silent_close_ms]", &text.replace("language", "langage"));
    assert!(refused(&typo).contains("reengagement_by_inbox.WhatsApp by Twilio.langage"));
}

#[test]
fn a_secret_may_come_from_a_file_beside() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("app-secret"), "from a file\r\n").unwrap();
    let text = edited("{ env = \"WHATSAPP_APP_SECRET\" }", "{ file = \"app-secret\" }");
    let references = References { folder: folder.path().to_owned(), environment: &secret };
    let wanted = file::read(&text, &references).unwrap();
    assert_eq!(wanted.inboxes[0].settings.secrets["app_secret"], "from a file");
    assert_eq!(
        wanted.inboxes[0].settings.secrets["access_token"],
        "the-value-of-WHATSAPP_ACCESS_TOKEN"
    );
    assert!(!wanted.inboxes[0].settings.plain.contains_key("app_secret"));
}

/// A store on a file that goes away with the folder.
async fn store() -> (Store, TempDir) {
    crate::install_crypto();
    let folder = TempDir::new().unwrap();
    let config = StoreConfig {
        url: format!("sqlite:{}", folder.path().join("baton.db").display()),
        partitions: 4,
        key: Some(SecretKey::new([7; 32])),
        node: "apply".to_owned(),
    };
    (Store::open(config).await.unwrap(), folder)
}

async fn applied(store: &Store, text: &str, remove: bool) -> Plan {
    let stored = store.config_load().await.unwrap();
    let plan = planned(&stored, text, remove).unwrap();
    write(store, &plan).await.unwrap();
    plan
}

#[tokio::test]
async fn a_file_is_applied_once_and_then_changes_nothing() {
    let (store, _folder) = store().await;
    let first = applied(&store, EXAMPLE, false).await;
    assert!(first.is_new);
    let shown = first.diff.join("\n");
    assert!(shown.contains("+ workspace \"Northwind Outfitters\""), "{shown}");
    assert!(shown.contains("access_token: set"), "{shown}");
    assert!(!shown.contains("the-value-of"), "{shown}");

    let stored = store.config_load().await.unwrap();
    assert_eq!(stored.inboxes[0].inbox.id.0, first.hooks[0].1);
    assert_eq!(stored.inboxes[0].secrets["app_secret"], "the-value-of-WHATSAPP_APP_SECRET");
    assert_eq!(stored.routes[0].1[0].choices[0].desk, stored.desks[0].desk.id);
    assert_eq!(stored.routes[0].1[0].inbox, Some(stored.inboxes[0].inbox.id));

    let again = planned(&stored, EXAMPLE, false).unwrap();
    assert!(again.diff.is_empty(), "{:?}", again.diff);
    assert_eq!(again.hooks, first.hooks);
}

#[tokio::test]
async fn what_changes_is_shown_and_keeps_its_id() {
    let (store, _folder) = store().await;
    let first = applied(&store, EXAMPLE, false).await;
    let stored = store.config_load().await.unwrap();
    let text = edited("+15550100200", "+15550100201")
        .replace("WHATSAPP_VERIFY_TOKEN", "WHATSAPP_APP_SECRET")
        .replace("deadline_ms = 20000", "deadline_ms = 5000")
        .replace("kind = \"live\"", "kind = \"case\"");
    let plan = planned(&stored, &text, false).unwrap();
    let expected = [
        "~ engine",
        "    deadline_ms: 20000 -> 5000",
        "~ inbox \"WhatsApp support\"",
        "    access_token: unchanged",
        "    app_secret: unchanged",
        "    display_phone_number: \"+15550100200\" -> \"+15550100201\"",
        "    verify_token: changed",
        "~ route 1",
        "    choices: [\"Dynamics 365 (live)\"] -> [\"Dynamics 365 (case)\"]",
    ];
    assert_eq!(plan.diff, expected);
    assert_eq!(plan.hooks, first.hooks);
}

#[tokio::test]
async fn what_the_file_does_not_name_stays_until_it_is_removed() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE, false).await;
    let text = "[workspace]\nname = \"Northwind Outfitters\"\n";
    let kept = applied(&store, text, false).await;
    assert_eq!(kept.stays, ["inbox \"WhatsApp support\"", "desk \"Dynamics 365\""]);
    assert_eq!(store.config_load().await.unwrap().inboxes.len(), 1);

    let removed = applied(&store, text, true).await;
    assert_eq!(removed.diff, ["- inbox \"WhatsApp support\"", "- desk \"Dynamics 365\""]);
    let stored = store.config_load().await.unwrap();
    assert!(stored.inboxes.is_empty() && stored.desks.is_empty());
}

#[tokio::test]
async fn the_first_administrators_empty_workspace_gets_the_files_name() {
    let (store, _folder) = store().await;
    let id = WorkspaceId::new(&SystemIds);
    store.workspace_create(id, "Workspace", &Default::default()).await.unwrap();
    let plan = applied(&store, EXAMPLE, false).await;
    assert_eq!(plan.workspace, id);
    let stored = store.config_load().await.unwrap();
    assert_eq!(stored.workspaces.len(), 1);
    assert_eq!(stored.workspaces[0].name, "Northwind Outfitters");

    // A second company is another workspace, unless one is named.
    let text = edited("Northwind Outfitters", "Southwind");
    assert!(planned(&stored, &text, false).unwrap().is_new);
    let wanted = read_with(&text, &secret).unwrap();
    let builder = &vendors();
    let named = Some("Northwind Outfiters");
    let planner = Planner {
        stored: &stored,
        builder,
        ids: &SystemIds,
        public_url: "https://baton.example.com",
        workspace: named,
        remove: false,
    };
    let fault = planner.plan(wanted).err().unwrap().to_string();
    assert!(fault.contains("did you mean \"Northwind Outfitters\"?"), "{fault}");
}

#[tokio::test]
async fn an_inbox_does_not_move_to_another_vendor() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE, false).await;
    let mut stored = store.config_load().await.unwrap();
    stored.inboxes[0].inbox.vendor = "another".to_owned();
    let fault = planned(&stored, EXAMPLE, false).err().unwrap().to_string();
    assert!(fault.contains("give the new one another name"), "{fault}");
}

#[test]
fn a_vendor_that_signs_its_hook_s_address_gets_it_filled_in() {
    let text = r#"
        [workspace]
        name = "Northwind Outfitters"

        [[inboxes]]
        name = "Text messages"
        vendor = "twilio"

        [inboxes.settings]
        account_sid = "AC0123456789abcdef0123456789abcdef"
        auth_token = { env = "WHATSAPP_ACCESS_TOKEN" }
        sender = "+15550100200"
    "#;
    let plan = planned(&Config::default(), text, false).unwrap();
    let inbox = &plan.change.inboxes[0].inbox;
    let address = format!("https://baton.example.com/hooks/{}", inbox.id);
    assert_eq!(inbox.settings["webhook_url"], address);
}
