import type { ApiError } from "./error.ts";
import type { Field, SettingsChange, Template } from "./types.ts";

/** What stands in the form at first: settings as they are; secrets are never shown. */
export function shownSettings(
  fields: Field[],
  settings: Record<string, unknown>,
): Record<string, string> {
  return Object.fromEntries(
    fields.map(({ key, secret }) => [key, secret ? "" : asText(settings[key])]),
  );
}

/**
 * What must be sent so that the hub holds what the form says: an emptied setting is taken away, an
 * empty secret stays as it is unless it is to be removed.
 */
export function changedSettings(
  fields: Field[],
  settings: Record<string, unknown>,
  entered: Record<string, string>,
  removed: ReadonlySet<string> = new Set(),
): SettingsChange {
  const change: SettingsChange = {};
  for (const { key, secret } of fields) {
    const text = (entered[key] ?? "").trim();
    if (secret && removed.has(key)) change[key] = null;
    else if (secret && text !== "") change[key] = text;
    else if (!secret && text !== asText(settings[key])) change[key] = text === "" ? null : text;
  }
  return change;
}

/** A vendor's form begins with what matters; this many settings are always shown. */
const FIRST = 8;
/** So few are not worth a fold. */
const TOO_FEW_TO_FOLD = 2;

/** What the form shows at once, and what it folds away: later optional settings that nobody has set. */
export function foldSettings(
  fields: Field[],
  inUse: readonly string[],
): { shown: Field[]; folded: Field[] } {
  const later = fields.slice(FIRST);
  const unused = later.filter(({ key, required }) => !required && !inUse.includes(key));
  const folded = unused.length > TOO_FEW_TO_FOLD ? unused : [];
  return { shown: fields.filter((field) => !folded.includes(field)), folded };
}

/** The hub's refusal of one field that the form has, without the field's name in front. */
export function refusal(
  error: ApiError | null,
  names: readonly string[],
): { field: string; text: string } | null {
  if (error === null || error.field === null || !names.includes(error.field)) return null;
  const prefix = `${error.field}: `;
  const text = error.message.startsWith(prefix)
    ? error.message.slice(prefix.length)
    : error.message;
  return { field: error.field, text };
}

/** How many templates there are, those that can be sent first; empty when there is none. */
export function countByStatus(templates: Pick<Template, "status">[]): string {
  const counts = new Map<string, number>([["approved", 0]]);
  for (const { status } of templates) counts.set(status, (counts.get(status) ?? 0) + 1);
  const words = [...counts].filter(([, count]) => count > 0);
  return words.map(([status, count]) => `${count} ${status}`).join(", ");
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
