import { expect, test } from "vitest";
import {
  ApiError,
  changedSettings,
  countByStatus,
  type Field,
  foldSettings,
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

test("a long form folds away what comes late and is optional, but not what is in use", () => {
  const fields = Array.from({ length: 14 }, (_, at) => field(`f${at}`));
  const keys = (list: Field[]) => list.map(({ key }) => key).join(" ");
  const { shown, folded } = foldSettings(fields.with(9, { ...field("must"), required: true }), [
    "f12",
  ]);
  expect(keys(shown)).toBe("f0 f1 f2 f3 f4 f5 f6 f7 must f12");
  expect(keys(folded)).toBe("f8 f10 f11 f13");
  expect(foldSettings(fields.slice(0, 10), []).folded).toEqual([]);
});
