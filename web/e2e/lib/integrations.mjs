import { checkAccessible, hasFocus, tabTo, takePictures } from "./browser.mjs";
import { check } from "./steps.mjs";

const DESK = "Dynamics 365";
const SECOND = "Night desk";
const THIRD = "Second Salesforce";
const ids = (desk) => [
  ["Tenant id", desk.tenant_id],
  ["Client id", desk.client_id],
  ["Environment URL", desk.environment_url],
];

const six = (desk) => [
  ["Messaging (SCRT) URL", desk.scrt_url],
  ["Organization id", desk.organization_id],
  ["Deployment", desk.deployment],
  ["Auth key id", desk.auth_key_id],
  ["Private key", desk.private_key],
];

/** What Dynamics 365 answers, once, where the workstream is not known. */
const NO_WORKSTREAM = {
  vendor: "dynamics365",
  operation: "conversation.create",
  fault: "status",
  status: 400,
  code: 30014,
};

/**
 * What an administrator does with desks and routes, signed in. `open` goes to the page;
 * `askForPerson` has the customer ask for a person.
 */
export function integrationSteps({ page, ready, open, askForPerson }) {
  const main = page.getByRole("main");
  const card = (name) => main.getByRole("listitem", { name, exact: true });
  const button = (name, label) => card(name).getByRole("button", { name: label, exact: true });
  const state = (name, word) => card(name).getByText(word, { exact: true });
  const test = () => main.getByRole("button", { name: "Test & save", exact: true });
  const { settings } = ready.desks[0];

  return [
    [
      "a desk says whether it works, and is checked piece by piece",
      async () => {
        await open();
        await state(DESK, "Active").waitFor();
        await button(DESK, "Check connection").click();
        await card(DESK).getByText("Everything that a handoff needs works.").waitFor();
        await card(DESK)
          .getByText(/^\d+ things work$/)
          .click();
        const works = card(DESK).getByRole("list", { name: "What works" });
        await works.getByText("Sign in at Entra").waitFor();
        const failed = card(DESK).getByRole("list", { name: "What does not work" });
        check((await failed.count()) === 0, "a check failed");
        await checkAccessible(page, "integrations, checked");
        await takePictures(page, "30-integrations");
      },
    ],
    [
      "a desk is connected only once everything works, and each fault says what to do",
      async () => {
        await main
          .getByRole("link", { name: /^Connect/ })
          .first()
          .click();
        await main.getByRole("heading", { level: 1, name: /^Connect / }).waitFor();
        await main.getByRole("button", { name: "Copy hook address" }).waitFor();
        await main.getByLabel("Name", { exact: true }).fill(SECOND);
        for (const [label, value] of ids(settings)) {
          await main.getByLabel(label, { exact: true }).fill(value);
        }
        await main.getByText(/more settings, which most leave empty$/).click();
        for (const [key, label] of [
          ["messaging_url", "Messaging URL"],
          ["messaging_scope", "Messaging scope"],
          ["login_url", "Login URL"],
        ]) {
          await main.getByLabel(`${label} (optional)`).fill(settings[key]);
        }
        const secret = main.getByLabel("Client secret (optional)", { exact: true });
        await secret.fill("not the secret");
        await main.getByLabel("Tenant id", { exact: true }).fill("contoso");
        await test().click();
        await main.getByText("one entry above is refused").waitFor();
        const tenant = main.getByLabel("Tenant id", { exact: true });
        await hasFocus(tenant);
        await tenant.fill(settings.tenant_id);
        await test().click();
        const found = main.getByRole("region", { name: "What the trial found" });
        await found.getByText(/Nothing was saved: one thing does/).waitFor();
        await found.getByText(/refuses the client secret; paste/).waitFor();
        await checkAccessible(page, "desk, not saved");
        await takePictures(page, "31-desk-not-saved");
        await secret.fill(settings.client_secret);
        await test().click();
        await main.getByText(`${SECOND} is saved.`).waitFor();
        await checkAccessible(page, "desk, saved");
        await takePictures(page, "32-desk-saved");
        await main.getByRole("link", { name: "Go to the integrations" }).click();
        await state(SECOND, "Active").waitFor();
      },
    ],
    [
      "its settings are edited and tried again, and no secret is shown or lost",
      async () => {
        await card(SECOND)
          .getByRole("link", { name: `Edit ${SECOND}` })
          .click();
        await main.getByRole("heading", { level: 1, name: SECOND }).waitFor();
        const secret = main.getByLabel("Client secret (optional)", { exact: true });
        check((await secret.inputValue()) === "", "the secret is shown");
        await test().click();
        await main.getByText(`${SECOND} is saved.`).waitFor();
        const list = await page.evaluate(async () => (await fetch("/api/desks")).json());
        const kept = list.desks.find((desk) => desk.name === SECOND)?.secrets_set;
        check(kept?.includes("client_secret"), `secrets kept: ${kept}`);
        await main.getByRole("link", { name: "Go to the integrations" }).click();
      },
    ],
    [
      "routes say which desk gets which handoff",
      async () => {
        await main.getByRole("link", { name: "Edit the routes" }).click();
        await main.getByRole("button", { name: "Add a route" }).click();
        const route = (place) =>
          main.getByRole("listitem", { name: `Route ${place}`, exact: true });
        await route(2).getByLabel("Inbox").selectOption({ label: "SMS support" });
        await route(2).getByLabel("Topic").selectOption("return");
        await route(2).getByLabel("Kind of work").selectOption("case");
        await route(2).getByLabel("Queue (optional)").fill("q-7");
        await route(2).getByRole("button", { name: "Add another place to Route 2" }).click();
        await route(2).getByLabel("Desk").last().selectOption({ label: SECOND });
        await route(2).getByRole("button", { name: "Earlier Route 2" }).click();
        await checkAccessible(page, "routes");
        await takePictures(page, "33-routes");
        await main.getByRole("button", { name: "Save the routes" }).click();
        const routes = main.getByRole("region", { name: "Routes" });
        await routes.getByText("SMS support, topic return").waitFor();
        const first = (await routes.getByRole("listitem").first().textContent()) ?? "";
        check(first.includes("case in q-7") && first.includes(SECOND), first);
        await main.getByRole("link", { name: "Edit the routes" }).click();
        await route(1).getByRole("button", { name: "Remove Route 1" }).click();
        const adder = main.getByRole("button", { name: "Add a route" });
        await hasFocus(adder);
        await main.getByRole("button", { name: "Save the routes" }).click();
        await routes.waitFor();
        check((await routes.getByText("SMS support").count()) === 0, "the route is still there");
      },
    ],
    [
      "a Salesforce organisation is connected by six values; a page's address instead of its own is named",
      async () => {
        await open();
        await main.getByRole("link", { name: "Connect another Salesforce", exact: true }).click();
        await main.getByRole("heading", { level: 1, name: "Connect Salesforce" }).waitFor();
        await main.getByLabel("Name", { exact: true }).fill(THIRD);
        const { settings: values } = ready.desks.find((desk) => desk.vendor === "salesforce");
        for (const [label, value] of six(values)) {
          await main.getByLabel(label, { exact: true }).fill(value);
        }
        const instance = main.getByLabel("Instance URL", { exact: true });
        await instance.fill("https://acme.lightning.force.com/lightning/page/home");
        await test().click();
        await main.getByText("https://acme.my.salesforce.com").waitFor();
        await hasFocus(instance);
        await instance.fill(values.instance_url);
        await main.getByText(/more settings, which most leave empty$/).click();
        await main.getByLabel("Key set issuer (optional)").fill(values.issuer);
        await test().click();
        await main.getByText(`${THIRD} is saved.`).waitFor();
        await main.getByText(/Records are not connected/).waitFor();
        await checkAccessible(page, "Salesforce, saved");
        await takePictures(page, "36-salesforce-saved");
        await main.getByRole("link", { name: "Go to the integrations" }).click();
        await state(THIRD, "Active").waitFor();
        await button(THIRD, "Stop").click();
        await button(THIRD, "Stop the desk").click();
        await state(THIRD, "Stopped").waitFor();
      },
    ],
    [
      "a desk is stopped after a question, and started again",
      async () => {
        await button(SECOND, "Stop").click();
        const keep = button(SECOND, "Keep it running");
        await hasFocus(keep);
        await checkAccessible(page, "question before a desk stops");
        await page.keyboard.press("Escape");
        await keep.waitFor({ state: "detached" });
        await button(SECOND, "Stop").click();
        await button(SECOND, "Stop the desk").click();
        await state(SECOND, "Stopped").waitFor();
        await checkAccessible(page, "a stopped desk");
        await takePictures(page, "34-desk-stopped");
        await button(SECOND, "Start again").click();
        await button(SECOND, "Stop").waitFor();
        await button(SECOND, "Stop").click();
        await button(SECOND, "Stop the desk").click();
        await state(SECOND, "Stopped").waitFor();
      },
    ],
    [
      "what went wrong at a desk is read under the question that it answers, from the keyboard",
      async () => {
        const troubles = card(DESK).getByRole("link", { name: `Troubleshooting ${DESK}` });
        await troubles.press("Enter");
        await main.getByRole("heading", { level: 1, name: `Troubleshooting: ${DESK}` }).waitFor();
        const asked = main.getByRole("region", { name: /queue and the channel of every route/ });
        check((await asked.count()) === 0, "trouble is told before there is any");
        const faults = new URL("/_control/faults", ready.sandbox_url);
        const set = await page.request.post(faults.href, { data: NO_WORKSTREAM });
        check(set.ok(), `the sandbox takes no fault: ${set.status()}`);
        await askForPerson();
        // The page asks again by itself.
        const found = asked.getByRole("listitem").filter({ hasText: "30014" });
        await found.getByText(/workstream/).waitFor();
        await asked.getByText("Compare the route's queue").waitFor();
        await checkAccessible(page, "troubleshooting");
        await takePictures(page, "35-troubleshooting");
        const session = found.getByRole("link", { name: "session" });
        await tabTo(session);
        await page.keyboard.press("Enter");
        await page.waitForURL("**/sessions/*");
        await main.getByRole("log").waitFor();
      },
    ],
  ];
}
