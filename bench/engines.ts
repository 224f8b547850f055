/** Databases for benchmarks: DuckDB in a temporary folder, and a PostgreSQL server of our own where one is installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeDatabase, NodeStore } from "../node/store/database.ts";
import { openStore } from "../server/database.ts";
import start from "../test/postgres.ts";

export type Bench = {
  readonly engine: "duckdb" | "postgresql";
  readonly folder: string;
  readonly store: NodeStore;
};

/** Calls `work` for each engine that there is, with the address of its database: none for DuckDB. */
export async function eachEngine(
  work: (engine: Bench["engine"], databaseUrl: string | undefined) => Promise<void>,
): Promise<void> {
  let url: string | null = null;
  const stop = await start({
    provide: (_, value) => {
      url = value;
    },
  });
  await work("duckdb", undefined);
  if (url !== null) await work("postgresql", url);
  stop?.();
}

export const withEngines = (work: (bench: Bench) => Promise<void>): Promise<void> =>
  eachEngine(async (engine, databaseUrl) => {
    const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
    const store = await openStore<NodeDatabase>("node", {
      data: folder,
      databaseUrl,
      threads: 2,
      memory: "4GB",
    });
    try {
      await work({ engine, folder, store });
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
