// What the checks of the Node SDKs share: a running demo, a listener for webhooks, and the verdict.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

// Longest wait for something to happen, in milliseconds.
const WAIT_MS = 10_000;
// One white pixel, for messages with a picture.
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

const readyFile = process.env.BATON_READY_FILE;
if (readyFile === undefined) {
  console.error("set BATON_READY_FILE to the file that `baton demo --ready-file` wrote");
  process.exit(2);
}
export const ready = JSON.parse(await readFile(readyFile, "utf8"));

// Looks at the sandbox, or gives it an order.
export async function control(path, order) {
  const post = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order),
  };
  const url = `${ready.sandbox_url}/_control/${path}`;
  const response = await fetch(url, order === undefined ? {} : post);
  if (!response.ok) {
    throw new Failed(
      `the sandbox answered ${path} with ${response.status}: ${await response.text()}`,
    );
  }
  return response.json();
}

// What the hub's API answers.
export async function api(path) {
  const headers = { authorization: `Bearer ${ready.api_key}` };
  const response = await fetch(`${ready.hub_url}/api/${path}`, { headers });
  equal(response.status, 200, `the hub's answer to ${path}`);
  return response.json();
}

// Does something while switches of the sandbox are set.
export async function switched(changes, act) {
  const { switches } = await control("switches");
  const names = Object.keys(changes);
  const before = switches.filter(({ name }) => names.includes(name));
  await control("switches", changes);
  try {
    return await act();
  } finally {
    await control("switches", Object.fromEntries(before.map(({ name, value }) => [name, value])));
  }
}

// A server on loopback that takes webhooks as `{ url, headers, body }`, and serves a picture to whoever asks.
export async function listen(contentType, answer) {
  const arrived = [];
  const waiting = new Set();
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(200, { "content-type": "image/png", "content-length": PIXEL.length });
      response.end(request.method === "HEAD" ? undefined : PIXEL);
      return;
    }
    const chunks = await request.toArray();
    const body = Buffer.concat(chunks).toString("utf8");
    arrived.push({ url: base + request.url, headers: request.headers, body });
    response.writeHead(200, { "content-type": contentType }).end(answer);
    for (const look of waiting) look();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  server.unref();

  // The first webhook that fits, however long ago it came.
  const wait = (what, fits) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(look);
        reject(new Failed(`${what} did not arrive`));
      }, WAIT_MS);
      const look = () => {
        const found = arrived.find(fits);
        if (found === undefined) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { base, wait };
}

class Failed extends Error {}

// Nothing to check, with the reason.
export class Skipped extends Error {}

// Fails the check unless it holds.
export function expect(holds, what) {
  if (!holds) throw new Failed(what);
}

// Fails the check with both values unless they are the same.
export function equal(found, wanted, what) {
  const shown = () => `${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`;
  if (!isDeepStrictEqual(found, wanted)) throw new Failed(`${what}: ${shown()}`);
}

// Fails the check unless it is so in time.
export async function becomes(look, wanted, what) {
  const until = Date.now() + WAIT_MS;
  let found = await look();
  while (!isDeepStrictEqual(found, wanted) && Date.now() < until) {
    await pause(50);
    found = await look();
  }
  equal(found, wanted, what);
}

// Runs every check in order, prints a line for each, and ends the program.
export async function run(title, checks) {
  let failed = 0;
  for (const [name, act] of checks) {
    try {
      await act();
      console.log(`ok       ${title}: ${name}`);
    } catch (error) {
      if (error instanceof Skipped) {
        console.log(`skipped  ${title}: ${name}: ${error.message}`);
        continue;
      }
      failed += 1;
      console.log(`FAILED   ${title}: ${name}: ${error.message}`);
      if (!(error instanceof Failed)) console.error(error);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
}
