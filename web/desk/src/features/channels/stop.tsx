import type { Inbox } from "@baton/client";
import { useEffect, useRef } from "react";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { ErrorNote } from "../../ui/notes.tsx";

interface StopProps {
  inbox: Inbox;
  onChange: () => void;
  onClose: () => void;
}

/** Asks before it stops a channel, and says how to undo it. */
export function Stop({ inbox, onChange, onClose }: StopProps) {
  const { busy, error, run } = useAction();
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  const stop = () =>
    run(async () => {
      await api.changeInbox(inbox.id, { stopped: true });
      onClose();
      onChange();
    });
  return (
    <fieldset className="note warn" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <legend className="unseen">Stop {inbox.name}</legend>
      <p>
        <b>Stop {inbox.name}?</b> While it is stopped, what customers write is turned away and
        nothing is sent; replies wait. Its conversations and settings stay, and you can start it
        again at any time.
      </p>
      <div className="buttons">
        <button type="button" ref={keep} onClick={onClose}>
          Keep it running
        </button>
        <button type="button" className="danger" aria-disabled={busy} onClick={stop}>
          Stop the channel
        </button>
      </div>
      {error !== null && <ErrorNote doing="stop the channel" error={error} />}
    </fieldset>
  );
}
