import type { Fact, Handoff, Message, Session, Template } from "../src/index.ts";

export const SESSION: Session = {
  id: "s1",
  number: 7,
  state: "open",
  owner: "ai",
  epoch: 1,
  channel: "whatsapp",
  inbox: { id: "i1", name: "Support" },
  contact: { id: "c1", name: "María", phone: null, email: null, points: [] },
  opened_at: at(0),
  last_activity_at: at(0),
  closed_at: null,
  close_reason: null,
  window: null,
  handoff: null,
  metadata: {},
  costs: [],
  last_message: null,
};

export const HANDOFF: Handoff = {
  id: "h1",
  state: "requested",
  desk: { id: "d1", name: "Contact centre", vendor: "dynamics365" },
  reason: "customer_asked",
  requested_at: at(5),
  brief: null,
  rep_name: null,
};

const field = (key: string, kind: string, example: string | null = null) => ({
  key,
  kind,
  required: true,
  max_chars: 1024,
  example,
});

export const TEMPLATE: Template = {
  id: "t1",
  inbox_id: "i1",
  name: "order_update",
  language: "en_US",
  category: "utility",
  status: "approved",
  quality: "GREEN",
  refusal: null,
  header: { type: "text", text: "Order {{1}}" },
  body: "Hello {{name}}, it comes {{day}}.",
  footer: "Parcel House",
  buttons: [
    { action: "link", title: "Track", url: "https://x.example/{{1}}" },
    { action: "reply", title: "Stop", url: null },
  ],
  form: [
    field("header.1", "text"),
    field("name", "text", "Ada"),
    field("day", "text"),
    field("button.0", "url_end", "Track"),
  ],
  synced_at: at(0),
};

export function at(second: number): string {
  return `2026-11-20T10:00:${String(second).padStart(2, "0")}.000Z`;
}

export function message(position: number, change: Partial<Message> = {}): Message {
  return {
    id: `m${position}`,
    position,
    author: { kind: "customer", name: "María" },
    text: `message ${position}`,
    content: { type: "text" },
    at: at(position),
    status: "received",
    fault: null,
    citations: [],
    cost: null,
    ...change,
  };
}

export function fact<K extends Fact["kind"]>(
  position: number,
  kind: K,
  data: Extract<Fact, { kind: K }>["data"],
  session_id = "s1",
): Fact {
  return { position, at: at(position), kind, session_id, data } as Fact;
}

export function wire(value: Fact): string {
  return `id: ${value.position}\nevent: fact\ndata: ${JSON.stringify(value)}\n\n`;
}
