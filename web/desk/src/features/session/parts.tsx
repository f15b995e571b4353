import type { AuthorKind, Contact, Handoff, HandoffState, Owner, Session } from "@baton/client";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { OWNER, OWNER_ANSWERS } from "../../ui/words.ts";

export const AUTHOR: Record<AuthorKind, string> = {
  customer: "Customer",
  ai: "AI",
  rep: "Rep",
  system: "System",
};

/** A customer may have no name and no number: a WhatsApp user id alone is a person too. */
export function contactName(contact: Contact): string {
  return contact.name ?? contact.phone ?? contact.email ?? "Customer without a name";
}

const OWNER_TONE: Record<Owner, Tone> = {
  ai: "ai",
  desk: "rep",
  elsewhere: "plain",
  nobody: "warn",
};

export function OwnerChip({ session }: { session: Session }) {
  return (
    <span title={OWNER_ANSWERS[session.owner]}>
      <Chip tone={OWNER_TONE[session.owner]}>Owner: {OWNER[session.owner]}</Chip>
    </span>
  );
}

/** A desk that was taken away keeps its id only. */
export function deskName(desk: Handoff["desk"]): string {
  return desk.name || "a desk that is gone";
}

export function handoffTone(state: HandoffState): Tone {
  if (state === "failed") return "bad";
  if (state === "active") return "rep";
  return state === "closed" ? "plain" : "warn";
}
