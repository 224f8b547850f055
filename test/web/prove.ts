/** The seal: it holds from the hosted files alone, and each way of forging turns it red with the right sentence. */
import type { Page, Route } from "playwright-core";
import { expect, test } from "vitest";
import { type Given, settled, watched } from "./browser.ts";
import { linkAt, openDesk, readAndSign } from "./desk.ts";

const TABLE = "taken-seriously.sex";

type Opened = Awaited<ReturnType<typeof watched>>;

/** Opens a figure's seal, with what `tamper` puts between the page and what it reads. */
async function sealed(
  given: Given,
  tamper: (page: Page) => Promise<unknown>,
  table = TABLE,
): Promise<Opened> {
  const { browser, demo } = given;
  const opened = await watched(browser, demo.address);
  const { page } = opened;
  const overview = (await (await page.request.get(`${demo.address}/pages/overview.json`)).json()) as {
    indicators: ReadonlyArray<{
      tables: ReadonlyArray<{ id: string }>;
      release: string;
      periods: readonly string[];
    }>;
  };
  const of = overview.indicators.find(({ tables }) => tables.some(({ id }) => id === table));
  await tamper(page);
  await page.goto(
    `${demo.address}/sv/sigill?release=${of?.release}&table=${table}&period=${of?.periods.at(-1)}`,
  );
  return opened;
}

const heading = (page: Page, name: string) =>
  page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const stateOf = (page: Page, step: string) =>
  page.locator(`[data-step="${step}"]`).getAttribute("data-state");

/** Answers a request with other bytes than were asked for. */
const changed = (change: (bytes: Buffer) => Buffer) => async (route: Route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: change(await answer.body()) });
};

export function proving(given: () => Given): void {
  test("holds with the coordinator's interface switched off: all seven steps, down to bytes", async () => {
    const { context, page, wrong } = await sealed(given(), (each) =>
      each.route("**/api/**", (route) => route.abort()),
    );
    await heading(page, "Sigillet håller");
    expect(await page.locator('.step[data-state="holds"]').count()).toBe(7);
    await page.getByText("Handlingen,").click();
    await page.getByText("application/vnd.brus.query.v1+json").waitFor();
    await page.getByText("Inneslutningsbeviset").click();
    await page.getByText(/^rad \d+ \/ \d+/).waitFor();
    // Beside the figure it now says so, for this release and no other.
    await page.locator(".crumb").getByRole("link", { name: "Upplevelser tas på allvar" }).click();
    await settled(page);
    await page
      .locator("#time .seal")
      .getByText(/Prövat här/)
      .waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("of a national release it says by digest, and is not green", async () => {
    const { context, page } = await sealed(given(), async () => undefined, "suicide-rate.sex.age_group");
    await heading(page, "Sigillet håller mot avtryck");
    expect(await stateOf(page, "sum")).toBe("by digest");
    expect(await page.locator(".sealhead .big").getAttribute("class")).not.toContain("ok");
    // An auditor of the directory is given the masked vectors at their own desk, and adds them up there.
    const link = page.getByRole("link", { name: "Räkna om på din signeringsplats" });
    const { browser, demo } = given();
    const desk = await openDesk(browser, demo, `${demo.folder}/keys/auditor.json`);
    await desk.page.goto(linkAt(desk, await link.getAttribute("href")));
    await heading(desk.page, "Sigillet håller mot avtryck");
    expect(await stateOf(desk.page, "sum")).toBe("by digest");
    await desk.page.getByRole("button", { name: "Räkna om summan här" }).click();
    await readAndSign(desk.page);
    await heading(desk.page, "Sigillet håller");
    expect(await stateOf(desk.page, "sum")).toBe("holds");
    expect(desk.wrong).toEqual([]);
    await desk.stop();
    await context.close();
  });

  test("a figure that is not the release's turns it red", async () => {
    const { context, page } = await sealed(given(), (each) =>
      each.route(
        `**/pages/tables/${TABLE}.json`,
        changed((bytes) => {
          const view = JSON.parse(bytes.toString()) as { figures: Array<number | null> };
          return Buffer.from(
            JSON.stringify({
              ...view,
              figures: view.figures.map((each) => (each === null ? null : each + 0.05)),
            }),
          );
        }),
      ),
    );
    await heading(page, "Sigillet är brutet");
    expect(await stateOf(page, "sum")).toBe("fails");
    await page
      .locator('[data-step="sum"]')
      .getByText(/Den publicerade summan är inte summan av svaren/)
      .waitFor();
    expect(await page.locator(".struck").count()).toBe(1);
    await context.close();
  });

  test("a forged answer turns it red: the sum is not the answers'", async () => {
    let hit = false;
    const { context, page } = await sealed(given(), (each) =>
      each.route("**/log/documents/**", async (route) => {
        const answer = await route.fetch();
        const body = await answer.body();
        const forged = !hit && body.toString().includes("application/vnd.brus.answer.v1+json");
        hit ||= forged;
        // One digit of one region's answer.
        await route.fulfill({
          response: answer,
          body: forged
            ? Buffer.from(body.toString().replace(/"payload":"(.{2000})./, '"payload":"$1A'))
            : body,
        });
      }),
    );
    await heading(page, "Sigillet är brutet");
    expect(await stateOf(page, "sum")).toBe("fails");
    await context.close();
  });

  test("a tampered tile turns it red: the log's bytes are not those that were cosigned", async () => {
    const { context, page } = await sealed(given(), (each) =>
      each.route(
        /\/log\/tile\/entries\/000/,
        changed((bytes) => {
          const text = bytes.toString("latin1");
          const at = text.indexOf('"kind":"checkpoint"');
          const digit = at + 60;
          const copy = Buffer.from(bytes);
          copy[digit] = copy[digit] === 0x41 ? 0x42 : 0x41;
          return copy;
        }),
      ),
    );
    await heading(page, "Sigillet är brutet");
    expect(await stateOf(page, "log")).toBe("fails");
    await page
      .locator('[data-step="log"]')
      .getByText(/En bit av loggen har andra byte än de som medsignerats/)
      .waitFor();
    await context.close();
  });

  test("missing cosignatures turn it red: there may be another version of the log", async () => {
    const { context, page } = await sealed(given(), (each) =>
      each.route(
        "**/log/checkpoint",
        changed((bytes) => {
          const lines = bytes.toString().split("\n");
          const blank = lines.indexOf("");
          // The log's own signature and fourteen regions', one too few.
          return Buffer.from(
            `${[...lines.slice(0, blank + 1), ...lines.slice(blank + 1, blank + 1 + 15)].join("\n")}\n`,
          );
        }),
      ),
    );
    await heading(page, "Sigillet är brutet");
    expect(await stateOf(page, "cosignatures")).toBe("fails");
    await page
      .locator('[data-step="cosignatures"]')
      .getByText(/För få regioner har medsignerat/)
      .waitFor();
    await context.close();
  });

  test("a directory other than the pinned one is believed by nobody", async () => {
    const { context, page } = await sealed(given(), (each) =>
      each.addInitScript(() => localStorage.setItem("brus-directory1", `sha256:${"0".repeat(64)}`)),
    );
    await heading(page, "Sigillet är inte prövat");
    await page.getByText("Den förteckning som du har angett är inte den här loggens.").first().waitFor();
    expect(await page.locator('.step[data-state="holds"]').count()).toBe(0);
    await context.close();
  });

  test("files that cannot be fetched say nothing of the figure: open, grey", async () => {
    const { context, page } = await sealed(given(), (each) =>
      each.route("**/log/**", (route) => route.abort()),
    );
    await heading(page, "Sigillet är inte prövat");
    await page
      .getByText(/Det säger inget om siffran/)
      .first()
      .waitFor();
    expect(await page.locator(".banner").count()).toBe(0);
    await context.close();
  });
}
