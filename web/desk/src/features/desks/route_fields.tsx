import { NEW_CHOICE, type RouteDraft, type Unavailable, type WorkKind } from "@baton/client";
import { useRef } from "react";
import { Field } from "../../ui/field.tsx";
import { NamedOptions, Options, SelectField } from "../../ui/select.tsx";
import { sentence, UNAVAILABLE, WORK_KIND } from "../../ui/words.ts";
import type { Places } from "./routes.tsx";

interface RouteFieldsProps {
  /** From 0. */
  place: number;
  last: boolean;
  draft: RouteDraft;
  places: Places;
  /** Why the hub refuses this one. */
  problem: string | null;
  onChange: (draft: RouteDraft) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

/** One route: when it fits, and the places that are tried. */
export function RouteFields(props: RouteFieldsProps) {
  const { place, last, draft, places, problem, onChange, onMove, onRemove } = props;
  const name = `Route ${place + 1}`;
  const more = useRef<HTMLButtonElement>(null);
  const choose = (at: number, change: Partial<RouteDraft["choices"][number]>) =>
    onChange({
      ...draft,
      choices: draft.choices.map((old, one) => (one === at ? { ...old, ...change } : old)),
    });
  const drop = (at: number) => {
    onChange({ ...draft, choices: draft.choices.filter((_, one) => one !== at) });
    more.current?.focus();
  };
  return (
    <li className="card" aria-label={name}>
      <div className="card-head">
        <h2>{name}</h2>
        <div className="buttons">
          <button
            type="button"
            className="small"
            aria-disabled={place === 0}
            onClick={() => onMove(-1)}
          >
            Earlier <span className="unseen">{name}</span>
          </button>
          <button type="button" className="small" aria-disabled={last} onClick={() => onMove(1)}>
            Later <span className="unseen">{name}</span>
          </button>
          <button type="button" className="small" onClick={onRemove}>
            Remove <span className="unseen">{name}</span>
          </button>
        </div>
      </div>
      {problem !== null && <p className="problem">{sentence(problem)}</p>}
      <div className="pair">
        <SelectField
          label="Inbox"
          value={draft.inbox}
          onValue={(inbox) => onChange({ ...draft, inbox })}
        >
          <option value="">Every inbox</option>
          <NamedOptions of={places.inboxes} />
        </SelectField>
        <SelectField
          label="Topic"
          value={draft.topic}
          onValue={(topic) => onChange({ ...draft, topic })}
        >
          <option value="">Every topic</option>
          <Options of={places.topics.map((topic) => [topic, sentence(topic)])} />
        </SelectField>
      </div>
      {draft.choices.map((choice, at) => (
        <ChoiceFields
          key={at}
          title={at === 0 ? "Hand over to" : "Or else to"}
          choice={choice}
          places={places}
          onChange={(change) => choose(at, change)}
          onRemove={draft.choices.length === 1 ? null : () => drop(at)}
        />
      ))}
      <div className="buttons">
        <button
          ref={more}
          type="button"
          className="small"
          onClick={() => {
            const desk = places.desks[0]?.id ?? "";
            onChange({ ...draft, choices: [...draft.choices, { ...NEW_CHOICE, desk }] });
          }}
        >
          Add another place <span className="unseen">to {name}</span>
        </button>
      </div>
    </li>
  );
}

interface ChoiceFieldsProps {
  title: string;
  choice: RouteDraft["choices"][number];
  places: Places;
  onChange: (change: Partial<RouteDraft["choices"][number]>) => void;
  /** Null for the only one. */
  onRemove: (() => void) | null;
}

function ChoiceFields({ title, choice, places, onChange, onRemove }: ChoiceFieldsProps) {
  return (
    <fieldset className="inset">
      <legend className="unseen">{title}</legend>
      <div className="card-head">
        <h3>{title}</h3>
        {onRemove !== null && (
          <button type="button" className="small" onClick={onRemove}>
            Remove this place
          </button>
        )}
      </div>
      <div className="pair">
        <SelectField label="Desk" value={choice.desk} onValue={(desk) => onChange({ desk })}>
          <NamedOptions of={places.desks} />
        </SelectField>
        <SelectField
          label="Kind of work"
          value={choice.kind}
          onValue={(kind) => onChange({ kind: kind as WorkKind })}
        >
          <Options of={Object.entries(WORK_KIND)} />
        </SelectField>
        <Field
          label="Queue"
          value={choice.queue}
          onValue={(queue) => onChange({ queue })}
          help="As the desk knows it: the id or name of a queue, workstream or channel; left empty, the desk decides"
          autoComplete="off"
          spellCheck={false}
          required={false}
        />
        {choice.kind === "live" && (
          <SelectField
            label="When nobody is there"
            value={choice.unavailable}
            onValue={(unavailable) => onChange({ unavailable: unavailable as Unavailable })}
          >
            <Options of={Object.entries(UNAVAILABLE)} />
          </SelectField>
        )}
      </div>
    </fieldset>
  );
}
