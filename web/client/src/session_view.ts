import type { CloseReason, Fact, Handoff, Message, Owner, Session } from "./types.ts";

/** One session as the feed has told it so far. */
export interface SessionView {
  session: Session;
  /** By position in the conversation. */
  messages: Message[];
  /** What happened beside the messages, oldest first. */
  events: SessionEvent[];
  /** Greatest message position that a fact has announced; null while none has. */
  announced: number | null;
  /** Feed position of the last fact in this view. */
  position: number;
}

export type Happening =
  | { kind: "opened" }
  | { kind: "owner"; owner: Owner; epoch: number }
  | { kind: "handoff"; handoff: Handoff }
  | { kind: "closed"; reason: CloseReason | null }
  | { kind: "notice"; code: string; text: string };

export interface SessionEvent {
  /** Feed position; unique. */
  position: number;
  at: string;
  /** Position of the newest message by then; null if there was none. */
  after: number | null;
  what: Happening;
}

export type TimelineItem =
  | { type: "message"; message: Message }
  | { type: "event"; event: SessionEvent };

export function sessionView(session: Session, messages: Message[]): SessionView {
  const inOrder = messages.toSorted(byPosition);
  return { session, messages: inOrder, events: [], announced: null, position: 0 };
}

/** The view after these facts. Facts that it already holds, and other sessions' facts, change nothing. */
export function applyToSession(view: SessionView, facts: Fact[]): SessionView {
  return facts.reduce(applyOne, view);
}

function applyOne(view: SessionView, fact: Fact): SessionView {
  if (fact.position <= view.position) return view;
  const next = { ...view, position: fact.position };
  if (fact.session_id !== view.session.id) return next;
  switch (fact.kind) {
    case "session_opened":
      return happened(withSession(next, fact.data), fact, { kind: "opened" });
    case "session_changed":
      return withSession(next, fact.data);
    case "session_closed": {
      const reason = fact.data?.close_reason ?? null;
      return happened(withSession(next, fact.data), fact, { kind: "closed", reason });
    }
    case "message_added": {
      const announced = Math.max(view.announced ?? 0, fact.data.position);
      return { ...next, announced, messages: upsert(view.messages, fact.data) };
    }
    case "message_changed":
      return { ...next, messages: upsert(view.messages, fact.data) };
    case "handoff_changed":
      return handoffChanged(next, fact, fact.data);
    case "owner_changed":
      return ownerChanged(next, fact, fact.data);
    case "operator_notice":
      return happened(next, fact, { kind: "notice", ...fact.data });
    default:
      return next;
  }
}

/** An older epoch is an older truth: the history is replayed over a snapshot that is ahead of it. */
function withSession(view: SessionView, session: Session | null): SessionView {
  if (session === null || session.epoch < view.session.epoch) return view;
  return { ...view, session };
}

function ownerChanged(
  view: SessionView,
  fact: Fact,
  data: { owner: Owner; epoch: number },
): SessionView {
  const newer = data.epoch >= view.session.epoch;
  const session = newer ? { ...view.session, owner: data.owner, epoch: data.epoch } : view.session;
  return happened({ ...view, session }, fact, { kind: "owner", ...data });
}

/** A change inside the same state (the brief arrives, a rep's name) is not news for the timeline. */
function handoffChanged(view: SessionView, fact: Fact, handoff: Handoff): SessionView {
  const next = { ...view, session: { ...view.session, handoff } };
  const last = view.events.findLast((event) => event.what.kind === "handoff");
  const told =
    last?.what.kind === "handoff" &&
    last.what.handoff.id === handoff.id &&
    last.what.handoff.state === handoff.state;
  return told ? next : happened(next, fact, { kind: "handoff", handoff });
}

function happened(view: SessionView, fact: Fact, what: Happening): SessionView {
  const after = view.announced ?? newestAt(view, fact.at);
  const event = { position: fact.position, at: fact.at, after, what };
  return { ...view, events: [...view.events, event] };
}

/** Where the announcements are older than the feed keeps, only the clock tells what came before. */
function newestAt(view: SessionView, at: string): number | null {
  return view.messages.findLast((message) => message.at < at)?.position ?? null;
}

function upsert(messages: Message[], message: Message): Message[] {
  const known = messages.findIndex((other) => other.id === message.id);
  if (known !== -1) return messages.with(known, message).toSorted(byPosition);
  return [...messages, message].toSorted(byPosition);
}

function byPosition(a: Message, b: Message): number {
  return a.position - b.position;
}

/** Messages in their order, each event behind the message that it followed. */
export function timeline(view: SessionView): TimelineItem[] {
  const items: TimelineItem[] = [];
  const events = view.events.toSorted(byPlace);
  let next = 0;
  const eventsUpTo = (position: number) => {
    for (; next < events.length; next++) {
      const event = events[next];
      if (event === undefined || (event.after ?? Number.NEGATIVE_INFINITY) >= position) return;
      items.push({ type: "event", event });
    }
  };
  for (const message of view.messages) {
    eventsUpTo(message.position);
    items.push({ type: "message", message });
  }
  eventsUpTo(Number.POSITIVE_INFINITY);
  return items;
}

function byPlace(a: SessionEvent, b: SessionEvent): number {
  const left = a.after ?? Number.NEGATIVE_INFINITY;
  const right = b.after ?? Number.NEGATIVE_INFINITY;
  return left === right ? a.position - b.position : left - right;
}
