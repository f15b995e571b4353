import { countByStatus, type Loaded, type Templates } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Pair } from "../../ui/facts.tsx";

/** How many templates the vendor holds for an inbox, by what it thinks of them. */
export function TemplateFacts({ inbox, name }: { inbox: string; name: string }) {
  const [told, reload] = useLoaded(useCallback(() => api.templates(inbox), [inbox]));
  const { busy, error, run } = useAction();
  const read = () =>
    run(async () => {
      await api.syncTemplates(inbox);
      reload();
    });
  return (
    <Pair name="Templates">
      <Told told={told} />
      <button
        type="button"
        className="small"
        aria-disabled={busy}
        aria-label={`Read again: templates of ${name}`}
        onClick={read}
      >
        Read again
      </button>
      {error !== null && (
        <span className="problem" role="alert">
          Failed to read the templates: {error.message}.
        </span>
      )}
    </Pair>
  );
}

function Told({ told }: { told: Loaded<Templates> }) {
  if (told.phase === "loading") return <span className="fine">Counting…</span>;
  if (told.phase === "failed") return <span className="fine">Not known now</span>;
  const { templates, problem } = told.value;
  return (
    <>
      <span>{countByStatus(templates) || "None yet"}</span>
      {problem !== null && <span className="problem">Failed to {problem}.</span>}
    </>
  );
}
