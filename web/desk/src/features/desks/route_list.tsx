import type { Desk, Inbox, Route } from "@baton/client";
import { sentence, UNAVAILABLE, WORK_KIND } from "../../ui/words.ts";

interface RouteListProps {
  routes: Route[];
  desks: Desk[];
  inboxes: Inbox[];
}

/** The routes in words; the first that fits a handoff counts. */
export function RouteList({ routes, desks, inboxes }: RouteListProps) {
  const inbox = (id: string) =>
    inboxes.find((one) => one.id === id)?.name ?? "an inbox that is gone";
  const desk = (id: string) => desks.find((one) => one.id === id)?.name ?? "a desk that is gone";
  return (
    <>
      <p className="fine">The first route that fits counts; its places are tried in order.</p>
      <ol className="rows">
        {routes.map((route) => (
          <li key={route.id} className="row">
            <p>
              <b>
                {route.inbox_id === null ? "Every inbox" : inbox(route.inbox_id)}
                {route.topic !== null && `, topic ${route.topic}`}
              </b>
            </p>
            <ol className="places">
              {route.choices.map((choice, at) => (
                <li key={at}>
                  {sentence(desk(choice.desk_id))}: {WORK_KIND[choice.kind].toLowerCase()}
                  {choice.queue !== null && (
                    <>
                      {" "}
                      in <code>{choice.queue}</code>
                    </>
                  )}
                  {choice.kind === "live" && (
                    <span className="fine">
                      {" "}
                      When nobody is there, {UNAVAILABLE[choice.unavailable].toLowerCase()}.
                    </span>
                  )}
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
    </>
  );
}
