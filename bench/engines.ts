/** Databases for benchmarks: DuckDB in a temporary folder, and a PostgreSQL server of our own where one is installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeDatabase, NodeStore } from "../node/database.ts";
import { openStore } from "../server/database.ts";
import start from "../test/postgres.ts";

export type Bench = {
  readonly engine: "duckdb" | "postgresql";
  readonly folder: string;
  readonly store: NodeStore;
};

export async function withEngines(work: (bench: Bench) => Promise<void>): Promise<void> {
  let url: string | null = null;
  const stop = await start({
    provide: (_, value) => {
      url = value;
    },
  });
  const addresses = [["duckdb", undefined], ...(url === null ? [] : [["postgresql", url]])] as Array<
    ["duckdb" | "postgresql", string | undefined]
  >;
  for (const [engine, databaseUrl] of addresses) {
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
  }
  stop?.();
}
