// Development only: serves the built console with a made-up API. Usage: node e2e/dev/server.mjs [READY_FILE]
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import {
  customerSays,
  desks,
  deskVendors,
  facts,
  feed,
  inboxes,
  messages,
  repDoes,
  sessions,
  vendors,
} from "./world.mjs";

const DIST = new URL("../../desk/dist/", import.meta.url).pathname;
const PORT = Number(process.env.PORT ?? 4700);
const ADMIN = { email: "admin@example.com", password: "correct horse battery" };
const ME = {
  user: { id: "u1", email: ADMIN.email, name: "Ada" },
  workspace: { id: "w1", name: "Parcel House" },
  csrf: "dev-csrf",
};
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
/** A picture of one pixel. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
const streams = new Set();
let refusing = false;
let empty = false;

const page = (
  title,
  body,
) => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>body{font:16px system-ui;margin:1rem}</style><main><h1>${title}</h1>${body}</main>
<script>
const post=(p,b)=>fetch(p,{method:"POST",body:JSON.stringify(b)});
for(const f of document.forms)f.onsubmit=e=>{e.preventDefault();post(f.action,{text:f.text.value});f.reset()};
for(const b of document.querySelectorAll("[data-do]"))b.onclick=()=>post(b.dataset.do,{});
setInterval(async()=>{const l=await(await fetch("/dev/said")).json();
const ul=document.querySelector("ul");ul.replaceChildren(...l.map(m=>{const li=document.createElement("li");li.textContent=m;return li}))},200)
</script></html>`;
const PAGES = {
  "/phone": page(
    "Phone",
    `<ul></ul><form action="/dev/say"><label>Message <input name="text"></label><button>Send</button></form>`,
  ),
  "/rep": page(
    "Rep console",
    `<nav aria-label="Conversations"><button><span data-state="open">Open</span></button></nav><ul></ul><button data-do="/dev/accept">Accept</button><button data-do="/dev/end">End</button>
<form action="/dev/reply"><label>Reply <input name="text"></label><button>Send</button></form>`,
  ),
};

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const fail = (response, status, code, message) =>
  send(response, status, { error: { code, message, id: "req-dev-1" } });

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return text === "" ? {} : JSON.parse(text);
}

async function staticFile(response, path) {
  const file = extname(path) === "" ? "index.html" : normalize(path);
  const body = await readFile(join(DIST, file)).catch(() => null);
  if (body === null) return fail(response, 404, "not_found", "there is no such file");
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy":
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  });
  response.end(body);
}

async function dev(request, response, path) {
  const body = request.method === "POST" ? await bodyOf(request) : {};
  const story = messages.get("5e551000-story") ?? [];
  if (path === "/dev/said")
    return send(
      response,
      200,
      story.map((m) => m.text),
    );
  if (path === "/dev/say") customerSays(body.text);
  else if (path === "/dev/drop") for (const stream of streams) stream.destroy();
  else if (path === "/dev/refuse") refusing = body.on;
  else if (path === "/dev/empty") empty = body.on;
  else repDoes(path.slice("/dev/".length), body.text);
  send(response, 204);
}

function stream(request, response, query) {
  const after = Number(query.get("after") ?? facts.length);
  const session = query.get("session");
  const wanted = (fact) =>
    fact.position > after && (session === null || fact.session_id === session);
  const write = (fact) =>
    response.write(`id: ${fact.position}\nevent: fact\ndata: ${JSON.stringify(fact)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": hello\n\n");
  for (const fact of facts.filter(wanted)) write(fact);
  const listener = (fact) => wanted(fact) && write(fact);
  feed.on("fact", listener);
  streams.add(request.socket);
  request.on("close", () => {
    feed.off("fact", listener);
    streams.delete(request.socket);
  });
}

function sessionList(query) {
  const text = (query.get("q") ?? "").toLowerCase();
  return [...sessions.values()]
    .filter((s) => !empty && (!query.get("state") || s.state === query.get("state")))
    .filter((s) => !query.get("owner") || s.owner === query.get("owner"))
    .filter((s) =>
      JSON.stringify([s.contact, s.number, s.last_message]).toLowerCase().includes(text),
    )
    .sort((a, b) => b.last_activity_at.localeCompare(a.last_activity_at));
}

function read(response, path, query) {
  const after = Number(query.get("after") ?? 0);
  if (path === "/api/me") return send(response, 200, ME);
  if (path === "/api/inboxes") return send(response, 200, { inboxes: empty ? [] : inboxes });
  if (path === "/api/templates") {
    const templates = ["approved", "approved", "pending"].map((status) => ({ status }));
    return send(response, 200, { templates, more: false, problem: null });
  }
  if (path.endsWith("/registration")) {
    const parts = [
      { name: "brand", state: "APPROVED" },
      { name: "campaign", state: "IN_PROGRESS" },
    ];
    const summary = "The campaign of this number is being reviewed.";
    const next_step = "Wait for the carriers; this takes days.";
    return send(response, 200, { light: "amber", summary, next_step, parts });
  }
  if (path === "/api/vendors") return send(response, 200, { vendors, desks: deskVendors });
  if (path.endsWith("/file")) {
    response.writeHead(200, { "content-type": "image/png" });
    return response.end(PICTURE);
  }
  if (path === "/api/routes") return send(response, 200, { routes: [] });
  if (path === "/api/campaigns") return send(response, 200, { campaigns: [] });
  if (path === "/api/settings") return send(response, 200, { classifications: ["return"] });
  if (path === "/api/desks") return send(response, 200, { desks: empty ? [] : desks });
  if (path === "/api/sessions")
    return send(response, 200, { sessions: sessionList(query), next: null });
  if (path === "/api/feed/page") {
    const session = query.get("session");
    const page = facts
      .filter((f) => f.position > after && (!session || f.session_id === session))
      .slice(0, 200);
    return send(response, 200, { facts: page, last_position: page.at(-1)?.position ?? after });
  }
  const [, id, rest] = /^\/api\/sessions\/([^/]+)(\/messages)?$/.exec(path) ?? [];
  const session = sessions.get(decodeURIComponent(id ?? ""));
  if (session === undefined)
    return fail(
      response,
      404,
      "not_found",
      "no session has this id; it may belong to another workspace",
    );
  if (rest === undefined) return send(response, 200, session);
  const list = messages.get(session.id).filter((m) => m.position > after);
  send(response, 200, { messages: list, last_position: list.at(-1)?.position ?? after });
}

async function api(request, response, url) {
  const path = url.pathname;
  if (refusing)
    return fail(response, 503, "starting", "the hub is starting; it will answer in a moment");
  const cookie = { "set-cookie": "baton_session=dev; HttpOnly; SameSite=Lax; Path=/" };
  if (path === "/api/login" || path === "/api/setup") {
    const body = await bodyOf(request);
    if (path === "/api/setup" && body.token !== "first")
      return fail(response, 410, "setup_done", "the first administrator exists already");
    if (path === "/api/login" && body.password !== ADMIN.password)
      return fail(
        response,
        401,
        "wrong_credentials",
        "the email or the password is wrong; check both and try again",
      );
    return send(response, 200, ME, cookie);
  }
  if (!request.headers.cookie?.includes("baton_session=dev"))
    return fail(response, 401, "signed_out", "nobody is signed in");
  if (request.method !== "GET" && request.headers["x-csrf-token"] !== ME.csrf)
    return fail(response, 403, "csrf", "the page is out of date; load it again");
  if (path === "/api/logout")
    return send(response, 204, undefined, { "set-cookie": "baton_session=; Path=/; Max-Age=0" });
  if (path === "/api/sms/segments") {
    const { text } = await bodyOf(request);
    const segments = Math.max(1, Math.ceil(text.length / 160));
    const units_left = segments * 160 - text.length;
    return send(response, 200, { encoding: "gsm7", units: text.length, segments, units_left });
  }
  if (path === "/api/feed") return stream(request, response, url.searchParams);
  read(response, path, url.searchParams);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith("/dev/")) return dev(request, response, url.pathname);
  if (url.pathname.startsWith("/api/")) return api(request, response, url);
  const made = PAGES[url.pathname];
  if (made === undefined) return staticFile(response, url.pathname);
  response.writeHead(200, { "content-type": "text/html" });
  response.end(made);
});

server.listen(PORT, "127.0.0.1", async () => {
  const address = `http://127.0.0.1:${PORT}`;
  const ready = {
    hub_url: address,
    sandbox_url: address,
    api_key: "dev",
    workspace: ME.workspace,
    admin: ADMIN,
  };
  if (process.argv[2] !== undefined) await writeFile(process.argv[2], JSON.stringify(ready));
  console.log(`made-up console at ${address}, sign in as ${ADMIN.email} with "${ADMIN.password}"`);
});
