import { type CampaignCheck, lineOf, type TextTable, whyLeftOut } from "@baton/client";
import { sentence } from "../../ui/words.ts";

interface CheckedListProps {
  checked: CampaignCheck;
  table: TextTable;
  /** What a field is called on screen. */
  label: (key: string) => string;
  making: "start" | "keep" | null;
  onMake: (start: boolean) => void;
}

/** What would become of the whole list, before anything is sent; then the two ways on. */
export function CheckedList({ checked, table, label, making, onMake }: CheckedListProps) {
  const { accepted, refused, people, first_text } = checked;
  return (
    <section className="stack" aria-label="What would become of the list">
      <h2>Before anything is sent</h2>
      <p className={accepted === 0 ? "note bad" : "note good"}>
        <span>
          <b>{count(accepted)}</b> would get it. Who opted out is left out when their turn comes.
        </span>
      </p>
      {first_text !== null && (
        <p className="text fine">
          The first one reads: <q>{first_text}</q>
        </p>
      )}
      {refused > 0 && (
        <>
          <p className="note warn">
            <span>
              <b>{count(refused)}</b> would be left out. Repair the list and give it again, or go on
              without them.
            </span>
          </p>
          <ul
            className="log-lines"
            aria-label="Who would be left out"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
            tabIndex={0}
          >
            {people.map((person) => (
              <li key={person.place}>
                <span className="number">Line {lineOf(person, table)}</span>{" "}
                <b>{person.to === "" ? "no number" : person.to}</b> {person.name}
                <br />
                {sentence(whyLeftOut(person.why, label))}
              </li>
            ))}
          </ul>
          {people.length < refused && (
            <p className="fine">
              These are the first {people.length} of {refused}.
            </p>
          )}
        </>
      )}
      {accepted > 0 && (
        <div className="buttons">
          <button
            type="button"
            className="primary"
            aria-disabled={making !== null}
            onClick={() => onMake(true)}
          >
            {making === "start" ? "One moment…" : `Send to ${count(accepted)} now`}
          </button>
          <button type="button" aria-disabled={making !== null} onClick={() => onMake(false)}>
            {making === "keep" ? "One moment…" : "Make it, and start it later"}
          </button>
        </div>
      )}
    </section>
  );
}

function count(people: number): string {
  return people === 1 ? "1 person" : `${people} people`;
}
