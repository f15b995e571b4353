import type { Desk } from "@baton/client";
import { useEffect, useRef } from "react";
import { Chip, STATE_TONE } from "../../ui/chip.tsx";
import { Pair } from "../../ui/facts.tsx";
import { HookFacts } from "../../ui/hook_facts.tsx";
import { CONNECTION_STATE, sentence } from "../../ui/words.ts";
import { DeskActions } from "./actions.tsx";

interface DeskCardProps {
  desk: Desk;
  /** It was connected a moment ago. */
  isNew: boolean;
  onChange: () => void;
}

/** One desk: whether it works, what to do where it does not, and what can be done with it. */
export function DeskCard({ desk, isNew, onChange }: DeskCardProps) {
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isNew) card.current?.focus();
  }, [isNew]);
  return (
    <li ref={card} className="card" tabIndex={-1} aria-label={desk.name}>
      <div className="card-head">
        <h2>{desk.name}</h2>
        <Chip tone={STATE_TONE[desk.state]}>{CONNECTION_STATE[desk.state]}</Chip>
      </div>
      <Trouble desk={desk} />
      <dl>
        <Pair name="Kind">{desk.vendor_title}</Pair>
        <HookFacts of={desk} />
      </dl>
      <DeskActions desk={desk} onChange={onChange} />
    </li>
  );
}

/** Why it does not work, in the words of whoever knows, and what to do here. */
function Trouble({ desk }: { desk: Desk }) {
  if (desk.why === null) return null;
  switch (desk.state) {
    case "active":
      return null;
    case "stopped":
      return <p className="note">{sentence(desk.why)}.</p>;
    case "refused":
      return (
        <div className="note bad">
          <p>The settings are refused: {desk.why}.</p>
          <p>Nothing is handed over to it until they are edited.</p>
        </div>
      );
    case "failing":
      return (
        <div className="note bad">
          <p>The desk refuses us: {desk.why}.</p>
          <p>When it is put right, check the connection.</p>
        </div>
      );
  }
}
