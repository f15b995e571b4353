import { expect, test } from "vitest";
import type { Fact } from "../src/index.ts";
import { applyToSession, sessionView, timeline } from "../src/session_view.ts";
import { at, fact, HANDOFF, message, SESSION } from "./fixtures.ts";

const empty = sessionView(SESSION, []);

/** The timeline as a person would read it aloud. */
function told(facts: Fact[], start = empty): string[] {
  return timeline(applyToSession(start, facts)).map((item) => {
    if (item.type === "message") return `${item.message.text}: ${item.message.status}`;
    const { what } = item.event;
    if (what.kind === "owner") return `owner ${what.owner} ${what.epoch}`;
    if (what.kind === "handoff") return `handoff ${what.handoff.state}`;
    return what.kind;
  });
}

const STORY: Fact[] = [
  fact(1, "session_opened", SESSION),
  fact(2, "message_added", message(2)),
  fact(3, "message_added", message(3, { status: "pending" })),
  fact(4, "message_changed", message(3, { status: "sent" })),
  fact(5, "owner_changed", { owner: "desk", epoch: 2 }),
  fact(6, "handoff_changed", HANDOFF),
  fact(7, "handoff_changed", { ...HANDOFF, state: "active", rep_name: "Sam" }),
  fact(8, "message_added", message(8)),
];

test("facts become a timeline", () => {
  expect(told(STORY)).toEqual([
    "opened",
    "message 2: received",
    "message 3: sent",
    "owner desk 2",
    "handoff requested",
    "handoff active",
    "message 8: received",
  ]);
});

test("the same facts again change nothing", () => {
  const once = applyToSession(empty, STORY);
  expect(applyToSession(once, STORY)).toBe(once);
});

test("facts in one piece and one at a time give the same view", () => {
  const oneByOne = STORY.reduce((view, next) => applyToSession(view, [next]), empty);
  expect(oneByOne).toEqual(applyToSession(empty, STORY));
});

test("the history over a newer snapshot reads like the history alone", () => {
  const final = applyToSession(empty, STORY);
  const snapshot = sessionView(final.session, final.messages);
  expect(told(STORY, snapshot)).toEqual(told(STORY));
  expect(applyToSession(snapshot, STORY).session).toEqual(final.session);
});

test("what one commit tells in one millisecond reads the same live and replayed", () => {
  const now = { at: at(20) };
  const facts = [
    { ...fact(1, "owner_changed", { owner: "desk", epoch: 2 }), ...now },
    fact(2, "message_added", message(2, now)),
    { ...fact(3, "handoff_changed", HANDOFF), ...now },
  ] as Fact[];
  const earlier = [fact(0.5, "message_added", message(1))];
  const final = applyToSession(empty, [...earlier, ...facts]);
  const replayed = told([...earlier, ...facts], sessionView(final.session, final.messages));
  expect(replayed).toEqual(told([...earlier, ...facts]));
  expect(replayed[1]).toBe("owner desk 2");
});

test("where the announcements are forgotten, the clock places what happened", () => {
  const snapshot = sessionView(SESSION, [message(1), message(30)]);
  expect(told([fact(9, "owner_changed", { owner: "desk", epoch: 2 })], snapshot)).toEqual([
    "message 1: received",
    "owner desk 2",
    "message 30: received",
  ]);
});

test("a change of a message that was never announced adds it", () => {
  expect(told([fact(9, "message_changed", message(4, { status: "read" }))])).toEqual([
    "message 4: read",
  ]);
});

test("messages stand in their own order, whatever order the feed tells them in", () => {
  const facts = [fact(1, "message_added", message(9)), fact(2, "message_added", message(4))];
  expect(told(facts)).toEqual(["message 4: received", "message 9: received"]);
});

test("another session's facts move the position and nothing else", () => {
  const view = applyToSession(empty, [fact(3, "message_added", message(1), "other")]);
  expect(view).toEqual({ ...empty, position: 3 });
});

test("a fact of an unknown kind moves the position and nothing else", () => {
  const unknown = { ...fact(3, "session_opened", SESSION), kind: "moon_phase" } as unknown as Fact;
  expect(applyToSession(empty, [unknown])).toEqual({ ...empty, position: 3 });
});

test("an older epoch never takes the session back", () => {
  const ahead = sessionView({ ...SESSION, owner: "desk", epoch: 4 }, []);
  const view = applyToSession(ahead, [
    fact(1, "owner_changed", { owner: "ai", epoch: 3 }),
    fact(2, "session_changed", { ...SESSION, epoch: 3 }),
  ]);
  expect(view.session).toMatchObject({ owner: "desk", epoch: 4 });
});

test("the brief arrives without being news twice", () => {
  const brief = { ...HANDOFF, reason: "frustration" } as const;
  const view = applyToSession(empty, [
    fact(1, "handoff_changed", HANDOFF),
    fact(2, "handoff_changed", brief),
  ]);
  expect(view.session.handoff).toEqual(brief);
  expect(view.events).toHaveLength(1);
});

test("a closed session says when and why", () => {
  const end = { ...SESSION, state: "closed", closed_at: at(8), close_reason: "silent" } as const;
  const view = applyToSession(empty, [fact(9, "session_closed", end)]);
  expect(view.session).toEqual(end);
  expect(view.events.at(-1)?.what).toEqual({ kind: "closed", reason: "silent" });
});
