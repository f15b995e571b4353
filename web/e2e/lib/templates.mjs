import { checkAccessible, hasFocus, takePictures } from "./browser.mjs";
import { check } from "./steps.mjs";

const INBOX = "WhatsApp support";

/**
 * What somebody does with templates, signed in, once a customer has a session. `open` goes to the
 * page.
 */
export function templateSteps({ page, customer, open }) {
  const main = page.getByRole("main");
  const list = main.getByRole("region", { name: INBOX });
  const row = (name) => list.getByRole("listitem").filter({ hasText: name });

  return [
    [
      "templates are listed with what the vendor thinks of them, and read again when asked",
      async () => {
        await open();
        await row("order_update").getByText("Approved", { exact: true }).waitFor();
        const sync = list.getByRole("button", { name: `Sync now ${INBOX}` });
        await sync.click();
        await list.getByText("Last synced: now").waitFor();
        await sync.waitFor();
        await row("refused_notice").getByText("INVALID_FORMAT", { exact: true }).waitFor();
        await row("parcel_on_its_way").getByText("Quality: Green").waitFor();
        await checkAccessible(page, "templates");
        await takePictures(page, "20-templates");
        await main.getByLabel("Status").selectOption("paused");
        await page.waitForURL("**/templates?status=paused");
        check((await list.getByRole("listitem").count()) === 1, "the filter shows others too");
        await main.getByRole("searchbox").fill("nothing like it");
        await list.getByText("matches.").waitFor();
        await list.getByRole("link", { name: "Show all" }).click();
        await row("order_update").waitFor();
      },
    ],
    [
      "a template is shown as the customer will see it",
      async () => {
        await row("parcel_on_its_way").getByRole("link").click();
        await main.getByRole("heading", { level: 1, name: "parcel_on_its_way" }).waitFor();
        const seen = main.getByRole("figure", { name: "What the customer sees" });
        await seen.getByText("tomorrow morning").waitFor();
        await seen.getByText("Northwind Outfitters").waitFor();
        await seen.getByText("https://northwind.example/parcels/…").waitFor();
        await main.getByText("Button “Follow it”: end of its address").waitFor();
        await checkAccessible(page, "template");
        await takePictures(page, "21-template");
      },
    ],
    [
      "a template is sent in a session: what is missing is named, what is sent is seen before",
      async () => {
        const { sessions } = await page.evaluate(async () => (await fetch("/api/sessions")).json());
        const open = sessions.find(
          ({ channel, state }) => channel === "whatsapp" && state === "open",
        );
        await page.goto(new URL(`/sessions/${open?.id}`, page.url()).href);
        await main.getByRole("button", { name: "Send a template" }).click();
        const box = main.getByRole("region", { name: "Send a template" });
        await box.getByLabel("Template").selectOption({ label: "order_update (en_US)" });
        const number = box.getByLabel("Order number");
        const fate = box.getByLabel("Order state");
        const send = box.getByRole("button", { name: "Send it to the customer" });
        await fate.fill("packed");
        await send.click();
        await box.getByText("Must be filled").waitFor();
        await hasFocus(number);
        check((await fate.getAttribute("aria-invalid")) === "false", "a right field is marked");
        await checkAccessible(page, "template to send, refused");
        await takePictures(page, "22-template-refused");
        const order = `A-${Date.now()}`;
        const text = `Order ${order} is now packed, thank you.`;
        await number.fill(order);
        await box.getByText(text).waitFor();
        await takePictures(page, "23-template-filled");
        await number.press("Enter");
        await main.getByText("The template is on its way").waitFor();
        await customer.page.getByText(text).waitFor();
        const told = main.getByRole("log").getByText(text);
        await told.waitFor();
        check((await told.count()) === 1, "the session shows it twice");
        await checkAccessible(page, "session with a template");
      },
    ],
  ];
}
