/**
 * The words of the hub's HTTP API. This is the one file that changes when the types are taken
 * from the generated `schema.ts`; everything else imports its names from here.
 */

/** RFC 3339, UTC, milliseconds. */
export type Instant = string;

export type Owner = "ai" | "desk" | "elsewhere" | "nobody";
export type SessionState = "open" | "closed";
export type Channel = "whatsapp" | "sms" | "web" | "email" | "phone";
export type AuthorKind = "customer" | "ai" | "rep" | "system";
export type HandoffState = "requested" | "opening" | "waiting" | "active" | "closed" | "failed";
export type ConnectionState = "active" | "failing" | "refused" | "stopped";
export type CloseReason = "rep_ended" | "resolved" | "silent" | "merged";
export type HandoffReason =
  | "customer_asked"
  | "frustration"
  | "forbidden_topic"
  | "repeated_misses"
  | "engine_decided"
  | "engine_failed"
  | "unknown_delivery"
  | "failed_delivery"
  | "wrote_after_end";
export type MessageStatus =
  | "received"
  | "pending"
  | "held"
  | "sent"
  | "delivered"
  | "read"
  | "failed"
  | "may_have_been_sent"
  | "cancelled";

export interface Me {
  user: { id: string; email: string; name: string } | null;
  workspace: { id: string; name: string };
  csrf: string | null;
}

export interface Brief {
  subject: string;
  summary: string;
  classification: string;
  sentiment: string;
  language: string;
  reason: string;
}

export interface Handoff {
  id: string;
  state: HandoffState;
  desk: { id: string; name: string; vendor: string };
  reason: HandoffReason;
  requested_at: Instant;
  brief: Brief | null;
  rep_name: string | null;
}

export interface Contact {
  id: string;
  name: string | null;
  phone: string | null;
  email: string | null;
  points: { kind: string; value: string }[];
}

export interface Session {
  id: string;
  number: number;
  state: SessionState;
  owner: Owner;
  epoch: number;
  channel: Channel;
  inbox: { id: string; name: string };
  contact: Contact;
  opened_at: Instant;
  last_activity_at: Instant;
  closed_at: Instant | null;
  close_reason: CloseReason | null;
  window: { open: boolean; expires_at: Instant } | null;
  handoff: Handoff | null;
  /** Trace ids and whatever the desk's vendor calls its work. */
  metadata: Record<string, unknown>;
  last_message: { author: AuthorKind; text: string; at: Instant } | null;
}

export interface Message {
  id: string;
  /** Order within the conversation; not a position of the feed. */
  position: number;
  author: { kind: AuthorKind; name: string | null };
  text: string;
  content: { type: string; [key: string]: unknown };
  at: Instant;
  status: MessageStatus;
  fault: { code: string; text: string } | null;
  citations: { title: string; source: string }[];
  /** What the vendor charges for it, once the vendor has said so. */
  cost?: Cost | null;
}

export interface Cost {
  category: string;
  billable: boolean;
  kind?: string | null;
  segments?: number | null;
  price?: { micros: number; currency: string } | null;
}

interface FactOf<Kind extends string, Data> {
  /** Position in the feed: rises by one with every fact of the workspace. */
  position: number;
  at: Instant;
  kind: Kind;
  session_id: string | null;
  data: Data;
}

/** Facts about a session carry it as it is when they are read; null when it is gone. */
export type Fact =
  | FactOf<"session_opened", Session | null>
  | FactOf<"session_changed", Session | null>
  | FactOf<"session_closed", Session | null>
  | FactOf<"message_added", Message>
  | FactOf<"message_changed", Message>
  | FactOf<"handoff_changed", Handoff>
  | FactOf<"owner_changed", { owner: Owner; epoch: number }>
  | FactOf<"operator_notice", { code: string; text: string }>;

export interface Desk {
  id: string;
  name: string;
  vendor: string;
  hook_url: string;
  state: ConnectionState;
  why: string | null;
  settings: Record<string, unknown>;
  secrets_set: string[];
}

export interface Inbox extends Desk {
  channel: Channel;
  /** The vendor's name for people. */
  vendor_title: string;
  /** As customers see it, where the settings say it. */
  address: string | null;
  ai: boolean;
  last_event_at: Instant | null;
  /** How long after a customer's message free-form messages may be sent; null: no such rule. */
  window_ms: number | null;
  templates: boolean;
}

/** One setting of a vendor: what the form asks for. */
export interface Field {
  key: string;
  label: string;
  help: string;
  /** Never shown again. */
  secret: boolean;
  required: boolean;
}

export interface Vendor {
  name: string;
  title: string;
  fields: Field[];
}

/** Settings to set; null takes one away. */
export type SettingsChange = Record<string, string | null>;

export interface NewInbox {
  name: string;
  vendor: string;
  ai: boolean;
  settings: SettingsChange;
}

export interface InboxChange {
  name?: string;
  ai?: boolean;
  stopped?: boolean;
  settings?: SettingsChange;
}

export interface Checked {
  works: boolean;
  why: string | null;
}

export interface TestSent {
  session_id: string;
  message_id: string;
}

/** What a text counts for as SMS. */
export interface SmsSegments {
  encoding: "gsm7" | "ucs2";
  units: number;
  segments: number;
  units_left: number;
}

export interface SessionPage {
  sessions: Session[];
  next: string | null;
}

export interface MessagePage {
  messages: Message[];
  last_position: number;
}

export interface FactPage {
  facts: Fact[];
  last_position: number;
}
