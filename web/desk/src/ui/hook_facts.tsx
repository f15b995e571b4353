import type { Desk, Inbox } from "@baton/client";
import { Copyable } from "./copy.tsx";
import { Pair } from "./facts.tsx";
import { Age } from "./time.tsx";

/** Where a vendor reports to, and when it last did. */
export function HookFacts({ of }: { of: Inbox | Desk }) {
  return (
    <>
      <Pair name="Hook address" wide>
        <Copyable label={`hook address of ${of.name}`} value={of.hook_url} />
        <span className="fine">
          If the vendor wants the address of a webhook, give it this one.
        </span>
      </Pair>
      <Pair name="Last event">
        {of.last_event_at === null ? "None lately" : <Age at={of.last_event_at} />}
      </Pair>
    </>
  );
}
