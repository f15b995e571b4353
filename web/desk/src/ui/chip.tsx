import type { ReactNode } from "react";

export type Tone = "plain" | "ai" | "rep" | "good" | "warn" | "bad";

export function Chip({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`chip ${tone}`}>{children}</span>;
}
