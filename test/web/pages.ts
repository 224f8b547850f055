import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { markOf } from "../../dashboards/src/pages/ask/handed-over.ts";
import { axe, drawn, foreign, type Given, settled, tooWide, watched, wordsOn } from "./browser.ts";
import { at, COUNTED, makeKey, openDesk } from "./desk.ts";

export const PAGES = {
  sv: [
    "",
    "indikatorer",
    "i/taken-seriously?region=12",
    "i/suicide-rate",
    "i/contact-overlap",
    "regioner",
    "r/18",
    "rapporter",
    "fraga",
    "godkann",
    "loggen",
    "sa-fungerar-brus",
    "angrepp",
    "om-statistiken",
    "oppna-data",
    "tillganglighet",
    "finns-inte",
  ],
  en: [
    "",
    "indicators",
    "i/taken-seriously?region=12",
    "i/suicide-rate",
    "i/contact-overlap",
    "regions",
    "r/18",
    "reports",
    "ask",
    "approve",
    "log",
    "how-brus-works",
    "attacks",
    "about",
    "open-data",
    "accessibility",
    "nowhere",
  ],
} as const;
const WIDTHS = [360, 768, 1280, 1920];

/** In its language alone, for everyone, and no wider than what it is seen in. */
async function holds(page: Page, address: string, language: "sv" | "en"): Promise<void> {
  await page.goto(address);
  await settled(page);
  expect(await page.evaluate(() => document.documentElement.lang)).toBe(language);
  expect(foreign(await wordsOn(page), language)).toEqual([]);
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.evaluate((name) => {
      document.documentElement.dataset["theme"] = name;
    }, theme);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await drawn(page);
      expect(await tooWide(page), `${width} ${theme}`).toBeLessThanOrEqual(0);
      if (width === 360 || width === 1280) expect(await axe(page), `${width} ${theme}`).toEqual([]);
    }
  }
}

export function pagesHold(given: () => Given): void {
  for (const language of ["sv", "en"] as const)
    describe(language, () => {
      test.each(PAGES[language])("/%s", async (path) => {
        const { context, page, wrong } = await watched(given().browser, given().demo.address);
        try {
          await holds(page, `${given().demo.address}/${language}/${path}`, language);
          expect(wrong).toEqual([]);
        } finally {
          await context.close();
        }
      });
    });
}

/** A question that is handed over, in no language. */
const HANDED = markOf({ ...COUNTED, title: "–", purpose: "–" });

const DESK_PAGES = {
  sv: ["", "fraga", `fraga#${HANDED}`, "godkann", "sigill"],
  en: ["", "ask", `ask#${HANDED}`, "approve", "seal"],
} as const;

export function deskPagesHold(given: () => Given): void {
  test.each(["sv", "en"] as const)("%s, with a key that nobody knows yet, and closed", async (language) => {
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo);
    await makeKey(await at(desk, "/sv/godkann"));
    for (const path of DESK_PAGES[language]) {
      await desk.page.goto("about:blank");
      await holds(desk.page, `${desk.origin}/${language}/${path}`, language);
    }
    expect(desk.wrong).toEqual([]);
    const stranger = await watched(browser, desk.origin);
    await holds(stranger.page, `${desk.origin}/${language}/`, language);
    await stranger.page
      .getByRole("heading", { level: 1, name: /Signeringsplatsen är stängd|The desk is closed/ })
      .waitFor();
    await stranger.context.close();
    await desk.stop();
  });
}
