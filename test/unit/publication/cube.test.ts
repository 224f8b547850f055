/** Tables by indicator: codes found by name across a dataset's versions, and nothing published under a name that it only bears. */
import { expect, test } from "vitest";
import { planOf } from "../../../protocol/plan/plan.ts";
import { planTables } from "../../../protocol/plan/tables.ts";
import { meaningOf } from "../../../protocol/privacy/meaning.ts";
import { writeDataset } from "../../../protocol/question/catalogue.ts";
import { type Indicator, readIndicators } from "../../../protocol/question/indicator.ts";
import type { Query } from "../../../protocol/question/query.ts";
import { cellsOf, readCells } from "../../../protocol/release/cells.ts";
import type { Release } from "../../../protocol/release/release.ts";
import { parseRational } from "../../../protocol/values/rational.ts";
import { cubesOf, inOrder } from "../../../publication/cube.ts";
import type { StandingRelease } from "../../../publication/standing-release.ts";
import { HASH, queryOf } from "../../support/generate.ts";

const both = (text: string) => ({ sv: text, en: text });
const INDICATORS: Indicator[] = readIndicators([
  {
    id: "heard",
    name: both("Heard"),
    numerator: both("heard"),
    denominator: both("asked"),
    unit: both("share"),
    direction: "higher",
    focus: "participation",
    breakdowns: ["unit"],
    sources: "a test",
    official: null,
    produced: {
      by: "measure",
      dataset: "care@1",
      also: ["care-year@1"],
      measure: { id: "heard", kind: "share", predicate: { column: "heard", in: [true] } },
    },
  },
]);
const MEASURES: Query["measures"] = [
  { id: "heard", kind: "share", predicate: { column: "heard", in: [true] } },
];

function standingOf(
  version: number,
  units: string[],
  period: string,
  more: Partial<Query> = {},
  name = "care",
  kind: "quarter" | "year" = "quarter",
): StandingRelease {
  const { dataset } = writeDataset({
    dataset: name,
    version,
    title: both("Care"),
    person: "one person within one region",
    period: kind,
    rowsPerPerson: 5,
    maxPersons: 1_000_000,
    columns: { unit: { kind: "category", values: units }, heard: { kind: "boolean" } },
    budget: { rhoPerPeriod: "1", delta: "1e-9" },
  });
  const tables = planTables(dataset, [{ columns: [] }, { columns: ["unit"] }], "least-sum");
  const plan = planOf(
    queryOf({
      dataset: `${name}@${version}`,
      periods: [period],
      tables,
      measures: MEASURES,
      rho: "1/2",
      ...more,
    }),
    dataset,
  );
  // Any answer will do: what is looked for is where each figure stands.
  const answer = Array.from({ length: plan.length }, (_, at) => BigInt(600_000 + 7_000 * at));
  const table = cellsOf(plan, { answers: new Map([["01", answer]]), national: null });
  const release = {
    release: "regions",
    answers: [{ region: "01", hash: HASH }],
    national: null,
    missing: [],
    charge: "1/2",
    madeAt: "2026-01-01T00:00:00Z",
  } as unknown as Release; // So much of it as tables are made of.
  return { id: HASH as StandingRelease["id"], at: `2026-01-0${version}T00:00:00Z`, plan, release, table };
}

const context = {
  indicators: INDICATORS,
  labels: {},
  regions: new Map(),
  population: { source: "a test", note: both("a test"), persons: {} },
  year: meaningOf(parseRational("1")),
};

test("another version's categories are found by their codes; what it had not is not there", () => {
  const [old, young] = [standingOf(1, ["a", "b"], "2025K1"), standingOf(2, ["a", "new", "b"], "2025K2")];
  const [cube, ...others] = cubesOf([young, old], context);
  expect(others).toEqual([]);
  const codes = cube?.columns[0]?.values.map(({ code }) => code) ?? [];
  expect(codes).toEqual(["Tot", "a", "new", "b"]);
  for (const standing of [old, young])
    for (const code of codes) {
      const [period = ""] = standing.plan.periods;
      const figure = cube?.at({ region: "00", period, groups: { unit: code } });
      const expected = [...readCells(standing.plan, standing.table)].find(
        (cell) =>
          cell.at["region"] === "00" && (code === "Tot" ? !("unit" in cell.at) : cell.at["unit"] === code),
      );
      if (expected === undefined) expect(figure).toMatchObject({ value: null, flag: ":" });
      else expect(figure).toMatchObject({ value: expected.value, se: expected.se });
    }
});

test.each([
  ["of some rows alone", { where: { column: "unit", in: ["a"] } }, "care"],
  [
    "by another predicate",
    { measures: [{ id: "heard", kind: "share", predicate: { column: "heard", in: [false] } }] },
    "care",
  ],
  ["of another kind", { measures: [{ id: "heard", kind: "count" }] }, "care"],
  ["of another dataset", {}, "other"],
] as Array<[string, Partial<Query>, string]>)(
  "what bears an indicator's name %s is not published under it",
  (_, more, name) => {
    expect(cubesOf([standingOf(1, ["a", "b"], "2025K1", more, name)], context)).toEqual([]);
    expect(cubesOf([standingOf(1, ["a", "b"], "2025K1")], context)).toHaveLength(1);
  },
);

test("what is measured on a dataset beside the indicator's own has a table of its own, called by its kind of period", () => {
  const quarters = ["2026K1", "2026K2"].map((period) => standingOf(1, ["a", "b"], period));
  const year = standingOf(1, ["a", "b"], "2025", {}, "care-year", "year");
  const other = standingOf(1, ["a", "b"], "2025", {}, "care-other", "year");
  const cubes = cubesOf([...quarters, year, other], context);
  const found = new Map(cubes.map(({ id, periods }) => [id, periods.values.map(({ code }) => code)]));
  expect(found).toEqual(
    new Map([
      ["heard.unit", ["2026K1", "2026K2"]],
      ["heard.by-year.unit", ["2025"]],
    ]),
  );
  expect(inOrder(cubes, "regions").map(({ id }) => id)).toEqual(["heard.unit", "heard.by-year.unit"]);
  // The figures of each are its own release's.
  for (const cube of cubes)
    for (const { period, standing } of cube.releases) expect(standing.plan.periods).toEqual([period]);
});
