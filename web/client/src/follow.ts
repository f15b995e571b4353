import type { Api, SessionFilter } from "./api.ts";
import { Live } from "./live.ts";
import { applyToSession, type SessionView, sessionView } from "./session_view.ts";
import { applyToSessions, type SessionsView, sessionsView, withOlder } from "./sessions_view.ts";
import type { Message } from "./types.ts";

const PAGE_LIMIT = 200;
/** 10,000 messages or facts: more than any session; a bound, should a hub never end its pages. */
const MAX_PAGES = 50;

/** One session with its history and everything that follows. */
export function followSession(api: Api, id: string): Live<SessionView> {
  return new Live(api, {
    session: id,
    load: () => loadSession(api, id),
    reduce: applyToSession,
  });
}

/** The first page of sessions under a filter, kept up to date. */
export function followSessions(api: Api, filter: SessionFilter): Live<SessionsView> {
  return new Live(api, {
    load: async () => {
      const page = await api.sessions(filter);
      return sessionsView(filter, page.sessions, page.next);
    },
    reduce: applyToSessions,
  });
}

export async function loadOlder(api: Api, live: Live<SessionsView>): Promise<void> {
  const view = live.get().state;
  if (view?.next == null) return;
  const page = await api.sessions(view.filter, view.next);
  live.update((now) => withOlder(now, page.sessions, page.next));
}

/** The snapshot first and the kept facts over it: what they tell is at least as new as the snapshot. */
async function loadSession(api: Api, id: string): Promise<SessionView> {
  const session = await api.session(id);
  let view = sessionView(session, await loadMessages(api, id));
  let after = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { facts, last_position } = await api.feedPage({ after, session: id }, PAGE_LIMIT);
    view = applyToSession(view, facts);
    after = Math.max(after, last_position);
    if (facts.length < PAGE_LIMIT) break;
  }
  return view;
}

async function loadMessages(api: Api, id: string): Promise<Message[]> {
  const messages: Message[] = [];
  let after = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const next = await api.messages(id, after, PAGE_LIMIT);
    messages.push(...next.messages);
    after = Math.max(after, next.last_position);
    if (next.messages.length < PAGE_LIMIT) break;
  }
  return messages;
}
