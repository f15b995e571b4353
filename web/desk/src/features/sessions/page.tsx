import { asApiError, followSessions, loadOlder, type SessionFilter } from "@baton/client";
import { useMemo, useState } from "react";
import { api } from "../../access.ts";
import { useLive } from "../../hooks.ts";
import { Link, type Place } from "../../router.tsx";
import { ConnectionBadge, Empty, ErrorNote } from "../../ui/notes.tsx";
import { FilterForm } from "./filter.tsx";
import { SessionRow } from "./row.tsx";

export function SessionsPage({ place }: { place: Place }) {
  const state = place.query.get("state") ?? "";
  const owner = place.query.get("owner") ?? "";
  const q = place.query.get("q") ?? "";
  return (
    <div className="page">
      <title>Sessions · Baton</title>
      <FilteredSessions
        key={`${state}\n${owner}\n${q}`}
        place={place}
        filter={{ state, owner, q }}
      />
    </div>
  );
}

function FilteredSessions({ place, filter }: { place: Place; filter: SessionFilter }) {
  const live = useMemo(() => followSessions(api, filter), []);
  const { state: view, connection } = useLive(live);
  return (
    <>
      <div className="heading">
        <h1>Sessions</h1>
        <ConnectionBadge connection={connection} onRetry={live.retryNow} />
      </div>
      <FilterForm place={place} />
      {(connection.phase === "stopped" || (connection.phase === "waiting" && view === null)) && (
        <ErrorNote doing="load the sessions" error={connection.error} onRetry={live.retryNow} />
      )}
      {view === null && connection.phase === "connecting" && <p>Loading sessions…</p>}
      {view !== null && view.sessions.length === 0 && <NoSessions filter={filter} />}
      {view !== null && view.sessions.length > 0 && (
        <ul className="rows" aria-label="Sessions, newest activity first">
          {view.sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </ul>
      )}
      {view?.next != null && <Older load={() => loadOlder(api, live)} />}
    </>
  );
}

function NoSessions({ filter }: { filter: SessionFilter }) {
  if (filter.state || filter.owner || filter.q) {
    return (
      <Empty title="No session matches">
        <p>
          Loosen the filter above, or <Link to="/sessions">show all sessions</Link>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No sessions yet">
      <p>
        A session appears here by itself when a customer writes. Check that your{" "}
        <Link to="/channels">channels</Link> are active, then send a message to one of them.
      </p>
    </Empty>
  );
}

function Older({ load }: { load: () => Promise<void> }) {
  const [problem, setProblem] = useState<unknown>(null);
  const more = () => {
    setProblem(null);
    load().catch(setProblem);
  };
  if (problem !== null) {
    return <ErrorNote doing="load older sessions" error={asApiError(problem)} onRetry={more} />;
  }
  return (
    <button type="button" className="older" onClick={more}>
      Show older sessions
    </button>
  );
}
