import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from "react";

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange"> {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** What to enter and where to find it. */
  help?: ReactNode;
  /** Why what was entered is refused. */
  problem?: string | null;
  ref?: Ref<HTMLInputElement>;
  /** More about the same field, below its input. */
  children?: ReactNode;
}

/** One line to fill in, with its help and what is wrong with it; both are read out with it. */
export function Field(props: FieldProps) {
  const { label, onValue, help, problem = null, children, required, ...input } = props;
  const id = useId();
  const [helpId, problemId] = [`${id}-help`, `${id}-problem`];
  const described = [help !== undefined && helpId, problem !== null && problemId];
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required === false && <span className="fine"> (optional)</span>}
      </label>
      <input
        {...input}
        id={id}
        aria-required={required}
        aria-invalid={problem !== null}
        aria-describedby={described.filter(Boolean).join(" ") || undefined}
        onChange={(event) => onValue(event.currentTarget.value)}
      />
      {problem !== null && (
        <span id={problemId} className="problem">
          {problem}
        </span>
      )}
      {help !== undefined && (
        <span id={helpId} className="fine">
          {help}
        </span>
      )}
      {children}
    </div>
  );
}
