//! The network calls to Twilio, and what came of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use baton_core::{
    channel::Call,
    fault::{Accepted, Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    ids::VendorId,
    inbox::ChannelKind,
    phone,
    registration::Registration,
    template::{TemplateList, Templates},
    time::{BoxFuture, Clock, SECOND_MS},
};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    config::{API_URL, Config, WHATSAPP},
    policy,
    registration::{self, Seen, Stage},
    templates,
    wire::{
        Brand, Campaigns, Capabilities, ContentPage, Named, Number, Numbers, Posted, Senders,
        Service, ServiceNumber, ServiceNumbers, Services, TollFree, Verifications,
    },
};
use crate::{
    Deps,
    call::{self, Answer, NoAnswer},
    download::Download,
    outcome::Wording,
};

/// The operation of a call that posts one message.
pub(super) const MESSAGE: &str = "message";
/// The operation of a call that posts one message with something to tap.
pub(super) const CHOICES: &str = "choices";
/// Templates made for choices that are remembered; Twilio is asked about others by name.
const MAX_KEPT: usize = 256;
/// Twilio's code for a template that is not there ("Error 21655", checked 2026-11-20).
const NO_TEMPLATE: &str = "21655";

/// How Twilio is spoken of.
const TWILIO: Wording = Wording {
    vendor: "Twilio",
    api: "Twilio",
    address: "api_url",
    shown: "Twilio",
    pause_ms: 5 * SECOND_MS,
};
/// Twilio's own number for trying WhatsApp, which no account owns (Sandbox; checked 2026-11-20).
const SANDBOX: &str = "+14155238886";

/// Messaging Services of one account that are looked through.
const MAX_SERVICES: &str = "20";

/// Where content templates are listed with WhatsApp's approval of them.
const CONTENTS: &str = "/v1/ContentAndApprovals";
/// Templates of one page, so that an answer stays within its bound.
const PAGE_TEMPLATES: usize = 20;
/// Most pages that are read: 6,000 templates, as many as Meta allows.
const MAX_PAGES: usize = 300;

/// The only way to Twilio.
pub(super) struct Client {
    pub(super) config: Arc<Config>,
    pub(super) http: reqwest::Client,
    downloads: baton_files::Client,
    pub(super) clock: Arc<dyn Clock>,
    development: bool,
    /// The sids of templates made for choices, by name.
    kept: Mutex<HashMap<String, String>>,
}

impl Client {
    pub(super) fn new(config: Arc<Config>, deps: &Deps) -> Self {
        Self {
            config,
            http: deps.http.clone(),
            downloads: deps.downloads.clone(),
            clock: Arc::clone(&deps.clock),
            development: deps.development,
            kept: Mutex::default(),
        }
    }

    /// Makes one call.
    pub(super) async fn send(&self, call: &Call) -> Outcome {
        match call.operation.as_str() {
            MESSAGE => self.post(&form(&call.body)).await,
            CHOICES => self.post_choices(&call.body).await,
            other => {
                let why = format!("send: {other} is no operation of this channel");
                Outcome::Rejected { fault: Fault::new(FaultClass::Bug, why) }
            }
        }
    }

    /// The one call that can reach the customer.
    async fn post(&self, form: &[(&str, &str)]) -> Outcome {
        let url = self.account("Messages.json");
        match self.call(self.http.post(url).form(form)).await {
            Ok(answer) => posted(&answer),
            Err(why) => TWILIO.unanswered(&why),
        }
    }

    /// The template first, where it is not known yet; making one reaches nobody.
    async fn post_choices(&self, body: &Value) -> Outcome {
        let content = &body["content"];
        let sid = match self.content(content).await {
            Ok(sid) => sid,
            Err(fault) => return unsent(fault),
        };
        let mut form = form(&body["form"]);
        form.push(("ContentSid", &sid));
        match self.post(&form).await {
            // Somebody has tidied up at Twilio.
            Outcome::Rejected { fault } if fault.code.as_deref() == Some(NO_TEMPLATE) => {
                self.kept().retain(|_, kept| *kept != sid);
                Outcome::Retry { after_ms: None, fault }
            }
            outcome => outcome,
        }
    }

    /// The sid of this template, found by its name or made now.
    async fn content(&self, content: &Value) -> Result<String, Fault> {
        let name = content["friendly_name"].as_str().unwrap_or_default();
        let known = self.kept().get(name).cloned();
        if let Some(sid) = known {
            return Ok(sid);
        }
        let url = format!("{}/v2/Content", self.config.content_url);
        let page: ContentPage =
            self.ask(self.http.get(url).query(&[("ContentName", name)])).await?;
        let is_it = |row: &&Value| row["friendly_name"] == name;
        let found = page.contents.iter().find(is_it).and_then(|row| row["sid"].as_str());
        let sid = match found {
            Some(sid) => sid.to_owned(),
            None => {
                let url = format!("{}/v1/Content", self.config.content_url);
                let made: Named = self.ask(self.http.post(url).json(content)).await?;
                made.sid
            }
        };
        let mut kept = self.kept();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(name.to_owned(), sid.clone());
        Ok(sid)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows on WhatsApp that an answer is being written, which also marks the message as read
    /// (Typing indicators, public beta; checked 2026-11-20).
    pub(super) async fn attend(&self, message: &VendorId) {
        if self.config.channel != ChannelKind::Whatsapp {
            return;
        }
        let url = format!("{}/v2/Indicators/Typing.json", self.config.messaging_url);
        let form = [("messageId", message.as_str()), ("channel", "whatsapp")];
        match self.call(self.http.post(url).form(&form)).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::debug!(status = answer.status.as_u16(), "typing refused"),
            Err(_) => tracing::debug!("typing lost"),
        }
    }

    /// Begins to fetch a file. Only Twilio's own interface is asked, and only it is shown the
    /// credentials.
    pub(super) async fn fetch(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let url = media.vendor_id.as_str();
        let known = [self.config.api_url.as_str(), API_URL];
        let is_at = |host: &&str| url.strip_prefix(*host).is_some_and(|path| path.starts_with('/'));
        if !known.iter().any(is_at) {
            let why = "fetch the file: its address is not Twilio's; set api_url for another region";
            return Err(Fault::new(FaultClass::MediaProblem, why));
        }
        let (client, development) = (&self.downloads, self.development);
        let download = Download { client, max_bytes: media.max_bytes, development };
        download.open(url, Some((&self.config.user, &self.config.password))).await
    }

    /// Asks about the sender and where Twilio sends its messages, changing nothing.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        match self.delivers_elsewhere().await? {
            true => Err(elsewhere()),
            false => Ok(()),
        }
    }

    /// Whether Twilio sends the sender's messages to another address than ours; false where it
    /// does not say.
    pub(super) async fn delivers_elsewhere(&self) -> Result<bool, Fault> {
        let webhook = match &self.config.service {
            Some(service) => self.service_webhook(service).await?,
            None => None,
        };
        let of_sender = match (self.config.channel, self.config.sender.as_deref()) {
            (_, None) => None,
            (ChannelKind::Whatsapp, Some(sender)) => self.whatsapp_webhook(sender).await?,
            (_, Some(sender)) => self.number_webhook(sender).await?,
        };
        Ok(webhook.or(of_sender).is_some_and(|theirs| !self.config.webhook.is(&theirs)))
    }

    /// The service's own webhook; none where those of its numbers are used.
    async fn service_webhook(&self, service: &str) -> Result<Option<String>, Fault> {
        let url = format!("{}/v1/Services/{service}", self.config.messaging_url);
        let service: Service = self.ask(self.http.get(url)).await?;
        if service.use_inbound_webhook_on_number {
            return Ok(None);
        }
        Ok(Some(service.inbound_request_url.unwrap_or_default()))
    }

    async fn number_webhook(&self, sender: &str) -> Result<Option<String>, Fault> {
        let Some(number) = self.number(sender).await? else {
            // Short codes are not in this list.
            return if sender.starts_with('+') { Err(not_ours(sender)) } else { Ok(None) };
        };
        let can = number.capabilities.unwrap_or(Capabilities { sms: true, mms: true });
        if !can.sms {
            let why = format!("use the sender: {sender} cannot send or receive SMS");
            return Err(Fault::new(FaultClass::NotRegistered, why));
        }
        if self.config.mms && !can.mms {
            let why = format!("use the sender: {sender} sends no MMS; set mms to no");
            return Err(Fault::new(FaultClass::NotRegistered, why));
        }
        Ok(Some(number.sms_url.unwrap_or_default()))
    }

    async fn whatsapp_webhook(&self, sender: &str) -> Result<Option<String>, Fault> {
        if sender == SANDBOX {
            return Ok(None);
        }
        let url = format!("{}/v2/Channels/Senders", self.config.messaging_url);
        let query = [("Channel", "whatsapp"), ("PageSize", "1000")];
        let found: Senders = self.ask(self.http.get(url).query(&query)).await?;
        let address = format!("{WHATSAPP}{sender}");
        let is_it = |it: &super::wire::Sender| it.sender_id.as_deref() == Some(&*address);
        let Some(found) = found.senders.into_iter().find(is_it) else {
            return Err(not_ours(sender));
        };
        if let Some(status) = found.status.filter(|status| !status.starts_with("ONLINE")) {
            let why = format!(
                "use the sender: Twilio says that it is {status}; see Messaging > Senders > WhatsApp senders"
            );
            return Err(Fault::new(FaultClass::NotRegistered, why));
        }
        Ok(Some(found.webhook.and_then(|webhook| webhook.callback_url).unwrap_or_default()))
    }

    /// How the sender is registered for the United States; none on WhatsApp, and none where a
    /// service picks the sender and has no number of its own.
    pub(super) async fn registration(&self) -> Result<Option<Registration>, Fault> {
        let Some(sender) = self.config.sender.as_deref() else { return Ok(None) };
        if self.config.channel != ChannelKind::Sms {
            return Ok(None);
        }
        Ok(Some(registration::judge(&self.registered(sender).await?)))
    }

    async fn registered(&self, sender: &str) -> Result<Seen, Fault> {
        let Some(digits) = sender.strip_prefix("+1").map(|_| &sender[1..]) else {
            return Ok(Seen::NotAsked);
        };
        if phone::is_north_american_toll_free(digits) {
            return self.verification(sender).await;
        }
        let Some(service) = self.service_of(sender).await? else { return Ok(Seen::NoService) };
        let url = format!("{}/v1/Services/{service}/Compliance/Usa2p", self.config.messaging_url);
        let campaigns: Campaigns = self.ask(self.http.get(url)).await?;
        let Some(campaign) = campaigns.compliance.into_iter().next() else {
            return Ok(Seen::NoCampaign);
        };
        let brand = match campaign.brand_registration_sid {
            Some(brand) => {
                let url =
                    format!("{}/v1/a2p/BrandRegistrations/{brand}", self.config.messaging_url);
                let brand: Brand = self.ask(self.http.get(url)).await?;
                Some(Stage { status: brand.status, why: brand.failure_reason })
            }
            None => None,
        };
        let why = campaign.errors.into_iter().find_map(|error| error.description);
        Ok(Seen::LongCode { campaign: Stage { status: campaign.campaign_status, why }, brand })
    }

    async fn verification(&self, sender: &str) -> Result<Seen, Fault> {
        let number = self.number(sender).await?.and_then(|number| number.sid);
        let Some(number) = number else { return Err(not_ours(sender)) };
        let url = format!("{}/v1/Tollfree/Verifications", self.config.messaging_url);
        let query = [("TollfreePhoneNumberSid", number)];
        let found: Verifications = self.ask(self.http.get(url).query(&query)).await?;
        let newest = found.verifications.into_iter().next();
        let stage = |it: TollFree| Stage { status: it.status, why: it.rejection_reason };
        Ok(Seen::TollFree(newest.map(stage)))
    }

    /// The Messaging Service that a number is in: the inbox's own, or one of the account's.
    async fn service_of(&self, sender: &str) -> Result<Option<String>, Fault> {
        if let Some(service) = &self.config.service {
            return Ok(Some(service.clone()));
        }
        let services = format!("{}/v1/Services", self.config.messaging_url);
        let query = [("PageSize", MAX_SERVICES)];
        let found: Services = self.ask(self.http.get(&services).query(&query)).await?;
        for service in found.services {
            let url = format!("{services}/{}/PhoneNumbers", service.sid);
            let query = [("PageSize", "1000")];
            let numbers: ServiceNumbers = self.ask(self.http.get(url).query(&query)).await?;
            let is_it = |number: &ServiceNumber| number.phone_number.as_deref() == Some(sender);
            if numbers.phone_numbers.iter().any(is_it) {
                return Ok(Some(service.sid));
            }
        }
        Ok(None)
    }

    async fn number(&self, sender: &str) -> Result<Option<Number>, Fault> {
        let url = self.account("IncomingPhoneNumbers.json");
        let found: Numbers = self.ask(self.http.get(url).query(&[("PhoneNumber", sender)])).await?;
        let is_it = |number: &Number| number.phone_number.as_deref() == Some(sender);
        Ok(found.incoming_phone_numbers.into_iter().find(is_it))
    }

    pub(super) fn account(&self, path: &str) -> String {
        let Config { api_url, account_sid, .. } = &*self.config;
        format!("{api_url}/2010-04-01/Accounts/{account_sid}/{path}")
    }

    /// Reads the account's content templates, page by page.
    async fn list_templates(&self) -> Result<TemplateList, Fault> {
        let mut list = TemplateList::default();
        let mut query = format!("?PageSize={PAGE_TEMPLATES}");
        for _ in 0..MAX_PAGES {
            let url = format!("{}{CONTENTS}{query}", self.config.content_url);
            let page: ContentPage = self.ask(self.http.get(url)).await?;
            let rows = page.contents.into_iter().filter_map(|row| serde_json::from_value(row).ok());
            list.templates.extend(rows.filter_map(templates::listed));
            let Some(next) = page.meta.and_then(|meta| meta.next_page_url) else {
                list.complete = true;
                return Ok(list);
            };
            // Only what stands behind our own address, which may be a proxy's.
            match next.split_once(CONTENTS) {
                Some((_, next)) if next.starts_with('?') => query = next.to_owned(),
                _ => return Ok(list),
            }
        }
        Ok(list)
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, Fault> {
        let answer = self.call(request).await.map_err(|_| TWILIO.unreachable())?;
        if answer.status.is_success() {
            return serde_json::from_slice(&answer.body).map_err(|_| TWILIO.garbled(answer.status));
        }
        match serde_json::from_slice::<Posted>(&answer.body) {
            Ok(error) if error.code.is_some() => Err(policy::fault(error.code, error.details())),
            _ => Err(TWILIO.garbled(answer.status)),
        }
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let Config { user, password, .. } = &*self.config;
        let request = request.basic_auth(user, Some(password.reveal()));
        call::call(request, self.clock.now()).await
    }
}

impl Templates for Client {
    fn list(&self) -> BoxFuture<'_, Result<TemplateList, Fault>> {
        Box::pin(self.list_templates())
    }
}

/// The parameters of a post; those of a list under the same name each.
fn form(body: &Value) -> Vec<(&str, &str)> {
    let mut form = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        form.extend(values.iter().filter_map(Value::as_str).map(|value| (name.as_str(), value)));
    }
    form
}

/// What came of a post. Twilio's code decides before the HTTP status does.
fn posted(answer: &Answer) -> Outcome {
    let Ok(read) = serde_json::from_slice::<Posted>(&answer.body) else {
        return TWILIO.uncoded(answer);
    };
    match read.sid.as_deref().filter(|sid| !sid.is_empty()) {
        Some(sid) if answer.status.is_success() => {
            Outcome::Accepted(Accepted { vendor_id: Some(sid.into()), ..Accepted::default() })
        }
        _ if read.code.is_some() => refused(answer, &read),
        _ => TWILIO.uncoded(answer),
    }
}

fn refused(answer: &Answer, error: &Posted) -> Outcome {
    let fault = policy::fault(error.code, error.details());
    let replay = error.code.and_then(policy::lookup).map(|rule| rule.replay);
    TWILIO.refused(answer, replay, fault)
}

/// Nothing was sent, because what it needs could not be had.
fn unsent(fault: Fault) -> Outcome {
    match fault.class {
        FaultClass::RateLimited => Outcome::Retry { after_ms: Some(TWILIO.pause_ms), fault },
        FaultClass::VendorDown => Outcome::Retry { after_ms: None, fault },
        _ => Outcome::Rejected { fault },
    }
}

fn not_ours(sender: &str) -> Fault {
    Fault::new(
        FaultClass::NotRegistered,
        format!("use the sender: {sender} is not in this account; check account SID and sender"),
    )
}

fn elsewhere() -> Fault {
    Fault::new(
        FaultClass::NotRegistered,
        "receive messages: Twilio sends them to another address; paste the webhook_url there, by POST",
    )
}
