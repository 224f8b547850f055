/**
 * DuckDB inside the process, spoken to through Kysely in PostgreSQL's dialect. Numbers are bound with explicit
 * types, so that a parameter never turns an integer comparison into one of floats.
 */
import { join } from "node:path";
import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import { Refusal } from "../protocol/values/refusal.ts";

export type DuckDb = { readonly instance: DuckDBInstance; readonly connect: () => Promise<DuckDBConnection> };

/** Opens a file, or `:memory:`. Extensions are never downloaded, and SQL cannot change that. */
export async function openDuckDb(
  path: string,
  options: { threads: number; memory: string; spill: string },
): Promise<DuckDb> {
  const settings = {
    threads: String(options.threads),
    memory_limit: options.memory,
    temp_directory: join(options.spill, "spill.tmp"),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    preserve_insertion_order: "true",
  };
  const instance = await DuckDBInstance.create(path, settings).catch((cause: unknown) => {
    if (cause instanceof Error && /lock/i.test(cause.message)) {
      throw new Refusal("unavailable", `expected ${path} to be free; another process has it open`, { cause });
    }
    throw cause;
  });
  return { instance, connect: () => instance.connect() };
}

class Connection implements DatabaseConnection {
  readonly duckdb: DuckDBConnection;

  constructor(duckdb: DuckDBConnection) {
    this.duckdb = duckdb;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const bound = parameters.map(bind);
    const reader = await this.duckdb.runAndReadAll(
      sql,
      bound.map(([value]) => value),
      bound.map(([, type]) => type),
    );
    const result: QueryResult<R> = {
      // Kysely's type for rows is the caller's; the values are as DuckDB gives them, but for bytes.
      rows: reader.getRowObjects().map(withBytes) as R[],
    };
    return reader.rowsChanged > 0
      ? { ...result, numAffectedRows: BigInt(reader.rowsChanged) }
      : { ...result, numAffectedRows: 0n };
  }

  // biome-ignore lint/correctness/useYield: nothing here streams; the interface asks for the method.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("streaming is not used with DuckDB");
  }
}

function bind(value: unknown): [DuckDBValue, DuckDBType] {
  if (typeof value === "bigint") return [value, BIGINT];
  if (typeof value === "number" && Number.isSafeInteger(value)) return [BigInt(value), BIGINT];
  if (typeof value === "string") return [value, VARCHAR];
  if (value instanceof Uint8Array) return [new DuckDBBlobValue(value), BLOB];
  if (value === null) return [null, VARCHAR];
  throw new TypeError(`expected an integer, a text, bytes or null to bind; a ${typeof value} came`);
}

/** Bytes as a Uint8Array, which is what PostgreSQL's driver gives too. */
function withBytes(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof DuckDBBlobValue) row[name] = value.bytes;
  }
  return row;
}

class DuckDbDriver implements Driver {
  readonly connect: () => Promise<DuckDBConnection>;
  readonly idle: Connection[] = [];

  constructor(connect: () => Promise<DuckDBConnection>) {
    this.connect = connect;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    return this.idle.pop() ?? new Connection(await this.connect());
  }

  async releaseConnection(connection: Connection): Promise<void> {
    this.idle.push(connection);
  }

  async beginTransaction(connection: Connection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin transaction"));
  }

  async commitTransaction(connection: Connection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: Connection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw("rollback"));
    } catch (error) {
      // A commit that conflicted has ended the transaction: this error must not stand in for that one.
      if (!(error instanceof Error) || !/no transaction is active/.test(error.message)) throw error;
    }
  }

  async destroy(): Promise<void> {
    for (const { duckdb } of this.idle.splice(0)) duckdb.closeSync();
  }
}

/** Kysely's dialect for DuckDB: PostgreSQL's compiler, our driver; no introspection. */
export const duckDbDialect = ({ connect }: DuckDb): Dialect => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DuckDbDriver(connect),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (_: Kysely<unknown>) => {
    throw new Error("introspection is not used with DuckDB");
  },
});
