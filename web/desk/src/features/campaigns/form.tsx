import { type ApiError, fieldLabel, type NewCampaign, refusal, type Template } from "@baton/client";
import { type FormEvent, useEffect, useRef } from "react";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { Field } from "../../ui/field.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { sentence } from "../../ui/words.ts";
import { CheckedList } from "./checked.tsx";
import { useDraft } from "./draft.ts";
import { ListInput } from "./list_input.tsx";
import { MappingFields } from "./mapping.tsx";
import type { Stock } from "./new.tsx";
import { Replies } from "./replies.tsx";
import { What } from "./what.tsx";

/** The inputs that the hub may refuse by name. */
const NAMED = ["name", "pace_per_minute", "template", "inbox_id"];

interface CampaignFormProps {
  stock: Stock;
  /** The template to begin with. */
  wanted: string | null;
  /** Which of the two last buttons is at work. */
  making: "start" | "keep" | null;
  error: ApiError | null;
  onMake: (campaign: NewCampaign, start: boolean) => void;
}

/** Everything about a campaign, then a look at the whole list, then the two ways on. */
export function CampaignForm({ stock, wanted, making, error, onMake }: CampaignFormProps) {
  const drafting = useDraft(stock, wanted);
  const { draft, template, ready, checked, setChecked, change, campaign } = drafting;
  const checking = useAction();
  const failed = checking.error ?? error;
  const form = useFocusOnRefusal(failed);
  const refused = refusal(failed, NAMED);
  const problem = (name: string) => (refused?.field === name ? sentence(refused.text) : null);
  const check = (event: FormEvent) => {
    event.preventDefault();
    const wish = campaign();
    if (wish === null || !ready) return;
    checking.run(async () => {
      setChecked(null);
      setChecked(await api.checkCampaign(wish));
    });
  };
  const make = (start: boolean) => {
    const wish = campaign();
    if (wish !== null && making === null) onMake(wish, start);
  };
  return (
    <form ref={form} className="settings" noValidate onSubmit={check}>
      <What stock={stock} drafting={drafting} problem={problem} />
      {template !== undefined && (
        <ListInput table={draft.table} onTable={(table) => change({ table })} />
      )}
      {template !== undefined && draft.table !== null && (
        <MappingFields
          template={template}
          table={draft.table}
          mapping={draft.mapping}
          onMapping={(mapping) => change({ mapping })}
        />
      )}
      <Replies draft={draft} topics={stock.topics} onChange={change} />
      <Field
        label="Pace"
        name="pace_per_minute"
        type="number"
        inputMode="numeric"
        min={1}
        value={draft.pace}
        onValue={(pace) => change({ pace })}
        problem={problem("pace_per_minute")}
        help="How many go out in a minute at most. Slower leaves AI and reps time for the answers"
        required
      />
      {failed !== null && refused === null && (
        <ErrorNote
          doing={checking.error === null ? "make the campaign" : "check the list"}
          error={failed}
        />
      )}
      <div className="buttons">
        <button
          type="submit"
          className={checked === null ? "primary" : undefined}
          aria-disabled={!ready || checking.busy}
        >
          {checking.busy ? "Checking…" : "Check the whole list"}
        </button>
      </div>
      {!ready && <p className="fine">{missing(template !== undefined, draft.table !== null)}</p>}
      <div role="status">
        {checked !== null && draft.table !== null && template !== undefined && (
          <CheckedList
            checked={checked}
            table={draft.table}
            label={(key) => labelOf(template, key)}
            making={making}
            onMake={make}
          />
        )}
      </div>
    </form>
  );
}

/** The input that the hub refuses gets the focus. */
function useFocusOnRefusal(error: ApiError | null) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const wrong = error?.field && form.current?.elements.namedItem(error.field);
    if (wrong instanceof HTMLElement) wrong.focus();
  }, [error]);
  return form;
}

function labelOf(template: Template, key: string): string {
  const field = template.form.find((known) => known.key === key);
  return field === undefined ? key : fieldLabel(field, template);
}

function missing(template: boolean, table: boolean): string {
  if (!template) return "Choose a template first.";
  if (!table) return "Give the list of people next.";
  return "Say in which column the phone numbers are.";
}
