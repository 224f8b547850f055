/** From the start page to the planted stories; by keyboard alone; without the coordinator's interface; a region's own page. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { axe, foreign, type Given, settled, tooWide, watched, wordsOn } from "./browser.ts";

const ROOT = join(import.meta.dirname, "../..");
const shell = promisify(execFile);

/** What would be a wrong conclusion: a rank within noise. */
const RANKED =
  /(?<!\p{L})(bäst i|sämst i|tio i topp|på första plats|best in|worst in|top ten is|ranked)(?!\p{L})/iu;

export function walking(given: () => Given): void {
  test("both planted stories are found from the start page, and nothing is ranked on the way", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/`);
    await settled(page);
    expect(await wordsOn(page)).not.toMatch(RANKED);
    // One click.
    await page
      .getByRole("link", { name: /^Första bedömning inom 30 dagar.*säker förbättring i Region Örebro län/ })
      .first()
      .click();
    await settled(page);
    await page.getByRole("heading", { level: 1, name: /Första bedömning/ }).waitFor();
    expect(page.url()).toContain("region=18");
    await page.getByText(/Region Örebro län, 2026 kvartal 3: .* Det är säkert högre än i början/).waitFor();
    expect(await wordsOn(page)).not.toMatch(RANKED);
    await page.goBack();
    await settled(page);
    // One click.
    await page
      .getByRole("link", { name: /^Gapet växer mellan .*16–29 år: Upplevelser tas på allvar/ })
      .click();
    await settled(page);
    await page.getByText(/Gapet mellan .* och 16–29 år har säkert vuxit/).waitFor();
    expect(await wordsOn(page)).not.toMatch(RANKED);
    // What all of it says of one person, and of whom it is said twice.
    await page.goto(`${demo.address}/sv/`);
    await settled(page);
    await page.getByText(/Det som är publicerat om \d{4}.* gånger av 100/).waitFor();
    await page.getByText("Den som har rader i två regioner har det två gånger om").waitFor();
    await page.goto(`${demo.address}/sv/r/12`);
    await page.getByText(/Allt som regionen har svarat om en människas \d{4}.* gånger av 100/).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("the address holds the view: choices, picture or table, language", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/i/taken-seriously`);
    await settled(page);
    await page.getByLabel("Region", { exact: true }).selectOption("12");
    await page.getByLabel("Kön", { exact: true }).selectOption("2");
    await page.getByRole("button", { name: "Tabell" }).click();
    const address = page.url();
    expect(address).toContain("region=12");
    expect(address).toContain("sex=2");
    expect(address).toContain("time=table");
    const again = await context.newPage();
    await again.goto(address);
    await settled(again);
    expect(await again.locator("#time table").count()).toBe(1);
    await again.getByText("Region Skåne").first().waitFor();
    await again.getByRole("link", { name: "English" }).click();
    await settled(again);
    expect(again.url()).toContain("/en/i/taken-seriously?");
    expect(again.url()).toContain("region=12");
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("a chart is saved as PNG and SVG, the table as CSV and JSON-stat", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/i/taken-seriously?region=12`);
    await settled(page);
    for (const part of ["#time", "#regions", "#map", "#groups", "#funnel"])
      for (const [name, ending] of [
        ["PNG", ".png"],
        ["SVG", ".svg"],
      ] as const) {
        const saving = page.waitForEvent("download");
        await page
          .locator(part)
          .getByRole("button", { name: new RegExp(`^${name}`) })
          .click();
        expect((await saving).suggestedFilename()).toContain(ending);
      }
    const links = page.locator("#time .figfoot a");
    for (const name of ["CSV", "JSON-stat"]) {
      const href = await links.filter({ hasText: name }).getAttribute("href");
      const answer = await page.request.get(`${demo.address}${href}`);
      expect(answer.status(), name).toBe(200);
      expect((await answer.body()).length).toBeGreaterThan(1000);
    }
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("by keyboard alone: past the menu, to a story, through its periods, to its table, and to its seal", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/`);
    await settled(page);
    const focused = () =>
      page.evaluate(() => document.activeElement?.textContent?.trim().slice(0, 120) ?? "");
    const tabTo = async (wanted: RegExp, most = 80): Promise<void> => {
      for (let at = 0; at < most; at++) {
        await page.keyboard.press("Tab");
        if (wanted.test(await focused())) return;
      }
      throw new Error(`nothing like ${wanted} was reached`);
    };
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Till innehållet");
    await page.keyboard.press("Enter");
    await tabTo(/^Första bedömning.*Region Örebro län/);
    await page.keyboard.press("Enter");
    await settled(page);
    await expect.poll(focused).toMatch(/Första bedömning/);
    for (let at = 0; at < 40; at++) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement?.getAttribute("role"))) === "slider") break;
    }
    const spoken = () => page.evaluate(() => document.activeElement?.getAttribute("aria-valuetext") ?? "");
    await page.keyboard.press("Home");
    await expect.poll(spoken).toMatch(/^2025 kvartal 3: riket .*Region Örebro län/);
    await page.keyboard.press("ArrowRight");
    await expect.poll(spoken).toMatch(/^2025 kvartal 4/);
    await page.keyboard.press("End");
    await expect.poll(spoken).toMatch(/^2026 kvartal 3/);
    await tabTo(/^Pröva/, 20);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Sigillet håller" }).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("a coordinator that is gone: what is published stays, with its date; asking is closed, with the reason", async () => {
    const { browser, demo } = given();
    const { context, page } = await watched(browser, demo.address);
    await page.route("**/api/**", (route) => route.abort());
    await page.goto(`${demo.address}/sv/i/taken-seriously`);
    await settled(page);
    await page.getByText("Senast publicerat").waitFor();
    await page.getByText(/Riket, 2026 kvartal 3: .* procent/).waitFor();
    await page.goto(`${demo.address}/sv/fraga`);
    await page.getByRole("heading", { level: 1, name: "Frågor kan inte ställas just nu" }).waitFor();
    await page.route("**/pages/**", (route) => route.abort());
    await page.goto(`${demo.address}/sv/`);
    await page.getByRole("button", { name: "Försök igen" }).waitFor();
    await context.close();
  });

  test("an embedded chart may stand in another's frame, and no other page may", async () => {
    const { browser, demo } = given();
    const { context, page } = await watched(browser, demo.address);
    const policy = async (path: string) =>
      (await page.request.get(`${demo.address}${path}`)).headers()["content-security-policy"] ?? "";
    expect(await policy("/sv/i/taken-seriously?embed=regions")).toContain("frame-ancestors *");
    await page.goto(`${demo.address}/sv/i/taken-seriously?embed=regions`);
    await page.locator("#regions table").waitFor();
    expect(await page.locator("section").count()).toBe(1);
    expect(await page.locator(".top").isVisible()).toBe(false);
    // That document may be framed for as long as it lives: it never becomes a page that signs.
    await page.evaluate(() => {
      history.pushState(null, "", "/sv/fraga");
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await page.getByRole("heading", { level: 1, name: "Sidan finns inte" }).waitFor();
    await page.goto(`${demo.address}/sv/i/taken-seriously?embed=regions`);
    await page.locator("#regions table").waitFor();
    // What stays on the page, or is a file to keep, takes nobody to another; and the site's own head is not shown.
    const elsewhere = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLAnchorElement>("#app a[href^='/']:not([download])")]
        .filter((link) => link.checkVisibility() && link.pathname !== location.pathname)
        .map(({ target }) => target),
    );
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(new Set(elsewhere)).toEqual(new Set(["_top"]));
    expect(await policy("/sv/i/taken-seriously")).toContain("frame-ancestors 'none'");
    expect(await policy("/sv/fraga?embed=1")).toContain("frame-ancestors 'none'");
    expect(await policy("/sv/fraga")).toContain("script-src 'self'");
    const answer = await page.request.get(`${demo.address}/sv/`);
    expect(answer.headers()["set-cookie"]).toBeUndefined();
    await context.close();
  });

  test("a region's own page opens once, on this machine, and has nothing of a person", async () => {
    const { browser, demo } = given();
    const node =
      readdirSync(demo.folder)
        .filter((name) => name.startsWith("node-"))
        .at(-1) ?? "";
    const console_ = async () =>
      (
        await shell(join(ROOT, "brus"), ["console", "--config", join(demo.folder, node, "node.json")])
      ).stdout.trim();
    const address = await console_();
    const { origin } = new URL(address);
    const { context, page, wrong } = await watched(browser, origin);
    await page.goto(address);
    await page.getByText(/frågor har ställts till den här noden/).waitFor();
    expect(page.url()).toBe(`${origin}/`);
    for (const name of ["Frågor", "Kvar att lämna ut", "Inläsningar", "Regler", "Loggen"])
      await page.getByRole("heading", { level: 2, name }).waitFor();
    await page.getByText("Varje rad i reskontran räknades om nu och stämmer.").waitFor();
    await page
      .getByText(/Allt som har svarats om en människas 2026.* gånger av 100/)
      .first()
      .waitFor();
    expect(foreign(await wordsOn(page), "sv")).toEqual([]);
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await tooWide(page)).toBeLessThanOrEqual(0);
      expect(await axe(page)).toEqual([]);
    }
    const said = await page.evaluate(
      async () =>
        await (
          await fetch("/state", {
            headers: { authorization: `Bearer ${sessionStorage.getItem("brus-session")}` },
          })
        ).text(),
    );
    expect(said).not.toMatch(/pseudonym|identity|person_id/);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { level: 2, name: "Questions" }).waitFor();
    expect(wrong).toEqual([]);
    // A second time the same address opens nothing; without a session nothing is told.
    const second = await watched(browser, origin);
    await second.page.goto(address);
    await second.page.getByRole("heading", { level: 1, name: "Sidan är stängd" }).waitFor();
    expect((await second.page.request.get(`${origin}/state`)).status()).toBeGreaterThanOrEqual(400);
    expect(
      (await second.page.request.get(`${origin}/`, { headers: { host: "elsewhere.example" } })).status(),
    ).toBeGreaterThanOrEqual(400);
    const foreign_ = { headers: { origin: "http://elsewhere.example" } };
    expect((await second.page.request.get(`${origin}/`, foreign_)).status()).toBeGreaterThanOrEqual(400);
    await second.context.close();
    await context.close();
  });

  test("the whole log is audited here, in a worker, and read as events", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/loggen`);
    await settled(page);
    await page.getByRole("button", { name: "Granska hela loggen här" }).click();
    await page.locator("#verdict").getByText("Allt stämmer.").waitFor();
    await page.getByLabel("Region eller ord").fill("Kalender");
    await expect.poll(() => page.locator(".events li").count()).toBeGreaterThan(0);
    await page.getByLabel("Region eller ord").fill("");
    await page.getByLabel("Slag").selectOption("release");
    await expect.poll(() => page.locator('.events li:not([data-kind="release"])').count()).toBe(0);
    await page.locator(".events li").first().getByText("Radens byte").click();
    await page
      .locator(".events li")
      .first()
      .getByText(/"kind":"release"/)
      .waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });
}
