import type { ConnectionState } from "@baton/client";
import type { ReactNode } from "react";

export type Tone = "plain" | "ai" | "rep" | "good" | "warn" | "bad";

export const STATE_TONE: Record<ConnectionState, Tone> = {
  active: "good",
  failing: "warn",
  refused: "bad",
  stopped: "plain",
};

export function Chip({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`chip ${tone}`}>{children}</span>;
}
