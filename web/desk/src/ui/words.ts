import type {
  Channel,
  CloseReason,
  ConnectionState,
  HandoffReason,
  HandoffState,
  Owner,
  SessionState,
  Unavailable,
  WorkKind,
} from "@baton/client";

export const OWNER: Record<Owner, string> = {
  ai: "AI",
  desk: "Desk",
  elsewhere: "Elsewhere",
  nobody: "Nobody",
};

/** Who answers the customer now, as a sentence. */
export const OWNER_ANSWERS: Record<Owner, string> = {
  ai: "AI answers",
  desk: "The desk answers",
  elsewhere: "A person answers outside Baton",
  nobody: "Nobody answers",
};

export const CHANNEL: Record<Channel, string> = {
  whatsapp: "WhatsApp",
  sms: "SMS",
  web: "Web chat",
  email: "Email",
  phone: "Phone",
};

export const SESSION_STATE: Record<SessionState, string> = { open: "Open", closed: "Closed" };

export const HANDOFF_STATE: Record<HandoffState, string> = {
  requested: "Requested",
  opening: "Opening at the desk",
  waiting: "Waiting for a rep",
  active: "With a rep",
  closed: "Ended",
  failed: "Failed",
};

export const HANDOFF_REASON: Record<HandoffReason, string> = {
  customer_asked: "The customer asked for a person",
  frustration: "The customer is frustrated",
  forbidden_topic: "A topic that AI must not answer",
  repeated_misses: "AI could not answer several times",
  engine_decided: "AI decided that a person is needed",
  engine_failed: "AI failed or was too slow",
  unknown_delivery: "It is not known whether AI's answer arrived",
  failed_delivery: "AI's answer could not be delivered",
  wrote_after_end: "The customer wrote after the end",
  campaign_reply: "The customer answered a campaign",
};

export const CLOSE_REASON: Record<CloseReason, string> = {
  rep_ended: "the rep ended it",
  resolved: "resolved",
  silent: "silence",
  merged: "merged with another session",
};

export const CONNECTION_STATE: Record<ConnectionState, string> = {
  active: "Active",
  failing: "Failing",
  refused: "Settings refused",
  stopped: "Stopped",
};

/** The kind of work that a handoff makes. */
export const WORK_KIND: Record<WorkKind, string> = {
  live: "Live conversation",
  case: "Case",
};

/** What happens when nobody is there to take a live conversation. */
export const UNAVAILABLE: Record<Unavailable, string> = {
  queue: "It waits in the queue",
  next: "The next place is tried",
  ai: "AI goes on",
};

/** The hub's own sentences are lowercase, to fit after "failed to". */
export function sentence(text: string): string {
  // An address begins as it is written.
  if (/^[a-z]+:\/\//.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A value's name, such as `somewhat_negative`, as words. */
export function fromName(name: string): string {
  return sentence(name.replaceAll("_", " "));
}
