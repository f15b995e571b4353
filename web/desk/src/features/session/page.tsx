import { followSession, type Session, type SessionView } from "@baton/client";
import { useMemo } from "react";
import { api } from "../../access.ts";
import { useLive } from "../../hooks.ts";
import { Link, type Place, withQuery } from "../../router.tsx";
import { Chip } from "../../ui/chip.tsx";
import { ConnectionBadge, ErrorNote } from "../../ui/notes.tsx";
import { CHANNEL, SESSION_STATE } from "../../ui/words.ts";
import { SessionDetails } from "./details.tsx";
import { contactName, OwnerChip } from "./parts.tsx";
import { SendTemplate } from "./send_template.tsx";
import { Timeline } from "./timeline.tsx";

export function SessionPage({ id, place }: { id: string; place: Place }) {
  const live = useMemo(() => followSession(api, id), [id]);
  const { state: view, connection } = useLive(live);
  const failed = connection.phase === "stopped" || (connection.phase === "waiting" && !view);
  return (
    <div className="session">
      <div className="session-head">
        <Link className="back" to="/sessions">
          All sessions
        </Link>
        {view === null ? <h1>Session</h1> : <Heading session={view.session} />}
        <ConnectionBadge connection={connection} onRetry={live.retryNow} />
      </div>
      {failed && (
        <ErrorNote doing="load the session" error={connection.error} onRetry={live.retryNow} />
      )}
      {view === null && connection.phase === "connecting" && (
        <p className="page">Loading session…</p>
      )}
      {view !== null && <Panels view={view} place={place} />}
    </div>
  );
}

function Heading({ session }: { session: Session }) {
  const name = contactName(session.contact);
  return (
    <>
      <title>{`${name} #${session.number} · Baton`}</title>
      <h1>
        {name} <span className="number">#{session.number}</span>
      </h1>
      <div className="chips">
        <Chip tone={session.state === "open" ? "good" : "plain"}>
          {SESSION_STATE[session.state]}
        </Chip>
        {session.state === "open" && <OwnerChip session={session} />}
        <span className="where">
          {CHANNEL[session.channel]}, {session.inbox.name}
        </span>
      </div>
    </>
  );
}

/** Side by side where there is room; on a narrow screen one of the two, by the URL. */
function Panels({ view, place }: { view: SessionView; place: Place }) {
  const shown = place.query.get("view") === "details" ? "details" : "conversation";
  return (
    <>
      <nav className="tabs" aria-label="Session">
        <Link
          replace
          to={withQuery(place, { view: null })}
          aria-current={shown === "conversation" ? "page" : undefined}
        >
          Conversation
        </Link>
        <Link
          replace
          to={withQuery(place, { view: "details" })}
          aria-current={shown === "details" ? "page" : undefined}
        >
          Details
        </Link>
      </nav>
      <div className={`panels show-${shown}`}>
        <div className="column">
          <Timeline view={view} />
          <SendTemplate session={view.session} place={place} />
        </div>
        <SessionDetails view={view} />
      </div>
    </>
  );
}
