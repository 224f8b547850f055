/**
 * Do 95 % intervals hold the truth 95 % of the time? The demonstration's own federation, asked over HTTP, its noise
 * seeded through the argument; the truth computed from the journals' texts by another path.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CARE_EXPERIENCE, CARE_EXPERIENCE_MAPPING, journalOf, QUARTERS } from "../../cli/demo/journals.ts";
import { type Network, startNetwork } from "../../cli/demo/network.ts";
import { REGIONS } from "../../cli/demo/regions.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import type { Cell } from "../../protocol/release/cells.ts";
import { parseRational, toNumber } from "../../protocol/values/rational.ts";
import { readCsv } from "../support/csv.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CHEAP_SEAL, importText, released } from "../support/federation.ts";
import { type Weighted, weigh } from "../support/oracle.ts";
import { seededNoise } from "../support/seeded-noise.ts";

const folder = temporaryFolder();
let network: Network | undefined;
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

const document = writeDataset({ ...CARE_EXPERIENCE, budget: { rhoPerPeriod: "10", delta: "1e-9" } });
const numeric = Object.entries(document.dataset.columns).flatMap(([name, { kind }]) =>
  kind === "integer" ? [name] : [],
);

/** The weighted rows of a region, from the text of its journal and the key its node chose the five of many by. */
function truthOf(code: string, text: string): Weighted[] {
  const key = Buffer.from(
    readFileSync(join(folder.path, `node-${code}`, "pseudonym.key"), "utf8").trim(),
    "hex",
  );
  const rows = readCsv(text).map((row) => ({
    person: row["person_id"] ?? "",
    period: row["quarter"] ?? "",
    values: Object.fromEntries(
      Object.keys(document.dataset.columns).map((name) => {
        const value = row[name] ?? "";
        return [name, value === "" ? null : numeric.includes(name) ? Number(value) : value];
      }),
    ),
  }));
  return weigh(rows, document.dataset, key);
}

/** Weighted values of a column where it is not null. */
const known = (rows: readonly Weighted[], column: string) =>
  rows.flatMap(({ weight, values }) =>
    values[column] === null ? [] : [{ w: weight / 60, v: Number(values[column]) }],
  );

function truth(measure: string, rows: readonly Weighted[], p: string | null | undefined): number {
  const total = (pairs: Array<{ w: number; v: number }>, f: (v: number) => number = () => 1) =>
    pairs.reduce((sum, { w, v }) => sum + w * f(v), 0);
  if (measure === "persons") return rows.reduce((sum, { weight }) => sum + weight / 60, 0);
  if (measure === "heard") {
    const pairs = known(rows, "respect");
    return total(pairs, (v) => (v >= 70 ? 1 : 0)) / total(pairs);
  }
  const pairs = known(rows, measure === "mean" ? "listening" : measure === "spread" ? "clarity" : "effect");
  if (measure === "mean") return total(pairs, (v) => v) / total(pairs);
  if (measure === "spread")
    return total(pairs, (v) => v * v) / total(pairs) - (total(pairs, (v) => v) / total(pairs)) ** 2;
  const goal = toNumber(parseRational(p ?? "")) * total(pairs) - 1e-9;
  let below = 0;
  for (const { w, v } of pairs.sort((a, b) => a.v - b.v)) {
    below += w;
    if (below >= goal) return v;
  }
  return Number.NaN;
}

/** Rows by the place of the cells they lie in: every combination that the two queries below publish. */
function placed(rows: ReadonlyMap<string, readonly Weighted[]>): Map<string, Weighted[]> {
  const groups = new Map<string, Weighted[]>();
  for (const [region, own] of rows) {
    for (const row of own) {
      const { sex, age_group } = row.values;
      for (const place of [
        placeOf(region, row.period, sex, age_group),
        placeOf(region, row.period, sex, undefined),
      ]) {
        const group = groups.get(place);
        if (group === undefined) groups.set(place, [row]);
        else group.push(row);
      }
    }
  }
  return groups;
}

const placeOf = (...parts: unknown[]): string => JSON.stringify(parts.map((part) => part ?? null));

/** Small and middling: what is rare there is rarest. Noise is each release's own, so four of five regions say as much as one of 21. */
const CODES = ["07", "09", "18", "21", "23"];
const chosen = REGIONS.filter(({ code }) => CODES.includes(code));
const RELEASES = 4;

test("coverage of counts, means, shares, variances and quantiles, by region and for the nation", async () => {
  const texts = new Map<string, string>();
  network = await startNetwork(
    folder.path,
    {
      name: "Coverage",
      regions: chosen,
      datasets: [document],
      approvals: 1,
      logged: false,
      sealCost: CHEAP_SEAL,
    },
    {
      draw: seededNoise("coverage"),
      tick: 1,
      prepare: async (node) => {
        const region = chosen.find(({ code }) => code === node.config.code);
        if (region === undefined) throw new Error("a region of the list");
        const text = journalOf(region, Math.round(region.population / 50), 1);
        texts.set(region.code, text);
        await importText(node, "care-experience@1", readMapping(CARE_EXPERIENCE_MAPPING), text, folder.path);
      },
    },
  );
  const rows = new Map([...texts].map(([code, text]) => [code, truthOf(code, text)]));
  rows.set("00", [...rows.values()].flat());
  const asked = { dataset: "care-experience@1", periods: [...QUARTERS], minRegions: 5 };
  const cells: Cell[] = [];
  for (let release = 0; release < RELEASES; release++) {
    const sums = await released(network, {
      ...asked,
      groupBy: ["sex", "age_group"],
      measures: [
        { id: "persons", kind: "count" },
        { id: "mean", kind: "mean", column: "listening" },
        { id: "heard", kind: "share", predicate: { column: "respect", between: [70, 100] } },
        { id: "spread", kind: "variance", column: "clarity" },
      ],
      rho: "1",
    });
    const quantiles = await released(network, {
      ...asked,
      groupBy: ["sex"],
      measures: [
        { id: "quantile", kind: "quantile", column: "effect", probabilities: ["1/10", "1/2", "9/10"] },
      ],
      rho: "1",
    });
    cells.push(...sums.cells, ...quantiles.cells);
  }
  const counts = new Map<string, { inside: number; all: number }>();
  const groups = placed(rows);
  for (const cell of cells) {
    const { region, period, sex, age_group: age } = cell.at as Record<string, string | undefined>; // Keys of the queries below.
    const own = groups.get(placeOf(region, period, sex, age)) ?? [];
    const count = counts.get(cell.measure) ?? { inside: 0, all: 0 };
    counts.set(cell.measure, count);
    count.all++;
    // A set without bounds is the set it is: it holds the truth.
    if (cell.low === null || cell.high === null) {
      count.inside++;
      continue;
    }
    const exact = truth(cell.measure, own, cell.at["p"]);
    if (cell.low <= exact && exact <= cell.high) count.inside++;
  }
  const share = (names: string[]) => {
    const parts = names.map((name) => counts.get(name) ?? { inside: 0, all: 0 });
    return {
      all: parts.reduce((sum, { all }) => sum + all, 0),
      of: parts.reduce((sum, { inside }) => sum + inside, 0) / parts.reduce((sum, { all }) => sum + all, 0),
    };
  };
  for (const [name] of counts)
    console.log(`coverage ${name}: ${(100 * share([name]).of).toFixed(2)} % of ${share([name]).all}`);
  const pooled = share(["persons", "mean", "heard", "spread"]);
  console.log(`coverage pooled: ${(100 * pooled.of).toFixed(2)} % of ${pooled.all}`);
  expect(pooled.all).toBeGreaterThan(4_000);
  expect(pooled.of).toBeGreaterThan(0.93);
  expect(pooled.of).toBeLessThan(0.97);
  expect(share(["quantile"]).of).toBeGreaterThanOrEqual(0.93);
});
