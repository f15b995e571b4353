import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { check } from "./steps.mjs";

export const OUTPUT = new URL("../output/", import.meta.url).pathname;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const TIMEOUT_MS = 20_000;

export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
export const SCHEMES = ["light", "dark"];

export async function launch() {
  await mkdir(OUTPUT, { recursive: true });
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  // A container's root has no user namespaces for Chromium's own sandbox.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page of a person of its own (own cookies), whose script and policy errors are collected. */
export async function personsPage(browser) {
  const context = await browser.newContext({ viewport: SIZES.desktop, reducedMotion: "reduce" });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.message}`));
  page.on("console", (line) => {
    // Refused requests are told in the page; a policy violation or a script's complaint is a defect.
    const expected = line.text().startsWith("Failed to load resource");
    if (line.type() === "error" && !expected) errors.push(`${page.url()}: ${line.text()}`);
  });
  return { page, errors };
}

/** Waits until this has the focus. */
export function hasFocus(locator) {
  return locator.and(locator.page().locator(":focus")).waitFor();
}

/** More than any page has places where the keyboard stops. */
const MOST_TABS = 100;

/** Goes there by the Tab key alone. */
export async function tabTo(locator) {
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    if (await locator.evaluate((wanted) => wanted === document.activeElement)) return;
    await locator.page().keyboard.press("Tab");
  }
  throw new Error("the Tab key does not lead there");
}

/** No accessibility violation, in the light and in the dark. */
export async function checkAccessible(page, name) {
  const axe = await readFile(AXE, "utf8");
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    // Evaluated by the debugger, so the page's own content policy stays in force.
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document);
      return violations.map(({ id, nodes }) => `${id} at ${nodes.map((n) => n.target).join(" ")}`);
    });
    check(violations.length === 0, `${name}, ${colorScheme}: ${violations.join("; ")}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Runs in the page: the boxes that a reader would have to scroll sideways. */
function widerThanTheirPlace() {
  const scrolls = (box) =>
    box === document.documentElement || /auto|scroll/.test(getComputedStyle(box).overflowX);
  return [...document.querySelectorAll("*")]
    .filter((box) => box.scrollWidth > box.clientWidth + 1 && scrolls(box))
    .map((box) => `${box.tagName}.${box.className}`);
}

/** Pictures at both sizes in both schemes; also that nothing must be scrolled sideways. */
export async function takePictures(page, name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${OUTPUT}${name}-${size}-${colorScheme}.png` });
    }
    const wide = await page.evaluate(widerThanTheirPlace);
    check(wide.length === 0, `${name} scrolls sideways on the ${size} screen: ${wide}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(SIZES.desktop);
}
