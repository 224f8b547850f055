/**
 * kill -9 at every step of a secure sum, then a restart, both sides: the sum is released, or the query burnt with the
 * charge kept; never are two sets agreed on for one query, and what is released is what an auditor adds up. A stride
 * of steps here, every step under `npm run soak -- kill-secure`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import { recompute } from "../../cli/client/recompute.ts";
import { systemRandom } from "../../node/random.ts";
import type { NodeDatabase } from "../../node/store/database.ts";
import { type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { fromBase64 } from "../../protocol/values/bytes.ts";
import { openStore } from "../../server/database.ts";
import { nativeVerify } from "../../server/signing.ts";
import { ENGINES, missing } from "../support/engines.ts";
import { now } from "../support/federation.ts";
import { outlived, retry, type Setting, setUp, storedAnswers, submit } from "../support/kill-setting.ts";
import { type Party, startParty, stopParty } from "../support/process.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const NODE_STRIDE = Number(process.env["BRUS_STRIDE"] ?? (SOAK ? 1 : 9));
const COORDINATOR_STRIDE = Number(process.env["BRUS_STRIDE"] ?? (SOAK ? 1 : 41));
/** Some twenty restarts of processes, on a machine that may be busy. */
/** Four regions: three must be there, so one may die. */
const CODES = ["01", "03", "04", "05"];
const NATIONAL = { release: "national", minRegions: 3 };

async function federationOf({ client }: Setting): Promise<Federation> {
  const { directory, datasets } = await retry(() => client("getDirectory"));
  return readFederation(directory, datasets.map(fromBase64), null, nativeVerify);
}

/** What became of a query: released, and then an auditor adds it up; or burnt, and then the reason says so. */
async function ended(setting: Setting, id: string): Promise<string> {
  const { client, made } = setting;
  const status = await retry(() => follow(client, id));
  if (status.state === "released") {
    const federation = await federationOf(setting);
    const { survivors } = await retry(() =>
      recompute(client, federation, id, made.auditor, { now, random: systemRandom }),
    );
    expect(survivors.length).toBeGreaterThanOrEqual(3);
  } else {
    expect(status).toMatchObject({ state: "failed" });
    expect(status.reason).toMatch(/^burnt: /);
  }
  return status.state;
}

/** The set each region has agreed on, query by query, read from the databases of stopped nodes. */
async function agreedSets(configs: readonly string[]): Promise<Map<string, Set<string>>> {
  const sets = new Map<string, Set<string>>();
  for (const config of configs) {
    const { data, databaseUrl } = JSON.parse(readFileSync(config, "utf8")) as {
      data: string;
      databaseUrl?: string;
    };
    const store = await openStore<NodeDatabase>("node", { data, databaseUrl, threads: 1, memory: "500MB" });
    for (const { query, survivors } of await store.kysely.selectFrom("agreed").selectAll().execute())
      sets.set(query, (sets.get(query) ?? new Set()).add(survivors));
    await store.close();
  }
  return sets;
}

async function judge(configs: readonly string[], ids: readonly string[]): Promise<void> {
  const sets = await agreedSets(configs);
  for (const id of ids) expect(sets.get(id)?.size ?? 0, "sets agreed on").toBeLessThanOrEqual(1);
  for (const config of configs) {
    const { charged, broken } = await storedAnswers(config);
    expect(broken).toBeNull();
    for (const id of ids) expect(charged.filter((query) => query === id).length).toBeLessThanOrEqual(2);
  }
}

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))("a node killed at each step of a secure sum", async () => {
    const setting = await setUp(engine, CODES);
    const [victim = "", ...others] = [...setting.configs.values()];
    const coordinator = startParty("coordinator", setting.coordinator);
    await coordinator.ready;
    const peers = others.map((config) => startParty("node", config));
    await Promise.all(peers.map(({ ready }) => ready));
    const states: string[] = [];
    const ids: string[] = [];
    for (let at = 1; ; at += NODE_STRIDE) {
      const node = startParty("node", victim, { at, arm: "work" });
      await node.ready;
      const id = await submit(setting, NATIONAL);
      ids.push(id);
      const through = retry(() => follow(setting.client, id));
      if (await outlived(node, through)) {
        await stopParty(node);
        break;
      }
      const again = startParty("node", victim);
      await again.ready;
      states.push(await ended(setting, id));
      await stopParty(again, "SIGKILL");
    }
    await Promise.all([...peers.map((peer) => stopParty(peer)), stopParty(coordinator)]);
    await judge([victim, ...others], ids);
    // One that dies is one that is missing: the others' sum is not lost.
    expect(states.length).toBeGreaterThan(2);
    expect(new Set(states)).toEqual(new Set(["released"]));
    console.log(`${engine}: node killed at ${states.length} steps of a secure sum`);
    setting.folder.remove();
  });

  test.skipIf(missing(engine))("a coordinator killed at each step of a secure sum", async () => {
    const setting = await setUp(engine, CODES);
    const configs = [...setting.configs.values()];
    let coordinator: Party = startParty("coordinator", setting.coordinator);
    await coordinator.ready;
    const nodes = configs.map((config) => startParty("node", config));
    await Promise.all(nodes.map(({ ready }) => ready));
    const ids: string[] = [];
    const states: string[] = [];
    for (let at = 1; ; at += COORDINATOR_STRIDE) {
      await stopParty(coordinator, "SIGKILL");
      coordinator = startParty("coordinator", setting.coordinator, { at, arm: "query" });
      await coordinator.ready;
      const asking = submit(setting, NATIONAL);
      asking.catch(() => undefined); // Awaited below, after the restart that lets it through.
      const through = asking.then((id) => retry(() => follow(setting.client, id)));
      if (await outlived(coordinator, through)) break;
      coordinator = startParty("coordinator", setting.coordinator);
      await coordinator.ready;
      const id = await asking;
      ids.push(id);
      states.push(await ended(setting, id));
    }
    await Promise.all([...nodes.map((node) => stopParty(node)), stopParty(coordinator)]);
    await judge(configs, ids);
    expect(states.length).toBeGreaterThan(2);
    expect(states.filter((state) => state === "released").length).toBeGreaterThan(states.length / 2);
    console.log(
      `${engine}: coordinator killed at ${states.length} steps of a secure sum: ${states.filter((state) => state === "released").length} released, the others burnt`,
    );
    setting.folder.remove();
  });
});
