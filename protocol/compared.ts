/**
 * What may be said of a table's figures beside each other: regions against the nation, groups against each other, a
 * period against those before; and the indicators that follow from others. Post-processing: it costs nothing.
 */
import { NATION } from "./areas.ts";
import {
  classOf,
  comparisonMargins,
  type Difference,
  differenceOf,
  type Estimate,
  type Gap,
  gapOf,
  type Interval,
  type Places,
  placesOf,
  type Trend,
  trendOf,
} from "./compare.ts";
import type { Cube, CubeFigure } from "./cube.ts";
import { varianceOf } from "./marginals.ts";
import { ordinalOf, periodAt } from "./period.ts";
import { toNumber } from "./rational.ts";
import { covarianceOf } from "./residual.ts";

/** A region beside the others and the nation. */
export type Compared = {
  readonly region: string;
  readonly value: number;
  readonly se: number;
  readonly low: number;
  readonly high: number;
  readonly unreliable: boolean;
  /** Two regions whose margins do not touch differ with certainty, whichever two are picked out. */
  readonly margin: number;
  /** Null where no way is good, or numbers of persons cannot be held against each other. */
  readonly places: Places | null;
  /** Against the nation, as one of so many regions; null where there is nothing to hold it against. */
  readonly difference: Difference | null;
  /** Which third of the regions' range holds the whole interval; null where none does. */
  readonly third: number | null;
};

type Placed = { readonly code: string; readonly figure: CubeFigure; readonly estimate: Estimate };

/** Figures along one dimension, the others at their totals but for `fixed`; those without a value are left out. */
function along(cube: Cube, dimension: number, fixed: ReadonlyMap<number, number>): Placed[] {
  return (cube.dimensions[dimension]?.values ?? []).flatMap(({ code }, place) => {
    const figure = cube.at(
      cube.dimensions.map((each, at) => (at === dimension ? place : (fixed.get(at) ?? each.total ?? 0))),
    );
    if (figure.value === null || figure.se === null) return [];
    return [{ code, figure, estimate: { value: figure.value, se: figure.se } }];
  });
}

const periodPlace = ({ dimensions }: Cube, period: string): number =>
  dimensions[1]?.values.findIndex(({ code }) => code === period) ?? -1;

/** Whether figures of regions, or groups, of unequal size may be held against each other: not numbers of persons. */
export const isComparable = ({ indicator: { produced } }: Cube): boolean =>
  produced.by === "measure" && (produced.measure.kind !== "count" || produced.per !== undefined);

/** All regions of a period beside each other and, where they may be held against each other, against the nation. */
export function regionsCompared(cube: Cube, period: string): Compared[] {
  const all = along(cube, 0, new Map([[1, periodPlace(cube, period)]]));
  const nation = all.find(({ code }) => code === NATION);
  const regions = all.filter(({ code }) => code !== NATION);
  const estimates = regions.map(({ estimate }) => estimate);
  const { direction } = cube.indicator;
  const comparable = isComparable(cube);
  const margins = comparisonMargins(estimates);
  const places = direction === "neither" || !comparable ? null : placesOf(estimates, direction);
  const values = estimates.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const bounds = [least + (most - least) / 3, least + (2 * (most - least)) / 3];
  return regions.map(({ code, figure, estimate }, at) => {
    const interval: Interval = { low: figure.low ?? estimate.value, high: figure.high ?? estimate.value };
    return {
      region: code,
      ...estimate,
      ...interval,
      unreliable: figure.flag === "unreliable",
      margin: margins[at] ?? 0,
      places: places?.[at] ?? null,
      difference:
        nation === undefined || !comparable
          ? null
          : differenceOf(estimate, nation.estimate, direction, { comparisons: regions.length }),
      third: comparable ? classOf(interval, bounds) : null,
    };
  });
}

/** A dimension's codes, each with the trend of its figures, judged as so many at once; null where points are too few or have gaps. */
function trendsAlong(
  cube: Cube,
  dimension: number,
): Array<{ readonly code: string; readonly trend: Trend | null }> {
  const codes = cube.dimensions[dimension]?.values ?? [];
  const periods = cube.dimensions[1]?.values ?? [];
  const kind = cube.plan.dataset.period;
  const ordinals = periods.map(({ code }) => ordinalOf(kind, code) ?? 0);
  const even = ordinals.every((ordinal, at) => at === 0 || ordinal - (ordinals[at - 1] ?? 0) === 1);
  return codes.map(({ code }, place) => {
    const points = along(cube, 1, new Map([[dimension, place]])).map(({ estimate }) => estimate);
    const whole = even && points.length === periods.length;
    const comparisons = codes.length;
    return { code, trend: whole ? trendOf(points, cube.indicator.direction, { comparisons }) : null };
  });
}

/** The trend of each region, and of the nation. */
export const trendsOf = (cube: Cube) =>
  trendsAlong(cube, 0).map(({ code, trend }) => ({ region: code, trend }));

/** The trend of each of a column's groups in the nation, and of their total. */
export function groupTrendsOf(cube: Cube, column: string) {
  const dimension = cube.dimensions.findIndex(({ code }) => code === column);
  return dimension < 2 ? [] : trendsAlong(cube, dimension).map(({ code, trend }) => ({ group: code, trend }));
}

/**
 * The correlation of the errors of two groups of a column, or 0 where it is above: two cells of one table share what was
 * measured of their total, and what one has too much in its residual the others have too little. For ratios, whose
 * errors are correlated no more strongly than their parts', it makes intervals at worst too wide.
 */
export function groupCorrelation({ plan }: Cube, column: string): number {
  const { tables } = plan;
  const at = tables?.attributes.findIndex((attribute) => attribute.column === column) ?? -1;
  if (tables === null || at < 0) return 0;
  const covariance = toNumber(covarianceOf(tables, [[at], [0]], [[at], [1]]));
  return Math.min(0, covariance / toNumber(varianceOf(tables, [at])));
}

/** The equity gap between a column's groups, in the nation or where only one region stands, in a period. */
export function gapBetween(cube: Cube, column: string, period: string, region = NATION): Gap | null {
  const dimension = cube.dimensions.findIndex(({ code }) => code === column);
  const place = cube.dimensions[0]?.values.findIndex(({ code }) => code === region) ?? -1;
  if (dimension < 2 || place < 0 || !isComparable(cube)) return null;
  const { total } = cube.dimensions[dimension] ?? { total: null };
  const totalCode = total === null ? null : cube.dimensions[dimension]?.values[total]?.code;
  const groups = along(
    cube,
    dimension,
    new Map([
      [0, place],
      [1, periodPlace(cube, period)],
    ]),
  );
  return gapOf(
    groups.filter(({ code }) => code !== totalCode).map(({ estimate }) => estimate),
    groupCorrelation(cube, column),
  );
}

/** Largest less smallest of the regions' figures, with its interval; null with fewer than two, and for numbers of persons. */
export const regionalVariation = (cube: Cube, period: string): Gap | null =>
  !isComparable(cube)
    ? null
    : gapOf(
        along(cube, 0, new Map([[1, periodPlace(cube, period)]]))
          .filter(({ code }) => code !== NATION)
          .map(({ estimate }) => estimate),
      );

const DAY = 86_400_000;

/** Whole days from the end of each period to its release. */
export function freshnessOf({
  releases,
  plan,
}: Cube): Array<{ readonly period: string; readonly days: number }> {
  const { period: kind } = plan.dataset;
  return releases.map(({ period, standing }) => {
    const next = periodAt(kind, (ordinalOf(kind, period) ?? 0) + 1);
    return { period, days: Math.floor((Date.parse(standing.release.madeAt) - startOf(next)) / DAY) };
  });
}

/** The first instant of a period, by the calendar alone. */
function startOf(period: string): number {
  const year = Number(period.slice(0, 4));
  const [, letter, part] = /^\d{4}([KM])(\d+)$/.exec(period) ?? [];
  const month = letter === "K" ? (Number(part) - 1) * 3 : letter === "M" ? Number(part) - 1 : 0;
  return Date.UTC(year, month, 1);
}

/** Deaths and person-years of one age, which lasts so many years; null for the last, which is open. */
export type LifeRow = {
  readonly deaths: Estimate;
  readonly persons: Estimate;
  readonly years: number | null;
};

/**
 * Years left to live at the first age, of an abridged life table (Chiang 1968: those who die within an age live half of
 * it), with the error of the noise. Null where a number of persons is not certainly above 0.
 */
export function lifeExpectancy(rows: readonly LifeRow[]): Estimate | null {
  const rates = rows.map(({ deaths, persons }) => {
    const rate = Math.max(0, deaths.value) / persons.value;
    const se = Math.hypot(deaths.se, rate * persons.se) / persons.value;
    return { rate, se };
  });
  if (rows.some(({ persons }) => persons.value <= 3 * persons.se) || rates.at(-1)?.rate === 0) return null;
  // Backwards: what is left at an age, and how far it moves with that age's rate.
  let left = 0;
  const moves: number[] = [];
  for (let at = rows.length - 1; at >= 0; at--) {
    const { rate } = rates[at] ?? { rate: 0 };
    const years = rows[at]?.years ?? null;
    if (years === null) {
      left = 1 / rate;
      moves[at] = -1 / (rate * rate);
      continue;
    }
    const below = 1 + (years * rate) / 2;
    const dies = Math.min(1, (years * rate) / below);
    const slope = years / (below * below);
    // L = years·(1 − q/2); left = L + (1 − q)·left of the next age.
    moves[at] = slope * (-years / 2 - left);
    left = years * (1 - dies / 2) + (1 - dies) * left;
  }
  let [alive, variance] = [1, 0];
  for (const [at, { rate, se }] of rates.entries()) {
    variance += (alive * (moves[at] ?? 0) * se) ** 2;
    const years = rows[at]?.years ?? null;
    if (years !== null) alive *= 1 - Math.min(1, (years * rate) / (1 + (years * rate) / 2));
  }
  return { value: left, se: Math.sqrt(variance) };
}
