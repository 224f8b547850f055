/** A secure sum that ends without a sum: what came for it is forgotten as it ends, and nothing is taken after. */
import { afterEach, expect, test } from "vitest";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { clockOf } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, federationOf, submit } from "../support/federation.ts";

const csv = `person,period,sex,unit,score,flag\n${Array.from({ length: 30 }, (_, person) => `p${person},2025K1,1,a,${person},true`).join("\n")}\n`;

const clock = clockOf();
const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

/** Three regions, all of whom must be there; the last one's vector is on its way until it is let go. */
async function waitingForOne() {
  const folder = temporaryFolder();
  const { promise: until, resolve: go } = Promise.withResolvers<void>();
  const said: number[] = [];
  const fetcher =
    (code: string): Fetch =>
    async (url, init) => {
      const isIt =
        code === "04" &&
        url.endsWith(ROUTES.submitRound.path) &&
        typeof init?.body === "string" &&
        init.body.includes("vnd.brus.masked.");
      if (isIt) await until;
      const response = await fetch(url, init);
      if (isIt) said.push(response.status);
      return response;
    };
  const made = await federationOf(
    folder.path,
    { "01": csv, "03": csv, "04": csv },
    {
      datasets: [{ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } }],
      fetch: fetcher,
      now: clock.now,
    },
  );
  running.push(async () => {
    go();
    await made.stop();
    folder.remove();
  });
  const id = await submit(made, { release: "national", minRegions: 3, rho: "1/10" });
  const where = async () => {
    const { state, round } = await made.client("getQuery", { params: { id } });
    return round === null ? state : `${state} ${round.phase} ${round.sent.join()}`;
  };
  await expect.poll(where).toBe("open mask 01,03");
  const pieces = async () =>
    (await made.coordinator.store.kysely.selectFrom("chunk").select("document").execute()).length;
  expect(await pieces()).toBeGreaterThan(0);
  return { made, id, where, pieces, go, said };
}

const past = (): Date => new Date(clock.now().getTime() + 2 * 3_600_000);

test("what is still on its way when a query ends is not taken: nobody would forget it", async () => {
  const { made, where, pieces, go, said } = await waitingForOne();
  clock.forward(past());
  await made.coordinator.look();
  await expect.poll(where).toBe("failed");
  expect(await pieces()).toBe(0);
  go();
  await expect.poll(() => said.length).toBeGreaterThan(0);
  expect({ said, pieces: await pieces() }).toEqual({ said: [409], pieces: 0 });
});
