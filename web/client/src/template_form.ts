import type { ApiError } from "./error.ts";
import type { FormField, Template } from "./types.ts";

/** A piece of a template's text: as it stands, or in the place of a variable. */
export interface Piece {
  text: string;
  /** The variable that stands here; null for plain words. */
  variable: string | null;
  /** The words are an example or the variable's name: nobody has filled it in. */
  open: boolean;
}

/** A template as the customer will see it. */
export interface Preview {
  /** What stands above the body; text has pieces, a file or place has a name. */
  header: Piece[] | null;
  media: "image" | "video" | "audio" | "document" | "sticker" | "location" | null;
  body: Piece[];
  footer: string | null;
  buttons: { title: string; url: string | null }[];
}

/** The template with these values in it; examples stand where nothing is filled in. */
export function previewOf(template: Template, values: Record<string, string> = {}): Preview {
  const example = new Map(template.form.map((field) => [field.key, field.example]));
  const put = (text: string, key: (name: string) => string) =>
    piecesOf(text, (name) => {
      const value = values[key(name)]?.trim();
      if (value) return { text: value, open: false };
      return { text: example.get(key(name)) ?? `{{${name}}}`, open: true };
    });
  const { type, text, kind } = template.header as Record<string, unknown>;
  const media = type === "media" ? kind : type === "location" ? "location" : null;
  return {
    header: type === "text" && typeof text === "string" ? put(text, (n) => `header.${n}`) : null,
    media: media as Preview["media"],
    body: put(template.body, (name) => name),
    footer: template.footer,
    buttons: template.buttons.map(({ title, url }, at) => ({
      title,
      url: url === null ? null : textOf(piecesOf(url, () => endOf(values[`button.${at}`]))),
    })),
  };
}

function endOf(value: string | undefined): { text: string; open: boolean } {
  const text = value?.trim() ?? "";
  return { text: text === "" ? "…" : text, open: text === "" };
}

function piecesOf(text: string, fill: (name: string) => { text: string; open: boolean }): Piece[] {
  return text
    .split(/(\{\{[^{}]+\}\})/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      const name = /^\{\{(.+)\}\}$/.exec(piece)?.[1]?.trim();
      if (name === undefined) return { text: piece, variable: null, open: false };
      return { variable: name, ...fill(name) };
    });
}

function textOf(pieces: Piece[]): string {
  return pieces.map((piece) => piece.text).join("");
}

/** What to call a field on screen. */
export function fieldLabel(field: FormField, template: Pick<Template, "buttons">): string {
  const { key, kind } = field;
  const [place = "", name = ""] = key.split(/\.(.*)/s, 2);
  if (key === "header") return `Address of the ${MEDIA_WORD[kind] ?? "file"} above the text`;
  if (place === "header") return kind === "text" && !PLACE.has(name) ? headed(name) : placed(name);
  if (place === "button" && /^\d+$/.test(name)) {
    const title = template.buttons[Number(name)]?.title ?? name;
    return `Button “${title}”: ${BUTTON_WORD[kind] ?? "value"}`;
  }
  return named(key);
}

const MEDIA_WORD: Record<string, string> = {
  image: "picture",
  video: "film",
  document: "document",
};
const BUTTON_WORD: Record<string, string> = {
  url_end: "end of its address",
  payload: "word that comes back",
  code: "code to copy",
};
const PLACE = new Set(["latitude", "longitude", "name", "address"]);

function headed(name: string): string {
  return `Header, ${named(name).toLowerCase()}`;
}

function placed(name: string): string {
  return `Place, ${name}`;
}

function named(name: string): string {
  if (/^\d+$/.test(name)) return `Variable ${name}`;
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What is sent: what was filled in, without the space around it. The hub says what is missing. */
export function valuesToSend(
  form: Pick<FormField, "key">[],
  entered: Record<string, string>,
): Record<string, string> {
  const filled = form.map(({ key }) => [key, (entered[key] ?? "").trim()] as const);
  return Object.fromEntries(filled.filter(([, value]) => value !== ""));
}

/** What the hub refuses, field by field; empty when the error is about none of them. */
export function fieldProblems(
  error: ApiError | null,
  form: Pick<FormField, "key">[],
): Map<string, string> {
  const known = new Set(form.map((field) => field.key));
  const told = (error?.fields ?? []).filter(({ field }) => known.has(field));
  return new Map(told.map(({ field, text }) => [field, text]));
}

/** Why it cannot be sent, where more is known than its status. */
export function refusalReason(template: Pick<Template, "refusal" | "status">): string | null {
  const { refusal, status } = template;
  const bare = `the template is ${status}`;
  if (refusal === null || refusal === bare) return null;
  return refusal.startsWith(`${bare}: `) ? refusal.slice(bare.length + 2) : refusal;
}

/** A template whose status allows sending comes first; then by name and language. */
export function sendableFirst(templates: Template[]): Template[] {
  const order = (template: Template) =>
    `${template.refusal === null ? 0 : 1}\n${template.name}\n${template.language}`;
  return templates.toSorted((one, other) => order(one).localeCompare(order(other)));
}

/** Whether the template is meant by these words of a search. */
export function templateMatches(template: Template, q: string, status: string): boolean {
  if (status !== "" && template.status !== status) return false;
  const text = `${template.name} ${template.body} ${template.language}`.toLowerCase();
  return text.includes(q.trim().toLowerCase());
}
