/** The one transaction in which rows are staged, weighed and kept: in the engine that the node's store has. */
import type { NodeStore } from "../store/database.ts";
import type { HashKeys } from "../store/people.ts";
import { useKeys } from "./stage.ts";
import type { Target } from "./target.ts";
import { inDuckDb } from "./target-duckdb.ts";
import { inPostgres } from "./target-postgres.ts";

export type TargetContext = {
  readonly store: NodeStore;
  readonly keys: HashKeys;
  /** The node's folder: what does not fit in memory is spilled there and nowhere else. */
  readonly data: string;
  readonly threads: number;
};

/** Begins a transaction: `commit` or `rollback` ends it. */
export async function openTarget({ store, keys, data, threads }: TargetContext): Promise<Target> {
  const target =
    store.duckdb === null
      ? await inPostgres(store, data, threads)
      : await inDuckDb(await store.duckdb.connect());
  try {
    await useKeys(target.staging, keys);
  } catch (error) {
    await target.rollback();
    throw error;
  }
  return target;
}
