import {
  type Desk,
  editableRoutes,
  type Inbox,
  moved,
  NEW_ROUTE,
  type Route,
  type RouteDraft,
  refusedRoute,
  routesToKeep,
} from "@baton/client";
import { type FormEvent, useCallback, useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate } from "../../router.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty, ErrorNote } from "../../ui/notes.tsx";
import { RouteFields } from "./route_fields.tsx";

/** What routes may name. */
export interface Places {
  inboxes: Inbox[];
  desks: Desk[];
  topics: string[];
}

/** The rules that pick the desk, its queue and the kind of work; changed and kept as a whole. */
export function RoutesPage() {
  const load = useCallback(async () => {
    const [routes, inboxes, desks, settings] = await Promise.all([
      api.routes(),
      api.inboxes(),
      api.desks(),
      api.settings(),
    ]);
    return { routes, places: { inboxes, desks, topics: settings.classifications } };
  }, []);
  const [loaded, retry] = useLoaded(load);
  return (
    <InnerPage title="Who gets which handoff" back="/integrations" narrow>
      <p>The first route that fits counts; its places are tried in order.</p>
      <WhenLoaded loaded={loaded} what="the routes" onRetry={retry}>
        {({ routes, places }) =>
          places.desks.length === 0 ? <NoDesk /> : <Form routes={routes} places={places} />
        }
      </WhenLoaded>
    </InnerPage>
  );
}

function NoDesk() {
  return (
    <Empty title="No desk to hand over to">
      <p>
        Connect one of the <Link to="/integrations">integrations</Link> first.
      </p>
    </Empty>
  );
}

/** A draft with a key of its own, so that what is moved keeps its inputs. */
type Keyed = RouteDraft & { key: number };

function Form({ routes, places }: { routes: Route[]; places: Places }) {
  const [drafts, setDrafts] = useState<Keyed[]>(() =>
    editableRoutes(routes).map((draft, key) => ({ ...draft, key })),
  );
  const { busy, error, run } = useAction();
  const refused = refusedRoute(error);
  const adder = useRef<HTMLButtonElement>(null);
  const change = (at: number, draft: RouteDraft) =>
    setDrafts((now) => now.map((old, place) => (place === at ? { ...draft, key: old.key } : old)));
  const add = () =>
    setDrafts((now) => [...now, { ...fresh(places), key: Math.max(-1, ...now.map(keyOf)) + 1 }]);
  const drop = (at: number) => {
    setDrafts((now) => now.filter((_, place) => place !== at));
    // The button that was pressed goes away with its route.
    adder.current?.focus();
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    run(async () => {
      await api.putRoutes(routesToKeep(drafts));
      navigate("/integrations");
    });
  };
  return (
    <form className="settings" noValidate onSubmit={save}>
      <ol className="stack" aria-label="Routes, the first one tried first">
        {drafts.map((draft, at) => (
          <RouteFields
            key={draft.key}
            place={at}
            last={at === drafts.length - 1}
            draft={draft}
            places={places}
            problem={refused === at ? (error?.message ?? null) : null}
            onChange={(next) => change(at, next)}
            onMove={(by) => setDrafts((now) => moved(now, at, by))}
            onRemove={() => drop(at)}
          />
        ))}
      </ol>
      {drafts.length === 0 && <p>Without a route nobody can take over from AI.</p>}
      <div className="buttons">
        <button ref={adder} type="button" onClick={add}>
          Add a route
        </button>
      </div>
      {error !== null && refused === null && <ErrorNote doing="save the routes" error={error} />}
      {refused !== null && (
        <p className="note bad" role="alert">
          Nothing was saved: one route above is refused.
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="primary" aria-disabled={busy}>
          {busy ? "One moment…" : "Save the routes"}
        </button>
      </div>
    </form>
  );
}

function keyOf(draft: Keyed): number {
  return draft.key;
}

/** A new route begins with the first desk: mostly there is only one. */
function fresh({ desks }: Places): RouteDraft {
  const desk = desks[0]?.id ?? "";
  return { ...NEW_ROUTE, choices: NEW_ROUTE.choices.map((choice) => ({ ...choice, desk })) };
}
