/** Where the newest list is lost for good: its operator takes an older one, or none, for the newest, knowingly. */
import { resolve } from "node:path";
import { openStore } from "../../server/database.ts";
import type { NodeConfig } from "../config.ts";
import type { Fill } from "../random.ts";
import { type NodeDatabase, prepareNode } from "../store/database.ts";
import { loadPersonKeys } from "../store/people.ts";
import { Leaving } from "./leaving.ts";

/** Refuses (`unavailable`) while the node runs. */
export async function acceptList(
  config: Pick<NodeConfig, "data" | "databaseUrl" | "secrets" | "threads" | "memory" | "keepIdentities">,
  base: string,
  now: () => Date,
  random: Fill,
): Promise<void> {
  const [data, folder] = [resolve(base, config.data), resolve(base, config.secrets)];
  const { threads, keepIdentities } = config;
  const store = await openStore<NodeDatabase>("node", { ...config, data });
  try {
    await prepareNode(store, []);
    const keys = await loadPersonKeys(folder, keepIdentities, store, random);
    const of = { folder, store, data, threads, now, random, keys: () => keys, datasets: () => [] };
    await Leaving.accept(of);
  } finally {
    await store.close();
  }
}
