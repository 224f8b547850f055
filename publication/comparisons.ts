/**
 * What may be said of a table's figures beside each other: regions against the nation, groups against each other, a
 * period against those before; and the indicators that follow from others. Post-processing: it costs nothing.
 */
import type { ReleaseKind } from "../protocol/question/query.ts";
import { NATION } from "../protocol/values/codes.ts";
import type { CubeDimension } from "./cube.ts";
import type { CubeFigure, FigureAt } from "./figure.ts";
import {
  classOf,
  comparisonMargins,
  type Difference,
  type Direction,
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
} from "./intervals.ts";

/** What it takes of a table to compare its figures: of a cube, or of what a page was sent of one. */
export type Comparable = {
  readonly indicator: {
    readonly direction: Direction;
    readonly produced: {
      readonly by: string;
      readonly measure?: { readonly kind: string };
      readonly per?: number | undefined;
    };
  };
  readonly regions: CubeDimension;
  readonly periods: CubeDimension;
  readonly columns: readonly CubeDimension[];
  readonly kind: ReleaseKind;
  /** Each period's place in time, in steps of its kind. */
  readonly ordinals: readonly number[];
  /** Of the errors of two groups of a column, at most 0. */
  readonly correlations: Readonly<Record<string, number>>;
  /** Each period's release, oldest period first, with the regions that are in it. */
  readonly releases: ReadonlyArray<{ readonly period: string; readonly regions: readonly string[] }>;
  readonly at: (at: FigureAt) => CubeFigure;
};

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

type PlacedFigure = { readonly code: string; readonly figure: CubeFigure; readonly estimate: Estimate };

/** A dimension's figures by code, each where `at` says; those without a value are left out. */
function along(cube: Comparable, { values }: CubeDimension, at: (code: string) => FigureAt): PlacedFigure[] {
  return values.flatMap(({ code }) => {
    const figure = cube.at(at(code));
    if (figure.value === null || figure.se === null) return [];
    return [{ code, figure, estimate: { value: figure.value, se: figure.se } }];
  });
}

/** An area's figures over time. */
const overTime = (cube: Comparable, region: string, groups: Groups): Estimate[] =>
  along(cube, cube.periods, (period) => ({ region, period, groups })).map(({ estimate }) => estimate);

const columnIn = ({ columns }: Comparable, column: string): CubeDimension | null =>
  columns.find(({ code }) => code === column) ?? null;

/** A column's codes but for its total. */
const groupsIn = ({ total, values }: CubeDimension): string[] =>
  values.flatMap(({ code }) => (code === total ? [] : [code]));

/**
 * Regions' errors as they count between two of them. Where regions and nation were reconciled, what one was moved up the
 * others were moved down, by at most one part in so many as there are: their differences err by so much more.
 */
function between(cube: Comparable, period: string, estimates: readonly Estimate[]): Estimate[] {
  const release = cube.releases.find((each) => each.period === period);
  const m = cube.kind === "both" ? (release?.regions.length ?? 1) : 1;
  const factor = m > 1 ? Math.sqrt(m / (m - 1)) : 1;
  return estimates.map(({ value, se }) => ({ value, se: se * factor }));
}

/** Whether figures of regions, or groups, of unequal size may be held against each other: not numbers of persons. */
export const isComparable = ({ indicator: { produced } }: Pick<Comparable, "indicator">): boolean =>
  produced.by === "measure" && (produced.measure?.kind !== "count" || produced.per !== undefined);

/** Which groups are looked at, by column; over a column that is not named it is the total. */
export type Groups = Readonly<Record<string, string>>;

/** All regions of a period beside each other and, where they may be held against each other, against the nation. */
export function regionsCompared(
  cube: Comparable,
  period: string,
  families = 1,
  groups: Groups = {},
): Compared[] {
  const all = along(cube, cube.regions, (region) => ({ region, period, groups }));
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

/** Whether periods follow each other without a gap. */
const isEven = ({ ordinals }: Comparable): boolean =>
  ordinals.every((ordinal, at) => at === 0 || ordinal - (ordinals[at - 1] ?? 0) === 1);

/** What all regions together come to is not the same thing with other regions in it. */
const isAlike = ({ releases }: Comparable): boolean =>
  new Set(releases.map(({ regions }) => regions.join())).size <= 1;

/** The trend of an area's figures, judged as one of so many; null where points are too few or have gaps. */
function trendAt(cube: Comparable, region: string, groups: Groups, comparisons: number): Trend | null {
  const points = overTime(cube, region, groups);
  const whole =
    isEven(cube) && points.length === cube.periods.values.length && (isAlike(cube) || region !== NATION);
  return whole ? trendOf(points, cube.indicator.direction, { comparisons }) : null;
}

/** The trend of each region, and of the nation. `families` tables stand beside each other. */
export function trendsOf(cube: Comparable, families = 1, groups: Groups = {}) {
  const { values } = cube.regions;
  return values.map(({ code: region }) => ({
    region,
    trend: trendAt(cube, region, groups, values.length * families),
  }));
}

/** The trend of each of a column's groups in the nation, and of their total. */
export function groupTrendsOf(cube: Comparable, column: string, families = 1) {
  const { values } = columnIn(cube, column) ?? { values: [] };
  return values.map(({ code: group }) => ({
    group,
    trend: trendAt(cube, NATION, { [column]: group }, values.length * families),
  }));
}

/** Once in ten thousand, noise alone leaves more of a straight line than this many standard deviations. */
const UNLIKE_A_LINE = 3.719;

/**
 * Whether a straight line is a fair account of the points: noise alone leaves as much as they do more often than once in
 * ten thousand. The χ² quantile by Wilson and Hilferty (1931).
 */
export const isLine = ({ misfit: { chiSquare, degrees } }: Trend): boolean => {
  const ninth = 2 / (9 * degrees);
  return chiSquare <= degrees * (1 - ninth + UNLIKE_A_LINE * Math.sqrt(ninth)) ** 3;
};

/** What a trend comes to from the first of a table's periods to the last. */
export function overAll(
  { ordinals }: Pick<Comparable, "ordinals">,
  { value, low, high }: Trend,
): Interval & { readonly value: number } {
  const steps = ordinals.length - 1;
  return { value: value * steps, low: low * steps, high: high * steps };
}

/** A group of a column beside the total of the same area; null where it cannot be held against it. */
export type GroupCompared = {
  readonly code: string;
  readonly figure: CubeFigure;
  readonly difference: Difference | null;
};

/**
 * A column's groups against their total, as so many at once. A group is part of the total, and what the total has too
 * much it has too: their errors are taken as independent, which makes intervals at worst too wide.
 */
export function groupsCompared(
  cube: Comparable,
  column: string,
  period: string,
  families = 1,
  region = NATION,
): GroupCompared[] {
  const dimension = columnIn(cube, column);
  if (dimension === null) return [];
  const whole = cube.at({ region, period });
  const groups = groupsIn(dimension);
  return groups.map((code) => {
    const figure = cube.at({ region, period, groups: { [column]: code } });
    const known = figure.value !== null && figure.se !== null && whole.value !== null && whole.se !== null;
    return {
      code,
      figure,
      difference:
        !known || !isComparable(cube)
          ? null
          : differenceOf(
              { value: figure.value, se: figure.se },
              { value: whole.value, se: whole.se },
              cube.indicator.direction,
              { comparisons: groups.length * families },
            ),
    };
  });
}

/** Two groups of a column whose gap has grown: their difference in each period, and its trend. */
export type Widening = {
  /** The codes of the group that is above, and of the one below. */
  readonly groups: readonly [string, string];
  readonly series: readonly Difference[];
  readonly trend: Trend;
};

/**
 * The pair of a column's groups whose gap, certain in the last period, has grown with most certainty: judged pair by
 * pair, as so many at once. Null where there is none such, or are too few points to tell.
 */
export function wideningIn(cube: Comparable, column: string, families = 1): Widening | null {
  const dimension = columnIn(cube, column);
  const periods = cube.periods.values;
  if (dimension === null || periods.length < LEAST_POINTS || !isComparable(cube)) return null;
  if (!isEven(cube) || !isAlike(cube)) return null;
  const correlation = cube.correlations[column] ?? 0;
  const groups = groupsIn(dimension)
    .map((code) => ({ code, points: overTime(cube, NATION, { [column]: code }) }))
    .filter(({ points }) => points.length === periods.length);
  const comparisons = Math.max(1, (groups.length * (groups.length - 1)) / 2) * families;
  let found: Widening | null = null;
  for (const a of groups)
    for (const b of groups) {
      if (a === b) continue;
      const pairs = a.points.map((point, at) => {
        const other = b.points[at] ?? point;
        return [point, other, { covariance: correlation * point.se * other.se }] as const;
      });
      const series = pairs.map(([point, other, rest]) => differenceOf(point, other, "neither", rest));
      const last = pairs.at(-1);
      if (last === undefined) continue;
      const now = differenceOf(last[0], last[1], "neither", { ...last[2], comparisons });
      const trend = trendOf(series, "neither", { comparisons });
      if (trend === null || now.low <= 0 || trend.low <= 0) continue;
      if (found === null || trend.value / trend.se > found.trend.value / found.trend.se)
        found = { groups: [a.code, b.code], series, trend };
    }
  return found;
}

/** Whether the gap between two of a column's groups has grown with certainty; null where there are too few points to tell. */
export function gapWidens(cube: Comparable, column: string, families = 1): boolean | null {
  const few = cube.periods.values.length < LEAST_POINTS;
  if (columnIn(cube, column) === null || few || !isComparable(cube)) return null;
  return wideningIn(cube, column, families) !== null;
}

/** The equity gap between a column's groups in the nation, in a period. */
export function gapBetween(cube: Comparable, column: string, period: string, families = 1): Gap | null {
  const dimension = columnIn(cube, column);
  const { values } = cube.regions;
  if (dimension === null || !values.some(({ code }) => code === NATION) || !isComparable(cube)) return null;
  const at = (code: string) => ({ region: NATION, period, groups: { [column]: code } });
  return gapOf(
    along(cube, dimension, at).flatMap(({ code, estimate }) => (code === dimension.total ? [] : [estimate])),
    { correlation: cube.correlations[column] ?? 0, families },
  );
}

/** Largest less smallest of the regions' figures, with its interval; null with fewer than two, and for numbers of persons. */
export function regionalVariation(cube: Comparable, period: string): Gap | null {
  if (!isComparable(cube)) return null;
  const all = along(cube, cube.regions, (region) => ({ region, period }));
  const regions = all.flatMap(({ code, estimate }) => (code === NATION ? [] : [estimate]));
  return gapOf(between(cube, period, regions));
}
