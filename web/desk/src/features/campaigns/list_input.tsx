import { readTable, type TextTable } from "@baton/client";
import { type ChangeEvent, useId, useState } from "react";

/** The largest file that is read here; the hub takes no larger list. */
const MAX_BYTES = 20_000_000;

interface ListInputProps {
  table: TextTable | null;
  onTable: (table: TextTable | null) => void;
}

/** The people: a file, or lines pasted from a sheet. */
export function ListInput({ table, onTable }: ListInputProps) {
  const id = useId();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const take = (given: string) => {
    const read = readTable(given);
    const empty = read === null || read.rows.length === 0;
    setProblem(given.trim() !== "" && empty ? WHY : null);
    onTable(empty ? null : read);
  };
  const pasted = (given: string) => {
    setText(given);
    take(given);
  };
  const chosen = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.currentTarget.files?.[0];
    if (file === undefined) return;
    if (file.size > MAX_BYTES) {
      onTable(null);
      return setProblem("The file is larger than 20 MB; split it");
    }
    const given = await file.text();
    // A long list would make the text box slow.
    setText("");
    take(given);
  };
  return (
    <div className="stack">
      <div className="field">
        <label htmlFor={`${id}-file`}>List of people</label>
        <input
          id={`${id}-file`}
          type="file"
          accept=".csv,.tsv,.txt,text/csv"
          aria-describedby={`${id}-help`}
          aria-invalid={problem !== null}
          onChange={chosen}
        />
        <span id={`${id}-help`} className="fine">
          A sheet saved as CSV, with a head line; one column holds phone numbers. Numbers without a
          country code are read as ones of the inbox's own country.
        </span>
      </div>
      <div className="field">
        <label htmlFor={`${id}-text`}>Or paste it here</label>
        <textarea
          id={`${id}-text`}
          rows={4}
          value={text}
          placeholder={"phone,name\n+15550100,Ada"}
          spellCheck={false}
          onChange={(event) => pasted(event.currentTarget.value)}
        />
      </div>
      <p role="status" className={problem === null ? "fine" : "problem"}>
        {problem ?? (table !== null && told(table))}
      </p>
    </div>
  );
}

const WHY =
  "No list can be read from this; it needs a head line and at least one more line, and each quoted cell an end";

function told({ head, rows }: TextTable): string {
  const lines = rows.length === 1 ? "1 person" : `${rows.length} people`;
  return `${lines}; columns: ${head.join(", ")}`;
}
