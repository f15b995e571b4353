import type { RecipientStatus } from "@baton/client";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { fromName } from "../../ui/words.ts";

const STATE: Record<string, { word: string; tone: Tone }> = {
  loading: { word: "Reading the list", tone: "plain" },
  running: { word: "Sending", tone: "good" },
  paused: { word: "Paused", tone: "warn" },
  done: { word: "Done", tone: "plain" },
  cancelled: { word: "Ended early", tone: "bad" },
};

/** A newer hub may know a state that this page does not; its own word is better than none. */
export function StateChip({ state }: { state: string }) {
  const { word, tone } = STATE[state] ?? { word: fromName(state), tone: "plain" };
  return <Chip tone={tone}>{word}</Chip>;
}

/** How far somebody's message has come. */
export const RECIPIENT_STATUS: Record<RecipientStatus, string> = {
  waiting: "Waiting",
  queued: "On their way",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Failed",
  unknown: "May have been sent",
  skipped: "Left out",
};

export function recipientStatus(status: string): string {
  return RECIPIENT_STATUS[status as RecipientStatus] ?? fromName(status);
}
