import { expect, test } from "vitest";
import { amountOf, mediaOf, offerOf, totalOf } from "../src/index.ts";

test("a file is stored, on its way, failed with the reason, or not known at all", () => {
  const media = (file: unknown) =>
    mediaOf({ type: "media", kind: "image", caption: "Look", file_name: "a.jpg", file });
  expect(media({ state: "stored", name: "b.jpg", mime_type: "image/jpeg", size_bytes: 5 })).toEqual(
    {
      kind: "image",
      caption: "Look",
      name: "b.jpg",
      voice: false,
      file: { state: "stored", mimeType: "image/jpeg", sizeBytes: 5 },
    },
  );
  expect(media({ state: "waiting" })?.file).toEqual({ state: "waiting" });
  const fault = { class: "media_problem", operator: "fetch it: gone", rep: "It is gone." };
  expect(media({ state: "failed", fault })?.file).toEqual({ state: "failed", why: "It is gone." });
  for (const odd of [undefined, null, "x", { state: "later" }]) {
    expect(media(odd)?.file).toEqual({ state: "absent" });
  }
  expect(mediaOf({ type: "text", text: "hi" })).toBeNull();
});

test("what can be tapped is listed, whatever kind of offer it is", () => {
  const offered = (offer: unknown) => offerOf({ type: "interactive", text: "Which?", offer });
  expect(offered({ action: "buttons", buttons: [{ id: "1", title: "Red" }] })?.choices).toEqual([
    { title: "Red", more: null },
  ]);
  const rows = [{ id: "1", title: "Small", description: "to 36" }];
  expect(offered({ action: "list", open: "Sizes", sections: [{ title: "", rows }] })).toEqual({
    header: null,
    text: "Which?",
    footer: null,
    choices: [{ title: "Small", more: "to 36" }],
    url: null,
  });
  const link = offered({ action: "link", title: "Track", url: "https://example.com/t" });
  expect(link).toMatchObject({ choices: [{ title: "Track" }], url: "https://example.com/t" });
  expect(offered(undefined)).toBeNull();
});

test("a cost says what is known of it", () => {
  const cost = { category: "service", billable: false, kind: null, segments: null, price: null };
  expect(amountOf(null)).toBeNull();
  expect(amountOf(cost)).toBe("service, not charged");
  expect(amountOf({ ...cost, billable: true })).toBe("service, charged");
  const price = { micros: 15_800, currency: "USD" };
  const sms = { ...cost, category: "sms", billable: true, segments: 2, price };
  expect(amountOf(sms)).toBe("sms, 2 parts, 0.0158 USD");
  const total = { category: "sms", billable: 3, free: 1, prices: [price] };
  expect(totalOf(total)).toBe("3 charged, 1 free, 0.0158 USD");
});
