import type { ApiError } from "@baton/client";
import { type ReactNode, useId } from "react";
import { ErrorNote } from "../../ui/notes.tsx";

interface DoorProps {
  title: string;
  intro?: string;
  /** The button's words; in lower case they complete "Failed to …". */
  action: string;
  busy: boolean;
  problem: ApiError | null;
  onSubmit: (form: FormData) => void;
  children: ReactNode;
}

/** The form that stands before the console: signing in, and the first set-up. */
export function Door({ title, intro, action, busy, problem, onSubmit, children }: DoorProps) {
  return (
    <main className="door">
      <title>{`${title} · Baton`}</title>
      <p className="brand">Baton</p>
      <h1>{title}</h1>
      {intro !== undefined && <p>{intro}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) onSubmit(new FormData(event.currentTarget));
        }}
      >
        {problem !== null && <ErrorNote doing={action.toLowerCase()} error={problem} />}
        {children}
        <button type="submit" className="primary" aria-disabled={busy}>
          {busy ? "One moment…" : action}
        </button>
      </form>
    </main>
  );
}

interface FieldProps {
  label: string;
  name: string;
  type: string;
  autoComplete: string;
  minLength?: number;
  hint?: string;
}

export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  const hintId = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} required aria-describedby={hint && hintId} {...input} />
      {hint !== undefined && (
        <span id={hintId} className="fine">
          {hint}
        </span>
      )}
    </div>
  );
}
