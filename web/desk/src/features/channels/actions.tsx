import type { Checked, Inbox } from "@baton/client";
import { useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useFocusKept } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
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
  const toFirst = () => buttons.current?.querySelector("button")?.focus();
  useFocusKept(inbox.state, toFirst);
  const checking = useAction();
  const [checked, setChecked] = useState<Checked | null>(null);
  const starting = useAction();
  const check = () =>
    checking.run(async () => {
      setChecked(null);
      setChecked(await api.checkInbox(inbox.id));
      onChange();
    });
  const start = () =>
    starting.run(async () => {
      await api.changeInbox(inbox.id, { stopped: false });
      onChange();
    });
  const close = () => {
    setOpen("none");
    toFirst();
  };
  const runs = inbox.state === "active" || inbox.state === "failing";
  const phone = inbox.channel === "whatsapp" || inbox.channel === "sms";
  const toggle = (what: "test" | "stop") => setOpen(open === what ? "none" : what);
  return (
    <div className="actions">
      <div className="buttons" ref={buttons}>
        {inbox.state === "stopped" && (
          <button type="button" className="primary" aria-disabled={starting.busy} onClick={start}>
            Start again
          </button>
        )}
        {runs && (
          <button type="button" aria-disabled={checking.busy} onClick={check}>
            {checking.busy ? "Checking…" : "Check connection"}
          </button>
        )}
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
      {starting.error !== null && <ErrorNote doing="start the channel" error={starting.error} />}
      {runs && <CheckResult checked={checked} />}
      {checking.error !== null && <ErrorNote doing="check the connection" error={checking.error} />}
      {open === "test" && runs && <TestMessage inbox={inbox} onClose={close} />}
      {open === "stop" && inbox.state !== "stopped" && (
        <Stop inbox={inbox} onChange={onChange} onClose={close} />
      )}
    </div>
  );
}

/** What the vendor said, until the next time. */
function CheckResult({ checked }: { checked: Checked | null }) {
  return (
    <div role="status">
      {checked?.works === true && (
        <p className="note good">The vendor answers: address, credentials and hook are right.</p>
      )}
      {checked?.works === false && (
        <p className="note bad">
          The check failed to {checked.why ?? "end, and the vendor did not say why"}.
        </p>
      )}
    </div>
  );
}
