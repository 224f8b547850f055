/**
 * kill -9 at every step of a round, then a restart: the round ends with the same answer bytes, charged once, and one
 * release. Each party runs as a process of its own; a preload kills it at the n-th statement or request. A stride of
 * steps here, every step under `npm run soak -- kill`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { follow } from "../../cli/client/ask.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Envelope } from "../../protocol/signing/envelope.ts";
import { ENGINES, missing } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { outlived, released, retry, setUp, storedAnswers, submit } from "../support/kill-setting.ts";
import { type Party, startParty, stopParty } from "../support/process.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const STRIDE = SOAK ? 1 : 3;
const COORDINATOR_STRIDE = Number(process.env["BRUS_STRIDE"] ?? (SOAK ? 1 : 5));

/** As a standing release asks: many tables at once. */
const TABLES = planTables(
  writeDataset(CARE).dataset,
  [[], ["sex"], ["unit"], ["sex", "unit"]].map((columns) => ({ columns })),
  "least-sum",
);

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))(
    "a node killed at each step answers once, with one set of bytes, charged once",
    async () => {
      const setting = await setUp(engine, ["01", "03"]);
      const [victim = "", other = ""] = [...setting.configs.values()];
      const coordinator = startParty("coordinator", setting.coordinator);
      await coordinator.ready;
      const peer = startParty("node", other);
      await peer.ready;
      const published = new Map<string, Envelope[]>();
      const trace = join(setting.folder.path, "trace");
      let killed = 0;
      for (let at = 1; ; at += STRIDE) {
        const node = startParty("node", victim, { at, arm: "work", trace });
        await node.ready;
        const id = await submit(setting);
        const through = retry(() => follow(setting.client, id));
        if (await outlived(node, through)) {
          await stopParty(node);
          break;
        }
        expect(await node.ended).toBe("SIGKILL");
        killed++;
        const again = startParty("node", victim);
        await again.ready;
        published.set(id, await released(setting.client, id));
        await stopParty(again, "SIGKILL");
      }
      await Promise.all([stopParty(peer), stopParty(coordinator)]);
      const stored = await storedAnswers(victim);
      expect(killed).toBeGreaterThan(15 / STRIDE);
      expect(stored.broken).toBeNull();
      for (const [id, answers] of published) {
        expect(
          stored.charged.filter((query) => query === id),
          "charged once for each of two periods",
        ).toHaveLength(2);
        const own = stored.answers.get(id);
        expect(
          answers.filter(
            (envelope) =>
              envelope.payload === own?.payload && envelope.signatures[0]?.sig === own.signatures[0]?.sig,
          ),
        ).toHaveLength(1);
      }
      console.log(
        `${engine}: node killed at ${killed} steps: ${
          [
            ...new Set(
              readFileSync(trace, "utf8")
                .split("\n")
                .map((line) => line.replace(/^\d+ /, "").slice(0, 60)),
            ),
          ].length
        } distinct`,
      );
      setting.folder.remove();
    },
  );

  test.skipIf(missing(engine))(
    "a coordinator killed at each step goes on: one release, the nodes' own bytes",
    async () => {
      const setting = await setUp(engine, ["01", "03"]);
      const configs = [...setting.configs.values()];
      let coordinator: Party = startParty("coordinator", setting.coordinator);
      await coordinator.ready;
      const nodes = configs.map((config) => startParty("node", config));
      await Promise.all(nodes.map(({ ready }) => ready));
      const published = new Map<string, Envelope[]>();
      let killed = 0;
      for (let at = 1; ; at += COORDINATOR_STRIDE) {
        await stopParty(coordinator, "SIGKILL");
        coordinator = startParty("coordinator", setting.coordinator, { at, arm: "query" });
        await coordinator.ready;
        const asking = submit(setting, { tables: TABLES });
        asking.catch(() => undefined); // Awaited below, after the restart that lets it through.
        const through = asking.then((id) => retry(() => follow(setting.client, id)));
        if (await outlived(coordinator, through)) break;
        killed++;
        coordinator = startParty("coordinator", setting.coordinator);
        await coordinator.ready;
        const id = await asking;
        published.set(id, await released(setting.client, id));
      }
      await Promise.all([...nodes.map((node) => stopParty(node)), stopParty(coordinator)]);
      expect(killed).toBeGreaterThan(4);
      for (const config of configs) {
        const stored = await storedAnswers(config);
        expect(stored.broken).toBeNull();
        for (const [id, answers] of published) {
          expect(stored.charged.filter((query) => query === id)).toHaveLength(2);
          expect(answers).toContainEqual(stored.answers.get(id));
        }
      }
      console.log(`${engine}: coordinator killed at ${killed} steps`);
      setting.folder.remove();
    },
  );
});
