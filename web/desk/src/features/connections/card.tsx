import type { ConnectionState, Desk } from "@baton/client";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Pair } from "../../ui/facts.tsx";
import { CONNECTION_STATE, sentence } from "../../ui/words.ts";

const TONE: Record<ConnectionState, Tone> = { active: "good", failing: "warn", stopped: "bad" };

export function ConnectionCard({ item, kind }: { item: Desk; kind: string }) {
  const settings = Object.entries(item.settings).toSorted();
  return (
    <li className="card">
      <div className="card-head">
        <h2>{item.name}</h2>
        <Chip tone={TONE[item.state]}>{CONNECTION_STATE[item.state]}</Chip>
      </div>
      {item.why !== null && (
        <p className={item.state === "active" ? "fine" : "note bad"}>{sentence(item.why)}</p>
      )}
      <dl>
        <Pair name="Kind">
          {kind} {kind !== item.vendor && <span className="fine">{item.vendor}</span>}
        </Pair>
        <Pair name="Hook address" wide>
          <Copyable label={`hook address of ${item.name}`} value={item.hook_url} />
          <span className="fine">Give this to the vendor as the webhook's address.</span>
        </Pair>
        {settings.map(([name, value]) => (
          <Pair key={name} name={name}>
            <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
          </Pair>
        ))}
        <Pair name="Secrets kept">
          {item.secrets_set.length === 0 ? "None" : item.secrets_set.join(", ")}
        </Pair>
      </dl>
    </li>
  );
}
