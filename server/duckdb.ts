/**
 * DuckDB inside the process, spoken to through Kysely in PostgreSQL's dialect. Numbers are bound with explicit
 * types, so that a parameter never turns an integer comparison into one of floats.
 */
import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
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
import { deadlineIn } from "./deadline.ts";
import { syncPath } from "./disk.ts";

export type DuckDb = {
  /** The one that is open now: `rewrite` opens another. */
  readonly instance: DuckDBInstance;
  /** A connection of the caller's own, who closes it, and lets no `rewrite` begin before. */
  readonly connect: () => Promise<DuckDBConnection>;
  /** Connections that statements share. */
  readonly shared: Shared;
  /**
   * Copies what stands in the file into a new one, which takes its place: what was deleted stays in DuckDB's files after
   * checkpoints and vacuums alike. Statements wait meanwhile, and those under way are waited for; refuses
   * (`unavailable`) where they take too long. Killed anywhere, it leaves the old file or the new one, each whole.
   */
  readonly rewrite: () => Promise<void>;
};

/** Opens a file, or `:memory:`. Extensions are never downloaded, and SQL cannot change that. */
export async function openDuckDb(
  path: string,
  options: { threads: number; memory: string; spill: string },
): Promise<DuckDb> {
  const next = `${path}.next`;
  let instance = await open(path, options);
  // Once the file is this process's: before, another may be writing it anew.
  for (const left of [next, `${next}.wal`]) rmSync(left, { force: true });
  const shared = sharedOf(() => instance.connect());
  return {
    get instance() {
      return instance;
    },
    connect: () => instance.connect(),
    shared,
    rewrite: () =>
      shared.alone(async () => {
        await copyInto(next, instance);
        instance.closeSync();
        try {
          // Beside another file's, it would be taken for this one's: closing has emptied it into the old file.
          if (existsSync(`${path}.wal`)) throw new Error("expected no statements outside the file");
          chmodSync(next, 0o600);
          renameSync(next, path);
          syncPath(dirname(path));
        } finally {
          instance = await open(path, options);
        }
      }),
  };
}

/** Makes a new file of all that stands in a database, and has it on disk when it returns. */
async function copyInto(next: string, instance: DuckDBInstance): Promise<void> {
  rmSync(next, { force: true });
  const connection = await instance.connect();
  try {
    const [[name] = []] = (await connection.runAndReadAll("select current_database()")).getRows();
    await connection.run("checkpoint");
    await connection.run(`attach '${next.replaceAll("'", "''")}' as rewritten`);
    await connection.run(`copy from database "${String(name)}" to rewritten`);
    await connection.run("detach rewritten");
  } finally {
    connection.closeSync();
  }
  syncPath(next);
}

async function open(
  path: string,
  options: { threads: number; memory: string; spill: string },
): Promise<DuckDBInstance> {
  const settings = {
    threads: String(options.threads),
    memory_limit: options.memory,
    temp_directory: join(options.spill, "spill.tmp"),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    preserve_insertion_order: "true",
  };
  return await DuckDBInstance.create(path, settings).catch((cause: unknown) => {
    if (cause instanceof Error && /lock/i.test(cause.message)) {
      throw new Refusal("unavailable", `expected ${path} to be free; another process has it open`, { cause });
    }
    throw cause;
  });
}

export type Shared = {
  readonly take: () => Promise<DuckDBConnection>;
  readonly giveBack: (connection: DuckDBConnection) => void;
  /** While nobody else has one, and with none open. Refuses (`unavailable`) where that does not come to be. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  readonly close: () => void;
};

/** How long statements under way are waited for, in milliseconds; were one waiting for another, it would be for ever. */
const PATIENCE = 60_000;

function sharedOf(connect: () => Promise<DuckDBConnection>): Shared {
  const idle: DuckDBConnection[] = [];
  let taken = 0;
  let gate: Promise<void> | null = null;
  let drained: () => void = () => undefined;
  const close = () => {
    for (const connection of idle.splice(0)) connection.closeSync();
  };
  const left = () => {
    taken--;
    if (taken === 0) drained();
  };
  return {
    take: async () => {
      while (gate !== null) await gate;
      taken++;
      try {
        return idle.pop() ?? (await connect());
      } catch (error) {
        left();
        throw error;
      }
    },
    giveBack: (connection) => {
      idle.push(connection);
      left();
    },
    alone: async (work) => {
      while (gate !== null) await gate;
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      const deadline = deadlineIn(PATIENCE);
      try {
        const nobody = new Promise<void>((done) => {
          drained = done;
          if (taken === 0) done();
          deadline.signal.addEventListener("abort", () => done());
        });
        await nobody;
        if (taken > 0)
          throw new Refusal("unavailable", "expected the statements under way to end within a minute");
        close();
        await work();
      } finally {
        deadline.stop();
        gate = null;
        resolve();
      }
    },
    close,
  };
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
  readonly shared: Shared;

  constructor(shared: Shared) {
    this.shared = shared;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    return new Connection(await this.shared.take());
  }

  async releaseConnection({ duckdb }: Connection): Promise<void> {
    this.shared.giveBack(duckdb);
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
    this.shared.close();
  }
}

/** Kysely's dialect for DuckDB: PostgreSQL's compiler, our driver; no introspection. */
export const duckDbDialect = ({ shared }: DuckDb): Dialect => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DuckDbDriver(shared),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (_: Kysely<unknown>) => {
    throw new Error("introspection is not used with DuckDB");
  },
});
