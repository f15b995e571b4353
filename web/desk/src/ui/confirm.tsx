import type { ApiError } from "@baton/client";
import { type ReactNode, useEffect, useRef } from "react";
import { ErrorNote } from "./notes.tsx";

interface ConfirmProps {
  /** The question, in short, for those who hear it. */
  title: string;
  /** The button that changes nothing; it has the focus at first. */
  keep: string;
  /** The button that does it; in lower case it completes "Failed to …". */
  act: string;
  /** It cannot be taken back, or takes something away. */
  danger?: boolean;
  busy: boolean;
  error: ApiError | null;
  onAct: () => void;
  onClose: () => void;
  /** What would happen, and how to undo it. */
  children: ReactNode;
}

/** Asks before something that matters is done. Escape changes nothing. */
export function Confirm(props: ConfirmProps) {
  const { title, keep, act, danger = false, busy, error, onAct, onClose, children } = props;
  const safe = useRef<HTMLButtonElement>(null);
  useEffect(() => safe.current?.focus(), []);
  return (
    <fieldset className="note warn" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <legend className="unseen">{title}</legend>
      <p>{children}</p>
      <div className="buttons">
        <button type="button" ref={safe} onClick={onClose}>
          {keep}
        </button>
        <button
          type="button"
          className={danger ? "danger" : "primary"}
          aria-disabled={busy}
          onClick={onAct}
        >
          {act}
        </button>
      </div>
      {error !== null && <ErrorNote doing={act.toLowerCase()} error={error} />}
    </fieldset>
  );
}
