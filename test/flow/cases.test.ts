/**
 * Small files that went wrong somewhere, through the whole import: who is one person in them, and which texts are the
 * same. Folders of our own, and those beside this project where they are (said where they are not).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { fillQuery } from "../../cli/client/ask.ts";
import { runPlan } from "../../node/answer/sums.ts";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeStore, prepareNode } from "../../node/store/database.ts";
import { planOf } from "../../protocol/plan/plan.ts";
import { Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { ENGINES, type Engine, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";

const OWN = join(import.meta.dirname, "../fixtures/cases");
/** Beside the project, however deep its folder lies. */
const SHARED = ["../../../shared/cases", "../../../../shared/cases"]
  .map((path) => join(import.meta.dirname, path))
  .find((path) => existsSync(path));

type Expected = {
  /** Persons in the query's cells, one after the other: of the two quarters, unless the case asks otherwise. */
  readonly persons: readonly number[];
  readonly rejected?: number;
  /** What stands in the reject files, or in a refusal. */
  readonly says?: RegExp;
  readonly warnings?: readonly string[];
  readonly leftOut?: number;
};

const EXPECTED: Readonly<Record<string, Expected>> = {
  "identity-forms": { persons: [0, 1], warnings: ["mixed-forms"] },
  // The number has no right check digit: two texts, and it is said that they may be one person.
  "identity-leading-zero": { persons: [0, 2], warnings: ["leading-zeros", "whole-numbers"] },
  "identity-samordningsnummer": { persons: [1], warnings: ["mixed-forms"] },
  "identity-scientific": { persons: [0, 0], rejected: 12, says: /a number that a spreadsheet has shortened/ },
  "normal-form": { persons: [0, 2] },
  "normal-form-header": { persons: [0, 1] },
  // kvinna, man, annat kön, not known.
  "normal-form-others": { persons: [0, 0, 2, 1] },

  "identity-quoted": { persons: [0, 1], warnings: ["mixed-forms"] },
  "identity-nobody": { persons: [0, 0], rejected: 8, says: /stands for no one/ },
  "identity-formats": { persons: [0, 1], rejected: 2, warnings: ["mixed-forms", "whole-numbers"] },
  "identity-century": { persons: [1, 1], warnings: ["mixed-forms"] },
  "identity-text": { persons: [0, 1] },
  "identity-reserve": {
    persons: [0, 2],
    rejected: 2,
    says: /not a personal, coordination or reserve number/,
  },
  // Three writings that are not read are three texts, and it is said so; a fourth is a number with decimals.
  "identity-punctuated": { persons: [0, 4], rejected: 1, warnings: ["unread-numbers"] },
  "normal-form-mapping": { persons: [0, 2], leftOut: 1 },
  "normal-form-invisible": {
    persons: [0, 1],
    rejected: 2,
    says: /Öppen\\u\{200b\}vård(.|\n)*Öppenv\\u\{430\}rd/,
  },
  "normal-form-headers": { persons: [0, 0], says: /expected one source column named "kön"/ },
};

/** Staging is DuckDB's whatever the store: these show that what follows is alike. */
const ON_BOTH = ["identity-forms", "identity-formats", "identity-leading-zero", "normal-form-mapping"];

const folders = (root: string | undefined): string[] =>
  root === undefined
    ? []
    : readdirSync(root)
        .filter((name) => /^(identity|normal-form)/.test(name))
        .map((name) => join(root, name));

const Federation = z.looseObject({
  regions: z.array(
    z.looseObject({ imports: z.array(z.looseObject({ mapping: z.string(), files: z.array(z.string()) })) }),
  ),
});
const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** What a case imports, in order, and what is asked of it. */
function caseIn(folder: string) {
  const told = join(folder, "federation.json");
  const imports = existsSync(told)
    ? (Federation.parse(read(told)).regions[0]?.imports ?? [])
    : [
        {
          mapping: "mapping.json",
          files: readdirSync(folder)
            .filter((name) => name !== "mapping.json")
            .sort(),
        },
      ];
  const own = join(folder, "persons.query.json");
  const query = existsSync(own)
    ? read(own)
    : {
        dataset: "visits@1",
        title: "Persons",
        purpose: "A try.",
        periods: ["2025K4", "2026K1"],
        groupBy: [],
        measures: [{ id: "persons", kind: "count" }],
        release: "regions",
        regions: "all",
        minRegions: 1,
        pool: false,
        rho: "100",
      };
  const dataset = [join(folder, "visits.dataset.json"), join(OWN, "visits.dataset.json")].find((path) =>
    existsSync(path),
  );
  return { imports, query, draft: Dataset.parse(read(dataset ?? "")) };
}

type Came = { readonly persons: number[]; readonly reports: ImportReport[]; readonly said: string };

/** Imports a case's files into a node of its own, and counts persons without noise. */
async function run(folder: string, engine: Engine): Promise<Came> {
  const { path, remove } = temporaryFolder();
  const store: NodeStore = await openNodeStore(engine, path);
  try {
    const { imports, query, draft } = caseIn(folder);
    const { dataset } = writeDataset(draft);
    await prepareNode(store, [dataset]);
    const key = (byte: number) => new Uint8Array(32).fill(byte);
    const context = {
      store,
      keys: { pseudonym: key(1), record: key(2), encryption: key(3) },
      data: path,
      threads: 1,
      now: () => new Date("2026-04-01T00:00:00Z"),
      random: systemRandom,
      onProgress: () => undefined,
    };
    const reports: ImportReport[] = [];
    let said = "";
    for (const { mapping, files } of imports)
      for (const file of files) {
        const request = {
          dataset,
          mapping: readMapping(read(join(folder, mapping))),
          path: join(folder, file),
          dryRun: false,
        };
        try {
          const report = await importFile(request, context);
          reports.push(report);
          if (report.rejects !== null) said += readFileSync(report.rejects, "utf8");
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          said += error.message;
        }
      }
    return { persons: await personsOf(dataset, query, store), reports, said };
  } finally {
    await store.close();
    remove();
  }
}

async function personsOf(dataset: Dataset, query: unknown, store: NodeStore): Promise<number[]> {
  const filled = fillQuery(query, Hash.parse(`sha256:${"0".repeat(64)}`), "asker", new Date(0), systemRandom);
  const sums = await runPlan(planOf(filled, dataset), store);
  return sums.map((sum) => Number(sum) / 60);
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

describe.each([
  { where: "of our own", root: OWN, unstated: [] },
  { where: "beside the project", root: SHARED, unstated: expect.any(Array) },
])("cases $where", ({ root, unstated }) => {
  const named = folders(root).map((folder) => ({ folder, name: folder.split("/").at(-1) ?? "" }));
  test.skipIf(root === undefined)("are there, and ours have their right values here", () => {
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ name }) => !Object.hasOwn(EXPECTED, name))).toEqual(unstated);
  });

  test.for(
    named.flatMap((each) =>
      ENGINES.filter((engine) => engine === "duckdb" || ON_BOTH.includes(each.name)).map((engine) => ({
        ...each,
        engine,
      })),
    ),
  )("$name on $engine", async ({ folder, name, engine }, { skip }) => {
    if (missing(engine)) skip("no PostgreSQL here");
    const expected = EXPECTED[name];
    if (expected === undefined) return skip("its right value is not stated here");
    const { persons, rejected = 0, says, warnings = [], leftOut = 0 } = expected;
    const came = await run(folder, engine);
    expect(came.persons).toEqual(persons);
    expect(total(came.reports.map((report) => report.rejected))).toBe(rejected);
    expect(total(came.reports.map((report) => report.leftOut))).toBe(leftOut);
    if (says !== undefined) expect(came.said).toMatch(says);
    const kinds = came.reports.flatMap((report) => report.warnings.map(({ kind }) => kind));
    expect([...new Set(kinds)].sort()).toEqual([...warnings]);
  });
});

afterAll(() => {
  if (SHARED === undefined) console.log("no cases beside the project: only our own were tried");
});
