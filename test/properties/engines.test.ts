/** For generated catalogues, tables and queries, DuckDB, PostgreSQL and an oracle in memory give the same integers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { runPlan } from "../../node/answer/sums.ts";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeStore, prepareNode } from "../../node/store/database.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import type { Query } from "../../protocol/question/query.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { ENGINES, type Engine, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { caseOf, csvOf, plainMapping } from "../support/generate.ts";
import { evaluate, weigh } from "../support/oracle.ts";

const TABLES = process.env["BRUS_SOAK"] === undefined ? 75 : 2_500;
/** Taking rows in costs most: each table is asked so many questions. */
const QUERIES = 4;
const KEY = new Uint8Array(32).fill(7);

/** Null where its bounds are too wide for 62 bits. */
function plannedOf(query: Query, dataset: Dataset): Plan | null {
  try {
    return planOf(query, dataset);
  } catch (error) {
    if (error instanceof Refusal && error.code === "column-unfit") return null;
    throw error;
  }
}

const reversed = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).reverse());

describe.each(ENGINES)("%s", (engine: Engine) => {
  const folder = temporaryFolder();
  let store: NodeStore | undefined;
  afterAll(async () => {
    await store?.close();
    folder.remove();
  });

  const name = `gives the oracle's integers in ${QUERIES} generated queries of each of ${TABLES} generated tables`;
  test.skipIf(missing(engine))(name, async () => {
    store = await openNodeStore(engine, folder.path);
    const database = store;
    let count = 0;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        caseOf(() => `gen-${count++}`, QUERIES),
        async ({ dataset: draft, rows, queries }) => {
          const { dataset } = writeDataset(draft);
          await prepareNode(database, [dataset]);
          // In two files, so that the second finds persons and periods of the first; another column order, another hash.
          const cut = Math.floor(rows.length / 2);
          const context = {
            store: database,
            keys: { pseudonym: KEY, record: KEY, encryption: null },
            data: folder.path,
            threads: 1,
            now: () => new Date(0),
            random: systemRandom,
          };
          for (const [index, part] of [rows.slice(0, cut), rows.slice(cut)].entries()) {
            const shape = { ...draft, columns: index === 0 ? draft.columns : reversed(draft.columns) };
            const path = join(folder.path, `${draft.dataset}-${index}.csv`);
            writeFileSync(path, csvOf(part, shape));
            const request = { dataset, mapping: readMapping(plainMapping(draft)), path, dryRun: false };
            const report = await importFile(request, { ...context, onProgress: () => undefined });
            expect(report.rejected).toBe(0);
            if (report.outcome === "taken") expect(report.rows).toBe(part.length);
            else expect(part.length).toBe(0); // Nothing but a header, twice.
          }
          const weighted = weigh(rows, dataset, KEY);
          for (const query of queries) {
            const plan = plannedOf(query, dataset);
            if (plan === null) continue;
            compared++;
            expect(await runPlan(plan, database)).toEqual(evaluate(plan, weighted));
          }
        },
      ),
      { numRuns: TABLES, seed: 20261122, endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(QUERIES * TABLES * 0.8);
  });
});
