import { expect, test } from "vitest";
import {
  guessMapping,
  lineOf,
  peopleOf,
  readTable,
  type TextTable,
  turnsTaken,
  whyLeftOut,
} from "../src/index.ts";
import { TEMPLATE } from "./fixtures.ts";

const TABLE = readTable("Name,Phone,DAY\nAda,+1,today\n\n,+2,\nCy\n") as TextTable;

test("columns are guessed from their names", () => {
  const mapping = guessMapping(TABLE.head, TEMPLATE.form);
  expect([mapping.to, mapping.name]).toEqual([1, 0]);
  expect(mapping.fields.day?.column).toBe(2);
  expect(mapping.fields["header.1"]?.column).toBeNull();
  expect(guessMapping(["who"], []).to).toBeNull();
});

test("people get their own values, and everybody the same where no column is named", () => {
  const mapping = guessMapping(TABLE.head, TEMPLATE.form);
  mapping.fields["header.1"] = { column: null, same: " 17 " };
  mapping.fields["button.0"] = { column: null, same: "" };
  expect(peopleOf(TABLE, mapping, TEMPLATE.form)).toEqual({
    recipients: [
      { to: "+1", name: "Ada", values: { name: "Ada", day: "today" } },
      { to: "+2", name: null, values: {} },
      { to: "", name: "Cy", values: { name: "Cy" } },
    ],
    values: { "header.1": "17" },
  });
});

test("a refused person is found in the file", () => {
  expect([1, 2, 3].map((place) => lineOf({ place }, TABLE))).toEqual([2, 4, 5]);
});

test.each([
  ["invalid_number", "not a phone number"],
  ["invalid_values: day must be filled", "<day>: must be filled"],
  ["cancelled", "the campaign was ended before their turn"],
  ["the vendor says no: really", "the vendor says no: really"],
])("%s is told as %s", (why, words) => {
  expect(whyLeftOut(why, (key) => `<${key}>`)).toBe(words);
});

test("who waits has not had a turn, and who is left out has none", () => {
  expect(turnsTaken({ waiting: 3, sent: 2, skipped: 1 })).toEqual({ taken: 2, total: 5 });
  expect(turnsTaken({})).toEqual({ taken: 0, total: 0 });
});
