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
  funnelOf,
  type Gap,
  gapOf,
  type Interval,
  LEAST_POINTS,
  type Places,
  placesOf,
  type Trend,
  trendOf,
} from "./compare.ts";
import { type Cube, type CubeFigure, regionsIn } from "./cube.ts";
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
  /** Within these limits about the nation's figure, noise alone explains the region's; null as above. */
  readonly funnel: ReturnType<typeof funnelOf> | null;
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

/**
 * Regions' errors as they count between two of them. Where regions and nation were reconciled, what one was moved up the
 * others were moved down, by at most one part in so many as there are: their differences err by so much more.
 */
function between(cube: Cube, period: string, estimates: readonly Estimate[]): Estimate[] {
  const standing = cube.releases.find((each) => each.period === period)?.standing;
  const m = standing?.release.release === "both" ? regionsIn(standing).length : 1;
  const factor = m > 1 ? Math.sqrt(m / (m - 1)) : 1;
  return estimates.map(({ value, se }) => ({ value, se: se * factor }));
}

const periodPlace = ({ dimensions }: Cube, period: string): number =>
  dimensions[1]?.values.findIndex(({ code }) => code === period) ?? -1;

/** Whether figures of regions, or groups, of unequal size may be held against each other: not numbers of persons. */
export const isComparable = ({ indicator: { produced } }: Cube): boolean =>
  produced.by === "measure" && (produced.measure.kind !== "count" || produced.per !== undefined);

/** All regions of a period beside each other and, where they may be held against each other, against the nation. */
export function regionsCompared(cube: Cube, period: string, families = 1): Compared[] {
  const all = along(cube, 0, new Map([[1, periodPlace(cube, period)]]));
  const nation = all.find(({ code }) => code === NATION);
  const regions = all.filter(({ code }) => code !== NATION);
  const estimates = regions.map(({ estimate }) => estimate);
  const { direction } = cube.indicator;
  const comparable = isComparable(cube);
  const pairwise = between(cube, period, estimates);
  const margins = comparisonMargins(pairwise);
  const places = direction === "neither" || !comparable ? null : placesOf(pairwise, direction);
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
          : differenceOf(estimate, nation.estimate, direction, { comparisons: regions.length * families }),
      funnel: nation === undefined || !comparable ? null : funnelOf(nation.estimate.value, estimate.se),
      third: comparable ? classOf(interval, bounds) : null,
    };
  });
}

/** A dimension's codes, each with the trend of its figures, judged as so many at once; null where points are too few or have gaps. */
function trendsAlong(
  cube: Cube,
  dimension: number,
  families: number,
): Array<{ readonly code: string; readonly trend: Trend | null }> {
  const codes = cube.dimensions[dimension]?.values ?? [];
  const periods = cube.dimensions[1]?.values ?? [];
  const kind = cube.plan.dataset.period;
  const ordinals = periods.map(({ code }) => ordinalOf(kind, code) ?? 0);
  const even = ordinals.every((ordinal, at) => at === 0 || ordinal - (ordinals[at - 1] ?? 0) === 1);
  // What all regions together come to is not the same thing with other regions in it.
  const alike = new Set(cube.releases.map(({ standing }) => regionsIn(standing).join())).size <= 1;
  return codes.map(({ code }, place) => {
    const points = along(cube, 1, new Map([[dimension, place]])).map(({ estimate }) => estimate);
    const nation = dimension !== 0 || code === NATION;
    const whole = even && points.length === periods.length && (alike || !nation);
    const comparisons = codes.length * families;
    return { code, trend: whole ? trendOf(points, cube.indicator.direction, { comparisons }) : null };
  });
}

/** The trend of each region, and of the nation. `families` tables stand beside each other. */
export const trendsOf = (cube: Cube, families = 1) =>
  trendsAlong(cube, 0, families).map(({ code, trend }) => ({ region: code, trend }));

/** The trend of each of a column's groups in the nation, and of their total. */
export function groupTrendsOf(cube: Cube, column: string, families = 1) {
  const dimension = cube.dimensions.findIndex(({ code }) => code === column);
  return dimension < 2
    ? []
    : trendsAlong(cube, dimension, families).map(({ code, trend }) => ({ group: code, trend }));
}

/** Whether a straight line is a fair account of the points: what it leaves is within three standard deviations of noise. */
export const isLine = ({ misfit: { chiSquare, degrees } }: Trend): boolean =>
  chiSquare <= degrees + 3 * Math.sqrt(2 * degrees);

/**
 * Whether the gap between two of a column's groups, certain in the last period, has grown with certainty: judged pair by
 * pair, as so many at once. Null where there are too few points to tell.
 */
export function gapWidens(cube: Cube, column: string, families = 1): boolean | null {
  const dimension = cube.dimensions.findIndex(({ code }) => code === column);
  const periods = cube.dimensions[1]?.values ?? [];
  if (dimension < 2 || periods.length < LEAST_POINTS || !isComparable(cube)) return null;
  const correlation = groupCorrelation(cube, column);
  const { total } = cube.dimensions[dimension] ?? { total: null };
  const groups = (cube.dimensions[dimension]?.values ?? [])
    .map((_, place) => place)
    .filter((place) => place !== total)
    .map((place) => along(cube, 1, new Map([[dimension, place]])).map(({ estimate }) => estimate))
    .filter((points) => points.length === periods.length);
  const comparisons = Math.max(1, (groups.length * (groups.length - 1)) / 2) * families;
  for (const [at, a] of groups.entries())
    for (const b of groups.slice(at + 1)) {
      const points = a.map((point, period) => {
        const other = b[period] ?? point;
        return differenceOf(point, other, "neither", { covariance: correlation * point.se * other.se });
      });
      const [first, last] = [a.at(-1), b.at(-1)];
      if (first === undefined || last === undefined) continue;
      const covariance = correlation * first.se * last.se;
      const now = differenceOf(first, last, "neither", { comparisons, covariance });
      const trend = trendOf(points, "neither", { comparisons });
      if (now.verdict === "no certain difference" || trend === null) continue;
      if (trend.verdict === "differs" && trend.value > 0 === now.value > 0) return true;
    }
  return false;
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

/** The equity gap between a column's groups in the nation, in a period. */
export function gapBetween(cube: Cube, column: string, period: string, families = 1): Gap | null {
  const dimension = cube.dimensions.findIndex(({ code }) => code === column);
  const place = cube.dimensions[0]?.values.findIndex(({ code }) => code === NATION) ?? -1;
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
    { correlation: groupCorrelation(cube, column), families },
  );
}

/** Largest less smallest of the regions' figures, with its interval; null with fewer than two, and for numbers of persons. */
export const regionalVariation = (cube: Cube, period: string): Gap | null =>
  !isComparable(cube)
    ? null
    : gapOf(
        between(
          cube,
          period,
          along(cube, 0, new Map([[1, periodPlace(cube, period)]]))
            .filter(({ code }) => code !== NATION)
            .map(({ estimate }) => estimate),
        ),
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
