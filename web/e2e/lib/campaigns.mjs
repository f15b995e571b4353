import { checkAccessible, hasFocus, takePictures } from "./browser.mjs";
import { check } from "./steps.mjs";

const LIST = (phone, order) => `phone,name,order_number
+${phone},Zoë,${order}
+${phone},Zoë again,A-18
hello,Bo,A-19
+14155550199,Cy,
+14155550198,Di,A-20
`;

/**
 * What somebody does with campaigns, signed in, once a customer has a session. `open` goes to the
 * page.
 */
export function campaignSteps({ page, customer, open }) {
  const main = page.getByRole("main");
  const button = (name) => main.getByRole("button", { name, exact: true });
  const order = `A-${Date.now()}`;
  const text = `Order ${order} is now on its way, thank you.`;
  const name = `Parcels ${order}`;

  return [
    [
      "a campaign begins with a template, a list and a look at what would become of it",
      async () => {
        await open();
        await checkAccessible(page, "campaigns");
        await takePictures(page, "24-campaigns");
        await main.getByRole("link", { name: "Make a campaign" }).click();
        await main.getByRole("heading", { level: 1, name: "Make a campaign" }).waitFor();
        await main.getByLabel("Template").selectOption({ label: "order_update (en_US)" });
        const sessions = await page.evaluate(async () => (await fetch("/api/sessions")).json());
        const phone = sessions.sessions.find((session) => session.contact.phone)?.contact.phone;
        await main.getByLabel("Or paste it here").fill(LIST(phone, order));
        await main.getByText("5 people; columns: phone, name, order_number").waitFor();
        check((await main.getByLabel("Phone number").inputValue()) === "0", "no column is guessed");
        await main.getByLabel("Order state, for everybody").fill("on its way");
        await takePictures(page, "25-campaign-form");
        await button("Check the whole list").click();
        const named = main.getByLabel("Name", { exact: true });
        await main.getByText("Enter a name").waitFor();
        await hasFocus(named);
        await named.fill(name);
        await button("Check the whole list").click();
        const found = main.getByRole("region", { name: "What would become of the list" });
        await found.getByText("2 people would get it.").waitFor();
        await found.getByText(text).waitFor();
        const lines = await found.getByRole("listitem").allInnerTexts();
        const told = lines.map((line) => line.replaceAll(/\s+/g, " "));
        check(told[0]?.startsWith("Line 3 ") && /on the list already/.test(told[0]), told[0]);
        check(told[1] === "Line 4 hello Bo Not a phone number", told[1]);
        check(told[2] === "Line 5 +14155550199 Cy Order number: must be filled", told[2]);
        await checkAccessible(page, "campaign, checked");
        await found.scrollIntoViewIfNeeded();
        await takePictures(page, "26-campaign-checked");
        await named.fill(`${name}!`);
        await found.waitFor({ state: "detached" });
        await named.fill(name);
        await button("Check the whole list").click();
        await found.waitFor();
      },
    ],
    [
      "it waits until somebody starts it, and then reaches the phone",
      async () => {
        await button("Make it, and start it later").click();
        await main.getByRole("heading", { level: 1, name }).waitFor();
        await main.getByText("Paused", { exact: true }).waitFor();
        await button("Start sending").click();
        await hasFocus(button("Not yet"));
        await checkAccessible(page, "question before sending");
        await takePictures(page, "27-campaign-question");
        await button("Send to those who wait").click();
        await customer.page.getByText(text).waitFor();
        await main.getByText("2 of 2 people had their turn").waitFor();
        await main.getByText("Done", { exact: true }).waitFor();
        await main
          .getByText(/^Delivered|^Read/)
          .first()
          .waitFor();
        await checkAccessible(page, "campaign, done");
        await takePictures(page, "28-campaign-done");
      },
    ],
    [
      "its people are told apart by what became of them",
      async () => {
        await main.getByRole("link", { name: /Left out/ }).click();
        await page.waitForURL("**?status=skipped");
        const people = main.getByRole("region", { name: "People" });
        await people.getByRole("heading", { name: "Left out" }).waitFor();
        await people.getByText("Not a phone number").waitFor();
        check((await people.getByRole("listitem").count()) === 3, "others are shown too");
        await main.getByRole("link", { name: /Everybody/ }).click();
        await people.getByRole("link", { name: /^\+1/ }).first().click();
        await main.getByRole("log").getByText(text).waitFor();
      },
    ],
    [
      "a campaign that nobody wants any more is ended after a question",
      async () => {
        await open();
        await main.getByRole("link", { name: "Make a campaign" }).click();
        await main.getByLabel("Template").selectOption({ label: "reminder (en)" });
        await main.getByLabel("Name", { exact: true }).fill("Too early");
        await main.getByLabel("List of people").setInputFiles({
          name: "people.csv",
          mimeType: "text/csv",
          buffer: Buffer.from("Mobile;Name\r\n+14155550197;Ed\r\n"),
        });
        await button("Check the whole list").click();
        await button("Make it, and start it later").click();
        await button("End the campaign").click();
        await hasFocus(button("Keep it"));
        await button("End it for good").click();
        await main.getByText("Ended early", { exact: true }).waitFor();
        await main.getByText("The campaign was ended before their turn").waitFor();
        await checkAccessible(page, "campaign, ended");
        await open();
        await main.getByRole("listitem").filter({ hasText: "Too early" }).first().waitFor();
        await checkAccessible(page, "campaigns, some");
        await takePictures(page, "29-campaigns");
      },
    ],
  ];
}
