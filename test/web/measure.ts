/** `npm run bench -- web`: what the pages weigh, how long charts take to draw, and when the first figure stands on a poor line. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { median, report } from "../../bench/report.ts";
import { startDemo } from "../support/demo.ts";
import { CHROMIUM, launch, settled } from "./browser.ts";

const ASSETS = join(import.meta.dirname, "../../dashboards/dist/assets");
const compressed = (name: string): number => brotliCompressSync(readFileSync(join(ASSETS, name))).length;

/** 400 kbit/s with 400 ms to and fro. */
const POOR = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const RUNS = 5;

export async function web(): Promise<void> {
  if (CHROMIUM === null || !existsSync(ASSETS)) {
    console.error("web: skipped, for want of Chromium or of pages that are built");
    return;
  }
  for (const name of readdirSync(ASSETS).filter((each) => /\.(js|css)$/.test(each)))
    report({
      name: `web/asset/${name.replace(/-[\w-]{8}\./, ".")}`,
      value: compressed(name) / 1000,
      unit: "kB",
    });
  const [demo, browser] = await Promise.all([startDemo(), launch()]);
  try {
    for (const path of ["/sv/", "/sv/i/taken-seriously?region=12"]) {
      const first: number[] = [];
      let bytes = 0;
      let script = 0;
      for (let run = 0; run < RUNS; run++) {
        const page = await (await browser.newContext()).newPage();
        const session = await page.context().newCDPSession(page);
        await session.send("Network.enable");
        await session.send("Network.emulateNetworkConditions", POOR);
        const kinds = new Map<string, string>();
        [bytes, script] = [0, 0];
        session.on("Network.responseReceived", ({ requestId, type }) => void kinds.set(requestId, type));
        session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
          bytes += encodedDataLength;
          if (kinds.get(requestId) === "Script") script += encodedDataLength;
        });
        const began = performance.now();
        await page.goto(demo.address + path, { waitUntil: "commit" });
        await page.locator(".st .say, .rows .val strong").first().waitFor();
        first.push(performance.now() - began);
        await page.waitForLoadState("networkidle");
        await page.context().close();
      }
      report({ name: "web/first-figure", value: median(first) / 1000, unit: "s", path });
      report({
        name: "web/first-view",
        value: bytes / 1000,
        unit: "kB",
        path,
        script: Math.round(script / 1000),
      });
    }
    const page = await browser.newPage();
    await page.goto(`${demo.address}/sv/i/taken-seriously?region=12`);
    await settled(page);
    const draws: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      for (const code of ["01", "14", "09", "12"]) {
        const took = await page.evaluate(async (region) => {
          const began = performance.now();
          const select = [...document.querySelectorAll("select")].find((each) =>
            [...each.options].some(({ value }) => value === "25"),
          );
          if (select === undefined) return -1;
          select.value = region;
          select.dispatchEvent(new Event("change", { bubbles: true }));
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return performance.now() - began;
        }, code);
        draws.push(took);
      }
    }
    const plots = await page.evaluate(() =>
      performance.getEntriesByName("brus:drawn").map(({ duration }) => duration),
    );
    report({ name: "web/draw/whole-page", value: median(draws), unit: "ms" });
    report({
      name: "web/draw/chart",
      value: median(plots),
      unit: "ms",
      most: Math.round(Math.max(...plots)),
    });
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    const typed: number[] = [];
    for (let run = 0; run < 4 * RUNS; run++)
      typed.push(
        await page.evaluate(async (up) => {
          const began = performance.now();
          const slider = document.querySelector<HTMLInputElement>("#rho");
          if (slider === null) return -1;
          slider.value = String(up);
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          await new Promise((done) => setTimeout(done, 0));
          return performance.now() - began;
        }, run % 9),
      );
    report({ name: "web/compose", value: median(typed), unit: "ms" });
  } finally {
    await browser.close();
    await demo.stop();
  }
}
