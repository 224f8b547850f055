/** Persons leave while a node runs, over its own socket: no later answer counts them, and the logs tell of no number. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { auditFrom } from "../../cli/commands/audit.ts";
import { call } from "../../cli/commands/local-node.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { admitted } from "../../node/answer/answer.ts";
import { socketPath } from "../../node/local/local.ts";
import { readNodeLeaf } from "../../protocol/log/leaf.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { headOf, leavesOf } from "../../server/log-tables.ts";
import { databaseUrlFor, ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import { federationOf, released, settled } from "../support/federation.ts";
import { HEAD } from "../support/region.ts";
import { zeroNoise } from "../support/seeded-noise.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const text = `${HEAD}\n${["a", "b", "c", "d"].map((person) => `${person},2025K1,1,a,50,true\n`).join("")}`;

const countOf = async (network: Network, title: string): Promise<number> => {
  const { cells } = await released(network, { title });
  return Math.round(cells.find(({ at }) => at["region"] === "01")?.value ?? -1);
};

describe.each(ENGINES)("on %s", (engine) => {
  test.skipIf(missing(engine))(
    "excluded, forgotten while questions are asked, included: each later answer counts as it should",
    async () => {
      const folder = temporaryFolder();
      const url = await databaseUrlFor(engine);
      const network = await federationOf(
        folder.path,
        { "01": text, "03": text, "04": text },
        {
          logged: true,
          draw: zeroNoise,
          noiseShares: ({ noiseShares, length, periods }) =>
            (noiseShares?.steps ?? []).map(() => new Float64Array(length * periods.length)),
          databaseUrl: (party) => (party === "01" ? url : undefined),
        },
      );
      running.push(async () => {
        await network.stop();
        folder.remove();
      });
      const [node] = network.nodes;
      if (node === undefined) throw new Error("a region");
      const socket = socketPath(node.config.data);
      const leave = (change: string, ...lines: string[]) =>
        call(socket, "POST", "/people", { change, lines, strict: false });

      const first = await settled(network, { title: "before" });
      const before = await fetchResult(network.client, node.answerer.federation, first.id);
      expect(await countOf(network, "one")).toBe(4);
      expect(await leave("exclude", "a")).toBe("[]");
      expect(await countOf(network, "two")).toBe(3);
      // The file is made anew while the node answers.
      const asked = Array.from({ length: 4 }, (_, at) => countOf(network, `while ${at}`));
      await leave("forget", "b");
      for (const count of await Promise.all(asked)) expect([2, 3]).toContain(count);
      expect(await countOf(network, "three")).toBe(2);
      const national = { title: "the nation", release: "national", minRegions: 3 };
      const { cells } = await released(network, national);
      expect(cells.map(({ value }) => Math.round(value ?? -1))).toEqual([2 + 4 + 4]);
      await leave("include", "a");
      expect(await countOf(network, "four")).toBe(3);
      expect(JSON.parse(await call(socket, "GET", "/people"))).toMatchObject([{ state: "forgotten" }]);

      // What was released before stands.
      expect(await fetchResult(network.client, node.answerer.federation, first.id)).toEqual(before);
      const { frontier } = await headOf(node.store.kysely, "01");
      const leaves = (await leavesOf(node.store.kysely, "01", 0, frontier.size)).map(readNodeLeaf);
      expect(leaves.filter(({ kind }) => kind === "lists")).toHaveLength(1);
      const verdict = await auditFrom(sourceOf(network.address, fetch), network.made.hash, network.now());
      expect(verdict.findings).toEqual([]);

      // A change of the list that has not come to the store: nothing is judged meanwhile, and so nothing charged.
      const work = { query: first.query, approvals: first.approvals, proof: null, round: null };
      await expect(admitted(work, { ...node.answerer, counted: () => false })).rejects.toMatchObject({
        code: "unavailable",
      });
      await expect(admitted(work, node.answerer)).rejects.toMatchObject({ code: "query-not-public" });
      // The file that took the old one's place is its own user's, as that was.
      const file = join(node.config.data, "node.duckdb");
      if (engine === "duckdb") expect(statSync(file).mode & 0o777).toBe(0o600);
    },
  );
});
