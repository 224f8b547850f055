/** A secure sum that ends without a sum: what came for it is forgotten as it ends, and nothing is taken after. */
import { afterEach, expect, test } from "vitest";
import type { Network } from "../../cli/demo/network.ts";
import { bellOf } from "../../coordinator/bell.ts";
import { stateOf } from "../../coordinator/query/stored-state.ts";
import { turn } from "../../coordinator/secure-sum/run-phases.ts";
import type { CoordinatorStore } from "../../coordinator/store/database.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { loggerOf } from "../../server/logger.ts";
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

type Writing = Parameters<ReturnType<CoordinatorStore["kysely"]["transaction"]>["execute"]>[0];

/** A store in which each transaction runs as `within` has it. */
function storeIn({ coordinator: { store } }: Network, within: (work: Writing) => Writing): CoordinatorStore {
  const kysely = new Proxy(store.kysely, {
    get: (target, name) => {
      if (name === "transaction")
        return () => {
          const transaction = target.transaction();
          return { execute: (work: Writing) => transaction.execute(within(work)) };
        };
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
  return { ...store, kysely };
}

test("a query is closed as what came for it is forgotten: both, or neither", async () => {
  const { made, id, where, pieces } = await waitingForOne();
  const federation = made.nodes[0]?.answerer.federation ?? expect.fail();
  const { store } = made.coordinator;
  const step = async (within: (work: Writing) => Writing): Promise<unknown> => {
    const context = {
      federation: () => federation,
      directoryPlace: () => 0,
      logs: null,
      now: past,
      bell: bellOf(),
      logger: loggerOf("test", "silent"),
      store: storeIn(made, within),
    };
    return await turn(await stateOf(id, context), context);
  };
  const before = await pieces();
  // It ends before the pieces are gone.
  const killed = step((work) => async (database) => {
    const dying = new Proxy(database, {
      get: (target, name) => {
        if (name === "deleteFrom") throw new Error("killed");
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === "function" ? found.bind(target) : found;
      },
    });
    return await work(dying);
  });
  await expect(killed).rejects.toThrow("killed");
  expect([await where(), await pieces()]).toEqual(["open mask 01,03", before]);
  // Something comes between the judging and the closing.
  await step((work) => async (database) => {
    await database
      .updateTable("round")
      .set({ version: 1000 })
      .where("query", "=", id as never)
      .execute();
    return await work(database);
  });
  expect([await where(), await pieces()]).toEqual(["open mask 01,03", before]);
  await step((work) => work);
  expect([await where(), await pieces()]).toEqual(["failed", 0]);
  expect(
    (await store.kysely.selectFrom("message").select("boxes").execute()).map(({ boxes }) => boxes),
  ).toEqual(expect.not.arrayContaining([expect.stringContaining("node")]));
});
