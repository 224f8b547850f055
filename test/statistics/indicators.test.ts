/**
 * All 49 indicators: each is released by the demonstration's own calendar and lies where its truth is, or says why it is
 * not produced. Truths are counted from the made-up registers' own texts, by another path. The stories planted there
 * come out, with certainty.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { federationIn } from "../../cli/demo/both-ways.ts";
import { type Network, startNetwork } from "../../cli/demo/network.ts";
import { REGIONS } from "../../cli/demo/regions.ts";
import { REGISTERS, type Register, registerOf, STORIES } from "../../cli/demo/registers.ts";
import {
  demoCalendar,
  registersOf,
  runStanding,
  standingDatasets,
} from "../../cli/demo/standing-releases.ts";
import { reportOf } from "../../cli/report/report.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { refOf } from "../../protocol/question/catalogue.ts";
import type { Measure } from "../../protocol/question/query.ts";
import { parseRational } from "../../protocol/values/rational.ts";
import { fetchResult, type Result } from "../../protocol/wire/fetch-release.ts";
import {
  gapBetween,
  groupTrendsOf,
  regionalVariation,
  regionsCompared,
  trendsOf,
  wideningIn,
} from "../../publication/comparisons.ts";
import { type Cube, cubesOf, everyAt } from "../../publication/cube.ts";
import { freshnessOf } from "../../publication/freshness.ts";
import { lifeExpectanciesOf, lifeExpectancy, lifeTableIn } from "../../publication/life-expectancy.ts";
import { unlikeIn, viewOf } from "../../publication/make-view.ts";
import { overviewOf } from "../../publication/overview.ts";
import type { StandingRelease } from "../../publication/standing-release.ts";
import { type View, viewed } from "../../publication/view.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { readCsv } from "../support/csv.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CHEAP_SEAL } from "../support/federation.ts";
import { holds, type Row, type Value, type Weighted, weigh } from "../support/oracle.ts";

const SEED = 1;
const CODES = ["01", "04", "07", "09", "12", "18"];
const chosen = REGIONS.filter(({ code }) => CODES.includes(code));
const folder = temporaryFolder();
let network: Network | undefined;
const results: Result[] = [];
const calendar = demoCalendar(CODES.length);
const released = [...new Set(calendar.entries.map(({ dataset }) => dataset))];
let cubes = new Map<string, Cube>();
const standings: StandingRelease[] = [];

beforeAll(async () => {
  const sources = join(folder.path, "sources");
  mkdirSync(sources);
  network = await startNetwork(
    folder.path,
    {
      name: "Indicators",
      regions: chosen,
      datasets: standingDatasets(),
      approvals: 2,
      approvers: 2,
      logged: false,
      sealCost: CHEAP_SEAL,
    },
    {
      tick: 1,
      prepare: async (node) => {
        const region = chosen.find(({ code }) => code === node.config.code) ?? expect.fail();
        for (const each of registersOf(sources, region, SEED, 1)) {
          const report = await node.import({ ...each, dryRun: false }, () => undefined);
          expect(report.rejected).toBe(0);
        }
      },
    },
  );
  const ran = await runStanding(network, calendar, 2);
  const federation = federationIn(network);
  for (const { query, status } of ran) {
    if (status?.release == null) throw new Error(`${query.title} was not released: ${status?.reason}`);
    const result = await fetchResult(network.client, federation, status.id);
    results.push(result);
    const { releaseId: id, plan, release, table } = result;
    standings.push({ id, at: result.query.notBefore, plan, release, table });
  }
  const regions = new Map(chosen.map(({ code, name }) => [code, name]));
  cubes = new Map(
    cubesOf(standings, { ...catalogueHere(), regions, labels: {}, year: meaningOf(parseRational("1")) }).map(
      (cube) => [cube.id, cube],
    ),
  );
});

afterAll(async () => {
  await network?.stop();
  folder.remove();
});

/** A region's rows as they count: every person weighs one, or is one row of what ever happened. */
function rowsOf(register: Register, dataset: Dataset, code: string): Weighted[] {
  const region = chosen.find((each) => each.code === code) ?? expect.fail();
  const typed = readCsv(registerOf(register, region, SEED)).map((row): Row => {
    const values = Object.entries(dataset.columns).map(([name, { kind }]): [string, Value] => {
      const text = row[name] ?? "";
      if (text === "") return [name, null];
      return [name, kind === "integer" ? Number(text) : kind === "boolean" ? text === "true" : text];
    });
    return {
      person: row["person_id"] ?? "",
      period: row["period"] ?? "",
      values: Object.fromEntries(values),
    };
  });
  if (register.summarise === undefined) {
    const key = Buffer.from(
      readFileSync(join(folder.path, `node-${code}`, "pseudonym.key"), "utf8").trim(),
      "hex",
    );
    return weigh(typed, dataset, key);
  }
  const persons = new Map<string, Weighted>();
  for (const row of typed) {
    const name = `${row.person} ${row.period}`;
    const known = persons.get(name);
    const any = (column: string): Value => {
      const both = [known?.values[column] ?? null, row.values[column] ?? null].filter(
        (value) => value !== null,
      );
      return both.length === 0 ? null : both.includes(true);
    };
    const values = Object.fromEntries(
      Object.entries(row.values).map(([column, value]) => [
        column,
        dataset.columns[column]?.kind === "boolean" ? any(column) : value,
      ]),
    );
    persons.set(name, { ...row, values, weight: 60 });
  }
  return [...persons.values()];
}

/** Numerator and denominator of a measure, as a row of weight 1 adds to them; a count has no denominator. */
function partsOf(measure: Measure, values: Row["values"]): [number, number] {
  switch (measure.kind) {
    case "count":
      return [measure.where === undefined || holds(measure.where, values) === true ? 1 : 0, 0];
    case "share": {
      const held = holds(measure.predicate, values);
      return [held === true ? 1 : 0, held === null ? 0 : 1];
    }
    case "mean": {
      const value = values[measure.column] ?? null;
      return value === null ? [0, 0] : [Number(value), 1];
    }
    default:
      throw new Error("no indicator is of another kind");
  }
}

/** Rows that were weighed once already, by dataset and region. */
const known = new Map<string, Weighted[]>();

/** The true figure of every place of a release. */
function truthsOf({ plan }: Result): Map<string, [number, number]> {
  const truths = new Map<string, [number, number]>();
  const register = REGISTERS.find(({ dataset }) => dataset === refOf(plan.dataset)) ?? expect.fail();
  const sets =
    plan.tables?.wanted.map((set) => set.flatMap((at) => plan.tables?.attributes[at]?.column ?? [])) ?? [];
  for (const code of CODES) {
    const name = `${refOf(plan.dataset)} ${code}`;
    const rows = known.get(name) ?? rowsOf(register, plan.dataset, code);
    known.set(name, rows);
    for (const { period, values, weight } of rows) {
      const places = sets.map((columns) => JSON.stringify(columns.map((column) => [column, values[column]])));
      for (const { measure } of plan.measures) {
        const [a, b] = partsOf(measure, values);
        if (a === 0 && b === 0) continue;
        for (const area of [code, "00"])
          for (const place of places) {
            const key = `${area} ${period} ${place} ${measure.id}`;
            const sums = truths.get(key) ?? [0, 0];
            sums[0] += (weight * a) / 60;
            sums[1] += (weight * b) / 60;
            truths.set(key, sums);
          }
      }
    }
  }
  return truths;
}

describe("every indicator", () => {
  test("is released, derived, of the release's own dates, or says why it is not produced", () => {
    const { indicators } = catalogueHere();
    expect(indicators).toHaveLength(49);
    const measured = new Set(results.flatMap(({ plan }) => plan.measures.map(({ measure }) => measure.id)));
    for (const { id, produced } of indicators) {
      if (produced.by === "measure") expect(measured, id).toContain(id);
      else if (produced.by === "nobody") expect(produced.why.en.length, id).toBeGreaterThan(20);
      else
        expect(
          ["life-expectancy-mental", "equity-gap", "regional-variation", "data-freshness"],
          id,
        ).toContain(id);
    }
  });

  test.each(released)("of %s lies where its truth is", (dataset) => {
    const own = results.filter(({ query }) => query.dataset === dataset);
    let [within, counted] = [0, 0];
    for (const result of own) {
      const truths = truthsOf(result);
      const kinds = new Map(result.plan.measures.map(({ measure }) => [measure.id, measure.kind]));
      for (const { at, measure, value, se, low, high } of result.cells) {
        if (value === null || se === null || low === null || high === null) continue;
        const { region, period, ...columns } = at;
        const [a, b] = truths.get(
          `${region} ${period} ${JSON.stringify(Object.entries(columns))} ${measure}`,
        ) ?? [0, 0];
        if (kinds.get(measure) !== "count" && b < 20) continue;
        const truth = kinds.get(measure) === "count" ? a : a / b;
        counted++;
        if (low <= truth && truth <= high) within++;
        if (Object.keys(columns).length === 0)
          expect(Math.abs(value - truth) / se, `${measure} ${JSON.stringify(at)}`).toBeLessThan(6);
      }
    }
    // What one indicator is measured on has few figures in six regions: of those, most.
    const figures = own.reduce((sum, { cells }) => sum + cells.length, 0);
    expect(counted).toBeGreaterThan(Math.min(100, 0.8 * figures));
    // Cells of a release share their noise: pooled coverage strays further than that of independent intervals.
    const slack = 0.02 + 3 / Math.sqrt(counted);
    expect(within / counted).toBeGreaterThan(0.95 - slack);
    expect(within / counted).toBeLessThan(Math.min(1.0001, 0.95 + slack));
  });
});

describe("what follows from them", () => {
  const cube = (id: string): Cube => cubes.get(id) ?? expect.fail(`no table ${id}`);

  test("a region's waiting improves, with certainty, and no other's does so much", () => {
    const { waiting } = STORIES;
    const trends = trendsOf(cube(`${waiting.indicator}.sex`));
    const own = trends.find(({ region }) => region === waiting.region)?.trend;
    expect(own?.verdict).toBe("better");
    // A small region's noise alone may look like more: what it may not be is more with certainty.
    for (const { region, trend } of trends)
      if (region !== waiting.region && trend !== null && own != null)
        expect((trend.value - own.value) / Math.hypot(trend.se, own.se), region).toBeLessThan(5);
  });

  test("the gap between age groups widens, and is certain at the end", () => {
    const table = cube(`${STORIES.gap.indicator}.by-year.sex.age_group`);
    const [first, last] = ["2021", "2025"].map((period) => gapBetween(table, "age_group", period));
    expect(last?.certain).toBe(true);
    expect(last?.low ?? 0).toBeGreaterThan(first?.low ?? 1);
    const trends = new Map(groupTrendsOf(table, "age_group").map(({ group, trend }) => [group, trend]));
    expect(trends.get(STORIES.gap.age)?.verdict).toBe("worse");
    // One verdict in so many may be wrong, by what it promises; one against five standard errors may not.
    for (const age of ["30-44", "45-64", "65-84", "85+"]) {
      const { value = 0, se = 1 } = trends.get(age) ?? {};
      expect(value / se, age).toBeGreaterThan(-5);
    }
  });

  test("digital contacts rise everywhere that is large enough to tell", () => {
    const trends = trendsOf(cube(`${STORIES.digital.indicator}.sex`));
    expect(trends.find(({ region }) => region === "00")?.trend?.verdict).toBe("better");
  });

  test("regions beside each other: places are ranges that hold the truth, and no verdict goes against it", () => {
    const compared = regionsCompared(cube("perceived-access.by-year.age_group"), "2025");
    expect(compared.map(({ region }) => region)).toEqual(CODES);
    for (const { places, margin, difference } of compared) {
      expect(places?.first).toBeGreaterThanOrEqual(1);
      expect(places?.last).toBeLessThanOrEqual(CODES.length);
      expect(margin).toBeGreaterThan(0);
      expect(difference).not.toBeNull();
    }
    const variation = regionalVariation(cube("perceived-access.by-year.age_group"), "2025");
    expect(variation?.high).toBeGreaterThan(variation?.low ?? 0);
  });

  test("the report says what is certain, in both languages, and ranks nothing", () => {
    for (const language of ["sv", "en"] as const) {
      const text = reportOf(
        { cubes: [...cubes.values()], standings },
        language,
        "2026-11-26T12:00:00Z",
        "<script>",
      );
      expect(text).toContain(`<html lang="${language}">`);
      expect(text).not.toContain("<script>");
      const waiting =
        language === "sv"
          ? /Första bedömning inom 30 dagar[^<]*<\/strong> \(2026K3\): Region Örebro län har förbättrats/
          : /First assessment within 30 days[^<]*<\/strong> \(2026K3\): Region Örebro län has improved/;
      expect(text).toMatch(waiting);
      expect(text).toMatch(
        language === "sv"
          ? /mellan grupper efter åldersgrupp: minst/
          : /between groups by age group: at least/,
      );
      expect(text).toMatch(/90101/);
      expect(text).not.toMatch(/bäst i|best in|(plats|place) \d/i);
    }
  });

  test("numbers of persons are held against nobody's: not regions', not the nation's, not groups'", () => {
    const counts = cube("journal-users.sex");
    for (const { difference, places, third } of regionsCompared(counts, "2026K3"))
      expect([difference, places, third]).toEqual([null, null, null]);
    expect(regionalVariation(counts, "2026K3")).toBeNull();
    expect(gapBetween(counts, "sex", "2026K3")).toBeNull();
  });

  test("what a page is sent judges as the interface does, figure for figure", () => {
    for (const table of cubes.values()) {
      const view = viewed(JSON.parse(JSON.stringify(viewOf(table, []))) as View);
      for (const at of everyAt(table)) expect(view.at(at)).toEqual(table.at(at));
      const period = table.releases.at(-1)?.period ?? "";
      expect(regionsCompared(view, period)).toEqual(regionsCompared(table, period));
      expect(trendsOf(view)).toEqual(trendsOf(table));
      for (const { code } of table.columns) {
        expect(gapBetween(view, code, period)).toEqual(gapBetween(table, code, period));
        expect(wideningIn(view, code)).toEqual(wideningIn(table, code));
      }
    }
  });

  test("a page's table is held to the release that it says it is of: any number changed is seen", () => {
    for (const table of [...cubes.values()].filter(({ id }) => !id.includes("target_group"))) {
      const view = JSON.parse(JSON.stringify(viewOf(table, []))) as View;
      const { standing } = table.releases.at(-1) ?? expect.fail();
      expect(unlikeIn(view, standing), table.id).toEqual([]);
      const at = view.figures.findLastIndex((each) => each !== null && Math.abs(each) > 0.1);
      const figures = view.figures.with(at, (view.figures[at] ?? 0) * 1.5);
      expect(unlikeIn({ ...view, figures }, standing), table.id).not.toEqual([]);
      const { regions, periods } = view;
      if (view.columns.length > 0) {
        const correlations = Object.fromEntries(
          Object.keys(view.correlations).map((column) => [column, -0.9]),
        );
        expect(unlikeIn({ ...view, correlations }, standing), table.id).not.toEqual([]);
        const [sex = expect.fail(), ...rest] = view.columns;
        const columned = (...columns: View["columns"]) => unlikeIn({ ...view, columns }, standing);
        const turned = sex.values.map(
          (_, place) => sex.values[(place + 1) % sex.values.length] ?? expect.fail(),
        );
        expect(columned({ ...sex, total: "1" }, ...rest), table.id).not.toEqual([]);
        expect(columned({ ...sex, values: turned }, ...rest), table.id).not.toEqual([]);
        expect(
          columned({ ...sex, values: [...sex.values, sex.values[1] ?? expect.fail()] }, ...rest),
        ).not.toEqual([]);
        expect(columned(...rest), table.id).not.toEqual([]);
      }
      for (const values of [regions.values.slice(0, -1), [...regions.values, ...regions.values.slice(-1)]])
        expect(unlikeIn({ ...view, regions: { ...regions, values } }, standing), table.id).not.toEqual([]);
      const another = regions.values.find(({ code }) => code !== regions.total)?.code ?? null;
      const renamed = { ...regions, total: another };
      expect(unlikeIn({ ...view, regions: renamed }, standing), table.id).not.toEqual([]);
      const twice = { ...periods, values: periods.values.map(() => periods.values.at(-1) ?? expect.fail()) };
      expect(unlikeIn({ ...view, periods: twice }, standing), table.id).not.toEqual([]);
      const { produced } = view.indicator;
      const rated = { ...view, indicator: { ...view.indicator, produced: { ...produced, per: 100_000 } } };
      if (produced.measure?.kind !== "count") expect(unlikeIn(rated, standing), table.id).not.toEqual([]);
      expect(unlikeIn(view, { ...standing, id: `sha256:${"0".repeat(64)}` })).toEqual(["another release"]);
    }
  });

  test("the overview tells the planted stories, judges numbers of persons against nobody, and orders no region", () => {
    const { indicators: known } = catalogueHere();
    const regions = chosen.map(({ code, name }) => ({ code, name }));
    const directory1 = federationIn(network ?? expect.fail()).first;
    const year = { ceiling: meaningOf(parseRational("1")), told: null };
    const overview = overviewOf([...cubes.values()], known, { version: "1", directory1, regions, year });
    const { waiting, gap } = STORIES;
    const found = overview.stories.find(
      (story) => story.of === "trend" && story.indicator === waiting.indicator,
    );
    expect(found).toMatchObject({ verdict: "better", areas: expect.arrayContaining([waiting.region]) });
    const grown = overview.stories.find((story) => story.of === "gap" && story.indicator === gap.indicator);
    expect(grown?.column?.groups[1].en).toBe(gap.age); // Without the catalogue's names of codes here.
    expect(grown?.change.low).toBeGreaterThan(0);
    const persons = overview.indicators.filter(
      ({ produced }) => produced.measure?.kind === "count" && produced.per === undefined,
    );
    expect(persons.length).toBeGreaterThan(2);
    for (const { regions: own } of persons) expect(own.every(({ verdict }) => verdict === null)).toBe(true);
    // In the order of their codes, whatever their figures.
    for (const { regions: own } of overview.indicators)
      expect(own.map(({ region }) => region)).toEqual(own.map(({ region }) => region).toSorted());
    expect(overview.indicators).toHaveLength(49);
    expect(overview.judged).toBe(
      overview.indicators.flatMap(({ regions: own }) => own).filter(({ verdict }) => verdict !== null).length,
    );
  });

  test("how old figures are at their release, in whole days", () => {
    for (const { days } of freshnessOf(cube("journal-users.sex"))) expect(days).toBeGreaterThan(40);
  });

  test("years left at 16 of people with mental illness lie where their truth is", () => {
    const YEARS = [14, 15, 20, 20, null];
    const ages = ["16-29", "30-44", "45-64", "65-84", "85+"];
    const [dead, alive] = ["deaths-mental-illness", "persons-mental-illness"].map((id) =>
      truthsOf(
        results.find(({ plan }) => plan.measures.some(({ measure }) => measure.id === id)) ?? expect.fail(),
      ),
    );
    const { table } = lifeTableIn(catalogueHere().indicators) ?? expect.fail();
    const found = lifeExpectanciesOf(standings, table);
    expect(new Set(found.map(({ period }) => period)).size).toBe(5);
    for (const { period, sex, value, se } of found) {
      const columns = (age: string) =>
        JSON.stringify(
          sex === "TotSa"
            ? [["age_group", age]]
            : [
                ["sex", sex],
                ["age_group", age],
              ],
        );
      const true_ = (truths: typeof dead, age: string, measure: string) => ({
        value: truths?.get(`00 ${period} ${columns(age)} ${measure}`)?.[0] ?? 0,
        se: 0,
      });
      const truth = lifeExpectancy(
        ages.map((age, at) => ({
          deaths: true_(dead, age, "deaths-mental-illness"),
          persons: true_(alive, age, "persons-mental-illness"),
          years: YEARS[at] ?? null,
        })),
      );
      expect(truth?.value).toBeGreaterThan(5);
      expect(Math.abs(value - (truth?.value ?? 0)) / se, `${period} ${sex}`).toBeLessThan(6);
    }
  });
});
