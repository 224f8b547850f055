/** The coordinator's pages, changed to steal: no key is there, and nothing of a desk is reached from there. */
import { createServer } from "node:http";
import { expect, test } from "vitest";
import { type Given, settled, watched } from "./browser.ts";
import { at, makeKey, openDesk } from "./desk.ts";

/** What a stolen script tries, wherever it runs: to find keys, and to sign with them. */
const SIGN = `async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  if (!names.includes("brus")) return "no keys";
  const keys = await new Promise((resolve) => {
    const request = indexedDB.open("brus");
    request.onsuccess = () => {
      if (!request.result.objectStoreNames.contains("keys")) return resolve([]);
      const all = request.result.transaction("keys").objectStore("keys").getAll();
      all.onsuccess = () => resolve(all.result);
    };
  });
  if (keys.length === 0) return "no keys";
  const sig = await crypto.subtle.sign({ name: "Ed25519" }, keys[0].key, new TextEncoder().encode("anything"));
  return "signed " + sig.byteLength;
}`;

/** And what it tries of a desk that is open in the same browser. */
const REACH = `async (desk) => {
  const tried = (work) => work().then((value) => "got " + value, () => "refused");
  const token = { authorization: "Bearer " + "0".repeat(64) };
  const scripted = () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = desk.script;
    script.onload = () => resolve("a script");
    script.onerror = reject;
    document.head.append(script);
  });
  const frame = document.createElement("iframe");
  frame.src = desk.origin + "/sv/godkann";
  await new Promise((resolve) => {
    frame.onload = resolve;
    document.body.append(frame);
  });
  const opened = window.open(desk.origin + "/sv/godkann");
  return {
    read: await tried(async () => (await fetch(desk.origin + "/desk/state")).status),
    authorized: await tried(async () => (await fetch(desk.origin + "/desk/state", { headers: token })).status),
    blind: await tried(async () => (await fetch(desk.origin + "/desk/sign", { method: "POST", mode: "no-cors", body: "{}" })).status),
    session: await tried(async () => (await fetch(desk.origin + "/session", { method: "POST", mode: "no-cors" })).status),
    script: await tried(scripted),
    framed: await tried(async () => frame.contentWindow.document.body.textContent),
    window: await tried(async () => opened.localStorage.getItem("brus-desk")),
    kept: localStorage.getItem("brus-desk"),
  };
}`;

const PLAIN = "<!doctype html><title>Brus</title><h1>Brus</h1>";

export function stealing(given: () => Given): void {
  test("a stolen script of the coordinator's finds no key, and reads, frames and moves no desk", async () => {
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo);
    await makeKey(await at(desk, "/sv/fraga"));
    // The same script, where a key is, signs whatever it likes: it is the origin that keeps it out.
    expect(await desk.page.evaluate(`(${SIGN})()`)).toBe("signed 64");
    const script = await desk.page.locator('script[type="module"]').first().getAttribute("src");
    const page = await desk.context.newPage();
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    // From here on the coordinator sends what it likes, under no policy.
    await page.route(`${demo.address}/**`, (route) =>
      route.fulfill({ contentType: "text/html", body: PLAIN }),
    );
    await page.goto(`${demo.address}/sv/godkann`);
    expect(await page.evaluate(`(${SIGN})()`)).toBe("no keys");
    // And of a desk that is open in the same browser, from a page that is under no policy of ours.
    const elsewhere = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end(PLAIN),
    );
    await new Promise<void>((done) => elsewhere.listen(0, "127.0.0.1", done));
    const taken = elsewhere.address();
    const answers: Array<readonly [string, number]> = [];
    desk.context.on("response", (response) => answers.push([response.url(), response.status()]));
    await page.goto(`http://127.0.0.1:${typeof taken === "object" && taken !== null ? taken.port : 0}/`);
    const found = await page.evaluate(
      `(${REACH})(${JSON.stringify({ origin: desk.origin, script: `${desk.origin}${script}` })})`,
    );
    expect(found).toEqual({
      read: "refused",
      authorized: "refused",
      blind: "refused",
      session: "refused",
      script: "refused",
      framed: "refused",
      window: "refused",
      kept: null,
    });
    // Nothing but the window that it opened, which it cannot look into, was answered with more than a refusal.
    const reached = answers.filter(([url, status]) => url.startsWith(desk.origin) && status < 400);
    const opened = new Set(reached.map(([url]) => new URL(url).pathname));
    for (const path of ["/desk/sign", "/session"]) expect(opened).not.toContain(path);
    const [, frame] = page.frames();
    expect(await frame?.locator("#app").count()).toBe(0);
    elsewhere.close();
    await desk.stop();
  });

  test("a key that was made on the site before is told of, and forgotten when its owner says so", async () => {
    const { browser, demo } = given();
    const { context, page, wrong } = await watched(browser, demo.address);
    await page.goto(`${demo.address}/sv/fraga`);
    await settled(page);
    expect(await page.locator("#old-keys").count()).toBe(0);
    await page.evaluate(async () => {
      const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, [
        "sign",
        "verify",
      ])) as CryptoKeyPair;
      await new Promise<void>((resolve) => {
        const request = indexedDB.open("brus", 1);
        request.onsuccess = () => {
          const transaction = request.result.transaction("keys", "readwrite");
          transaction.objectStore("keys").put({ publicKey: "old", key: pair.privateKey, made: 1 });
          transaction.oncomplete = () => {
            request.result.close();
            resolve();
          };
        };
      });
    });
    for (const path of ["fraga", "godkann"]) {
      await page.goto(`${demo.address}/sv/${path}`);
      await settled(page);
      const told = page.locator("#old-keys");
      await told.getByText("begär att den här återkallas").waitFor();
      expect(await told.getByRole("button", { name: "Glöm nyckeln" }).isDisabled()).toBe(true);
    }
    await page.getByLabel(/har begärt att den här återkallas/).check();
    await page.getByRole("button", { name: "Glöm nyckeln" }).click();
    await expect.poll(() => page.locator("#old-keys").count()).toBe(0);
    expect(await page.evaluate(`(${SIGN})()`)).toBe("no keys");
    expect(wrong).toEqual([]);
    await context.close();
  });
}
