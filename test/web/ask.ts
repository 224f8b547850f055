/**
 * A question from its first choice to its answer: composed on the coordinator's site, which signs nothing; signed at its
 * asker's desk, approved at two others', of persons from two regions; nothing but pages and the roots' command.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { markOf } from "../../dashboards/src/pages/ask/handed-over.ts";
import { axe, foreign, type Given, settled, watched, wordsOn } from "./browser.ts";
import { at, COUNTED, linkAt, makeKey, openDesk, readAndSign } from "./desk.ts";

const ROOT = join(import.meta.dirname, "../..");
const shell = promisify(execFile);
const newFolder = () => mkdtempSync(join(tmpdir(), "brus-web-"));

const QUESTION = { ...COUNTED, title: "Ur en fil", purpose: "Att pröva" };

async function compose(page: Page): Promise<void> {
  const before = await page.locator("#price").textContent();
  await page.getByLabel(/Bemötande och lyssnande medelvärde/).check();
  await page.getByLabel(/Kön 2 grupper/).check();
  await page.getByLabel("Slå ihop till ett värde").check();
  await page
    .getByText(/medelvärdet av Bemötande och lyssnande.* uppdelat på Kön/i)
    .first()
    .waitFor();
  await page.locator("#rho").focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.locator("#price").textContent()).not.toBe(before);
  await page.keyboard.press("ArrowLeft");
  expect(await page.locator(".live .er").count()).toBeGreaterThan(0);
  await page.getByLabel(/Rubrik/).fill("Bemötande efter kön");
  await page.getByLabel(/Syfte/).fill("Att se om kvinnor och män bemöts lika.");
}

export function asking(given: () => Given): void {
  test("composed on the site, signed at a desk, approved at two of persons from two regions, answered, verified", async () => {
    const { browser, demo } = given();
    const { address, folder } = demo;
    const site = await watched(browser, address);
    const desk = await openDesk(browser, demo);
    const approvers = [await openDesk(browser, demo), await openDesk(browser, demo)];
    const own = await makeKey(await at(desk, "/sv/fraga"));
    const others: string[] = [];
    for (const each of approvers) others.push(await makeKey(await at(each, "/sv/godkann")));
    // Whoever keeps the directory takes the three requests in.
    const next = join(newFolder(), "next.json");
    const brus = (...args: string[]) => shell(join(ROOT, "brus"), args);
    const to = ["--coordinator", address, "--directory", demo.directory1];
    const people = [
      "--researcher",
      `rut=${own}`,
      "--approver",
      `ada=${others[0]}`,
      "--approver",
      `bo=${others[1]}`,
    ];
    const regions = ["--region", "ada=01", "--region", "bo=03"];
    await brus("directory", "propose", next, ...people, ...regions, ...to);
    const roots = ["root-1.json", "root-2.json"].map((name) => join(folder, "keys", name));
    await brus(
      "directory",
      "sign",
      next,
      "--root",
      ...roots,
      "--passphrase-file",
      join(folder, "keys/passphrase"),
    );
    await brus("directory", "publish", next, ...to);

    await site.page.goto(`${address}/sv/fraga`);
    await settled(site.page);
    await compose(site.page);
    expect(await axe(site.page)).toEqual([]);
    expect(await site.page.getByRole("button", { name: /Signera/ }).count()).toBe(0);
    const link = site.page.getByRole("link", { name: "Öppna på din signeringsplats" });
    await desk.page.goto(linkAt(desk, await link.getAttribute("href")));
    const { page } = desk;
    await page.getByRole("heading", { level: 1, name: "En fråga att signera" }).waitFor();
    // All of it is read before there is anything to sign with.
    await page.getByText("Att se om kvinnor och män bemöts lika.").first().waitFor();
    await page
      .getByText(/medelvärdet av Bemötande och lyssnande.* uppdelat på Kön/i)
      .first()
      .waitFor();
    await page.getByText("rut").first().waitFor();
    await page.getByRole("button", { name: "Läs det du signerar" }).click();
    await page
      .getByText(/^version [2-9]/)
      .first()
      .waitFor();
    expect(await axe(page)).toEqual([]);
    await readAndSign(page);
    await page.locator("#state").getByText("Väntar på godkännande.").waitFor();
    const id = new URL(page.url()).searchParams.get("q") ?? "";
    expect(id).toMatch(/^sha256:/);

    for (const [index, approver] of approvers.entries()) {
      const reading = await at(approver, "/sv/godkann");
      const named = reading.getByRole("heading", { level: 2, name: "Bemötande efter kön" });
      const question = reading.locator("section", { has: named }).first();
      await question.getByText("Att se om kvinnor och män bemöts lika.").first().waitFor();
      expect(foreign(await wordsOn(reading), "sv")).toEqual([]);
      if (index === 0) {
        // A decline needs a reason, and nothing is decided without one.
        await question.getByRole("button", { name: "Avslå" }).click();
        await question.getByText("Skriv varför du avslår.").waitFor();
      }
      await question.getByRole("button", { name: "Godkänn" }).click();
      await question.getByText(/Godkänn, som approver/).waitFor();
      await readAndSign(reading);
      // Said only once regions prove that it stands in the log.
      await reading
        .getByText("Ditt beslut är inlämnat och står i loggen.")
        .or(reading.getByText("Ingen fråga väntar."))
        .first()
        .waitFor();
    }
    // At the desk, and on the site, where what is published is read.
    await page.locator("#state").getByText("Publicerad.").waitFor();
    await page.getByText(/Prövat här innan det visas/).waitFor();
    expect(await axe(page)).toEqual([]);
    await site.page.goto(`${address}/sv/fraga?q=${encodeURIComponent(id)}`);
    await site.page.getByText(/Prövat här innan det visas/).waitFor();
    expect(await site.page.locator("table.rows").count()).toBe(2);
    expect(await axe(site.page)).toEqual([]);
    const saving = site.page.waitForEvent("download");
    await site.page.getByRole("button", { name: /Kvitto/ }).click();
    expect((await saving).suggestedFilename()).toContain(".tlog-proof");
    for (const each of [page, site.page]) {
      await each.getByRole("link", { name: /Pröva/ }).click();
      await each.getByRole("heading", { level: 1, name: "Sigillet håller" }).waitFor();
    }
    expect([site, desk, ...approvers].flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const each of [desk, ...approvers]) await each.stop();
    await site.context.close();
  });

  test("a key cannot be read out of the browser, and one the directory does not know signs nothing", async () => {
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo);
    const page = await at(desk, "/sv/fraga");
    await makeKey(page);
    await page.getByLabel(/Rubrik/).fill("Något");
    await page.getByLabel(/Syfte/).fill("Något");
    await page.getByText("Förteckningen känner inte nyckeln ännu.").waitFor();
    expect(await page.getByRole("button", { name: "Läs det du signerar" }).isDisabled()).toBe(true);
    const exported = await page.evaluate(async () => {
      const keys = await new Promise<Array<{ key: CryptoKey }>>((resolve) => {
        const request = indexedDB.open("brus", 1);
        request.onsuccess = () => {
          const all = request.result.transaction("keys").objectStore("keys").getAll();
          all.onsuccess = () => resolve(all.result as Array<{ key: CryptoKey }>);
        };
      });
      const [held] = keys;
      if (held === undefined) return "none";
      return await crypto.subtle.exportKey("pkcs8", held.key).then(
        () => "exported",
        () => "refused",
      );
    });
    expect(exported).toBe("refused");
    await desk.stop();
  });

  test("a question signed on the command line is handed in as a file", async () => {
    const { browser, demo } = given();
    const { context, page } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    await page.getByLabel(/Rubrik/).fill("Ur en fil");
    await page.getByLabel(/Syfte/).fill("Att pröva");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Ladda ned frågan" }).click();
    const folder = newFolder();
    const [draft, signed] = [join(folder, "question.json"), join(folder, "signed.json")];
    await (await saving).saveAs(draft);
    const key = ["--key", join(demo.folder, "keys/researcher.json"), "--out", signed, "--yes"];
    const to = ["--coordinator", demo.address, "--directory", demo.directory1];
    await shell(join(ROOT, "brus"), ["query", "sign", draft, ...key, ...to]);
    await page.getByLabel(/Lämna in en fil/).setInputFiles(signed);
    await page.locator("#state").getByText("Väntar på godkännande.").waitFor();
    await page.getByRole("heading", { level: 1, name: "Ur en fil" }).waitFor();
    await context.close();
  });

  test("a desk with a key file takes a question in as a file, and signs what was read", async () => {
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo, join(demo.folder, "keys/researcher.json"));
    const page = await at(desk, "/sv/fraga");
    const file = join(newFolder(), "question.json");
    writeFileSync(file, JSON.stringify(QUESTION));
    await page.getByLabel("Ta in en fråga som fil").setInputFiles(file);
    await page.getByText("I en fil som signeringsplatsen har öppnat.").waitFor();
    await page.getByRole("button", { name: "Läs det du signerar" }).click();
    await readAndSign(page);
    await page.locator("#state").getByText("Väntar på godkännande.").waitFor();
    expect(desk.wrong).toEqual([]);
    await desk.stop();
  });

  test("a link says what it asks, whatever it calls itself; and one that asks nothing opens nothing", async () => {
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo, join(demo.folder, "keys/researcher.json"));
    const sly = {
      ...QUESTION,
      title: "Hur trivs man i väntrummet?",
      where: { column: "sex", in: ["2"] },
      measures: [{ id: "n", kind: "share", predicate: { column: "side_effects", in: ["serious"] } }],
    };
    const page = await at(desk, `/sv/fraga#${markOf(sly)}`);
    const said = await page.locator("blockquote").first().or(page.getByRole("alert")).textContent();
    expect(said).not.toContain("väntrummet");
    await at(desk, "/sv/");
    const broken = await at(desk, `/sv/fraga#${markOf({ ...QUESTION, dataset: "else@1" })}`);
    await broken.getByText("Det som lämnades över är ingen fråga som kan ställas.").waitFor();
    await desk.stop();
  });
}
