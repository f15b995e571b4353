import { useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Empty, ErrorNote } from "../../ui/notes.tsx";
import { DeskCard } from "./card.tsx";

/** The places where reps take over. */
export function DesksPage() {
  const [loaded, retry] = useLoaded(useCallback(() => api.desks(), []));
  return (
    <div className="page">
      <title>Desks · Baton</title>
      <h1>Desks</h1>
      <p>The places where your reps take over from AI.</p>
      {loaded.phase === "loading" && <p>Loading desks…</p>}
      {loaded.phase === "failed" && (
        <ErrorNote doing="load the desks" error={loaded.error} onRetry={retry} />
      )}
      {loaded.phase === "ready" && loaded.value.length === 0 && (
        <Empty title="No desks yet">
          <p>
            Without a desk, nobody can take over from AI. Describe yours in a workspace file and run{" "}
            <code>baton apply FILE</code> on the hub's machine.
          </p>
        </Empty>
      )}
      {loaded.phase === "ready" && loaded.value.length > 0 && (
        <ul className="cards">
          {loaded.value.map((desk) => (
            <DeskCard key={desk.id} desk={desk} />
          ))}
        </ul>
      )}
    </div>
  );
}
