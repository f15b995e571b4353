// Development only: pictures of every screen of the made-up console, with the accessibility check.
import { readFile } from "node:fs/promises";
import { checkAccessible, launch, OUTPUT, personsPage, takePictures } from "../lib/browser.mjs";

const ready = JSON.parse(await readFile(process.argv[2], "utf8"));
const to = (path) => new URL(path, ready.hub_url).href;
const post = (path, body) => fetch(to(path), { method: "POST", body: JSON.stringify(body) });
const browser = await launch();
const { page, errors } = await personsPage(browser);

async function look(name, path, ready_) {
  if (path !== null) await page.goto(to(path));
  await ready_().waitFor();
  await checkAccessible(page, name).catch((problem) => console.log("AXE", problem.message));
  await takePictures(page, `look-${name}`).catch((problem) => console.log("WIDE", problem.message));
}
const heading = (name) => () => page.getByRole("heading", { name });

await look("setup", "/setup#other", heading("Set up Baton"));
await page.getByLabel("Your name").fill("Ada");
await page.getByLabel("Email").fill("ada@example.com");
await page.getByLabel("Password").fill("a long password");
await page.getByRole("button").click();
await look("setup-done", null, () => page.getByRole("link", { name: "Sign in" }));
await page.goto("about:blank");
await look("setup-incomplete", "/setup", heading("This link is incomplete"));
await page.goto(to("/login"));
await page.getByLabel("Email").fill(ready.admin.email);
await page.getByLabel("Password").fill(ready.admin.password);
await page.getByRole("button", { name: "Sign in" }).click();
await look("sessions", null, () => page.getByText("Live", { exact: true }));
await look("session", "/sessions/8f1c2a34-showcase", () => page.getByText("Live", { exact: true }));
await page.getByRole("log").evaluate((log) => log.scrollTo({ top: -700 }));
await takePictures(page, "look-session-earlier");
await page.getByRole("log").evaluate((log) => log.scrollTo({ top: -1400 }));
await takePictures(page, "look-session-files");
await look("details", "/sessions/8f1c2a34-showcase?view=details", () =>
  page.getByText("Live", { exact: true }),
);
await look("failed", "/sessions/badc0de0-failed", () => page.getByText("Live", { exact: true }));
await look("closed", "/sessions/c0ffee00-closed", () => page.getByText("Live", { exact: true }));
await look("missing", "/sessions/nope", () => page.getByRole("alert"));
await look("nowhere", "/nowhere", heading("There is no page here"));
await look("channels", "/channels", () => page.getByText("Active", { exact: true }));
await page.getByRole("button", { name: "Send a test message" }).last().click();
await look("channels-test", null, () => page.getByText("1 part"));
await look("channel", "/channels/inbox-1", heading("WhatsApp through Meta"));
await look("integrations", "/integrations", () => page.getByText("Night desk"));
await look("no-match", "/sessions?q=zzzz", heading("No session matches"));
await post("/dev/empty", { on: true });
await look("no-sessions", "/sessions", heading("No sessions yet"));
await look("no-channels", "/channels", heading("No channels yet"));
await post("/dev/empty", { on: false });
await page.goto(to("/sessions/8f1c2a34-showcase"));
await page.getByText("Live", { exact: true }).waitFor();
await post("/dev/refuse", { on: true });
await post("/dev/drop", {});
await look("lost", null, () => page.getByText("Connection lost"));
await look("lost-sessions", "/sessions", () => page.getByRole("alert"));
await post("/dev/refuse", { on: false });
await page.setViewportSize({ width: 360, height: 640 });
await page.goto(to("/sessions/8f1c2a34-showcase"));
await page.getByText("Live", { exact: true }).waitFor();
await page.screenshot({ path: `${OUTPUT}look-session-360.png` });
console.log(errors.join("\n") || "no script errors");
await browser.close();
