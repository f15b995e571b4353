// The story in a real browser against a running demo: a customer is answered by AI, asks for a person,
// and gets the rep's words. BATON_READY_FILE names the demo's ready file.
import { readFile } from "node:fs/promises";
import { checkAccessible, launch, OUTPUT, personsPage, takePictures } from "./lib/browser.mjs";
import { campaignSteps } from "./lib/campaigns.mjs";
import { channelSteps } from "./lib/channels.mjs";
import { integrationSteps } from "./lib/integrations.mjs";
import { cuttableLine } from "./lib/line.mjs";
import { check, runSteps } from "./lib/steps.mjs";
import { templateSteps } from "./lib/templates.mjs";

const QUESTION = "How long does delivery take?";
const PERSON = "I want to talk to a person, please";
const MEANWHILE = "Are you there? It is urgent";
/** One pixel. */
const PICTURE =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const REPLY = `Hello, this is a person. Reference ${Date.now()}`;

const readyFile = process.env.BATON_READY_FILE;
if (readyFile === undefined) {
  console.error("set BATON_READY_FILE to the file that `baton demo --ready-file` wrote");
  process.exit(2);
}
const ready = JSON.parse(await readFile(readyFile, "utf8"));
const line = await cuttableLine(ready.hub_url);
const hub = (path) => new URL(path, line.url).href;
const sandbox = (path) => new URL(path, ready.sandbox_url).href;

const browser = await launch();
const desk = await personsPage(browser);
const customer = await personsPage(browser);
const rep = await personsPage(browser);
const people = [desk, customer, rep];

const console_ = desk.page;
const main = console_.getByRole("main");
const log = console_.getByRole("log", { name: "Conversation" });
const details = console_.getByRole("complementary", { name: "Details" });
const said = (kind) => log.locator(`li.message.${kind}`);

async function customerWrites(text) {
  await customer.page.getByRole("textbox", { name: "Message" }).fill(text);
  await customer.page.getByRole("button", { name: "Send", exact: true }).click();
}

async function signInAs({ email, password }) {
  await console_.getByRole("textbox", { name: "Email" }).fill(email);
  await console_.getByLabel("Password").fill(password);
  await console_.getByRole("button", { name: "Sign in" }).click();
}

async function goTo(section) {
  const nav = console_.getByRole("navigation", { name: "Console" });
  await nav.getByRole("link", { name: section }).click();
  await main.getByRole("heading", { level: 1, name: section }).waitFor();
}

let sessionUrl = "";

const steps = [
  [
    "a stranger gets the door, and a wrong password is told",
    async () => {
      await console_.goto(hub("/sessions"));
      await console_.getByRole("heading", { name: "Sign in" }).waitFor();
      await checkAccessible(console_, "sign in");
      await takePictures(console_, "1-sign-in");
      await signInAs({ email: ready.admin.email, password: "certainly wrong" });
      await console_.getByRole("alert").getByText("Failed to sign in").waitFor();
      await checkAccessible(console_, "sign in, refused");
    },
  ],
  [
    "the administrator signs in and sees the sessions",
    async () => {
      await signInAs(ready.admin);
      await main.getByRole("heading", { level: 1, name: "Sessions" }).waitFor();
      await main.getByText("Live", { exact: true }).waitFor();
      await checkAccessible(console_, "sessions");
    },
  ],
  [
    "a customer writes, and the session appears without a reload",
    async () => {
      await customer.page.goto(sandbox("/phone"));
      await checkAccessible(customer.page, "phone");
      await customerWrites(QUESTION);
      const row = main.getByRole("listitem").filter({ hasText: QUESTION }).first();
      await row.waitFor();
      await row.getByRole("link").click();
      await said("customer").filter({ hasText: QUESTION }).last().waitFor();
      sessionUrl = console_.url();
    },
  ],
  [
    "AI answers from an article, on the session page and on the phone",
    async () => {
      const answer = said("ai").last();
      await answer.locator(".text").waitFor();
      await answer.locator(".status:is(.sent, .delivered, .read)").waitFor();
      await answer.locator("cite").filter({ hasText: "Delivery times" }).first().waitFor();
      const text = (await answer.locator(".text").textContent()) ?? "";
      const firstLine = text.trim().split("\n")[0].slice(0, 60);
      await customer.page.getByText(firstLine).last().waitFor();
      await checkAccessible(console_, "session with AI");
      await takePictures(console_, "2-ai-answers");
    },
  ],
  [
    "the customer asks for a person: the desk owns the session and the brief is there",
    async () => {
      await customerWrites(PERSON);
      await main.getByText("Owner: Desk").waitFor();
      await log.getByText(/The desk answers from here \(epoch \d+\)/).waitFor();
      await details.getByText("Waiting for a rep").waitFor();
      await details.locator(".brief .subject").waitFor();
      await details.getByText("dynamics365_chat_id").waitFor();
      await checkAccessible(console_, "session, waiting for a rep");
      await takePictures(console_, "3-waiting");
    },
  ],
  [
    "the rep accepts",
    async () => {
      await rep.page.goto(sandbox("/rep"));
      const waiting = rep.page.getByRole("navigation", { name: "Conversations" });
      await waiting
        .getByRole("button")
        .filter({ has: rep.page.locator('[data-state="open"]') })
        .first()
        .click();
      await rep.page.getByRole("button", { name: "Accept", exact: true }).click();
      await details.getByText("With a rep").waitFor();
      await checkAccessible(rep.page, "rep's console");
    },
  ],
  [
    "the rep's reply reaches the console and the phone",
    async () => {
      await rep.page.getByRole("textbox", { name: "Reply" }).fill(REPLY);
      await rep.page.getByRole("button", { name: "Send", exact: true }).click();
      await customer.page.getByText(REPLY).waitFor();
      const reply = said("rep").filter({ hasText: REPLY });
      await reply.locator(".status:is(.sent, .delivered, .read)").waitFor();
      check((await reply.count()) === 1, "the reply is in the console more than once");
      check(
        (await customer.page.getByText(REPLY).count()) === 1,
        "the phone shows the reply twice",
      );
    },
  ],
  [
    "a picture that the customer sends is fetched and shown",
    async () => {
      const buffer = Buffer.from(PICTURE, "base64");
      const file = { name: "parcel.png", mimeType: "image/png", buffer };
      await customer.page.getByLabel("Send a picture or a document").setInputFiles(file);
      const picture = said("customer").locator("img.preview");
      await picture.waitFor();
      const width = await picture.evaluate(async (img) => {
        await img.decode();
        return img.naturalWidth;
      });
      check(width === 1, `the picture is ${width} pixels wide`);
      await checkAccessible(console_, "session with a picture");
    },
  ],
  [
    "a console that lost its connection catches up",
    async () => {
      line.cut();
      await main.getByText("Connection lost").waitFor();
      await customerWrites(MEANWHILE);
      await customer.page.getByText(MEANWHILE).last().waitFor();
      await rep.page.getByText(MEANWHILE).last().waitFor();
      check((await said("customer").filter({ hasText: MEANWHILE }).count()) === 0, "the line held");
      line.mend();
      await said("customer").filter({ hasText: MEANWHILE }).waitFor();
      await main.getByText("Live", { exact: true }).waitFor();
      const told = await said("customer").filter({ hasText: MEANWHILE }).count();
      check(told === 1, `the message is shown ${told} times`);
      await checkAccessible(console_, "session with a rep");
      await takePictures(console_, "4-with-rep");
    },
  ],
  [
    "AI stays silent after the handoff",
    async () => {
      const texts = await log
        .locator("li.message")
        .evaluateAll((items) => items.map((item) => item.className));
      const lastAi = texts.findLastIndex((name) => name.includes("ai"));
      const firstRep = texts.findIndex((name) => name.includes("rep"));
      check(lastAi < firstRep, "AI spoke after the rep");
    },
  ],
  [
    "a session opened anew shows the same conversation",
    async () => {
      const before = await log.locator("li").allInnerTexts();
      await console_.goto(sessionUrl);
      await said("rep").filter({ hasText: REPLY }).waitFor();
      const after = await log.locator("li").allInnerTexts();
      check(before.join("\n") === after.join("\n"), "the reloaded page tells another story");
    },
  ],
  [
    "details stand behind a tab on a small screen",
    async () => {
      await console_.setViewportSize({ width: 390, height: 844 });
      await console_.getByRole("link", { name: "Details" }).click();
      await details.locator(".brief .subject").waitFor();
      await checkAccessible(console_, "details on a phone");
      await takePictures(console_, "5-details");
      await console_.setViewportSize({ width: 390, height: 844 });
      await console_.getByRole("link", { name: "Conversation" }).click();
      await log.waitFor();
      await console_.setViewportSize({ width: 1280, height: 800 });
    },
  ],
  [
    "the rep ends the conversation",
    async () => {
      await rep.page.getByRole("button", { name: "End", exact: true }).click();
      await log.getByText(/Handoff to .*: ended/).waitFor();
      await takePictures(console_, "6-ended");
      await takePictures(customer.page, "7-phone");
      await takePictures(rep.page, "8-rep");
    },
  ],
  [
    "sessions are filtered by the URL, and channels and integrations show their state",
    async () => {
      await goTo("Sessions");
      await main.getByLabel("Owner").selectOption("ai");
      await console_.waitForURL("**/sessions?owner=ai");
      await console_.goBack();
      await goTo("Sessions");
      await main.getByRole("listitem").first().waitFor();
      await takePictures(console_, "9-sessions");
      for (const section of ["Channels", "Integrations"]) {
        await goTo(section);
        await main.getByText("Active", { exact: true }).first().waitFor();
        await main
          .getByRole("button", { name: /^Copy hook address/ })
          .first()
          .waitFor();
        await checkAccessible(console_, section);
        await takePictures(console_, `10-${section.toLowerCase()}`);
      }
    },
  ],
  ...channelSteps({ page: console_, customer, ready, open: () => goTo("Channels") }),
  ...templateSteps({ page: console_, customer, open: () => goTo("Templates") }),
  ...campaignSteps({ page: console_, customer, open: () => goTo("Campaigns") }),
  ...integrationSteps({
    page: console_,
    ready,
    open: () => goTo("Integrations"),
    askForPerson: () => customerWrites(PERSON),
  }),
  [
    "the console works from the keyboard",
    async () => {
      await console_.goto(hub("/sessions"));
      await main.getByRole("listitem").first().waitFor();
      await console_.keyboard.press("Tab");
      const skip = console_.getByRole("link", { name: "Skip to content" });
      check(
        await skip.evaluate((link) => link === document.activeElement),
        "Tab misses the skip link",
      );
      await console_.keyboard.press("Enter");
      for (let tabs = 0; tabs < 3; tabs++) await console_.keyboard.press("Tab");
      await console_.keyboard.press("Tab");
      await console_.keyboard.press("Enter");
      await log.waitFor();
    },
  ],
  [
    "signing out closes the door",
    async () => {
      await console_.getByRole("button", { name: "Sign out" }).click();
      await console_.getByRole("heading", { name: "Sign in" }).waitFor();
      await console_.goto(sessionUrl);
      await console_.getByRole("heading", { name: "Sign in" }).waitFor();
    },
  ],
  [
    "no page had a script error or broke its content policy",
    async () => {
      const errors = people.flatMap((person) => person.errors);
      check(errors.length === 0, errors.join("; "));
    },
  ],
];

const code = await runSteps(steps, async () => {
  for (const [name, person] of Object.entries({ desk, customer, rep })) {
    await person.page.screenshot({ path: `${OUTPUT}failed-${name}.png` });
  }
});
await browser.close();
line.close();
process.exit(code);
