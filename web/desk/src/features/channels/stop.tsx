import type { Inbox } from "@baton/client";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { Confirm } from "../../ui/confirm.tsx";

interface StopProps {
  inbox: Inbox;
  onChange: () => void;
  onClose: () => void;
}

/** Asks before it stops a channel, and says how to undo it. */
export function Stop({ inbox, onChange, onClose }: StopProps) {
  const { busy, error, run } = useAction();
  const stop = () =>
    run(async () => {
      await api.changeInbox(inbox.id, { stopped: true });
      onClose();
      onChange();
    });
  return (
    <Confirm
      title={`Stop ${inbox.name}`}
      keep="Keep it running"
      act="Stop the channel"
      danger
      busy={busy}
      error={error}
      onAct={stop}
      onClose={onClose}
    >
      <b>Stop {inbox.name}?</b> While it is stopped, what customers write is turned away and nothing
      is sent; replies wait. Its conversations and settings stay, and you can start it again at any
      time.
    </Confirm>
  );
}
