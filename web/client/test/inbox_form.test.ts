import { expect, test } from "vitest";
import {
  ApiError,
  changedSettings,
  countByStatus,
  type Field,
  refusal,
  shownSettings,
} from "../src/index.ts";

const field = (key: string, secret = false): Field => ({
  key,
  label: key,
  help: "",
  secret,
  required: false,
});
const FIELDS = [field("number"), field("region"), field("token", true), field("spare", true)];
const STORED = { number: "+15550100", region: "us" };

test("the form shows settings and no secret", () => {
  expect(shownSettings(FIELDS, STORED)).toEqual({
    number: "+15550100",
    region: "us",
    token: "",
    spare: "",
  });
});

test("only what was changed is sent, and an emptied setting is taken away", () => {
  const shown = shownSettings(FIELDS, STORED);
  expect(changedSettings(FIELDS, STORED, shown)).toEqual({});
  const entered = { ...shown, number: " +15550101 ", region: "" };
  expect(changedSettings(FIELDS, STORED, entered)).toEqual({ number: "+15550101", region: null });
});

test("an empty secret stays, unless it is to be removed", () => {
  const entered = { token: "new" };
  expect(changedSettings(FIELDS, {}, entered, new Set(["spare"]))).toEqual({
    token: "new",
    spare: null,
  });
});

test("a refusal belongs to the field that it names", () => {
  const error = new ApiError("refused", "number: not a number", 422, null, "number");
  expect(refusal(error, ["name", "number"])).toEqual({ field: "number", text: "not a number" });
  expect(refusal(error, ["name"])).toBeNull();
  expect(refusal(new ApiError("internal", "broken", 500), ["number"])).toBeNull();
  expect(refusal(null, [])).toBeNull();
});

test("templates are counted by what the vendor thinks of them", () => {
  const templates = ["rejected", "approved", "approved"].map((status) => ({ status }));
  expect(countByStatus(templates)).toBe("2 approved, 1 rejected");
  expect(countByStatus([])).toBe("");
});
