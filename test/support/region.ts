/** A region's store, keys and list without its node: filled, left, closed, restored and looked into. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterEach } from "vitest";
import { fillQuery } from "../../cli/client/ask.ts";
import { runPlan } from "../../node/answer/sums.ts";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import { type BadLine, type Change, Leaving } from "../../node/people/leaving.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeDatabase, type NodeStore, prepareNode } from "../../node/store/database.ts";
import { loadPersonKeys, type PersonKeys, rekey } from "../../node/store/people.ts";
import { planOf } from "../../protocol/plan/plan.ts";
import { type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { openStore } from "../../server/database.ts";
import { databaseUrlFor, type Engine, temporaryFolder } from "./engines.ts";
import { CARE, DRAFT } from "./federation.ts";
import { plainMapping } from "./generate.ts";
import { evaluate, type Row, weigh } from "./oracle.ts";

export const HEAD = "person,period,sex,unit,score,flag";

const DIRECTORY = hashOf(utf8("none"));

/** Makes regions, each in a folder of its own, for one test after another: `made` is undone after each, the last first. */
export function regionsOfATest() {
  const made: Array<() => Promise<void>> = [];
  afterEach(async () => {
    for (const undo of made.splice(0).reverse()) await undo();
  });
  const regionOn = async (engine: Engine, keepIdentities = true): Promise<Region> => {
    const folder = temporaryFolder();
    const region = await Region.make(folder.path, engine, keepIdentities);
    made.push(async () => {
      await region.close();
      folder.remove();
    });
    return region;
  };
  return { made, regionOn };
}

export class Region {
  readonly dataset: Dataset = writeDataset(CARE).dataset;
  readonly data: string;
  readonly secrets: string;
  readonly keepIdentities: boolean;
  readonly #url: string | undefined;
  #opened: { store: NodeStore; leaving: Leaving; keys: PersonKeys } | null = null;
  #files = 0;
  now: () => Date = () => new Date("2026-12-01T12:00:00Z");

  private constructor(folder: string, url: string | undefined, keepIdentities: boolean) {
    this.data = join(folder, "data");
    this.secrets = join(folder, "secrets");
    this.#url = url;
    this.keepIdentities = keepIdentities;
    mkdirSync(this.secrets, { recursive: true });
  }

  static async make(folder: string, engine: Engine, keepIdentities = true): Promise<Region> {
    const region = new Region(folder, await databaseUrlFor(engine), keepIdentities);
    await region.open();
    return region;
  }

  get opened() {
    if (this.#opened === null) throw new Error("a region that is open");
    return this.#opened;
  }

  get store(): NodeStore {
    return this.opened.store;
  }

  /** As a node does, before it answers anything. `before` sees the store as it was left. */
  async open(before: (store: NodeStore) => Promise<void> = async () => undefined): Promise<void> {
    const { data, secrets, dataset } = this;
    const store = await openStore<NodeDatabase>("node", {
      data,
      databaseUrl: this.#url,
      threads: 2,
      memory: "1GB",
    });
    try {
      await before(store);
      await prepareNode(store, [dataset]);
      const keys = await loadPersonKeys(secrets, this.keepIdentities, store, systemRandom);
      const leaving = await Leaving.open({
        folder: secrets,
        store,
        data,
        threads: 2,
        now: () => this.now(),
        random: systemRandom,
        keys: () => this.#opened?.keys ?? keys,
        datasets: () => [dataset],
      });
      await leaving.settle();
      this.#opened = { store, leaving, keys };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#opened?.store.close();
    this.#opened = null;
  }

  async take(
    text: string,
    options: { name?: string; replace?: boolean; mapping?: object } = {},
  ): Promise<ImportReport> {
    const { store, keys, leaving } = this.opened;
    const path = join(this.data, options.name ?? `file-${this.#files++}.csv`);
    writeFileSync(path, text);
    const mapping = readMapping({ ...plainMapping(CARE), ...options.mapping });
    const request = {
      dataset: this.dataset,
      mapping,
      path,
      dryRun: false,
      replace: options.replace ?? false,
    };
    const { data, now } = this;
    const { listed } = leaving;
    const context = { store, keys, listed, data, threads: 2, now, random: systemRandom };
    return await importFile(request, { ...context, onProgress: () => undefined });
  }

  async rekey(): Promise<void> {
    const { store, keys, leaving } = this.opened;
    this.#opened = { store, leaving, keys: await rekey(this.secrets, keys, store, systemRandom) };
    await leaving.settle();
  }

  async leave(change: Change, lines: readonly string[], strict = false): Promise<readonly BadLine[]> {
    return await this.opened.leaving.change(change, lines, strict);
  }

  /** The integers of an answer before noise: of counts and sums by sex. */
  async sums(): Promise<bigint[]> {
    return await runPlan(this.#plan(), this.store);
  }

  /** What they must be if only these rows count. */
  expected(rows: readonly Row[], key = this.opened.keys.pseudonym): bigint[] {
    return evaluate(this.#plan(), weigh(rows, this.dataset, key));
  }

  #plan() {
    const measures = [
      { id: "n", kind: "count" },
      { id: "s", kind: "sum", column: "score" },
    ];
    const draft = { ...DRAFT, groupBy: ["sex"], measures };
    return planOf(fillQuery(draft, DIRECTORY, "researcher", this.now(), systemRandom), this.dataset);
  }

  /** Everything that a dump of the store shows, as text. */
  async dump(): Promise<string> {
    const { kysely } = this.store;
    const tables = await kysely
      .selectFrom("information_schema.tables" as never)
      .select(["table_name" as never])
      .where("table_schema" as never, "in", ["public", "main"] as never)
      .execute();
    const all: string[] = [];
    for (const { table_name: name } of tables as Array<{ table_name: string }>)
      all.push(
        JSON.stringify(
          [
            name,
            await kysely
              .selectFrom(name as never)
              .selectAll()
              .execute(),
          ],
          (_, value) =>
            typeof value === "bigint" || value?.constructor?.name === "DuckDBUUIDValue"
              ? String(value)
              : value,
        ),
      );
    return all.join("\n");
  }

  /** Copies the closed store; gives what puts the copy in its place. */
  async backup(): Promise<() => Promise<void>> {
    const url = this.#url;
    if (url === undefined) {
      const file = join(this.data, "node.duckdb");
      copyFileSync(file, `${file}.backup`);
      return async () => copyFileSync(`${file}.backup`, file);
    }
    const name = new URL(url).pathname.slice(1);
    const run = async (...statements: string[]) => {
      const client = new pg.Client({ connectionString: url.replace(`/${name}`, "/postgres") });
      await client.connect();
      for (const statement of statements) await client.query(statement);
      await client.end();
    };
    await run(`create database ${name}_backup template ${name}`);
    return () => run(`drop database ${name}`, `create database ${name} template ${name}_backup`);
  }
}
