import type { Desk, Route, Vendor } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link, type Place } from "../../router.tsx";
import { Chip } from "../../ui/chip.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { DeskCard } from "./card.tsx";
import { RouteList } from "./route_list.tsx";

/** The desks where reps take over, connected or not yet, and which handoffs each gets. */
export function IntegrationsPage({ place }: { place: Place }) {
  const load = useCallback(async () => {
    const [desks, vendors, routes, inboxes] = await Promise.all([
      api.desks(),
      api.vendors(),
      api.routes(),
      api.inboxes(),
    ]);
    return { desks, vendors: vendors.desks, routes, inboxes };
  }, []);
  const [loaded, refresh] = useFresh(load);
  return (
    <div className="page">
      <title>Integrations · Baton</title>
      <h1>Integrations</h1>
      <p>The desks where your reps take over from AI, and which handoffs each of them gets.</p>
      <WhenLoaded loaded={loaded} what="the desks" onRetry={refresh}>
        {({ desks, vendors, routes, inboxes }) => (
          <>
            <ul className="cards desks">
              {desks.map((desk) => (
                <DeskCard
                  key={desk.id}
                  desk={desk}
                  isNew={desk.id === place.query.get("added")}
                  onChange={refresh}
                />
              ))}
              {vendors.map((vendor) => (
                <Connect key={vendor.name} vendor={vendor} desks={desks} />
              ))}
            </ul>
            <Handoffs routes={routes} desks={desks}>
              <RouteList routes={routes} desks={desks} inboxes={inboxes} />
            </Handoffs>
          </>
        )}
      </WhenLoaded>
    </div>
  );
}

/** A desk's vendor that nothing is connected to yet; or the way to one more. */
function Connect({ vendor, desks }: { vendor: Vendor; desks: Desk[] }) {
  const to = `/integrations/new?vendor=${vendor.name}`;
  if (desks.some((desk) => desk.vendor === vendor.name)) {
    return (
      <li className="more">
        <Link to={to}>Connect another {vendor.title}</Link>
      </li>
    );
  }
  return (
    <li className="card" aria-label={vendor.title}>
      <div className="card-head">
        <h2>{vendor.title}</h2>
        <Chip>Not connected</Chip>
      </div>
      <p>Hand conversations over to reps who work there, and bring their words back.</p>
      <p>
        <Link className="button primary" to={to} aria-label={`Connect ${vendor.title}`}>
          Connect
        </Link>
      </p>
    </li>
  );
}

interface HandoffsProps {
  routes: Route[];
  desks: Desk[];
  children: React.ReactNode;
}

function Handoffs({ routes, desks, children }: HandoffsProps) {
  return (
    <section className="group" aria-label="Routes">
      <div className="heading">
        <h2>Who gets which handoff</h2>
        {desks.length > 0 && (
          <Link className="button" to="/integrations/routes">
            Edit the routes
          </Link>
        )}
      </div>
      {routes.length > 0 ? (
        children
      ) : (
        <p>
          {desks.length === 0
            ? "Connect a desk first: without one nobody can take over from AI."
            : "There is no route, so nobody can take over from AI. Edit the routes to add one."}
        </p>
      )}
    </section>
  );
}
