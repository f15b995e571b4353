import type { ReactNode } from "react";

interface SwitchProps {
  on: boolean;
  busy?: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}

/** Something that is on or off, and changes at once. */
export function Switch({ on, busy = false, onChange, children }: SwitchProps) {
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={on}
      aria-disabled={busy}
      onClick={() => !busy && onChange(!on)}
    >
      <span className="track" aria-hidden="true" />
      {children}
      <span className="fine" aria-hidden="true">
        {on ? "On" : "Off"}
      </span>
    </button>
  );
}
