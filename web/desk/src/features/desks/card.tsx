import type { Desk } from "@baton/client";
import { Chip, STATE_TONE } from "../../ui/chip.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Pair } from "../../ui/facts.tsx";
import { CONNECTION_STATE, sentence } from "../../ui/words.ts";

export function DeskCard({ desk }: { desk: Desk }) {
  const settings = Object.entries(desk.settings).toSorted();
  return (
    <li className="card">
      <div className="card-head">
        <h2>{desk.name}</h2>
        <Chip tone={STATE_TONE[desk.state]}>{CONNECTION_STATE[desk.state]}</Chip>
      </div>
      {desk.why !== null && (
        <p className={desk.state === "active" ? "fine" : "note bad"}>{sentence(desk.why)}</p>
      )}
      <dl>
        <Pair name="Kind">{desk.vendor}</Pair>
        <Pair name="Hook address" wide>
          <Copyable label={`hook address of ${desk.name}`} value={desk.hook_url} />
          <span className="fine">Give this to the vendor as the webhook's address.</span>
        </Pair>
        {settings.map(([name, value]) => (
          <Pair key={name} name={name}>
            <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
          </Pair>
        ))}
        <Pair name="Secrets kept">
          {desk.secrets_set.length === 0 ? "None" : desk.secrets_set.join(", ")}
        </Pair>
      </dl>
    </li>
  );
}
