// Twilio's SDK for Node against the simulated Twilio, and against the hub's hooks.
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { parse, stringify } from "node:querystring";
import twilio from "twilio";
import {
  api,
  becomes,
  control,
  equal,
  expect,
  listen,
  ready,
  run,
  Skipped,
  switched,
} from "../lib/demo.mjs";

const { version } = createRequire(import.meta.url)("twilio/package.json");
const { account, urls } = await control("twilio/account");
const CUSTOMER = "+15550100071";
// Whatever encodings and signatures may stumble over.
const AWKWARD = "Grüße + 1 & 2 = 3? 100% 'so' \"sagt\" er\n👍";
const FORM = "application/x-www-form-urlencoded";
const SIGNATURE = "x-twilio-signature";

const listener = await listen("text/xml", "<Response/>");
const HOOK = `${listener.base}/hook?for=node&step=a%20b`;

// Sends what is meant for Twilio's hosts to the simulator.
class SimulatedHosts extends twilio.RequestClient {
  request(options) {
    const { origin, hostname } = new URL(options.uri);
    const simulated = urls[`${hostname.replace(/\.twilio\.com$/, "")}_url`];
    return super.request({ ...options, uri: options.uri.replace(origin, simulated) });
  }
}

function clientWith(password) {
  return twilio(account.account_sid, password, { httpClient: new SimulatedHosts() });
}

const client = clientWith(account.auth_token);
await control("twilio/hooks", { url: HOOK });

// The code and the status with which a call is refused.
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    if (error.code !== undefined && error.status !== undefined) return [error.code, error.status];
    throw error;
  }
  return "not refused";
}

function send(wanted = {}) {
  return client.messages.create({ to: CUSTOMER, from: account.number, body: "Hello", ...wanted });
}

const isJson = (hook) => hook.headers["content-type"].startsWith("application/json");
const fields = (hook) => (isJson(hook) ? JSON.parse(hook.body) : parse(hook.body));
const sids = (items) => items.map(({ sid }) => sid);

// The webhook that tells of a message.
function told(sid, status) {
  const fits = (hook) => {
    const { MessageSid, MessageStatus } = fields(hook);
    return MessageSid === sid && MessageStatus === status;
  };
  return listener.wait(`the webhook about ${status ?? "the message"}`, fits);
}

// A customer's message, and its webhook.
async function customerSends(what) {
  const { sid } = await control("twilio/message", { from: CUSTOMER, ...what });
  return told(sid, undefined);
}

// What the SDK thinks of a webhook.
function isValid(hook, token = account.auth_token) {
  const signature = hook.headers[SIGNATURE];
  if (isJson(hook)) return twilio.validateRequestWithBody(token, signature, hook.url, hook.body);
  return twilio.validateRequest(token, signature, hook.url, parse(hook.body));
}

// A webhook is accepted as it came, and refused with anything changed.
function expectBound(hook, token = account.auth_token) {
  expect(isValid(hook, token), "the signature was refused");
  const changed = {
    body: { ...hook, body: hook.body.replace("MessageSid", "MessageSit") },
    address: { ...hook, url: hook.url.replace("/hook", "/hoop") },
    query: { ...hook, url: hook.url.replace("step=a", "step=c") },
  };
  if (!isJson(hook)) changed["further parameter"] = { ...hook, body: `${hook.body}&More=` };
  for (const [what, other] of Object.entries(changed)) {
    expect(!isValid(other, token), `a changed ${what} was accepted`);
  }
  expect(!isValid(hook, "0".repeat(32)), "another token's signature was accepted");
}

const messages = [
  [
    "a message is created, followed and read back",
    async () => {
      const made = await send({ body: AWKWARD, statusCallback: HOOK });
      expect(made.sid.startsWith("SM"), made.sid);
      const fresh = [made.status, made.direction, made.numSegments];
      equal(fresh, ["queued", "outbound-api", "1"], "the new message");
      expect(made.dateCreated instanceof Date && made.dateCreated > 0, "dateCreated is no moment");
      await told(made.sid, "sent");
      await told(made.sid, "delivered");
      const read = await client.messages(made.sid).fetch();
      const found = [read.status, read.body, read.to, read.from];
      equal(found, ["delivered", AWKWARD, CUSTOMER, account.number], "read back");
    },
  ],
  [
    "messages are listed page by page",
    async () => {
      const to = "+15550100072";
      const wanted = [0, 1, 2, 3, 4].map((n) => `number ${n}`);
      for (const body of wanted) {
        const byService = { from: undefined, messagingServiceSid: account.service_sid };
        const made = await send({ to, body, ...byService });
        equal(made.messagingServiceSid, account.service_sid, "the service");
      }
      const inPages = await client.messages.list({ to, pageSize: 2 });
      const bodies = inPages.map(({ body }) => body);
      equal(bodies, wanted.toReversed(), "in pages of two");
      const limited = await client.messages.list({ to, limit: 3 });
      equal(limited.length, 3, "with a limit");
      const yesterday = new Date(Date.now() - 86_400_000);
      const since = await client.messages.list({ to, dateSentAfter: yesterday });
      equal(since.length, 5, "since yesterday");
      equal(await client.messages.list({ to, dateSentBefore: yesterday }), [], "before yesterday");
    },
  ],
  [
    "a message is emptied and deleted",
    async () => {
      const { sid } = await send();
      const emptied = await client.messages(sid).update({ body: "" });
      equal(emptied.body, "", "the emptied body");
      expect(await client.messages(sid).remove(), "the message was not deleted");
      const again = await refusal(() => client.messages(sid).fetch());
      equal(again, [20404, 404], "reading it again");
    },
  ],
  [
    "media are sent, listed and deleted",
    async () => {
      const made = await send({ mediaUrl: [`${listener.base}/picture.png`] });
      expect(made.sid.startsWith("MM"), made.sid);
      const kinds = (items) => items.map(({ contentType }) => contentType);
      equal(kinds(await client.messages(made.sid).media.list()), ["image/png"], "ours");
      const theirs = [{}, { content_type: "image/jpeg" }];
      const { MessageSid } = fields(await customerSends({ text: "", media: theirs }));
      const { media } = client.messages(MessageSid);
      const listed = await media.list();
      equal(kinds(listed), ["image/png", "image/jpeg"], "the customer's");
      // An item of a list does not know its own sid in this version of the SDK.
      const first = media(listed[0].sid);
      equal((await first.fetch()).parentSid, MessageSid, "the message of the picture");
      expect(await first.remove(), "the picture was not deleted");
      equal((await media.list()).length, 1, "pictures left");
    },
  ],
  [
    "refusals carry the codes of Twilio",
    async () => {
      const is = async (call, wanted, what) => equal(await refusal(call), wanted, what);
      await is(() => send({ to: "+12" }), [21211, 400], "a number that is none");
      await is(() => send({ from: "+12125550199999" }), [21606, 400], "a sender that is not ours");
      await is(() => send({ body: "x".repeat(1601) }), [21617, 400], "a long body");
      const stranger = clientWith("not the token");
      await is(() => stranger.messages.list({ limit: 1 }), [20003, 401], "a wrong token");
      const lookup = () => stranger.lookups.v2.phoneNumbers(CUSTOMER).fetch();
      await is(lookup, [20003, 401], "a wrong token at Lookup");
      const nobody = { channel: "whatsapp", messageId: "SM0" };
      const typing = () => client.messaging.v2.typingIndicator.create(nobody);
      await is(typing, [20001, 400], "typing to nobody");
    },
  ],
  [
    "after STOP nothing is sent until START",
    async () => {
      await customerSends({ text: "STOP" });
      equal(await refusal(() => send()), [21610, 400], "after STOP");
      await customerSends({ text: "start" });
      equal((await send()).status, "queued", "after START");
    },
  ],
];

const senders = [
  [
    "numbers are found and changed",
    async () => {
      const phoneNumber = account.toll_free_number;
      const found = await client.incomingPhoneNumbers.list({ phoneNumber });
      equal(sids(found), [account.toll_free_number_sid], "the number");
      const { sms, mms } = found[0].capabilities;
      expect(sms && mms, "the number cannot send");
      const smsUrl = `${HOOK}&changed=yes`;
      const number = client.incomingPhoneNumbers(found[0].sid);
      equal((await number.update({ smsUrl })).smsUrl, smsUrl, "the new address");
      equal((await number.fetch()).smsUrl, smsUrl, "the address read back");
      await number.update({ smsUrl: HOOK });
    },
  ],
  [
    "the messaging service is read and changed",
    async () => {
      const { services } = client.messaging.v1;
      const service = services(account.service_sid);
      equal(sids(await services.list()), [account.service_sid], "services");
      expect((await service.fetch()).usAppToPersonRegistered, "the service is not registered");
      const changed = await service.update({ fallbackUrl: HOOK });
      equal(changed.fallbackUrl, HOOK, "the new address");
      await service.update({ fallbackUrl: "" });
      const numbers = await service.phoneNumbers.list();
      equal(
        numbers.map(({ phoneNumber }) => phoneNumber),
        [account.number],
        "its numbers",
      );
    },
  ],
  [
    "registrations are read",
    async () => {
      const { v1 } = client.messaging;
      const campaigns = await v1.services(account.service_sid).usAppToPerson.list();
      equal(sids(campaigns), [account.campaign_sid], "campaigns");
      equal(campaigns[0].campaignStatus, "VERIFIED", "the campaign");
      const brands = await v1.brandRegistrations.list();
      equal(
        brands.map(({ status }) => status),
        ["APPROVED"],
        "brands",
      );
      const brand = await v1.brandRegistrations(account.brand_sid).fetch();
      equal(brand.identityStatus, "VERIFIED", "the brand");
      const tollfreePhoneNumberSid = account.toll_free_number_sid;
      const ofNumber = await v1.tollfreeVerifications.list({ tollfreePhoneNumberSid });
      equal(
        ofNumber.map(({ status }) => status),
        ["TWILIO_APPROVED"],
        "toll-free verifications",
      );
      const sid = account.toll_free_verification_sid;
      const verification = await v1.tollfreeVerifications(sid).fetch();
      equal(verification.tollfreePhoneNumberSid, tollfreePhoneNumberSid, "the verification");
    },
  ],
  [
    "a template is made, approved, sent and deleted",
    async () => {
      const { v1 } = client.content;
      const types = { "twilio/text": { body: "Hello {{1}}, your parcel {{2}} is here." } };
      const wanted = { friendly_name: "parcel", language: "en", variables: { 1: "you" }, types };
      const { sid } = await v1.contents.create(wanted);
      const content = v1.contents(sid);
      equal((await content.fetch()).types, types, "the template");
      const request = { name: "parcel_node", category: "UTILITY" };
      equal((await content.approvalCreate.create(request)).status, "received", "handed in");
      await control("twilio/contents", { content: sid, status: "approved" });
      const { whatsapp } = await content.approvalFetch().fetch();
      equal(whatsapp.status, "approved", "reviewed");
      const both = (await v1.contentAndApprovals.list()).filter((one) => one.sid === sid);
      equal(
        both.map((one) => one.approvalRequests.status),
        ["approved"],
        "with its approval",
      );
      const sent = await client.messages.create({
        to: `whatsapp:${CUSTOMER}`,
        from: `whatsapp:${account.whatsapp_number}`,
        contentSid: sid,
        contentVariables: JSON.stringify({ 1: "Zoë", 2: "A+1" }),
      });
      equal(sent.body, "Hello Zoë, your parcel A+1 is here.", "the words");
      expect(await content.remove(), "the template was not deleted");
      equal(await refusal(() => content.fetch()), [20404, 404], "reading it again");
    },
  ],
  [
    "the WhatsApp sender is read and changed",
    async () => {
      const { channelsSenders } = client.messaging.v2;
      const listed = await channelsSenders.list({ channel: "whatsapp" });
      equal(
        listed.map(({ status }) => status),
        ["ONLINE"],
        "senders",
      );
      const sender = channelsSenders(account.whatsapp_sender_sid);
      const { senderId } = await sender.fetch();
      equal(senderId, `whatsapp:${account.whatsapp_number}`, "its address");
      const { webhook } = await sender.update({ webhook: { callback_url: HOOK } });
      equal(webhook.callbackUrl, HOOK, "the new address");
    },
  ],
  [
    "Lookup tells landlines from mobiles",
    async () => {
      const kind = async (number) => {
        const lookup = client.lookups.v2.phoneNumbers(number);
        const { valid, lineTypeIntelligence } = await lookup.fetch({
          fields: "line_type_intelligence",
        });
        return [valid, lineTypeIntelligence.type];
      };
      equal(await kind(CUSTOMER), [true, "mobile"], "the customer's number");
      equal(await kind("+15550100099"), [true, "landline"], "a landline");
    },
  ],
  [
    "a WhatsApp customer sees typing",
    async () => {
      const hook = await customerSends({ channel: "whatsapp", text: "Hello" });
      const shown = { channel: "whatsapp", messageId: fields(hook).MessageSid };
      const { success } = await client.messaging.v2.typingIndicator.create(shown);
      expect(success, "no success");
      const thread = await control(`twilio/thread?customer=${CUSTOMER.slice(1)}`);
      expect(thread.typing, "nobody is seen typing");
    },
  ],
];

const signatures = [
  [
    "signed forms are accepted, changed ones refused",
    async () => {
      const channel = "whatsapp";
      const location = { latitude: 52.5, longitude: 13.4, label: "Café & Bar", address: "" };
      const hooks = [
        await customerSends({ text: AWKWARD }),
        await customerSends({ text: "Body", media: [{}] }),
        await customerSends({ channel, text: AWKWARD, name: "Ærøskøbing + Co" }),
        await customerSends({ channel, button: { text: "Yes, please", payload: "a+b=c" } }),
        await customerSends({ channel, list: { id: "l", title: "Large" } }),
        await customerSends({ channel, location }),
      ];
      equal(fields(hooks[0]).Body, AWKWARD, "the words");
      equal(fields(hooks[0]).FromCity, "", "an empty value");
      const { sid } = await send({ statusCallback: HOOK });
      hooks.push(await told(sid, "sent"), await told(sid, "delivered"));
      for (const hook of hooks) expectBound(hook);
    },
  ],
  [
    "repeated and empty names are signed",
    async () => {
      const named = { Empty: "", Body: AWKWARD, MessageSid: "SMrepeatedNode" };
      const tags = ["b", "a", "b"].map((value) => ["Tag", value]);
      const params = [...tags, ...Object.entries(named)];
      await control("twilio/raw", { url: HOOK, params });
      const hook = await told(named.MessageSid, undefined);
      equal(fields(hook).Tag, ["b", "a", "b"], "the repeated name");
      expectBound(hook);
    },
  ],
  [
    "wrong signatures are refused",
    async () => {
      const params = [["MessageSid", "SMwrongNode"]];
      await control("twilio/raw", { url: HOOK, params, signature: "wrong" });
      expect(!isValid(await told("SMwrongNode", undefined)), "it was accepted");
    },
  ],
  [
    "JSON is bound by its hash",
    async () => {
      const asJson = { "twilio.webhook_format": "json" };
      const hook = await switched(asJson, () => customerSends({ text: AWKWARD }));
      expect(hook.url.includes("bodySHA256="), hook.url);
      equal(fields(hook).Body, AWKWARD, "the words");
      expectBound(hook);
    },
  ],
  [
    "either token signs during a rotation",
    async () => {
      const second = { "twilio.auth_token": "secondary" };
      const hook = await switched(second, () => customerSends({ text: AWKWARD }));
      expectBound(hook, account.secondary_auth_token);
      expect(!isValid(hook), "the primary token fits as well");
      const other = clientWith(account.secondary_auth_token);
      equal((await other.messages.list({ limit: 1 })).length, 1, "a list with it");
    },
  ],
  [
    "a shared key signs with SHA-1",
    async () => {
      for (const format of ["form", "json"]) {
        const shared = { "twilio.signature": "shared_key_sha1", "twilio.webhook_format": format };
        const hook = await switched(shared, () => customerSends({ text: AWKWARD }));
        expectBound(hook, account.shared_key_secret);
      }
    },
  ],
];

function twilioInboxes() {
  const inboxes = ready.inboxes.filter(({ vendor }) => vendor === "twilio");
  if (inboxes.length === 0) throw new Skipped("the demo has no inbox at Twilio");
  return inboxes;
}

// What Twilio would send to this inbox.
function inbound({ settings }) {
  const sid = `SM${randomUUID().replaceAll("-", "")}`;
  const sender = settings.sender ?? account.number;
  const channel = sender.startsWith("whatsapp:") ? "whatsapp:" : "";
  return {
    AccountSid: account.account_sid,
    ApiVersion: "2010-04-01",
    Body: AWKWARD,
    From: `${channel}${CUSTOMER}`,
    FromCity: "",
    MessageSid: sid,
    NumMedia: "0",
    NumSegments: "1",
    SmsMessageSid: sid,
    SmsSid: sid,
    SmsStatus: "received",
    To: sender,
  };
}

// The status of the hub's answer, which says nothing to the customer.
async function hubAnswers(url, body, contentType, signature) {
  const headers = { "content-type": contentType };
  if (signature !== undefined) headers[SIGNATURE] = signature;
  const response = await fetch(url, { method: "POST", headers, body });
  const answer = await response.text();
  if (response.status === 200) equal(answer, "<Response/>", "the answer");
  return response.status;
}

const hub = [
  [
    "the hub accepts forms that the SDK signs",
    async () => {
      for (const inbox of twilioInboxes()) {
        const url = inbox.hook_url;
        const token = inbox.settings.auth_token;
        const sign = twilio.getExpectedTwilioSignature;
        const is = async (status, what, url, form, signature) =>
          equal(await hubAnswers(url, stringify(form), FORM, signature), status, what);
        const form = inbound(inbox);
        const signature = sign(token, url, form);
        const queried = `${url}?delivery=&a=b%20c`;
        await is(403, "a changed form", url, { ...form, Body: "changed" }, signature);
        await is(403, "another token's signature", url, form, sign("0".repeat(32), url, form));
        await is(403, "no signature", url, form, undefined);
        await is(403, "another address", queried, form, signature);
        await is(200, "the form", url, form, signature);
        const second = inbound(inbox);
        const ofSecond = sign(token, queried, second);
        await is(200, "an address with a query", queried, second, ofSecond);
      }
    },
  ],
  [
    "the hub accepts JSON that the SDK signs",
    async () => {
      const kind = "application/json";
      for (const inbox of twilioInboxes()) {
        const body = JSON.stringify(inbound(inbox));
        const url = `${inbox.hook_url}?bodySHA256=${twilio.getExpectedBodyHash(body)}`;
        const signature = twilio.getExpectedTwilioSignature(inbox.settings.auth_token, url, null);
        equal(await hubAnswers(url, `${body} `, kind, signature), 403, "a changed body");
        const unbound = await hubAnswers(inbox.hook_url, body, kind, signature);
        equal(unbound, 403, "without its hash");
        equal(await hubAnswers(url, body, kind, signature), 200, "the body");
      }
    },
  ],
  [
    "the hub keeps word for word what it accepted",
    async () => {
      const kept = async () => {
        const texts = [];
        const { sessions } = await api(`sessions?q=${CUSTOMER.slice(1)}`);
        for (const { id } of sessions) {
          const { messages } = await api(`sessions/${id}/messages`);
          const theirs = messages.filter(({ author }) => author.kind === "customer");
          texts.push(...theirs.map(({ text }) => text));
        }
        return texts;
      };
      // Two forms and a JSON body, and nothing of what was refused.
      const wanted = Array(3 * twilioInboxes().length).fill(AWKWARD);
      await becomes(kept, wanted, "what customers said");
    },
  ],
];

await run(`twilio ${version} for Node`, [...messages, ...senders, ...signatures, ...hub]);
