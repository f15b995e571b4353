import { isRecord } from "./error.ts";
import type { StreamEvent } from "./event_stream.ts";
import type { Fact } from "./types.ts";

/** What the feed can tell: a fact, a hole in what the hub kept, or something newer than this code. */
export type FeedItem = { type: "fact"; fact: Fact } | { type: "gap" } | { type: "other" };

export function readFeedEvent(event: StreamEvent): FeedItem {
  if (event.type === "gap") return { type: "gap" };
  if (event.type !== "fact") return { type: "other" };
  const fact = readFact(event.data);
  return fact === null ? { type: "other" } : { type: "fact", fact };
}

function readFact(data: string): Fact | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  if (typeof value.position !== "number" || typeof value.kind !== "string") return null;
  // Kinds are told apart by the reducers; one that they do not know changes nothing.
  return value as unknown as Fact;
}
