import type { InputHTMLAttributes, ReactNode, Ref } from "react";
import { FieldFrame, type FieldFrameProps } from "./field_frame.tsx";

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange">;

interface FieldProps extends InputProps, FieldFrameProps {
  value: string;
  onValue: (value: string) => void;
  ref?: Ref<HTMLInputElement>;
  /** More about the same field, below its input. */
  children?: ReactNode;
}

/** One line to fill in. */
export function Field(props: FieldProps) {
  const { label, help, problem, onValue, children, required, ...rest } = props;
  return (
    <FieldFrame
      label={label}
      help={help}
      problem={problem}
      optional={required === false}
      input={(ties) => (
        <input
          {...rest}
          {...ties}
          aria-required={required}
          onChange={(event) => onValue(event.currentTarget.value)}
        />
      )}
    >
      {children}
    </FieldFrame>
  );
}
