import type { TextTable } from "./table.ts";
import { valuesToSend } from "./template_form.ts";
import type { FormField, NewCampaign, RefusedPerson, Template } from "./types.ts";

/** Where a field's value comes from: a column of the list, or the same words for everybody. */
export interface Source {
  column: number | null;
  same: string;
}

/** Which column means what. */
export interface Mapping {
  /** The column of the numbers; null while nobody has said. */
  to: number | null;
  name: number | null;
  fields: Record<string, Source>;
}

const NUMBER_NAMES = ["to", "phone", "number", "phone number", "mobile", "whatsapp"];
const NAME_NAMES = ["name", "full name", "customer"];

/** What the columns' own names say: a guess that somebody looks at. */
export function guessMapping(head: string[], form: FormField[]): Mapping {
  const column = (names: string[]) => {
    const at = head.findIndex((cell) => names.includes(cell.toLowerCase()));
    return at === -1 ? null : at;
  };
  const source = ({ key }: FormField): [string, Source] => [
    key,
    { column: column([key.toLowerCase(), key.replaceAll("_", " ").toLowerCase()]), same: "" },
  ];
  return {
    to: column(NUMBER_NAMES),
    name: column(NAME_NAMES),
    fields: Object.fromEntries(form.map(source)),
  };
}

type People = Pick<NewCampaign, "recipients" | "values">;

/** The people and the values that are the same for everybody, as the hub takes them. */
export function peopleOf(table: TextTable, mapping: Mapping, form: FormField[]): People {
  const { to, name } = mapping;
  const own = form.flatMap(({ key }) => {
    const column = mapping.fields[key]?.column ?? null;
    return column === null ? [] : [[key, column] as const];
  });
  const common = form.filter(({ key }) => mapping.fields[key]?.column === null);
  const same = Object.fromEntries(common.map(({ key }) => [key, mapping.fields[key]?.same ?? ""]));
  const recipients = table.rows.map(({ cells }) => {
    const cell = (at: number | null) => (at === null ? "" : (cells[at] ?? "").trim());
    const values = own.map(([key, column]) => [key, cell(column)] as const);
    return {
      to: cell(to),
      name: cell(name) === "" ? null : cell(name),
      values: Object.fromEntries(values.filter(([, value]) => value !== "")),
    };
  });
  return { recipients, values: valuesToSend(common, same) };
}

/** Why somebody gets nothing, in words. */
export function whyLeftOut(why: string, label: (key: string) => string): string {
  const [word = "", details = ""] = why.split(/: (.*)/s, 2);
  if (word === "invalid_values" && details !== "") {
    const [key = "", text = ""] = details.split(/ (.*)/s, 2);
    return `${label(key)}: ${text}`;
  }
  return SKIPPED[word] ?? why;
}

const SKIPPED: Record<string, string> = {
  opted_out: "has opted out",
  invalid_number: "not a phone number",
  invalid_values: "the template cannot be filled in",
  duplicate: "stands on the list already",
  cancelled: "the campaign was ended before their turn",
};

/** The line of the file on which a refused person stands. */
export function lineOf(person: Pick<RefusedPerson, "place">, table: TextTable): number {
  return table.rows[person.place - 1]?.line ?? person.place + 1;
}

/** A campaign's people by how far their messages have come, in the order of the way. */
export const RECIPIENT_STATUSES = [
  "waiting",
  "queued",
  "sent",
  "delivered",
  "read",
  "failed",
  "unknown",
  "skipped",
] as const;
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number];

/** How many have had their turn, of how many; who is left out never has one. */
export function turnsTaken(counts: Record<string, number>): { taken: number; total: number } {
  const listed = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const total = listed - (counts.skipped ?? 0);
  return { taken: total - (counts.waiting ?? 0), total };
}

/** What a campaign's template is called. */
export function templateTitle(template: Pick<Template, "name" | "language">): string {
  return `${template.name} (${template.language})`;
}
