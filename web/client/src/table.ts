/** One row of a table, with the line of the file on which it begins. */
export interface TableRow {
  line: number;
  cells: string[];
}

export interface TextTable {
  head: string[];
  rows: TableRow[];
}

/** More columns than anybody's table has. */
const MAX_COLUMNS = 100;

/**
 * Reads a table as spreadsheets write it (RFC 4180): commas, semicolons or tabs, quoted cells, a
 * head line. Empty lines are left out. Null when it is none: a quoted cell does not end, or a row
 * has too many cells.
 */
export function readTable(text: string): TextTable | null {
  const rows = readRows(text.replace(/^\uFEFF/, ""));
  const [first, ...rest] = rows ?? [];
  if (first === undefined) return null;
  return { head: first.cells.map((cell) => cell.trim()), rows: rest };
}

function readRows(text: string): TableRow[] | null {
  const separator = separatorOf(text);
  const rows: TableRow[] = [];
  let [cells, cell, quoted]: [string[], string, boolean] = [[], "", false];
  let [line, begun] = [1, 1];
  const endRow = () => {
    cells.push(cell);
    if (cells.some((text) => text.trim() !== "")) rows.push({ line: begun, cells });
    [cells, cell] = [[], ""];
  };
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === "\n") line += 1;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (c === '"' && cell === "") {
      quoted = true;
    } else if (c === separator) {
      cells.push(cell);
      cell = "";
      if (cells.length > MAX_COLUMNS) return null;
    } else if (c === "\n") {
      endRow();
      begun = line;
    } else if (c !== "\r") {
      cell += c;
    }
  }
  endRow();
  return quoted ? null : rows;
}

/** What the first line uses most. */
function separatorOf(text: string): string {
  const first = text.split("\n", 1)[0] ?? "";
  const uses = (mark: string) => first.split(mark).length;
  return ["\t", ";"].reduce((best, mark) => (uses(mark) > uses(best) ? mark : best), ",");
}
