import { Options, SelectField } from "../../ui/select.tsx";
import { sentence } from "../../ui/words.ts";
import type { Draft } from "./draft.ts";

interface RepliesProps {
  draft: Draft;
  topics: string[];
  onChange: (part: Partial<Draft>) => void;
}

/** Who gets the answers. */
export function Replies({ draft, topics, onChange }: RepliesProps) {
  return (
    <>
      <fieldset className="choices">
        <legend>Who gets the answers</legend>
        <label>
          <input
            type="radio"
            name="replies"
            checked={draft.replies === "ai"}
            onChange={() => onChange({ replies: "ai" })}
          />
          AI answers first
        </label>
        <label>
          <input
            type="radio"
            name="replies"
            checked={draft.replies === "desk"}
            onChange={() => onChange({ replies: "desk" })}
          />
          A desk at once
        </label>
      </fieldset>
      {draft.replies === "desk" && (
        <SelectField
          label="Topic"
          value={draft.topic}
          onValue={(topic) => onChange({ topic })}
          help="Decides which desk and queue: the routes of the integrations go by it"
        >
          <option value="">None</option>
          <Options of={topics.map((topic) => [topic, sentence(topic)])} />
        </SelectField>
      )}
    </>
  );
}
