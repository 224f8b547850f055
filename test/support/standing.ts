/** A small federation whose standing releases are published, for tests of what the public reads. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Network, startNetwork } from "../../cli/demo/network.ts";
import { REGIONS } from "../../cli/demo/regions.ts";
import {
  demoCalendar,
  registersOf,
  runStanding,
  standingDatasets,
} from "../../cli/demo/standing-releases.ts";
import { temporaryFolder } from "./engines.ts";
import { CHEAP_SEAL } from "./federation.ts";

export type PublishedNetwork = {
  readonly network: Network;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  readonly stop: () => Promise<void>;
};

/** The demonstration's calendar over three small regions, released. */
export async function publishedNetwork(
  codes: readonly string[] = ["07", "09", "10"],
  scale = 1,
): Promise<PublishedNetwork> {
  const folder = temporaryFolder();
  const sources = join(folder.path, "sources");
  mkdirSync(sources);
  const regions = REGIONS.filter(({ code }) => codes.includes(code));
  const network = await startNetwork(
    folder.path,
    {
      name: "Published",
      regions,
      datasets: standingDatasets(),
      approvals: 2,
      approvers: 2,
      logged: false,
      sealCost: CHEAP_SEAL,
    },
    {
      tick: 1,
      prepare: async (node) => {
        const region = regions.find(({ code }) => code === node.config.code);
        if (region === undefined) throw new Error("a node of a region");
        for (const each of registersOf(sources, region, 1, scale))
          await node.import({ ...each, dryRun: false }, () => undefined);
      },
    },
  );
  const ran = await runStanding(network, demoCalendar(regions.length), 2);
  for (const { query, status } of ran)
    if (status?.release == null) throw new Error(`${query.title}: ${status?.reason}`);
  return {
    network,
    get: (path, init) => fetch(`${network.address}${path}`, init),
    stop: async () => {
      await network.stop();
      folder.remove();
    },
  };
}
