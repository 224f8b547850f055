/** What the demonstration shows: made-up regions, or a folder's own data, and the questions that they are asked. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { Mapping, readMapping } from "../../node/import/mapping.ts";
import { RHO_PER_YEAR } from "../../protocol/federation/accounts.ts";
import type { CalendarDraft } from "../../protocol/plan/calendar.ts";
import {
  type DatasetDocument,
  DatasetRef,
  readDataset,
  writeDataset,
} from "../../protocol/question/catalogue.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { RegionCode } from "../../protocol/values/names.ts";
import { RationalText } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { textOf } from "../../protocol/values/text.ts";
import {
  CARE_EXPERIENCE,
  CARE_EXPERIENCE_MAPPING,
  DEMO_QUERY,
  journalOf,
  QUARTERS,
  RARE_QUERY,
} from "./journals.ts";
import { REGIONS } from "./regions.ts";
import { demoCalendar, registersOf, standingDatasets } from "./standing-releases.ts";

export type Import = {
  readonly dataset: string;
  readonly mapping: Mapping;
  readonly path: string;
  /** The periods that are delivered with it; unless said, those that its rows fall in. */
  readonly covers?: string | undefined;
};
/** What is demonstrated: regions with data to import, and what is asked of them. */
export type Scenario = {
  readonly name: string;
  readonly datasets: readonly DatasetDocument[];
  readonly regions: ReadonlyArray<{
    readonly code: string;
    readonly name: string;
    /** What the questions are of: taken in before anybody asks. */
    readonly imports: () => Import[];
    /** What only the calendar is of: taken in before it runs, so that nobody waits for it who reads the first answers. */
    readonly later: () => Import[];
  }>;
  readonly queries: readonly unknown[];
  /** A question to ask in both ways, of the regions and of the nation alone. */
  readonly rare: object | null;
  /** Standing releases; null where there are none. */
  readonly calendar: CalendarDraft | null;
  readonly approvals: number;
  /** The most ρ of one person and year; undefined where it is what the datasets' budgets come to. */
  readonly rhoPerYear?: string | undefined;
};

/** How many regions, rows in all (0: one for every 50 inhabitants), and the seed of what is made up. */
type MadeUp = { readonly regions: number; readonly rows: number; readonly seed: number };
type Environment = Readonly<Record<string, string | undefined>>;

const FileName = z.string().min(1).max(1000);
const FederationFile = z.strictObject({
  datasets: z.array(FileName).min(1).max(100),
  regions: z
    .array(
      z.strictObject({
        code: RegionCode,
        name: textOf(100),
        imports: z
          .array(
            z.strictObject({
              dataset: z.string().max(60),
              mapping: FileName,
              files: z.array(FileName).min(1).max(1000),
              covers: z.string().min(1).max(1000).optional(),
            }),
          )
          .max(100),
      }),
    )
    .min(1)
    .max(1000),
  queries: z.array(FileName).min(1).max(100),
  approvals: z.int().min(1).max(20),
  /** The most ρ of one person and year, in its parts; unless said, what the datasets' budgets come to, in no parts. */
  rhoPerYear: RationalText.optional(),
});

/** Regions with journals and registers that are made up, written into a folder as each is imported. */
export function madeUp({ regions: count, rows, seed }: MadeUp, folder: string): Scenario {
  const chosen = REGIONS.slice(0, count);
  const population = chosen.reduce((sum, region) => sum + region.population, 0);
  const sources = join(folder, "journals");
  mkdirSync(sources, { mode: 0o700 });
  return {
    name: "Brus demonstration",
    datasets: [writeDataset(CARE_EXPERIENCE), ...standingDatasets()],
    regions: chosen.map((region) => ({
      ...region,
      imports: () => {
        const path = join(sources, `${region.code}.csv`);
        const share = rows === 0 ? region.population / 50 : (rows * region.population) / population;
        writeFileSync(path, journalOf(region, Math.max(1, Math.round(share)), seed), { mode: 0o600 });
        const mapping = readMapping(CARE_EXPERIENCE_MAPPING);
        return [{ dataset: "care-experience@1", mapping, path, covers: QUARTERS.join(",") }];
      },
      later: () => registersOf(sources, region, seed, rows === 0 ? 1 : (50 * rows) / population),
    })),
    queries: [{ ...DEMO_QUERY, minRegions: Math.min(DEMO_QUERY.minRegions, chosen.length) }],
    // A secure sum of one region would be that region's figure.
    rare:
      chosen.length < 2
        ? null
        : { ...RARE_QUERY, minRegions: Math.min(RARE_QUERY.minRegions, chosen.length) },
    calendar: demoCalendar(chosen.length),
    approvals: 2,
    rhoPerYear: RHO_PER_YEAR,
  };
}

/** A folder's own data, as its `federation.json` describes it. */
export function fromFolder(folder: string, environment: Environment): Scenario {
  const base = resolve(folder);
  const read = (name: string): Uint8Array => {
    try {
      return readFileSync(resolve(base, withVariables(name, environment)));
    } catch (cause) {
      throw new Refusal("config-invalid", `expected a readable file ${name} in ${folder}`, { cause });
    }
  };
  const file = parseWith(
    FederationFile,
    parseJson(read("federation.json")),
    "federation.json",
    "config-invalid",
  );
  const datasets = file.datasets.map((name) => readDataset(read(name)));
  const latest = new Map(
    datasets.map(({ dataset }) => [dataset.dataset, `${dataset.dataset}@${dataset.version}`]),
  );
  return {
    name: "Brus demonstration on your data",
    datasets,
    regions: file.regions.map(({ code, name, imports }) => ({
      code,
      name,
      imports: () =>
        imports.flatMap(({ dataset, mapping, files, covers }) => {
          const parsed = parseWith(Mapping, parseJson(read(mapping)), mapping, "mapping-unfit");
          const ref = parseWith(DatasetRef, latest.get(dataset) ?? dataset, "dataset");
          return files.map((each) => ({
            dataset: ref,
            mapping: parsed,
            path: resolve(base, withVariables(each, environment)),
            covers,
          }));
        }),
      later: () => [],
    })),
    queries: file.queries.map((name) => parseJson(read(name))),
    rare: null,
    calendar: null,
    approvals: file.approvals,
    rhoPerYear: file.rhoPerYear,
  };
}

/** `${NAME}` in a path stands for an environment variable, so that data need not lie beside the description. */
function withVariables(path: string, environment: Environment): string {
  return path.replaceAll(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined)
      throw new Refusal("usage", `expected the variable ${name} to say where ${path} is`);
    return value;
  });
}
