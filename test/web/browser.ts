/** The pages in real Chromium, against the real demonstration: what a person meets. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { HANGING } from "../hangs.ts";
import type { Demo } from "../support/demo.ts";

export const CHROMIUM =
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
    existsSync(path),
  ) ?? null;
if (CHROMIUM === null && (process.env["BRUS_REQUIRE"] ?? "").split(",").includes("chromium"))
  throw new Error("BRUS_REQUIRE names chromium, and there is none");

export type Given = { readonly demo: Demo; readonly browser: Browser };

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });

export type Watched = { readonly context: BrowserContext; readonly page: Page; readonly wrong: string[] };

/** What no page may do: break the content policy, throw, ask another origin, or leave a request unanswered. */
const forgiven = [/favicon/];
/** Where an error says that something is not yet: one asks again. */
const YET = /\/api\/proofs\//;

/** A page in a profile of its own, of which every error and every violation of the policy is noted. */
export async function watched(
  browser: Browser,
  address: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({ locale: "sv-SE", ...options });
  context.setDefaultTimeout(HANGING);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    const expected = forgiven.some((each) => each.test(message.text())) || YET.test(message.location().url);
    if (message.type() === "error" && !expected) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== address && protocol !== "blob:" && protocol !== "data:") wrong.push(`asked ${origin}`);
  });
  return { context, page, wrong };
}

/** Until what is fetched is there. */
export async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".waiting") === null);
  await page.waitForLoadState("networkidle");
}

/** Until what follows from a change of size or colour is drawn. */
export const drawn = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise((done) => requestAnimationFrame(done));
  });

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Violation = {
  readonly id: string;
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>;
};

/** Violations that axe finds by WCAG 2.1 A and AA, a line each. */
export async function axe(page: Page): Promise<string[]> {
  // By the debugger, which the content policy does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { axe: own } = globalThis as unknown as {
      axe: { run: (options: object) => Promise<{ violations: Violation[] }> };
    };
    const found = await own.run({
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
    });
    return found.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
    }));
  });
  return (violations as Violation[]).map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(
          ({ html, failureSummary }) =>
            `${html.slice(0, 160)} ${failureSummary?.replaceAll("\n", " ").slice(0, 160)}`,
        )
        .join(" | ")} (${nodes.length})`,
  );
}

/** What stands on the page in words, but for what is written in another language on purpose, or by somebody else. */
export const wordsOn = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const skipped = "[lang]:not(html), .given, .mono, pre, code, script, style, noscript";
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const words: string[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
      if (node.parentElement?.closest(skipped) === null) words.push(node.textContent ?? "");
    for (const element of document.querySelectorAll("[aria-label]"))
      if (element.closest(skipped) === null) words.push(element.getAttribute("aria-label") ?? "");
    return words.join(" ").replaceAll(/\s+/g, " ");
  });

/** Words of one language that are none of the other's. */
const ONLY: Readonly<Record<"sv" | "en", RegExp>> = {
  sv: /(?<![\p{L}])(och|inte|är|från|säkert|regionerna|riket|även|av|till|på|för|kan)(?![\p{L}])/giu,
  en: /(?<![\p{L}])(the|and|of|with|from|certain|certainly|nation|not|this|that|which)(?![\p{L}])/giu,
};

/** Words of the other language that stand on a page of this one, with what is about them. */
export function foreign(text: string, language: "sv" | "en"): string[] {
  const other = language === "sv" ? ONLY.en : ONLY.sv;
  return [...text.matchAll(other)].map(
    ({ index, 0: word }) => `${word}: …${text.slice(Math.max(0, index - 40), index + 40)}…`,
  );
}

/** By how many pixels a page is wider than what it is seen in. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
