import type { SessionFilter } from "./api.ts";
import type { Fact, Message, Session } from "./types.ts";

/** The list of sessions under one filter, newest activity first. */
export interface SessionsView {
  filter: SessionFilter;
  sessions: Session[];
  /** Cursor of the older rest; null when all are here. */
  next: string | null;
  /** Feed position of the last fact in this view. */
  position: number;
}

export function sessionsView(filter: SessionFilter, sessions: Session[], next: string | null) {
  return { filter, sessions, next, position: 0 };
}

export function applyToSessions(view: SessionsView, facts: Fact[]): SessionsView {
  return facts.reduce(applyOne, view);
}

/** Adds the older page that `next` led to; rows that the feed brought meanwhile stay as they are. */
export function withOlder(view: SessionsView, older: Session[], next: string | null): SessionsView {
  const known = new Set(view.sessions.map((session) => session.id));
  const added = older.filter((session) => !known.has(session.id));
  return { ...view, sessions: [...view.sessions, ...added], next };
}

function applyOne(view: SessionsView, fact: Fact): SessionsView {
  if (fact.position <= view.position) return view;
  const next = { ...view, position: fact.position };
  switch (fact.kind) {
    case "session_opened":
    case "session_changed":
    case "session_closed":
      return fact.data === null ? without(next, fact.session_id) : place(next, fact.data);
    case "owner_changed": {
      const { owner, epoch } = fact.data;
      return patch(next, fact, (session) => ({ ...session, owner, epoch }));
    }
    case "message_added": {
      const message = fact.data;
      return patch(next, fact, (session) => withMessage(session, message));
    }
    default:
      return next;
  }
}

function without(view: SessionsView, id: string | null): SessionsView {
  return { ...view, sessions: view.sessions.filter((session) => session.id !== id) };
}

function withMessage(session: Session, message: Message): Session {
  const { author, text, at } = message;
  return { ...session, last_activity_at: at, last_message: { author: author.kind, text, at } };
}

function patch(view: SessionsView, fact: Fact, change: (session: Session) => Session) {
  const session = view.sessions.find((other) => other.id === fact.session_id);
  return session === undefined ? view : place(view, change(session));
}

/** Puts a session where it belongs now: in its place by activity, or out when the filter leaves it out. */
function place(view: SessionsView, session: Session): SessionsView {
  const others = view.sessions.filter((other) => other.id !== session.id);
  const known = others.length < view.sessions.length;
  // What a search finds is the hub's to say, so a search only keeps the rows that it has.
  const wanted = matches(view.filter, session) && (known || !view.filter.q);
  if (!wanted) return { ...view, sessions: others };
  const sessions = [...others, session].toSorted((a, b) =>
    b.last_activity_at.localeCompare(a.last_activity_at),
  );
  return { ...view, sessions };
}

function matches(filter: SessionFilter, session: Session): boolean {
  if (filter.state && filter.state !== session.state) return false;
  return !filter.owner || filter.owner === session.owner;
}
