import type { Brief, Handoff } from "@baton/client";
import { Chip } from "../../ui/chip.tsx";
import { Pair } from "../../ui/facts.tsx";
import { FullTime } from "../../ui/time.tsx";
import { fromName, HANDOFF_REASON, HANDOFF_STATE, sentence } from "../../ui/words.ts";
import { deskName, handoffTone } from "./parts.tsx";

export function HandoffCard({ handoff }: { handoff: Handoff }) {
  const over = handoff.state === "closed" || handoff.state === "failed";
  return (
    <section className="card handoff">
      <div className="card-head">
        <h2>Handoff</h2>
        <Chip tone={handoffTone(handoff.state)}>{HANDOFF_STATE[handoff.state]}</Chip>
      </div>
      <dl>
        <Pair name="Desk">
          {sentence(deskName(handoff.desk))} <span className="fine">{handoff.desk.vendor}</span>
        </Pair>
        <Pair name="Rep">
          {handoff.rep_name ?? (over ? "Nobody accepted" : "Nobody has accepted yet")}
        </Pair>
        <Pair name="Requested">
          <FullTime at={handoff.requested_at} />
        </Pair>
        {handoff.brief === null && <Pair name="Why">{HANDOFF_REASON[handoff.reason]}</Pair>}
      </dl>
      {handoff.brief === null ? (
        <p className="fine">{over ? "No brief was written." : "The brief is being written."}</p>
      ) : (
        <BriefText brief={handoff.brief} />
      )}
    </section>
  );
}

/** What the rep reads first, in the rep's order. */
function BriefText({ brief }: { brief: Brief }) {
  return (
    <div className="brief">
      <h3>Brief</h3>
      <p className="subject">{brief.subject}</p>
      <p className="text">{brief.summary}</p>
      <dl>
        <Pair name="Classification">{brief.classification}</Pair>
        <Pair name="Sentiment">{fromName(brief.sentiment)}</Pair>
        <Pair name="Language">{brief.language}</Pair>
        <Pair name="Reason">{sentence(brief.reason)}</Pair>
      </dl>
    </div>
  );
}
