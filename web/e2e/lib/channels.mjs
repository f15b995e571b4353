import { checkAccessible, takePictures } from "./browser.mjs";
import { check } from "./steps.mjs";

const FIRST = "WhatsApp support";
const TEXTS = "SMS support";
const SECOND = "Returns number";
const RENAMED = "Returns";

/**
 * What an administrator does with channels, signed in, while the window of the customer's
 * conversation is open. `open` goes to the page.
 */
export function channelSteps({ page, customer, ready, open }) {
  const main = page.getByRole("main");
  const card = (name) => main.getByRole("listitem", { name, exact: true });
  const button = (name, label) => card(name).getByRole("button", { name: label, exact: true });
  const state = (name, word) => card(name).getByText(word, { exact: true });
  const field = (label) => main.getByLabel(label, { exact: true });

  return [
    [
      "AI is turned off and on for a channel, and stays so",
      async () => {
        await open();
        const ai = card(FIRST).getByRole("switch", { name: "AI answers first" });
        for (const [now, then] of [
          ["true", "false"],
          ["false", "true"],
        ]) {
          check((await ai.getAttribute("aria-checked")) === now, `AI is not ${now}`);
          await ai.press("Space");
          await card(FIRST).locator(`[role=switch][aria-checked=${then}]`).waitFor();
          await page.reload();
          await ai.waitFor();
        }
        check((await ai.getAttribute("aria-checked")) === "true", "AI is off after a reload");
      },
    ],
    [
      "a test message reaches the phone, and a number that is none is refused",
      async () => {
        const text = `Only a test ${Date.now()}`;
        const list = await page.evaluate(async () => (await fetch("/api/sessions")).json());
        const phone = list.sessions.find((session) => session.contact.phone)?.contact.phone;
        await button(FIRST, "Send a test message").click();
        const to = card(FIRST).getByLabel("To", { exact: true });
        check(await to.evaluate((input) => input === document.activeElement), "focus is elsewhere");
        await to.fill("12");
        await card(FIRST).getByLabel("Text", { exact: true }).fill(text);
        await button(FIRST, "Send").click();
        await card(FIRST).getByText("Not a phone number").waitFor();
        await checkAccessible(page, "test message, refused");
        await to.fill(`+${phone}`);
        await button(FIRST, "Send").click();
        await card(FIRST).getByText("On its way.").waitFor();
        await customer.page.getByText(text).waitFor();
        check((await customer.page.getByText(text).count()) === 1, "the phone shows it twice");
        await checkAccessible(page, "test message, sent");
        await takePictures(page, "11-test-message");
        await button(FIRST, "Close").click();
      },
    ],
    [
      "a number says how it is registered; a test message by SMS counts its parts and is followed",
      async () => {
        await card(TEXTS).getByText("Registered", { exact: true }).waitFor();
        await button(TEXTS, "Send a test message").click();
        const text = card(TEXTS).getByLabel("Text", { exact: true });
        await text.fill("я".repeat(71));
        await card(TEXTS).getByText("2 parts, 63 characters left in the last (UCS-2)").waitFor();
        await text.fill("Only a test by SMS");
        await card(TEXTS).getByText("1 part, 142 characters left in it (GSM-7)").waitFor();
        await card(TEXTS).getByLabel("To", { exact: true }).fill("+1 555 010 0177");
        await checkAccessible(page, "test message by SMS");
        await takePictures(page, "11-test-sms");
        await button(TEXTS, "Send").click();
        await card(TEXTS).getByRole("link", { name: "Follow it in its session" }).click();
        const said = main.locator("li.message.system").filter({ hasText: "Only a test by SMS" });
        await said.locator(".status:is(.sent, .delivered)").waitFor();
        await open();
      },
    ],
    [
      "a check asks the vendor",
      async () => {
        await button(FIRST, "Check connection").click();
        await card(FIRST).getByText("The vendor answers").waitFor();
      },
    ],
    [
      "a channel with a wrong setting is refused at that setting, and a right one is added",
      async () => {
        await main.getByRole("link", { name: "Add a channel" }).click();
        await checkAccessible(page, "choice of a vendor");
        await takePictures(page, "12-vendors");
        await main.getByRole("link", { name: "WhatsApp through Meta" }).click();
        await field("Name").fill(SECOND);
        await field("Phone number ID").fill("not digits");
        await field("WhatsApp Business Account ID").fill("2002");
        for (const secret of ["Access token", "App secret", "Verify token"]) {
          await field(secret).fill("a-word-of-the-test");
        }
        await main.getByLabel("Graph API address (optional)").fill(ready.sandbox_url);
        const add = main.getByRole("button", { name: "Add the channel" });
        await add.click();
        const wrong = field("Phone number ID");
        await main.getByText("one entry above is refused").waitFor();
        check(await wrong.evaluate((input) => input === document.activeElement), "focus is lost");
        check((await wrong.getAttribute("aria-invalid")) === "true", "nothing marks the setting");
        await checkAccessible(page, "settings, refused");
        await takePictures(page, "13-settings");
        await wrong.fill("1002");
        await add.click();
        await card(SECOND).getByText("Added.").waitFor();
        await state(SECOND, "Active").waitFor();
        await checkAccessible(page, "channels, one added");
        await takePictures(page, "14-added");
        await button(SECOND, "Check connection").click();
        await card(SECOND).getByText("The check failed").waitFor();
        await state(SECOND, "Failing").waitFor();
      },
    ],
    [
      "settings are edited, and no secret is shown or lost",
      async () => {
        await card(SECOND)
          .getByRole("link", { name: `Edit ${SECOND}` })
          .click();
        await main.getByRole("heading", { level: 1, name: SECOND }).waitFor();
        for (const secret of ["Access token", "App secret", "Verify token"]) {
          check((await field(secret).inputValue()) === "", `${secret} is shown`);
        }
        await field("Name").fill(RENAMED);
        await main.getByRole("button", { name: "Save the settings" }).click();
        await card(RENAMED).waitFor();
        const list = await page.evaluate(async () => (await fetch("/api/inboxes")).json());
        const kept = list.inboxes.find((inbox) => inbox.name === RENAMED)?.secrets_set;
        check(kept?.length === 3, `secrets kept: ${kept}`);
      },
    ],
    [
      "a channel is stopped after a question, and started again",
      async () => {
        await button(RENAMED, "Stop").click();
        const keep = button(RENAMED, "Keep it running");
        check(
          await keep.evaluate((own) => own === document.activeElement),
          "the safe answer has no focus",
        );
        await checkAccessible(page, "question before a stop");
        await takePictures(page, "15-stop");
        await page.keyboard.press("Escape");
        await keep.waitFor({ state: "detached" });
        await button(RENAMED, "Stop").click();
        await button(RENAMED, "Stop the channel").click();
        await state(RENAMED, "Stopped").waitFor();
        await checkAccessible(page, "a stopped channel");
        await takePictures(page, "16-stopped");
        await button(RENAMED, "Start again").click();
        await button(RENAMED, "Stop").waitFor();
      },
    ],
  ];
}
