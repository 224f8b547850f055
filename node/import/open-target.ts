/** The import's target, by the engine of the node's store. */
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { NodeStore } from "../store/database.ts";
import type { Target } from "./target.ts";
import { inDuckDb } from "./target-duckdb.ts";
import { inPostgres } from "./target-postgres.ts";

/** `data` is the node's folder: what does not fit in memory is spilled there and nowhere else. */
export async function targetOf(
  store: NodeStore,
  dataset: Dataset,
  data: string,
  threads: number,
): Promise<Target> {
  return store.duckdb === null
    ? await inPostgres(store, dataset, data, threads)
    : await inDuckDb(await store.duckdb.connect(), dataset);
}
