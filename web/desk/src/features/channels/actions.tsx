import type { Checked, Inbox } from "@baton/client";
import { useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { sentence } from "../../ui/words.ts";
import { Stop } from "./stop.tsx";
import { TestMessage } from "./test_message.tsx";

interface ActionsProps {
  inbox: Inbox;
  onChange: () => void;
}

/** What can be done with an inbox. One thing at a time is open below the buttons. */
export function Actions({ inbox, onChange }: ActionsProps) {
  const [open, setOpen] = useState<"none" | "test" | "stop">("none");
  const buttons = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen("none");
    buttons.current?.querySelector("button")?.focus();
  };
  const runs = inbox.state === "active" || inbox.state === "failing";
  const phone = inbox.channel === "whatsapp" || inbox.channel === "sms";
  const toggle = (what: "test" | "stop") => setOpen(open === what ? "none" : what);
  return (
    <div className="actions">
      <div className="buttons" ref={buttons}>
        {inbox.state === "stopped" && <Start inbox={inbox} onChange={onChange} />}
        {runs && phone && (
          <button type="button" aria-expanded={open === "test"} onClick={() => toggle("test")}>
            Send a test message
          </button>
        )}
        <Link className="button" to={`/channels/${inbox.id}`} aria-label={`Edit ${inbox.name}`}>
          Edit
        </Link>
        {inbox.state !== "stopped" && (
          <button type="button" aria-expanded={open === "stop"} onClick={() => toggle("stop")}>
            Stop
          </button>
        )}
      </div>
      {runs && <Check inbox={inbox} onChange={onChange} />}
      {open === "test" && runs && <TestMessage inbox={inbox} onClose={close} />}
      {open === "stop" && inbox.state !== "stopped" && (
        <Stop inbox={inbox} onChange={onChange} onClose={close} />
      )}
    </div>
  );
}

function Start({ inbox, onChange }: ActionsProps) {
  const { busy, error, run } = useAction();
  const start = () =>
    run(async () => {
      await api.changeInbox(inbox.id, { stopped: false });
      onChange();
    });
  return (
    <>
      <button type="button" className="primary" aria-disabled={busy} onClick={start}>
        Start again
      </button>
      {error !== null && <ErrorNote doing="start the channel" error={error} />}
    </>
  );
}

/** Asks the vendor, and says what it said until the next time. */
function Check({ inbox, onChange }: ActionsProps) {
  const { busy, error, run } = useAction();
  const [checked, setChecked] = useState<Checked | null>(null);
  const check = () =>
    run(async () => {
      setChecked(null);
      setChecked(await api.checkInbox(inbox.id));
      onChange();
    });
  return (
    <div className="check">
      <button type="button" aria-disabled={busy} onClick={check}>
        {busy ? "Checking…" : "Check connection"}
      </button>
      <div role="status">
        {checked?.works === true && (
          <p className="note good">The vendor answers: address, credentials and hook are right.</p>
        )}
        {checked?.works === false && (
          <p className="note bad">
            The check failed: {sentence(checked.why ?? "the vendor did not say why")}.
          </p>
        )}
      </div>
      {error !== null && <ErrorNote doing="check the connection" error={error} />}
    </div>
  );
}
