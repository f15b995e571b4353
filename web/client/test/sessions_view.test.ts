import { expect, test } from "vitest";
import type { SessionFilter } from "../src/index.ts";
import { applyToSessions, sessionsView, withOlder } from "../src/sessions_view.ts";
import { at, fact, message, SESSION } from "./fixtures.ts";

const OLD = { ...SESSION, id: "old", last_activity_at: at(1) };
const NEW = { ...SESSION, id: "new", last_activity_at: at(2) };

function list(filter: SessionFilter = {}) {
  return sessionsView(filter, [NEW, OLD], "cursor");
}

function ids(view: { sessions: { id: string }[] }): string[] {
  return view.sessions.map((session) => session.id);
}

test("a message lifts its session to the top and becomes its last message", () => {
  const view = applyToSessions(list(), [fact(5, "message_added", message(5), "old")]);
  expect(ids(view)).toEqual(["old", "new"]);
  expect(view.sessions[0]?.last_message?.text).toBe("message 5");
});

test("a session that no longer fits the filter leaves the list", () => {
  const facts = [fact(5, "owner_changed", { owner: "desk", epoch: 2 }, "new")];
  expect(ids(applyToSessions(list({ owner: "ai" }), facts))).toEqual(["old"]);
  expect(ids(applyToSessions(list(), facts))).toEqual(["new", "old"]);
});

test("closing takes a session out of the open ones", () => {
  const facts = [fact(5, "session_closed", { ...OLD, state: "closed" }, "old")];
  expect(ids(applyToSessions(list({ state: "open" }), facts))).toEqual(["new"]);
});

test("a new session joins where the filter wants it, but never a search", () => {
  const facts = [fact(5, "session_opened", { ...SESSION, id: "fresh", last_activity_at: at(5) })];
  expect(ids(applyToSessions(list({ owner: "ai" }), facts))).toEqual(["fresh", "new", "old"]);
  expect(ids(applyToSessions(list({ owner: "desk" }), facts))).not.toContain("fresh");
  expect(ids(applyToSessions(list({ q: "maria" }), facts))).toEqual(["new", "old"]);
});

test("facts that the list already has change nothing", () => {
  const facts = [fact(5, "message_added", message(5), "old")];
  const once = applyToSessions(list(), facts);
  expect(applyToSessions(once, facts)).toBe(once);
});

test("an older page adds only what is not there yet", () => {
  const view = withOlder(list(), [OLD, { ...SESSION, id: "oldest" }], null);
  expect(ids(view)).toEqual(["new", "old", "oldest"]);
  expect(view.next).toBeNull();
});

test("a session that is gone leaves the list", () => {
  const facts = [fact(5, "session_changed", null, "new")];
  expect(ids(applyToSessions(list(), facts))).toEqual(["old"]);
});
