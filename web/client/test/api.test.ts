import { expect, test } from "vitest";
import { Api, ApiError } from "../src/index.ts";

const ME = { user: null, workspace: { id: "w", name: "Demo" }, csrf: "token-1" };

function recorded(answers: Response[]) {
  const requests: { path: string; init: RequestInit }[] = [];
  const api = new Api({
    fetch: async (input, init) => {
      requests.push({ path: String(input), init: init ?? {} });
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("network");
      return answer;
    },
  });
  const header = (index: number, name: string) =>
    new Headers(requests[index]?.init.headers).get(name);
  return { api, requests, header };
}

test("the CSRF token of the session goes with every change, and with no reading", async () => {
  const { api, header } = recorded([
    Response.json(ME),
    Response.json([]),
    new Response(null, { status: 204 }),
  ]);
  await api.me();
  await api.session("s1");
  await api.logout();
  expect(header(1, "x-csrf-token")).toBeNull();
  expect(header(2, "x-csrf-token")).toBe("token-1");
});

test("ids and filters are encoded; an empty filter is left out", async () => {
  const { api, requests } = recorded([Response.json({}), Response.json({})]);
  await api.session("../a?b");
  await api.sessions({ state: "open", owner: "", q: "a&b" });
  expect(requests.map((request) => request.path)).toEqual([
    "/api/sessions/..%2Fa%3Fb",
    "/api/sessions?state=open&q=a%26b&limit=50",
  ]);
});

test("the hub's error keeps its code, text and request id", async () => {
  const error = { code: "wrong_credentials", message: "the password is wrong", id: "r9" };
  const { api } = recorded([Response.json({ error }, { status: 401 })]);
  let signedOut = false;
  api.onSignedOut = () => {
    signedOut = true;
  };
  const thrown = await api.login("a@b.c", "x").catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(ApiError);
  expect(thrown).toMatchObject({ code: "wrong_credentials", requestId: "r9", retriable: false });
  expect(signedOut).toBe(false);
});

test("every refused field of a form is told", async () => {
  const fields = [{ field: "day", problem: "missing", text: "must be filled" }, "odd"];
  const error = { code: "refused", message: "day: must be filled", id: "r1", field: "day", fields };
  const { api } = recorded([Response.json({ error }, { status: 422 })]);
  await expect(api.sendTemplate("s1", "t1", {})).rejects.toMatchObject({
    field: "day",
    fields: [{ field: "day", text: "must be filled" }],
  });
});

test("a lost session is told to whoever asks to know", async () => {
  const { api } = recorded([new Response("<html>proxy</html>", { status: 401 })]);
  let signedOut = false;
  api.onSignedOut = () => {
    signedOut = true;
  };
  await expect(api.desks()).rejects.toMatchObject({ code: "http_401" });
  expect(signedOut).toBe(true);
});

test("no answer and an unreadable answer have codes of their own", async () => {
  const { api } = recorded([new Response("not json")]);
  await expect(api.me()).rejects.toMatchObject({ code: "unreadable_answer" });
  await expect(api.me()).rejects.toMatchObject({ code: "unreachable", retriable: true });
});
