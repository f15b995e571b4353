import type { Session } from "@baton/client";
import { Link } from "../../router.tsx";
import { Chip } from "../../ui/chip.tsx";
import { Age } from "../../ui/time.tsx";
import { CHANNEL, HANDOFF_STATE } from "../../ui/words.ts";
import { AUTHOR, contactName, handoffTone, OwnerChip } from "../session/parts.tsx";

export function SessionRow({ session }: { session: Session }) {
  const { handoff, last_message: last } = session;
  const closed = session.state === "closed";
  return (
    <li className={closed ? "row closed" : "row"}>
      <div className="row-top">
        <Link className="row-link" to={`/sessions/${encodeURIComponent(session.id)}`}>
          {contactName(session.contact)}
        </Link>
        <span className="number">#{session.number}</span>
        <span className="age">
          <Age at={session.last_activity_at} />
        </span>
      </div>
      <p className="row-last">
        {last === null ? (
          "No message yet"
        ) : (
          <>
            <b>{AUTHOR[last.author]}:</b> {last.text}
          </>
        )}
      </p>
      <div className="chips">
        {closed ? <Chip>Closed</Chip> : <OwnerChip session={session} />}
        {!closed && handoff !== null && handoff.state !== "closed" && (
          <Chip tone={handoffTone(handoff.state)}>
            Handoff: {HANDOFF_STATE[handoff.state].toLowerCase()}
          </Chip>
        )}
        <span className="where">
          {CHANNEL[session.channel]}, {session.inbox.name}
        </span>
      </div>
    </li>
  );
}
