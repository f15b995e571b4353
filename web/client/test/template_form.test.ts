import { expect, test } from "vitest";
import {
  ApiError,
  fieldLabel,
  fieldProblems,
  previewOf,
  refusalReason,
  sendableFirst,
  templateMatches,
  valuesToSend,
} from "../src/index.ts";
import { TEMPLATE } from "./fixtures.ts";

const textOf = (pieces: { text: string }[] | null) => pieces?.map((piece) => piece.text).join("");

test("a preview holds what was filled in, and examples where nothing was", () => {
  const empty = previewOf(TEMPLATE);
  expect(textOf(empty.header)).toBe("Order {{1}}");
  expect(textOf(empty.body)).toBe("Hello Ada, it comes {{day}}.");
  expect(empty.body.filter((piece) => piece.open).map((piece) => piece.variable)).toEqual([
    "name",
    "day",
  ]);
  const filled = previewOf(TEMPLATE, { "header.1": " 17 ", day: "today", "button.0": "a17" });
  expect(textOf(filled.header)).toBe("Order 17");
  expect(textOf(filled.body)).toBe("Hello Ada, it comes today.");
  expect(filled.buttons).toEqual([
    { title: "Track", url: "https://x.example/a17" },
    { title: "Stop", url: null },
  ]);
  expect(filled.footer).toBe("Parcel House");
});

test("a value that looks like a variable stays what it is", () => {
  expect(textOf(previewOf(TEMPLATE, { name: "{{day}}", day: "$&" }).body)).toBe(
    "Hello {{day}}, it comes $&.",
  );
});

test("a header may be a file or a place", () => {
  const header = { type: "media", kind: "image" };
  expect(previewOf({ ...TEMPLATE, header }).media).toBe("image");
  expect(previewOf({ ...TEMPLATE, header: { type: "location" } }).media).toBe("location");
  expect(previewOf(TEMPLATE).media).toBeNull();
});

test.each([
  ["1", "text", "Variable 1"],
  ["order_number", "text", "Order number"],
  ["header.1", "text", "Header, variable 1"],
  ["header", "image", "Address of the picture above the text"],
  ["header.latitude", "degrees", "Place, latitude"],
  ["header.address", "text", "Place, address"],
  ["button.0", "url_end", "Button “Track”: end of its address"],
])("the field %s (%s) is called %s", (key, kind, label) => {
  const field = { key, kind, required: true, max_chars: 9, example: null };
  expect(fieldLabel(field, TEMPLATE)).toBe(label);
});

test("only what was filled in is sent", () => {
  expect(valuesToSend(TEMPLATE.form, { name: " Ada ", day: " ", other: "x" })).toEqual({
    name: "Ada",
  });
});

test("refused fields are told by their keys", () => {
  const fields = [
    { field: "day", text: "must be filled" },
    { field: "nothing", text: "the template has no such field" },
  ];
  const error = new ApiError("refused", "day: must be filled", 422, null, "day", fields);
  expect(fieldProblems(error, TEMPLATE.form)).toEqual(new Map([["day", "must be filled"]]));
  expect(fieldProblems(null, TEMPLATE.form).size).toBe(0);
});

test("templates that can be sent come first, and are found by their words", () => {
  const paused = { ...TEMPLATE, name: "a", status: "paused", refusal: "the template is paused" };
  expect(sendableFirst([paused, TEMPLATE])).toEqual([TEMPLATE, paused]);
  expect(templateMatches(TEMPLATE, " COMES ", "")).toBe(true);
  expect(templateMatches(TEMPLATE, "", "paused")).toBe(false);
  expect(templateMatches(paused, "nothing of it", "paused")).toBe(false);
});

test("a status needs no reason that only says it again", () => {
  const why = (refusal: string | null) => refusalReason({ status: "paused", refusal });
  expect(why(null)).toBeNull();
  expect(why("the template is paused")).toBeNull();
  expect(why("the template is paused: many blocked it")).toBe("many blocked it");
  expect(why("its cards cannot be filled here")).toBe("its cards cannot be filled here");
});
