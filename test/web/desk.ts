/** Desks for these tests: `brus desk` as a person starts it, in a process of its own, and a browser profile that its address opened. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { DESK_PORT } from "../../protocol/wire/desk-address.ts";
import type { Demo } from "../support/demo.ts";
import { freePort } from "../support/process.ts";
import { settled, type Watched, watched } from "./browser.ts";

const BRUS = join(import.meta.dirname, "../../brus");

/** A question that the demonstration's regions can answer, but for its title and purpose. */
export const COUNTED = {
  dataset: "care-experience@1",
  periods: ["2026K2"],
  groupBy: [],
  measures: [{ id: "persons", kind: "count" }],
  release: "regions",
  regions: "all",
  minRegions: 2,
  pool: false,
  rho: "1/100",
};

export type OpenDesk = Watched & {
  readonly origin: string;
  readonly stop: () => Promise<void>;
};

/** Started for a coordinator's federation, with these key files, and opened by the address that it printed. */
export async function openDesk(browser: Browser, demo: Demo, ...keys: string[]): Promise<OpenDesk> {
  const port = await freePort();
  const options = ["--coordinator", demo.address, "--directory", demo.directory1, "--port", String(port)];
  const child = spawn(BRUS, ["desk", ...options, ...keys.flatMap((key) => ["--key", key])], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  let text = "";
  const address = await new Promise<string>((resolve, reject) => {
    const seen = (chunk: Buffer) => {
      text += chunk.toString();
      const [, found] = /Open, once: +(\S+)\n/.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", seen);
    child.stderr.on("data", seen);
    child.on("exit", () => reject(new Error(`the desk did not open: ${text}`)));
  });
  const { origin } = new URL(address);
  const opened = await watched(browser, origin);
  await opened.page.goto(address);
  await opened.page.getByRole("heading", { level: 1, name: "Din signeringsplats" }).waitFor();
  expect(opened.page.url()).toBe(`${origin}/sv/`);
  return {
    ...opened,
    origin,
    stop: async () => {
      await opened.context.close();
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Where a link of the coordinator's site leads, on the port where this desk listens. */
export const linkAt = ({ origin }: OpenDesk, href: string | null): string => {
  expect(href).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${DESK_PORT}/`));
  return (href ?? "").replace(`http://127.0.0.1:${DESK_PORT}`, origin);
};

/** Makes a key at a desk; gives what stands in its request for registration. */
export async function makeKey(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Skapa en nyckel här" }).click();
  const request = (await page.locator("#request").textContent()) ?? "";
  const key = /^\S{44}$/m.exec(request)?.[0] ?? "";
  expect(request).toContain(`brus directory propose next.json`);
  return key;
}

/** Reads what is shown, says so, and signs: nothing is signed before it was said. */
export async function readAndSign(page: Page): Promise<void> {
  const sign = page.getByRole("button", { name: "Signera", exact: true });
  await sign.waitFor();
  expect(await sign.isDisabled()).toBe(true);
  await page.getByLabel("Jag har läst det här, och vill att det signeras").check();
  await sign.click();
}

export async function at({ page, origin }: OpenDesk, path: string): Promise<Page> {
  await page.goto(`${origin}${path}`);
  await settled(page);
  return page;
}
