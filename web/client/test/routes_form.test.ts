import { expect, test } from "vitest";
import {
  ApiError,
  editableRoutes,
  moved,
  NEW_ROUTE,
  type Route,
  refusedRoute,
  routesToKeep,
} from "../src/index.ts";

const CHOICE = { desk_id: "d1", kind: "case", queue: "q1", unavailable: "next" } as const;
const ROUTES: Route[] = [
  { id: "1", position: 1, inbox_id: "i1", topic: "return", choices: [CHOICE] },
  { id: "2", position: 2, inbox_id: null, topic: null, choices: [{ ...CHOICE, queue: null }] },
];

test("routes that nobody changed stay the same", () => {
  const kept = ROUTES.map(({ inbox_id, topic, choices }) => ({ inbox_id, topic, choices }));
  expect(routesToKeep(editableRoutes(ROUTES))).toEqual(kept);
});

test("what is empty means any, and a queue loses the space around it", () => {
  const choices = [{ ...NEW_ROUTE.choices[0], desk: "d1", queue: "  " }];
  expect(routesToKeep([{ ...NEW_ROUTE, choices } as typeof NEW_ROUTE])).toEqual([
    {
      inbox_id: null,
      topic: null,
      choices: [{ desk_id: "d1", kind: "live", queue: null, unavailable: "queue" }],
    },
  ]);
});

test("a route moves by one place, and no further than the ends", () => {
  const list = ["a", "b", "c"];
  expect(moved(list, 1, -1)).toEqual(["b", "a", "c"]);
  expect(moved(list, 1, 1)).toEqual(["a", "c", "b"]);
  expect(moved(list, 0, -1)).toEqual(list);
  expect(moved(list, 2, 1)).toEqual(list);
});

test("the hub's refusal names the route", () => {
  const error = (field: string | null) => new ApiError("refused", "x", 422, null, field);
  expect(refusedRoute(error("routes.2.topic"))).toBe(1);
  expect(refusedRoute(error("routes"))).toBeNull();
  expect(refusedRoute(null)).toBeNull();
});
