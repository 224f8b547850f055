/** Both engines, for tests that must hold on either. PostgreSQL's are skipped, saying so, where there is no server. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import type { NodeDatabase, NodeStore } from "../../node/store/database.ts";
import { openStore } from "../../server/database.ts";

export type Engine = "duckdb" | "postgresql";
export const ENGINES: readonly Engine[] = ["duckdb", "postgresql"];

/** True where an engine is missing here: for `describe.skipIf`. */
export const missing = (engine: Engine): boolean => engine === "postgresql" && inject("postgres") === null;

/** A database of its own on the test server. */
export async function freshDatabase(): Promise<string> {
  const server = inject("postgres");
  if (server === null) throw new Error("no PostgreSQL here: the test should have been skipped");
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const name = `t_${randomBytes(6).toString("hex")}`;
  await client.query(`create database ${name}`);
  await client.end();
  return server.replace(/\/postgres$/, `/${name}`);
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "brus-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const databaseUrlFor = async (engine: Engine): Promise<string | undefined> =>
  engine === "postgresql" ? await freshDatabase() : undefined;

export async function openNodeStore(engine: Engine, data: string): Promise<NodeStore> {
  return await openStore<NodeDatabase>("node", {
    data,
    databaseUrl: await databaseUrlFor(engine),
    threads: 2,
    memory: "1GB",
  });
}
