import type { Inbox } from "@baton/client";
import { useEffect, useRef } from "react";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { Chip, STATE_TONE } from "../../ui/chip.tsx";
import { Pair } from "../../ui/facts.tsx";
import { HookFacts } from "../../ui/hook_facts.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { Switch } from "../../ui/switch.tsx";
import { span } from "../../ui/time.tsx";
import { CHANNEL, CONNECTION_STATE, sentence } from "../../ui/words.ts";
import { Actions } from "./actions.tsx";
import { RegistrationFacts } from "./registration.tsx";
import { TemplateFacts } from "./templates.tsx";

interface InboxCardProps {
  inbox: Inbox;
  /** It was added a moment ago: say what comes next. */
  isNew: boolean;
  onChange: () => void;
}

export function InboxCard({ inbox, isNew, onChange }: InboxCardProps) {
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isNew) card.current?.focus();
  }, [isNew]);
  return (
    <li ref={card} className="card" tabIndex={-1} aria-label={inbox.name}>
      <div className="card-head">
        <h2>{inbox.name}</h2>
        <Chip tone={STATE_TONE[inbox.state]}>{CONNECTION_STATE[inbox.state]}</Chip>
      </div>
      {isNew && <NextSteps inbox={inbox} />}
      <Trouble inbox={inbox} />
      <AiSwitch inbox={inbox} onChange={onChange} />
      <Facts inbox={inbox} />
      <Actions inbox={inbox} onChange={onChange} />
    </li>
  );
}

function NextSteps({ inbox }: { inbox: Inbox }) {
  return (
    <div className="note good" role="status">
      <p>
        <b>Added.</b> What comes next:
      </p>
      <ol>
        <li>Give the hook address below to the vendor as the webhook's address.</li>
        <li>Check the connection.</li>
        <li>
          {inbox.window_ms === null
            ? "Send a test message to your own phone."
            : "Write to this number from your own phone, then send yourself a test message."}
        </li>
      </ol>
    </div>
  );
}

/** Why it does not work, in the words of whoever knows, and what to do here. */
function Trouble({ inbox }: { inbox: Inbox }) {
  if (inbox.why === null) return null;
  switch (inbox.state) {
    case "active":
      return null;
    case "stopped":
      return <p className="note">{sentence(inbox.why)}.</p>;
    case "refused":
      return (
        <div className="note bad">
          <p>The settings are refused: {inbox.why}.</p>
          <p>It does not run until they are edited.</p>
        </div>
      );
    case "failing":
      return (
        <div className="note bad">
          <p>The vendor refuses us. Failed to {inbox.why}.</p>
          <p>When it is put right, check the connection.</p>
        </div>
      );
  }
}

function AiSwitch({ inbox, onChange }: { inbox: Inbox; onChange: () => void }) {
  const { busy, error, run } = useAction();
  const turn = (ai: boolean) =>
    run(async () => {
      await api.changeInbox(inbox.id, { ai });
      onChange();
    });
  return (
    <>
      <Switch on={inbox.ai} busy={busy} onChange={turn}>
        AI answers first
      </Switch>
      {error !== null && <ErrorNote doing="change who answers" error={error} />}
    </>
  );
}

function Facts({ inbox }: { inbox: Inbox }) {
  const runs = inbox.state === "active" || inbox.state === "failing";
  return (
    <dl>
      {runs && <Pair name="Address">{inbox.address ?? <Missing />}</Pair>}
      <Pair name="Kind">
        {CHANNEL[inbox.channel]} <span className="fine">{inbox.vendor_title}</span>
      </Pair>
      <HookFacts of={inbox} />
      {runs && inbox.templates && <TemplateFacts inbox={inbox.id} name={inbox.name} />}
      {runs && inbox.channel === "sms" && <RegistrationFacts inbox={inbox.id} />}
      {runs && (
        <Pair name="Reply window">
          {inbox.window_ms === null
            ? "No limit"
            : `${span(inbox.window_ms / 1000)} after the customer's message`}
        </Pair>
      )}
    </dl>
  );
}

function Missing() {
  return <span className="fine">Not in the settings</span>;
}
