import type { ReactNode } from "react";
import { FieldFrame, type FieldFrameProps } from "./field_frame.tsx";

interface SelectFieldProps extends FieldFrameProps {
  name?: string;
  value: string;
  onValue: (value: string) => void;
  /** The options. */
  children: ReactNode;
}

/** One thing to choose. */
export function SelectField({ name, value, onValue, children, ...frame }: SelectFieldProps) {
  return (
    <FieldFrame
      {...frame}
      input={(ties) => (
        <select
          {...ties}
          name={name}
          value={value}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {children}
        </select>
      )}
    />
  );
}

/** Options by what they stand for and the words for it. */
export function Options({ of }: { of: Iterable<readonly [value: string, words: string]> }) {
  return [...of].map(([value, words]) => (
    <option key={value} value={value}>
      {words}
    </option>
  ));
}

/** Options of things that have a name. */
export function NamedOptions({ of }: { of: Iterable<{ id: string; name: string }> }) {
  return <Options of={[...of].map(({ id, name }) => [id, name] as const)} />;
}
