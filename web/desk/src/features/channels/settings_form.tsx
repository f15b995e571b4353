import { type ApiError, refusal, type Field as Setting } from "@baton/client";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Field } from "../../ui/field.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { sentence } from "../../ui/words.ts";

/** What was entered. */
export interface Entered {
  name: string;
  settings: Record<string, string>;
  /** Secrets to take away. */
  removed: ReadonlySet<string>;
}

interface SettingsFormProps {
  fields: Setting[];
  start: Entered;
  secretsSet: string[];
  /** The button's words; in lower case they complete "Failed to …". */
  action: string;
  busy: boolean;
  error: ApiError | null;
  onSubmit: (entered: Entered) => void;
  /** More to decide, above the button. */
  children?: ReactNode;
}

/** The form of one inbox, made from its vendor's own settings. The hub says what is wrong. */
export function SettingsForm(props: SettingsFormProps) {
  const { fields, start, secretsSet, action, busy, error, onSubmit, children } = props;
  const [entered, setEntered] = useState(start);
  const form = useRef<HTMLFormElement>(null);
  const names = ["name", ...fields.map((field) => field.key)];
  const refused = refusal(error, names);
  useEffect(() => {
    const wrong = error?.field && form.current?.elements.namedItem(error.field);
    if (wrong instanceof HTMLElement) wrong.focus();
  }, [error]);
  const problem = (name: string) => (refused?.field === name ? sentence(refused.text) : null);
  const enter = (key: string, text: string) =>
    setEntered((now) => ({ ...now, settings: { ...now.settings, [key]: text } }));
  const remove = (key: string, gone: boolean) =>
    setEntered((now) => {
      const removed = new Set(now.removed);
      if (gone) removed.add(key);
      else removed.delete(key);
      return { ...now, removed };
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onSubmit(entered);
  };
  return (
    <form ref={form} className="settings" noValidate onSubmit={submit}>
      <Field
        label="Name"
        name="name"
        value={entered.name}
        onValue={(name) => setEntered((now) => ({ ...now, name }))}
        problem={problem("name")}
        help="How reps and you will know this channel"
        autoComplete="off"
        required
      />
      {fields.map((field) => (
        <SettingField
          key={field.key}
          field={field}
          value={entered.settings[field.key] ?? ""}
          onValue={(text) => enter(field.key, text)}
          isSet={secretsSet.includes(field.key)}
          removed={entered.removed.has(field.key)}
          onRemove={(gone) => remove(field.key, gone)}
          problem={problem(field.key)}
        />
      ))}
      {children}
      {error !== null && refused === null && (
        <ErrorNote doing={action.toLowerCase()} error={error} />
      )}
      {refused !== null && (
        <p className="note bad" role="alert">
          Nothing was saved: one entry above is refused.
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="primary" aria-disabled={busy}>
          {busy ? "One moment…" : action}
        </button>
      </div>
    </form>
  );
}

interface SettingFieldProps {
  field: Setting;
  value: string;
  onValue: (text: string) => void;
  /** A secret that the hub holds. */
  isSet: boolean;
  removed: boolean;
  onRemove: (gone: boolean) => void;
  problem: string | null;
}

function SettingField(props: SettingFieldProps) {
  const { field, value, onValue, isSet, removed, onRemove, problem } = props;
  const secret = field.secret
    ? { type: "password", placeholder: isSet ? "Kept; enter a new one to replace it" : "" }
    : { type: "text" };
  return (
    <Field
      {...secret}
      label={field.label}
      name={field.key}
      value={value}
      onValue={onValue}
      problem={problem}
      help={sentence(field.help)}
      required={field.required}
      disabled={removed}
      // A password manager would offer its own words here.
      autoComplete={field.secret ? "new-password" : "off"}
      spellCheck={false}
    >
      {field.secret && isSet && !field.required && (
        <label className="tick">
          <input
            type="checkbox"
            checked={removed}
            onChange={(event) => onRemove(event.currentTarget.checked)}
          />
          Take it away: {field.label}
        </label>
      )}
    </Field>
  );
}
