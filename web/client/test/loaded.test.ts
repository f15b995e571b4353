import { expect, test } from "vitest";
import { type Answer, ApiError, answered, answerTo, type Load } from "../src/index.ts";

const everybody: Load<string[]> = async () => ["Zoë", "Bo"];
const leftOut: Load<string[]> = async () => ["Cy"];

const brought = (to: Load<string[]>, ...value: string[]): Answer<string[]> => ({
  to,
  loaded: { phase: "ready", value },
});
const failed = (to: Load<string[]>): Answer<string[]> => ({
  to,
  loaded: { phase: "failed", error: new ApiError("unreachable", "the hub does not answer") },
});

test("rows of one filter are not shown while another filter's are awaited", () => {
  const answer = brought(everybody, "Zoë", "Bo");
  expect(answerTo(everybody, answer)).toEqual({ phase: "ready", value: ["Zoë", "Bo"] });
  expect(answerTo(leftOut, answer)).toEqual({ phase: "loading" });
  expect(answerTo(leftOut, null)).toEqual({ phase: "loading" });
});

test("what was loaded outlives a refresh that fails, and makes room for one that does not", () => {
  const answer = brought(everybody, "Zoë");
  expect(answered(answer, failed(everybody))).toBe(answer);
  const next = brought(everybody, "Zoë", "Bo");
  expect(answered(answer, next)).toBe(next);
});

test("another filter that fails says so, and the next try may succeed", () => {
  const failure = failed(leftOut);
  expect(answered(brought(everybody, "Zoë"), failure)).toBe(failure);
  const next = brought(leftOut, "Cy");
  expect(answered(failure, next)).toBe(next);
});
