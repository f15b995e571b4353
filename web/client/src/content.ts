import { isRecord } from "./error.ts";
import type { Cost, CostTotal, Message, Price } from "./types.ts";

/** A message's file, as far as the hub has it. */
export interface Media {
  kind: string;
  caption: string | null;
  name: string | null;
  /** Recorded on the spot. */
  voice: boolean;
  file:
    | { state: "stored"; mimeType: string; sizeBytes: number | null }
    | { state: "waiting" }
    | { state: "failed"; why: string | null }
    | { state: "absent" };
}

/** The file that a message carries; null when it carries none. Absent and newer fields do no harm. */
export function mediaOf(content: Message["content"]): Media | null {
  if (content.type !== "media") return null;
  const file = isRecord(content.file) ? content.file : {};
  return {
    kind: textOf(content.kind) ?? "file",
    caption: textOf(content.caption),
    name: textOf(file.name) ?? textOf(content.file_name),
    voice: content.voice === true,
    file: fileOf(file),
  };
}

function fileOf(file: Record<string, unknown>): Media["file"] {
  switch (file.state) {
    case "stored":
      return {
        state: "stored",
        mimeType: textOf(file.mime_type) ?? "application/octet-stream",
        sizeBytes: typeof file.size_bytes === "number" ? file.size_bytes : null,
      };
    case "waiting":
      return { state: "waiting" };
    case "failed": {
      const fault = isRecord(file.fault) ? file.fault : {};
      return { state: "failed", why: textOf(fault.rep) ?? textOf(fault.operator) };
    }
    default:
      return { state: "absent" };
  }
}

/** Words with choices beside them. */
export interface Offered {
  header: string | null;
  text: string;
  footer: string | null;
  /** What can be tapped, in order. */
  choices: { title: string; more: string | null }[];
  /** Where a link leads. */
  url: string | null;
}

/** What a message offers to tap; null when it offers nothing. */
export function offerOf(content: Message["content"]): Offered | null {
  if (content.type !== "interactive" || !isRecord(content.offer)) return null;
  const offer = content.offer;
  const rows = listOf(offer.sections).flatMap((section) => listOf(section.rows));
  const taps = offer.action === "link" ? [offer] : [...listOf(offer.buttons), ...rows];
  return {
    header: textOf(content.header),
    text: textOf(content.text) ?? "",
    footer: textOf(content.footer),
    choices: taps.map((tap) => ({
      title: textOf(tap.title) ?? "",
      more: textOf(tap.description),
    })),
    url: textOf(offer.url),
  };
}

/** What a message cost, in words; null where the vendor has not said so. */
export function amountOf(cost: Cost | null): string | null {
  if (cost === null) return null;
  const words = [cost.category];
  if (!cost.billable) words.push("not charged");
  else if (cost.price === null) words.push("charged");
  if (typeof cost.segments === "number") {
    words.push(cost.segments === 1 ? "1 part" : `${cost.segments} parts`);
  }
  if (cost.price !== null) words.push(priceOf(cost.price));
  return words.join(", ");
}

/** What the messages of one category cost together, in words. */
export function totalOf(total: CostTotal): string {
  const words = [];
  if (total.billable > 0) words.push(`${total.billable} charged`);
  if (total.free > 0) words.push(`${total.free} free`);
  return [...words, ...total.prices.map(priceOf)].join(", ");
}

/** An amount of money, in words. */
export function priceOf({ micros, currency }: Price): string {
  return `${micros / 1_000_000} ${currency}`;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
