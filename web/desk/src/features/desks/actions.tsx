import type { Desk, DeskChecked } from "@baton/client";
import { useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useFocusKept } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { Checks } from "./checks.tsx";

interface DeskActionsProps {
  desk: Desk;
  onChange: () => void;
}

/** What can be done with a desk. */
export function DeskActions({ desk, onChange }: DeskActionsProps) {
  const [asked, setAsked] = useState(false);
  const [checked, setChecked] = useState<DeskChecked | null>(null);
  const checking = useAction();
  const moving = useAction();
  const buttons = useRef<HTMLDivElement>(null);
  const toFirst = () => buttons.current?.querySelector("button")?.focus();
  useFocusKept(desk.state, toFirst);
  const close = () => {
    setAsked(false);
    toFirst();
  };
  const check = () =>
    checking.run(async () => {
      setChecked(null);
      setChecked(await api.checkDesk(desk.id));
      onChange();
    });
  const move = (stopped: boolean) =>
    moving.run(async () => {
      await api.changeDesk(desk.id, { stopped });
      setChecked(null);
      onChange();
      close();
    });
  const runs = desk.state === "active" || desk.state === "failing";
  return (
    <div className="actions">
      <div className="buttons" ref={buttons}>
        {desk.state === "stopped" && (
          <button
            type="button"
            className="primary"
            aria-disabled={moving.busy}
            onClick={() => move(false)}
          >
            Start again
          </button>
        )}
        {runs && (
          <button type="button" aria-disabled={checking.busy} onClick={check}>
            {checking.busy ? "Checking…" : "Check connection"}
          </button>
        )}
        <Link className="button" to={`/integrations/${desk.id}`} aria-label={`Edit ${desk.name}`}>
          Edit
        </Link>
        <Link
          className="button"
          to={`/integrations/${desk.id}/troubleshooting`}
          aria-label={`Troubleshooting ${desk.name}`}
        >
          Troubleshooting
        </Link>
        {desk.state !== "stopped" && (
          <button type="button" aria-expanded={asked} onClick={() => setAsked(!asked)}>
            Stop
          </button>
        )}
      </div>
      {asked && desk.state !== "stopped" && (
        <Confirm
          title={`Stop ${desk.name}`}
          keep="Keep it running"
          act="Stop the desk"
          danger
          busy={moving.busy}
          error={moving.error}
          onAct={() => move(true)}
          onClose={close}
        >
          <b>Stop {desk.name}?</b> While it is stopped nothing is handed over to it: a route's next
          choice is taken. What reps write there does not come through. Its settings stay, and you
          can start it again at any time.
        </Confirm>
      )}
      {!asked && moving.error !== null && <ErrorNote doing="start the desk" error={moving.error} />}
      {checking.error !== null && <ErrorNote doing="check the connection" error={checking.error} />}
      <div role="status">
        {checked !== null && runs && (
          <div className="stack">
            <p className={checked.works ? "note good" : "note bad"}>
              {checked.works
                ? "Everything that a handoff needs works."
                : "Not everything that a handoff needs works."}
            </p>
            <Checks checks={checked.checks} warnings={checked.warnings} />
          </div>
        )}
      </div>
    </div>
  );
}
