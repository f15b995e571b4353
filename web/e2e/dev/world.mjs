// Development only: a made-up workspace that answers like the hub's API, so that each screen can be
// looked at before or without a hub. Nothing here is evidence of what the product does.
import { EventEmitter } from "node:events";

const START = Date.now() - 40 * 60_000;
const at = (minute) => new Date(START + minute * 60_000).toISOString();
const now = () => new Date().toISOString();
const DESK = { id: "desk-1", name: "Contact centre", vendor: "dynamics365" };
const INBOX = { id: "inbox-1", name: "Support number" };

export const feed = new EventEmitter().setMaxListeners(200);
export const facts = [];
export const sessions = new Map();
export const messages = new Map();

function tell(kind, session_id, data, time = now()) {
  const fact = {
    position: facts.length + 1,
    at: time,
    kind,
    session_id,
    data: structuredClone(data),
  };
  facts.push(fact);
  feed.emit("fact", fact);
}

function openSession(id, number, name, minute, change = {}) {
  const session = {
    id,
    number,
    state: "open",
    owner: "ai",
    epoch: 1,
    channel: "whatsapp",
    inbox: INBOX,
    contact: {
      id: `contact-${number}`,
      name,
      phone: name === null ? null : `+1 555 010 ${1000 + number}`,
      email: null,
      points: [{ kind: "whatsapp_user_id", value: `US.1349${number}8866531` }],
    },
    opened_at: at(minute),
    last_activity_at: at(minute),
    closed_at: null,
    close_reason: null,
    window: {
      open: true,
      expires_at: new Date(Date.now() + 23.4 * 3_600_000).toISOString(),
      kind: "message",
      opened_by: null,
      free_entry_until: null,
    },
    costs: [{ category: "service", billable: 0, free: 3, prices: [] }],
    handoff: null,
    metadata: { sessionId: id },
    last_message: null,
    ...change,
  };
  sessions.set(id, session);
  messages.set(id, []);
  tell("session_opened", id, session, at(minute));
  return session;
}

function say(session, kind, text, change = {}) {
  const list = messages.get(session.id);
  const message = {
    id: `${session.id}-m${list.length + 1}`,
    position: list.length + 1,
    author: { kind, name: kind === "customer" ? session.contact.name : null },
    text,
    content: { type: "text" },
    at: now(),
    status: kind === "customer" ? "received" : "pending",
    fault: null,
    citations: [],
    cost: null,
    ...change,
  };
  list.push(message);
  session.last_activity_at = message.at;
  session.last_message = { author: kind, text, at: message.at };
  tell("message_added", session.id, message, message.at);
  tell("session_changed", session.id, session, message.at);
  return message;
}

function setStatus(session, message, status) {
  message.status = status;
  tell("message_changed", session.id, message);
}

function own(session, owner, time = now()) {
  session.owner = owner;
  session.epoch += 1;
  tell("owner_changed", session.id, { owner, epoch: session.epoch }, time);
}

function hand(session, change, time = now()) {
  session.handoff = { ...session.handoff, ...change };
  tell("handoff_changed", session.id, session.handoff, time);
}

const BRIEF = {
  subject: "Parcel from order 4471 did not arrive",
  summary:
    "The customer asks where order 4471 is. AI explained the tracking page; tracking has not moved for six days. The customer asks for a person.",
  classification: "Delivery problem",
  sentiment: "slightly_negative",
  language: "en",
  reason: "the customer asked for a person",
};

function requestHandoff(session, time = now()) {
  own(session, "desk", time);
  hand(
    session,
    {
      id: `handoff-${session.number}`,
      state: "requested",
      desk: DESK,
      reason: "customer_asked",
      requested_at: time,
      brief: null,
      rep_name: null,
    },
    time,
  );
}

// Every state that a message or a handoff can show, in one place to look at.
function showcase() {
  const session = openSession("8f1c2a34-showcase", 12, "María Fernanda Ortega", 0);
  const line = (minute, kind, text, change) =>
    say(session, kind, text, { at: at(minute), ...change });
  line(1, "customer", "hey");
  line(1.2, "customer", "where is my order 4471?? 📦");
  line(
    1.5,
    "ai",
    "You can follow order 4471 on the tracking page. If it has not moved for five days, I can bring in a person.",
    {
      status: "read",
      citations: [
        { title: "Where is my parcel?", source: "delivery/tracking.md" },
        { title: "Late parcels", source: "delivery/late.md" },
      ],
    },
  );
  line(
    3,
    "customer",
    "it has not moved for SIX days <script>alert(1)</script> https://example.com/a-very-long-address-that-does-not-break-anywhere/0123456789012345678901234567890123456789",
  );
  line(3.5, "ai", "I am sorry about that.", { status: "cancelled" });
  requestHandoff(session, at(3.6));
  line(3.7, "system", "I am connecting you to a colleague.", { status: "delivered" });
  hand(session, { state: "opening" }, at(3.8));
  hand(session, { state: "waiting", brief: BRIEF }, at(4));
  session.metadata = {
    sessionId: session.id,
    dynamics365_chat_id: "4d0c1f2e-6a57-4a6e-9f43-5a5f0f4b7f10",
  };
  line(6, "customer", "", { content: { type: "location" } });
  kinds(line);
  hand(session, { state: "active", rep_name: "Sam Rivers" }, at(8));
  const rep = { author: { kind: "rep", name: "Sam Rivers" } };
  line(9, "rep", "Hello María, this is Sam. I am looking into it.", { ...rep, status: "read" });
  line(10, "rep", "ok", { ...rep, status: "delivered" });
  line(10.2, "rep", "ok", { ...rep, status: "sent" });
  line(11, "rep", "A new parcel leaves today.", { ...rep, status: "may_have_been_sent" });
  line(12, "rep", "Here is the label.", {
    ...rep,
    status: "failed",
    fault: { code: "131026", text: "the customer's phone cannot receive this message" },
  });
  tell(
    "operator_notice",
    session.id,
    { code: "unknown_outcome", text: "one message could not be settled and waits for a person" },
    at(12.5),
  );
  line(13, "rep", "Are you still there?", {
    ...rep,
    status: "held",
    fault: {
      code: "window_closed",
      text: "This conversation has exceeded the 24 hour limit to respond to the customer.",
    },
  });
  line(14, "rep", "I will write again tomorrow.", { ...rep, status: "pending" });
  tell("session_changed", session.id, session, at(14));
}

/** Every kind of content that has a look of its own. */
function kinds(line) {
  const media = (kind, file, more = {}) => ({
    content: { type: "media", kind, caption: null, file_name: null, voice: false, file, ...more },
  });
  const stored = (mime_type, name, size_bytes) => ({
    state: "stored",
    id: "f1",
    sha256: "00",
    mime_type,
    name,
    size_bytes,
  });
  const picture = stored("image/png", "broken-parcel.png", 48_211);
  line(6.1, "customer", "[image]", media("image", picture, { caption: "It looks like this" }));
  line(
    6.2,
    "customer",
    "[audio]",
    media("audio", stored("audio/ogg", "note.ogg", 9_812), { voice: true }),
  );
  line(
    6.3,
    "customer",
    "[document]",
    media("document", stored("application/pdf", "invoice-4471.pdf", 2_481_113)),
  );
  line(
    6.4,
    "customer",
    "[video]",
    media("video", { state: "waiting" }, { file_name: "unboxing.mp4" }),
  );
  const fault = { class: "media_problem", operator: "x", rep: "WhatsApp no longer has this file." };
  line(
    6.5,
    "customer",
    "[document]",
    media("document", { state: "failed", fault }, { file_name: "form.docx" }),
  );
  line(6.6, "ai", "Which size?", {
    status: "read",
    cost: { category: "service", billable: false, kind: "regular", segments: null, price: null },
    content: {
      type: "interactive",
      text: "Which size do you want instead?",
      header: "Exchange",
      footer: "Free of charge",
      offer: {
        action: "list",
        open: "Sizes",
        sections: [
          {
            title: "",
            rows: [
              { id: "s", title: "Small", description: "up to 36" },
              { id: "m", title: "Medium", description: null },
            ],
          },
        ],
      },
    },
  });
  line(6.7, "customer", "Medium", { content: { type: "choice", id: "m", title: "Medium" } });
  line(6.8, "customer", "[location: Main Street 1 (52.5, 13.4)]", {
    content: { type: "location", latitude: 52.5, longitude: 13.4, label: "Main Street 1" },
  });
}

function others() {
  const closed = openSession("c0ffee00-closed", 11, "Tomasz", -60, { channel: "sms" });
  say(closed, "customer", "thanks!", { at: at(-50) });
  Object.assign(closed, {
    state: "closed",
    closed_at: at(-20),
    close_reason: "rep_ended",
    owner: "nobody",
  });
  closed.window = { open: false, expires_at: at(-10) };
  tell("session_closed", closed.id, closed, at(-20));
  const failing = openSession("badc0de0-failed", 10, null, -30);
  say(failing, "customer", "quiero hablar con una persona", { at: at(-29) });
  requestHandoff(failing, at(-28));
  hand(failing, { state: "failed" }, at(-27));
  const away = openSession("e15e3e00-away", 9, "Ayşe Yılmaz", -35);
  say(away, "customer", "Merhaba", { at: at(-34) });
  own(away, "elsewhere", at(-33));
}

/** The story's session: what the customer writes is answered by rules as simple as can be. */
export function customerSays(text) {
  const id = "5e551000-story";
  const session =
    sessions.get(id)?.state === "open" ? sessions.get(id) : openSession(id, 13, "Alex Kim", 40);
  say(session, "customer", text);
  if (session.owner !== "ai") return;
  if (/person|human/i.test(text)) {
    setTimeout(() => {
      requestHandoff(session);
      const words = say(session, "system", "I am connecting you to a colleague.");
      setStatus(session, words, "delivered");
      hand(session, { state: "waiting", brief: BRIEF });
      session.metadata.dynamics365_chat_id = "0b7c5f5e-1c0a-4a52-8f5a-2f3f4a5b6c7d";
      tell("session_changed", id, session);
    }, 200);
    return;
  }
  setTimeout(() => {
    const answer = say(session, "ai", "Parcels take three to five days.", {
      citations: [{ title: "Delivery times", source: "delivery.md" }],
    });
    for (const status of ["sent", "delivered", "read"]) setStatus(session, answer, status);
  }, 300);
}

export function repDoes(action, text) {
  const session = sessions.get("5e551000-story");
  if (session === undefined) return;
  if (action === "accept") hand(session, { state: "active", rep_name: "Sam Rivers" });
  if (action === "reply") {
    const reply = say(session, "rep", text, { author: { kind: "rep", name: "Sam Rivers" } });
    setStatus(session, reply, "delivered");
  }
  if (action === "end") {
    hand(session, { state: "closed" });
    Object.assign(session, {
      state: "closed",
      owner: "nobody",
      closed_at: now(),
      close_reason: "rep_ended",
    });
    tell("session_closed", session.id, session);
  }
  tell("session_changed", session.id, session);
}

const connected = (item) => ({
  vendor_title: "Microsoft Dynamics 365",
  state: "active",
  why: null,
  last_event_at: null,
  secrets_set: [],
  settings: {},
  ...item,
});

const inbox = (item) =>
  connected({
    vendor_title: "WhatsApp through Meta",
    address: null,
    ai: true,
    last_event_at: null,
    window_ms: 86_400_000,
    templates: true,
    hook_url: `https://hub.example.com/hooks/${item.id}`,
    ...item,
  });

export const inboxes = [
  inbox({
    ...INBOX,
    channel: "whatsapp",
    vendor: "whatsapp_cloud",
    hook_url: "https://hub.example.com/hooks/whatsapp_cloud/inbox-1",
    settings: {
      phone_number_id: "106540352242922",
      waba_id: "102290129340398",
      graph_version: "v25.0",
    },
    secrets_set: ["app_secret", "access_token"],
  }),
  inbox({
    id: "inbox-2",
    name: "Returns number",
    channel: "whatsapp",
    vendor: "whatsapp_cloud",
    hook_url: "https://hub.example.com/hooks/whatsapp_cloud/inbox-2",
    state: "refused",
    why: "app_secret: missing: the app's secret under App settings > Basic > App secret",
  }),
  inbox({
    id: "inbox-3",
    name: "Texts",
    channel: "sms",
    vendor: "twilio",
    vendor_title: "SMS and WhatsApp through Twilio",
    address: "+15550100",
    window_ms: null,
    state: "failing",
    why: "use the auth token: Twilio refuses it; copy it again from the console's first page",
  }),
  inbox({
    id: "inbox-4",
    name: "Old number",
    channel: "sms",
    vendor: "twilio",
    vendor_title: "SMS and WhatsApp through Twilio",
    state: "stopped",
    why: "somebody stopped it; start it to take and send messages again",
  }),
];

export const vendors = [
  {
    name: "whatsapp_cloud",
    title: "WhatsApp through Meta",
    fields: [
      { key: "waba_id", label: "Account ID", help: "the digits", secret: false, required: true },
      { key: "app_secret", label: "App secret", help: "of the app", secret: true, required: true },
    ],
  },
];

export const deskVendors = [
  {
    name: "dynamics365",
    title: "Microsoft Dynamics 365",
    fields: [
      { key: "tenant_id", label: "Tenant id", help: "a GUID", secret: false, required: true },
      { key: "client_secret", label: "Secret", help: "the value", secret: true, required: true },
    ],
  },
];

export const desks = [
  connected({
    id: "desk-2",
    name: "Night desk",
    vendor: "dynamics365",
    hook_url: "https://hub.example.com/hooks/dynamics365/desk-2",
  }),
  connected({
    ...DESK,
    hook_url: "https://hub.example.com/hooks/dynamics365/desk-1",
    settings: { environment_url: "https://contoso.crm.dynamics.com" },
    secrets_set: ["client_secret"],
    state: "failing",
    why: "the desk answers 429; next try in 40 s",
  }),
];

others();
showcase();
