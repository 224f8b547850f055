/** The catalogue of indicators: all of those asked for, each complete in both languages, and each measure one that plans. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CARE_EXPERIENCE } from "../../cli/demo/journals.ts";
import { planOf } from "../../protocol/plan/plan.ts";
import { checkCatalogue, readDataset, refOf, writeDataset } from "../../protocol/question/catalogue.ts";
import { definitionOf, type Indicator, readIndicators } from "../../protocol/question/indicator.ts";
import { LANGUAGES } from "../../protocol/values/language.ts";
import { toNumber } from "../../protocol/values/rational.ts";
import { queryOf } from "../support/generate.ts";

const FOLDER = join(import.meta.dirname, "../../catalogue");
const ASKED = join(import.meta.dirname, "../../../shared/reference/indicators.json");
const indicators = readIndicators(JSON.parse(readFileSync(join(FOLDER, "indicators.json"), "utf8")));
const datasets = readdirSync(join(FOLDER, "datasets")).map(
  (name) => readDataset(new Uint8Array(readFileSync(join(FOLDER, "datasets", name)))).dataset,
);
const byRef = new Map(datasets.map((dataset) => [refOf(dataset), dataset]));
const PERIODS = { year: "2025", quarter: "2025K1", month: "2025M01" } as const;

test.skipIf(!existsSync(ASKED))(
  "are those that are asked for, all 49 (skipped where ../shared is missing)",
  () => {
    const asked = JSON.parse(readFileSync(ASKED, "utf8")) as Array<{ id: string; labelSv: string }>;
    expect(indicators.map(({ id }) => id)).toEqual(asked.map(({ id }) => id));
    expect(indicators).toHaveLength(49);
  },
);

test("datasets agree with each other, and with the demonstration's, on what a period may cost", () => {
  expect(() => checkCatalogue([...datasets, writeDataset(CARE_EXPERIENCE).dataset])).not.toThrow();
  for (const { columns } of datasets)
    for (const { title } of Object.values(columns))
      expect(title?.sv !== undefined && title.en !== "").toBe(true);
});

describe.each(indicators.map((indicator) => [indicator.id, indicator] as const))("%s", (_, indicator) => {
  test("says in both languages what is counted of whom", () => {
    for (const language of LANGUAGES) {
      const text = definitionOf(indicator, language);
      expect(text).toMatch(/^\p{Lu}.*\.$/u);
      expect(text).not.toMatch(/undefined|\.\.|,,/);
    }
  });

  test("is measured by a plan that the catalogue bears, with every breakdown; or says how else, or why not", () => {
    const { produced } = indicator;
    if (produced.by !== "measure") return expect(["derived", "operational", "nobody"]).toContain(produced.by);
    const dataset = byRef.get(produced.dataset) ?? expect.fail(`there is no dataset ${produced.dataset}`);
    for (const column of indicator.breakdowns) expect(Object.keys(dataset.columns)).toContain(column);
    for (const release of ["regions", "national"] as const) {
      const plan = planOf(queryFor(indicator, release), dataset, 21);
      expect(plan.cells).toBeGreaterThan(0);
      expect(toNumber(plan.charge)).toBeGreaterThan(0);
    }
  });
});

/** A standing question of one indicator, by its first two breakdowns. */
function queryFor({ produced, breakdowns }: Indicator, release: "regions" | "national") {
  if (produced.by !== "measure") throw new Error("a measured indicator");
  const dataset = byRef.get(produced.dataset) ?? expect.fail();
  return queryOf({
    dataset: produced.dataset,
    periods: [PERIODS[dataset.period]],
    groupBy: breakdowns.slice(0, 2),
    measures: [produced.measure],
    ...(produced.where === undefined ? {} : { where: produced.where }),
    release,
    rho: "1/100",
    regions: "all",
    minRegions: 15,
  });
}

test("refuses what does not fit: an indicator twice, a measure by another id, a focus of its own", () => {
  const [one] = indicators;
  if (one === undefined) throw new Error("an indicator");
  const bad = [
    [one, one],
    [{ ...one, id: "another" }],
    [{ ...one, focus: "sales" }],
    [{ ...one, extra: 1 }],
    [],
  ];
  for (const value of bad)
    expect(() => readIndicators(value)).toThrow(expect.objectContaining({ code: "schema-mismatch" }));
});
