/**
 * kill -9 at random steps of appending, publishing and cosigning, both sides, then a restart: no leaf that was
 * acknowledged is lost, no witness ever sees two histories, and at the end the audit holds. Fixed seeds; a few schedules
 * here, 500 under `npm run soak -- kill-log`.
 */
import { describe, expect, test } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { readFederation } from "../../protocol/federation/directory.ts";
import { readLeaf } from "../../protocol/log/leaf.ts";
import { fromBase64 } from "../../protocol/values/bytes.ts";
import { nativeVerify } from "../../server/signing.ts";
import { ENGINES, missing } from "../support/engines.ts";
import { outlived, retry, setUp, submit } from "../support/kill-setting.ts";
import { readLog } from "../support/logs.ts";
import { type Party, startParty, stopParty } from "../support/process.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const SCHEDULES = Number(process.env["BRUS_SCHEDULES"] ?? (SOAK ? 250 : 2));
/** Four regions: three must be there, so one may die. */
const CODES = ["01", "03", "04", "05"];
/** Steps of one question, both sides: what comes after the last kills nobody. */
const STEPS = { coordinator: 220, node: 110 };

/** Whole numbers below `below`, the same on every machine. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))(
    "killed at random steps: nothing acknowledged is lost, one history, and the audit holds",
    async () => {
      const draw = seeded(7);
      const setting = await setUp(engine, CODES, true);
      const [victim = "", ...others] = [...setting.configs.values()];
      const parties: Party[] = [];
      const start = (...args: Parameters<typeof startParty>): Party => {
        const party = startParty(...args);
        parties.push(party);
        return party;
      };
      const peers = others.map((config) => start("node", config));
      let coordinator = start("coordinator", setting.coordinator);
      let node = start("node", victim);
      await Promise.all([coordinator.ready, node.ready, ...peers.map(({ ready }) => ready)]);
      const ids: string[] = [];
      let killed = 0;
      for (let schedule = 0; schedule < SCHEDULES; schedule++) {
        const more = { rho: "1/1000", minRegions: 3, ...(schedule % 2 === 1 ? { release: "national" } : {}) };
        // One side dies in the one schedule, the other in the next.
        if (draw(2) === 0) {
          await stopParty(coordinator, "SIGKILL");
          coordinator = start("coordinator", setting.coordinator, {
            at: 1 + draw(STEPS.coordinator),
            arm: "query",
          });
          await coordinator.ready;
          const asking = submit(setting, more);
          asking.catch(() => undefined); // Awaited below.
          const through = asking.then((id) => retry(() => follow(setting.client, id)));
          // Whoever outlives the question is killed all the same: its step must not come in another's schedule.
          if (await outlived(coordinator, through)) await stopParty(coordinator, "SIGKILL");
          else killed++;
          coordinator = start("coordinator", setting.coordinator);
          await coordinator.ready;
          ids.push(await asking);
        } else {
          await stopParty(node, "SIGKILL");
          node = start("node", victim, { at: 1 + draw(STEPS.node), arm: "work" });
          await node.ready;
          const id = await submit(setting, more);
          ids.push(id);
          const through = retry(() => follow(setting.client, id));
          if (await outlived(node, through)) await stopParty(node, "SIGKILL");
          else killed++;
          node = start("node", victim);
          await node.ready;
        }
        const last = ids.at(-1) ?? "";
        const { state } = await retry(() => follow(setting.client, last));
        expect(["released", "failed"]).toContain(state);
      }
      const { directory, datasets } = await retry(() => setting.client("getDirectory"));
      const federation = readFederation(directory, datasets.map(fromBase64), null, nativeVerify);
      const { address } = setting;
      const found = await auditFrom(sourceOf(address, fetch), federation.first, new Date());
      expect(found.findings).toEqual([]);
      const file = sourceOf(address, fetch);
      const read = async (path: string) => (await file(path)) ?? expect.fail(path);
      const leaves = (await readLog(read, federation)).entries.map(readLeaf);
      for (const id of ids)
        expect(leaves.filter((leaf) => leaf.kind === "query" && leaf.id === id)).toHaveLength(1);
      for (const party of parties) expect(party.output()).not.toContain("log-forked");
      await Promise.all([...peers, node, coordinator].map((party) => stopParty(party)));
      console.log(`${engine}: ${SCHEDULES} schedules, ${killed} kills`);
      setting.folder.remove();
    },
  );
});
