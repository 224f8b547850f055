/** `npm run pictures`: the README's two, and each page in both languages at four widths, as references to look at. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startDemo } from "../support/demo.ts";
import { launch, settled, watched } from "./browser.ts";
import { PAGES } from "./pages.ts";

const FOLDER = join(import.meta.dirname, "../../docs/pictures");
mkdirSync(join(FOLDER, "pages"), { recursive: true });
const [demo, browser] = await Promise.all([startDemo(), launch()]);
try {
  const wide = { viewport: { width: 1280, height: 860 }, colorScheme: "light" } as const;
  const { page } = await watched(browser, demo.address, wide);
  await page.goto(`${demo.address}/sv/`);
  await settled(page);
  await page.screenshot({ path: join(FOLDER, "start.png") });
  await page.goto(`${demo.address}/sv/i/taken-seriously`);
  await settled(page);
  await page.locator("#time .seal").click();
  await page.getByRole("heading", { level: 1, name: "Sigillet håller" }).waitFor();
  await page.screenshot({ path: join(FOLDER, "seal.png") });
  for (const language of ["sv", "en"] as const)
    for (const path of PAGES[language])
      for (const width of [360, 768, 1280, 1920]) {
        await page.setViewportSize({ width, height: width === 360 ? 740 : 860 });
        await page.goto(`${demo.address}/${language}/${path}`);
        await settled(page);
        const name = `${language}-${path === "" ? "start" : path.replaceAll(/[^a-z0-9-]+/g, "-")}-${width}.jpg`;
        await page.screenshot({ path: join(FOLDER, "pages", name), type: "jpeg", quality: 35 });
      }
} finally {
  await browser.close();
  await demo.stop();
}
