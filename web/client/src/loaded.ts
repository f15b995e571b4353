import type { ApiError } from "./error.ts";

/** A question to the hub. */
export type Load<T> = () => Promise<T>;

/** How far an answer has come. */
export type Loaded<T> =
  | { phase: "loading" }
  | { phase: "ready"; value: T }
  | { phase: "failed"; error: ApiError };

/** The newest answer, together with what was asked: it must not stand under another heading. */
export interface Answer<T> {
  to: Load<T>;
  loaded: Loaded<T>;
}

/** What may be shown for a question: its own answer, never that of the question before. */
export function answerTo<T>(load: Load<T>, answer: Answer<T> | null): Loaded<T> {
  return answer?.to === load ? answer.loaded : { phase: "loading" };
}

/** The newest answer once `next` came: a failure takes away nothing that the same question brought. */
export function answered<T>(before: Answer<T> | null, next: Answer<T>): Answer<T> {
  const keeps =
    before?.to === next.to && before.loaded.phase === "ready" && next.loaded.phase === "failed";
  return keeps ? before : next;
}
