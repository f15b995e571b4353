import { expect, test } from "vitest";
import { EventStreamParser, type StreamEvent } from "../src/event_stream.ts";

const STREAM = [
  "\uFEFF: keep-alive\n\n",
  'id: 1\nevent: fact\ndata: {"text":"¿Dónde está? 🧭"}\n\n',
  "id: 2\r\nevent: gap\r\ndata: {\r\ndata: }\r\n\r\n",
  "id: 3\revent: fact\rdata:no space\r\r",
  "retry: 5000\nunknown: x\nevent: nothing without data\n\n",
  "data\n\n",
].join("");

const EXPECTED: StreamEvent[] = [
  { id: "1", type: "fact", data: '{"text":"¿Dónde está? 🧭"}' },
  { id: "2", type: "gap", data: "{\n}" },
  { id: "3", type: "fact", data: "no space" },
  { id: "3", type: "message", data: "" },
];

const BYTES = new TextEncoder().encode(STREAM);

function parse(...pieces: Uint8Array[]): StreamEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test("a stream in one piece", () => {
  expect(parse(BYTES)).toEqual(EXPECTED);
});

test("a stream cut at every byte", () => {
  for (let cut = 0; cut <= BYTES.length; cut++) {
    expect(parse(BYTES.subarray(0, cut), BYTES.subarray(cut)), `cut at ${cut}`).toEqual(EXPECTED);
  }
});

test("a stream byte by byte, with empty pieces between", () => {
  const pieces = Array.from(BYTES, (byte) => [Uint8Array.of(byte), new Uint8Array()]).flat();
  expect(parse(...pieces)).toEqual(EXPECTED);
});

test("an event that the stream leaves unfinished is not told", () => {
  const unfinished = new TextEncoder().encode("id: 9\nevent: fact\ndata: {}\n");
  expect(parse(unfinished)).toEqual([]);
});

test("an endless event is refused instead of kept", () => {
  const parser = new EventStreamParser();
  const piece = new TextEncoder().encode("data: ".padEnd(1024 * 1024, "x"));
  expect(() => {
    for (let i = 0; i < 8; i++) parser.push(piece);
  }).toThrow(RangeError);
});
