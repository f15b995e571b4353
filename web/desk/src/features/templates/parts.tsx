import type { Template } from "@baton/client";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { fromName, sentence } from "../../ui/words.ts";

export const TEMPLATE_STATUS: Record<string, string> = {
  approved: "Approved",
  pending: "In review",
  rejected: "Rejected",
  paused: "Paused",
  disabled: "Disabled",
  unavailable: "Not available",
};

const TONE: Record<string, Tone> = {
  approved: "good",
  pending: "warn",
  paused: "warn",
  rejected: "bad",
  disabled: "bad",
};

/** A newer hub may know a status that this page does not; its own word is better than none. */
export function StatusChip({ status }: { status: string }) {
  return <Chip tone={TONE[status] ?? "plain"}>{TEMPLATE_STATUS[status] ?? fromName(status)}</Chip>;
}

/** Why it cannot be sent, and what to do. */
export function Refusal({ template }: { template: Template }) {
  if (template.refusal === null) return null;
  const next = NEXT[template.status];
  return (
    <div className={template.status === "pending" ? "note" : "note bad"}>
      <p>
        {sentence(template.refusal)}. {next}
      </p>
    </div>
  );
}

const NEXT: Record<string, string> = {
  pending: "The vendor reviews it; sync again later.",
  rejected: "Change it at the vendor and hand it in again, then sync.",
  paused:
    "The vendor pauses templates that customers dislike; it goes on by itself or at the vendor.",
  disabled: "Make another one at the vendor, then sync.",
  unavailable: "Look at it at the vendor, then sync.",
  approved: "Use another template.",
};
