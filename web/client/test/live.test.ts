import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api, ApiError, followSession } from "../src/index.ts";
import type { Fact } from "../src/types.ts";
import { fact, message, SESSION, wire } from "./fixtures.ts";

/** A hub made of answers: each opened feed is a stream that the test writes to. */
class Hub {
  readonly asked: string[] = [];
  readonly feeds: ReadableStreamDefaultController<Uint8Array>[] = [];
  kept: Fact[] = [];
  refuse: Response | null = null;

  readonly fetch: typeof fetch = async (input, init) => {
    const path = String(input);
    this.asked.push(path);
    if (this.refuse !== null) return this.refuse.clone();
    if (path.startsWith("/api/feed/page")) return this.#page(path);
    if (path.startsWith("/api/feed")) return this.#feed(init?.signal ?? null);
    if (path.includes("/messages")) return Response.json({ messages: [], last_position: 0 });
    return Response.json(SESSION);
  };

  #page(path: string): Response {
    const after = Number(new URL(path, "http://hub").searchParams.get("after"));
    const facts = this.kept.filter((kept) => kept.position > after);
    return Response.json({ facts, last_position: facts.at(-1)?.position ?? after });
  }

  #feed(signal: AbortSignal | null): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.feeds.push(controller);
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  say(text: string): void {
    this.feeds.at(-1)?.enqueue(new TextEncoder().encode(text));
  }

  feedsAsked(): string[] {
    return this.asked.filter((path) => path.startsWith("/api/feed?"));
  }
}

let hub: Hub;
let stop: () => void;
let live: ReturnType<typeof followSession>;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new Hub();
  live = followSession(new Api({ fetch: hub.fetch }), "s1");
  stop = live.subscribe(() => {});
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const phase = () => live.get().connection.phase;
const texts = () => live.get().state?.messages.map((shown) => shown.text);

test("shows the kept history, then what the feed tells", async () => {
  hub.kept = [fact(1, "message_added", message(1))];
  await vi.waitUntil(() => phase() === "live");
  hub.say(wire(fact(2, "message_added", message(2))));
  await vi.waitUntil(() => texts()?.length === 2);
  expect(texts()).toEqual(["message 1", "message 2"]);
});

test("a break is caught up from the last position, without loading again", async () => {
  await vi.waitUntil(() => phase() === "live");
  hub.say(wire(fact(41, "message_added", message(1))));
  await vi.waitUntil(() => texts()?.length === 1);
  const before = hub.asked.length;
  hub.feeds.at(-1)?.error(new TypeError("network"));
  await vi.waitUntil(() => phase() === "waiting");
  await vi.runOnlyPendingTimersAsync();
  await vi.waitUntil(() => phase() === "live");
  expect(hub.asked.slice(before)).toEqual(["/api/feed?after=41&session=s1"]);
});

test("a half-told fact of a broken stream is told once, after the resume", async () => {
  await vi.waitUntil(() => phase() === "live");
  const second = wire(fact(2, "message_added", message(2)));
  hub.say(wire(fact(1, "message_added", message(1))) + second.slice(0, 30));
  await vi.waitUntil(() => texts()?.length === 1);
  hub.feeds.at(-1)?.close();
  await vi.waitUntil(() => phase() === "waiting");
  live.retryNow();
  await vi.waitUntil(() => phase() === "live");
  hub.say(second);
  await vi.waitUntil(() => texts()?.length === 2);
  expect(texts()).toEqual(["message 1", "message 2"]);
});

test("a gap loads everything again and goes on with the same stream", async () => {
  await vi.waitUntil(() => phase() === "live");
  hub.kept = [fact(90, "message_added", message(9))];
  hub.say('event: gap\ndata: {"from":1,"to":89}\n\n');
  await vi.waitUntil(() => texts()?.length === 1);
  hub.say(wire(fact(91, "message_added", message(10))));
  await vi.waitUntil(() => texts()?.length === 2);
  expect(texts()).toEqual(["message 9", "message 10"]);
  expect(hub.feedsAsked()).toHaveLength(1);
});

test("retries wait longer and longer, up to fifteen seconds", async () => {
  await vi.waitUntil(() => phase() === "live");
  hub.refuse = new Response(null, { status: 503 });
  hub.feeds.at(-1)?.error(new TypeError("network"));
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    await vi.waitUntil(() => phase() === "waiting");
    const { connection } = live.get();
    if (connection.phase === "waiting") waits.push(connection.retryAtMs - Date.now());
    await vi.runOnlyPendingTimersAsync();
  }
  expect(waits[0]).toBeLessThanOrEqual(500);
  expect(waits.at(-1)).toBeGreaterThan(7_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
});

test("a connection that falls silent is given up and tried again", async () => {
  await vi.waitUntil(() => phase() === "live");
  await vi.advanceTimersByTimeAsync(45_000);
  await vi.waitUntil(() => phase() !== "live");
  await vi.runOnlyPendingTimersAsync();
  await vi.waitUntil(() => hub.feedsAsked().length === 2);
});

test("an answer that no retry can change stops the feed and says so", async () => {
  stop();
  hub.refuse = Response.json(
    { error: { code: "not_found", message: "no session has this id", id: "r1" } },
    { status: 404 },
  );
  live = followSession(new Api({ fetch: hub.fetch }), "nope");
  stop = live.subscribe(() => {});
  await vi.waitUntil(() => phase() === "stopped");
  const { connection } = live.get();
  const error = connection.phase === "stopped" ? connection.error : null;
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: "not_found", status: 404, requestId: "r1" });
  expect(hub.feedsAsked().length).toBeGreaterThan(0);
});
