import { type FormEvent, useRef } from "react";
import { navigate, type Place, withQuery } from "../../router.tsx";
import { Options } from "../../ui/select.tsx";
import { OWNER, SESSION_STATE } from "../../ui/words.ts";

const TYPING_PAUSE_MS = 300;

/** The filter is the URL; this form only writes it. */
export function FilterForm({ place }: { place: Place }) {
  const typing = useRef<ReturnType<typeof setTimeout>>(undefined);
  const apply = (form: HTMLFormElement) => {
    clearTimeout(typing.current);
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const change = { state: text("state"), owner: text("owner"), q: text("q") };
    navigate(withQuery(place, change), "replace");
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    apply(event.currentTarget);
  };
  const typed = (form: HTMLFormElement | null) => {
    clearTimeout(typing.current);
    if (form !== null) typing.current = setTimeout(() => apply(form), TYPING_PAUSE_MS);
  };
  return (
    <search aria-label="Filter sessions">
      <form className="filter" onSubmit={submit}>
        <Choice
          name="state"
          label="State"
          all="Open and closed"
          words={SESSION_STATE}
          place={place}
        />
        <Choice name="owner" label="Owner" all="Any owner" words={OWNER} place={place} />
        <label className="search">
          <span>Search</span>
          <input
            type="search"
            name="q"
            placeholder="Name, number or text"
            maxLength={200}
            defaultValue={place.query.get("q") ?? ""}
            onInput={(event) => typed(event.currentTarget.form)}
          />
        </label>
      </form>
    </search>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  all: string;
  words: Record<string, string>;
  place: Place;
}

function Choice({ name, label, all, words, place }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select
        name={name}
        value={place.query.get(name) ?? ""}
        onChange={(event) =>
          navigate(withQuery(place, { [name]: event.currentTarget.value }), "replace")
        }
      >
        <option value="">{all}</option>
        <Options of={Object.entries(words)} />
      </select>
    </label>
  );
}
