import type { Loaded, Registration } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { Pair } from "../../ui/facts.tsx";

type Light = NonNullable<Registration["light"]>;

const TONE: Record<Light, Tone> = { green: "good", amber: "warn", red: "bad" };
const WORD: Record<Light, string> = {
  green: "Registered",
  amber: "Under review",
  red: "Not registered",
};

/** Whether carriers deliver what the number sends, and what to do where they do not. */
export function RegistrationFacts({ inbox }: { inbox: string }) {
  const load = useCallback(() => api.inboxRegistration(inbox), [inbox]);
  const [told] = useLoaded(load);
  return (
    <Pair name="Registration" wide>
      <Told told={told} />
    </Pair>
  );
}

function Told({ told }: { told: Loaded<Registration> }) {
  if (told.phase === "loading") return <span className="fine">Asking the vendor…</span>;
  if (told.phase === "failed") {
    return <span className="fine">The vendor does not say now: {told.error.message}</span>;
  }
  const { light, summary, next_step, parts } = told.value;
  if (light === null) return <span className="fine">{summary}</span>;
  return (
    <>
      <Chip tone={TONE[light]}>{WORD[light]}</Chip> {summary}
      {next_step !== null && <p>{next_step}</p>}
      {parts.length > 0 && (
        <p className="fine">{parts.map((part) => `${part.name}: ${part.state}`).join(" · ")}</p>
      )}
    </>
  );
}
