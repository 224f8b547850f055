import { describe, expect, test } from "vitest";
import { axe, drawn, foreign, type Given, settled, tooWide, watched, wordsOn } from "./browser.ts";

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
    "about",
    "open-data",
    "accessibility",
    "nowhere",
  ],
} as const;
const WIDTHS = [360, 768, 1280, 1920];

export function pagesHold(given: () => Given): void {
  for (const language of ["sv", "en"] as const)
    describe(language, () => {
      test.each(PAGES[language])("/%s", async (path) => {
        const { context, page, wrong } = await watched(given().browser, given().demo.address);
        try {
          await page.goto(`${given().demo.address}/${language}/${path}`);
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
          expect(wrong).toEqual([]);
        } finally {
          await context.close();
        }
      });
    });
}
