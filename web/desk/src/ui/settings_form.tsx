import {
  type ApiError,
  changedSettings,
  foldSettings,
  refusal,
  type Field as Setting,
  type SettingsChange,
  shownSettings,
} from "@baton/client";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Field } from "./field.tsx";
import { ErrorNote } from "./notes.tsx";
import { sentence } from "./words.ts";

/** What was entered. */
interface Entered {
  name: string;
  settings: Record<string, string>;
  /** Secrets to take away. */
  removed: ReadonlySet<string>;
}

/** What the hub is to hold from now on. */
export interface Wanted {
  name: string;
  settings: SettingsChange;
}

interface SettingsFormProps {
  fields: Setting[];
  name: string;
  /** As the hub holds them, without secrets; none for something new. */
  settings?: Record<string, unknown>;
  /** The secrets that the hub holds. */
  secretsSet?: string[];
  /** What the name is for. */
  nameHelp: string;
  /** The button's words; in lower case they complete "Failed to …". */
  action: string;
  /** The button's words while it is at work. */
  doing?: string;
  busy: boolean;
  error: ApiError | null;
  onSubmit: (wanted: Wanted) => void;
  /** More to decide, above the button. */
  children?: ReactNode;
}

/** The form of an inbox or a desk, made from its vendor's own settings. The hub says what is wrong. */
export function SettingsForm(props: SettingsFormProps) {
  const { fields, settings = {}, secretsSet = [], action, busy, error, onSubmit } = props;
  const [start] = useState(() => shownSettings(fields, settings));
  const [entered, setEntered] = useState<Entered>({
    name: props.name,
    settings: start,
    removed: new Set(),
  });
  const form = useRef<HTMLFormElement>(null);
  const names = ["name", ...fields.map((field) => field.key)];
  const refused = refusal(error, names);
  useEffect(() => {
    const wrong = error?.field && form.current?.elements.namedItem(error.field);
    if (!(wrong instanceof HTMLElement)) return;
    wrong.closest("details")?.setAttribute("open", "");
    wrong.focus();
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
    if (busy) return;
    const { name, settings: texts, removed } = entered;
    onSubmit({ name, settings: changedSettings(fields, settings, texts, removed) });
  };
  const input = (field: Setting) => (
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
  );
  // By what was set at the start, so that no input moves while somebody writes in it.
  const inUse = [...secretsSet, ...Object.keys(start).filter((key) => start[key])];
  const { shown, folded } = foldSettings(fields, inUse);
  return (
    <form ref={form} className="settings" noValidate onSubmit={submit}>
      <Field
        label="Name"
        name="name"
        value={entered.name}
        onValue={(name) => setEntered((now) => ({ ...now, name }))}
        problem={problem("name")}
        help={props.nameHelp}
        autoComplete="off"
        required
      />
      {shown.map(input)}
      {folded.length > 0 && (
        <details className="folded">
          <summary>{folded.length} more settings, which most leave empty</summary>
          <div className="settings">{folded.map(input)}</div>
        </details>
      )}
      {props.children}
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
          {busy ? (props.doing ?? "One moment…") : action}
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
