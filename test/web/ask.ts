/** A question from its first choice to its answer: keys made in two browsers, registered, and used; nothing but pages and the roots' command. */
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { axe, foreign, type Given, settled, watched, wordsOn } from "./browser.ts";

const ROOT = join(import.meta.dirname, "../..");
const shell = promisify(execFile);

/** Makes a key in the browser; gives what stands in its request for registration. */
async function makeKey(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Skapa en nyckel här" }).click();
  const request = (await page.locator("#request").textContent()) ?? "";
  const key = /^\S{44}$/m.exec(request)?.[0] ?? "";
  expect(request).toContain(`brus directory propose next.json`);
  return key;
}

export function asking(given: () => Given): void {
  test("composed, signed in the browser, approved in two other profiles, answered, verified", async () => {
    const { browser, demo } = given();
    const { address, folder } = demo;
    const researcher = await watched(browser, address);
    const approvers = [await watched(browser, address), await watched(browser, address)];
    await researcher.page.goto(`${address}/sv/fraga`);
    await settled(researcher.page);
    const own = await makeKey(researcher.page);
    const others: string[] = [];
    for (const { page } of approvers) {
      await page.goto(`${address}/sv/godkann`);
      await settled(page);
      others.push(await makeKey(page));
    }
    // Whoever keeps the directory takes the three requests in.
    const next = join(mkdtempSync(join(tmpdir(), "brus-web-")), "next.json");
    const brus = (...args: string[]) => shell(join(ROOT, "brus"), args);
    const at = ["--coordinator", address, "--directory", demo.directory1];
    const people = [
      "--researcher",
      `rut=${own}`,
      "--approver",
      `ada=${others[0]}`,
      "--approver",
      `bo=${others[1]}`,
    ];
    await brus("directory", "propose", next, ...people, ...at);
    const roots = ["root-1.json", "root-2.json"].map((name) => join(folder, "keys", name));
    const opening = ["--passphrase-file", join(folder, "keys/passphrase")];
    await brus("directory", "sign", next, "--root", ...roots, ...opening);
    await brus("directory", "publish", next, ...at);

    const { page } = researcher;
    await page.reload();
    await settled(page);
    await page.getByText("rut").first().waitFor();
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
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Signera och skicka" }).click();
    await page.locator("#state").getByText("Väntar på godkännande.").waitFor();
    const id = new URL(page.url()).searchParams.get("q") ?? "";

    for (const [at, approver] of approvers.entries()) {
      await approver.page.reload();
      await settled(approver.page);
      const question = approver.page.locator("section", { hasText: "Bemötande efter kön" }).last();
      await question.getByText("Att se om kvinnor och män bemöts lika.").waitFor();
      expect(foreign(await wordsOn(approver.page), "sv")).toEqual([]);
      if (at === 0) {
        // A decline needs a reason, and nothing is decided without one.
        await question.getByRole("button", { name: "Avslå" }).click();
        await question.getByText("Skriv varför du avslår.").waitFor();
      }
      await question.getByRole("button", { name: "Godkänn" }).click();
      await question
        .getByText("Ditt beslut är inlämnat och står i loggen.")
        .or(approver.page.getByText("Ingen fråga väntar."))
        .first()
        .waitFor();
    }
    await page.locator("#state").getByText("Publicerad.").waitFor();
    await page.getByText(/Prövat här innan det visas/).waitFor();
    expect(await page.locator("table.rows").count()).toBe(2);
    expect(await axe(page)).toEqual([]);
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: /Kvitto/ }).click();
    expect((await saving).suggestedFilename()).toContain(".tlog-proof");
    await page.getByRole("link", { name: /Pröva/ }).click();
    await page.getByRole("heading", { level: 1, name: "Sigillet håller" }).waitFor();
    expect(id).toMatch(/^sha256:/);
    expect([...researcher.wrong, ...approvers.flatMap(({ wrong }) => wrong)]).toEqual([]);
    for (const { context } of [researcher, ...approvers]) await context.close();
  });

  test("a key cannot be read out of the browser, and one the directory does not know signs nothing", async () => {
    const { browser, demo } = given();
    const { context, page } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    await makeKey(page);
    await page.getByLabel(/Rubrik/).fill("Något");
    await page.getByLabel(/Syfte/).fill("Något");
    await page.getByText("Förteckningen känner inte nyckeln ännu.").waitFor();
    expect(await page.getByRole("button", { name: "Signera och skicka" }).isDisabled()).toBe(true);
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
    await context.close();
  });

  test("a question signed on the command line is handed in as a file", async () => {
    const { browser, demo } = given();
    const { context, page } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    await page.getByLabel(/Rubrik/).fill("Ur en fil");
    await page.getByLabel(/Syfte/).fill("Att pröva");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Ladda ned för att signera i en fil" }).click();
    const at = mkdtempSync(join(tmpdir(), "brus-web-"));
    const [draft, signed] = [join(at, "question.json"), join(at, "signed.json")];
    await (await saving).saveAs(draft);
    await shell(join(ROOT, "brus"), [
      "query",
      "sign",
      draft,
      "--key",
      join(demo.folder, "keys/researcher.json"),
      "--out",
      signed,
      "--coordinator",
      demo.address,
      "--directory",
      demo.directory1,
      "--yes",
    ]);
    await page.getByLabel(/Lämna in en fil/).setInputFiles(signed);
    await page.locator("#state").getByText("Väntar på godkännande.").waitFor();
    await page.getByRole("heading", { level: 1, name: "Ur en fil" }).waitFor();
    await context.close();
  });
}
