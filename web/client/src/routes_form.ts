import type { ApiError } from "./error.ts";
import type { NewRoute, Route, Unavailable, WorkKind } from "./types.ts";

export interface ChoiceDraft {
  desk: string;
  kind: WorkKind;
  queue: string;
  unavailable: Unavailable;
}

/** A route while somebody changes it; empty means any inbox, any topic, the desk's own queue. */
export interface RouteDraft {
  inbox: string;
  topic: string;
  choices: ChoiceDraft[];
}

export const NEW_CHOICE: ChoiceDraft = { desk: "", kind: "live", queue: "", unavailable: "queue" };
export const NEW_ROUTE: RouteDraft = { inbox: "", topic: "", choices: [NEW_CHOICE] };

export function editableRoutes(routes: Route[]): RouteDraft[] {
  return routes.map((route) => ({
    inbox: route.inbox_id ?? "",
    topic: route.topic ?? "",
    choices: route.choices.map(({ desk_id, kind, queue, unavailable }) => ({
      desk: desk_id,
      kind,
      queue: queue ?? "",
      unavailable,
    })),
  }));
}

export function routesToKeep(drafts: RouteDraft[]): NewRoute[] {
  return drafts.map(({ inbox, topic, choices }) => ({
    inbox_id: inbox || null,
    topic: topic || null,
    choices: choices.map(({ desk, kind, queue, unavailable }) => ({
      desk_id: desk,
      kind,
      queue: queue.trim() || null,
      unavailable,
    })),
  }));
}

/** The list with one of its items a place earlier (-1) or later (1); at the ends nothing changes. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const [one, other] = [list[at], list[at + by]];
  if (one === undefined || other === undefined) return [...list];
  return list.with(at, other).with(at + by, one);
}

/** Which route, counted from 0, the hub refuses; null when it is about none. */
export function refusedRoute(error: ApiError | null): number | null {
  const place = /^routes\.(\d+)\./.exec(error?.field ?? "")?.[1];
  return place === undefined ? null : Number(place) - 1;
}
