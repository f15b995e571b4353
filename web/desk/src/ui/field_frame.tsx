import { type ReactNode, useId } from "react";

/** What a field has around its input. */
export interface FieldFrameProps {
  label: string;
  /** What to enter and where to find it. */
  help?: ReactNode;
  /** Why what was entered is refused. */
  problem?: string | null;
}

/** What an input must carry so that its label, help and problem are read out with it. */
export interface Ties {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface Props extends FieldFrameProps {
  optional?: boolean;
  input: (ties: Ties) => ReactNode;
  /** More about the same field, below its input. */
  children?: ReactNode;
}

/** One field: its label, its input, what is wrong with it and its help. */
export function FieldFrame(props: Props) {
  const { label, help, problem = null, optional = false, input, children } = props;
  const id = useId();
  const [helpId, problemId] = [`${id}-help`, `${id}-problem`];
  const described = [help !== undefined && helpId, problem !== null && problemId];
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <span className="fine"> (optional)</span>}
      </label>
      {input({
        id,
        "aria-invalid": problem !== null,
        "aria-describedby": described.filter(Boolean).join(" ") || undefined,
      })}
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
