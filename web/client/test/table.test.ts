import { expect, test } from "vitest";
import { readTable } from "../src/index.ts";

test.each([
  ["commas", "to,name\n+1,Ada\n", ["to", "name"], [[2, ["+1", "Ada"]]]],
  ["semicolons and a mark", "\uFEFFto;1\r\n+1;2,5", ["to", "1"], [[2, ["+1", "2,5"]]]],
  ["tabs, as copied from a sheet", "to\t1\n+1\ta, b", ["to", "1"], [[2, ["+1", "a, b"]]]],
  ["quotes", 'to,1\n"+1","a ""x"""\n', ["to", "1"], [[2, ["+1", 'a "x"']]]],
  ["an inch mark", 'to,1\n+1,6" pipe', ["to", "1"], [[2, ["+1", '6" pipe']]]],
])("a table with %s is read", (_, text, head, rows) => {
  const table = readTable(text);
  expect(table?.head).toEqual(head);
  expect(table?.rows.map(({ line, cells }) => [line, cells])).toEqual(rows);
});

test("rows know their line, over empty lines and cells of many lines", () => {
  const table = readTable('to,1\n\n+1,"two\nlines"\n , \n+2,b\n');
  expect(table?.rows.map(({ line }) => line)).toEqual([3, 6]);
});

test("what is no table is none", () => {
  expect(readTable('to,1\n"+1,a')).toBeNull();
  expect(readTable("")).toBeNull();
  expect(readTable(`to\n${",".repeat(200)}`)).toBeNull();
});
