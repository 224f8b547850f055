/**
 * Query + catalogue → plan: the cells in order, the linear statistics, their bounds, noise and cost. Computed from
 * public documents alone, so researcher, nodes, coordinator and auditors all get the same, and no cost can depend
 * on data. Exact throughout: not one float.
 */
import { type AttributeSet, cellsIn } from "../privacy/marginals.ts";
import { type NoiseShares, noiseSharesOf } from "../privacy/noise-shares.ts";
import {
  chargeOf,
  costOf,
  exactVariance,
  fitsVector,
  floorSqrt,
  isShort,
  type Reach,
  reachOf,
  shortUp,
} from "../privacy/privacy.ts";
import { type Dataset, refOf } from "../question/catalogue.ts";
import { checkFilter, type Filter, valuesIn } from "../question/filter.ts";
import { EDITIONS, type Edition, type Measure, type Query } from "../question/query.ts";
import { remembered } from "../values/bounded-memory.ts";
import type { Hash } from "../values/bytes.ts";
import { closedAt, ordinalOf, type Period, pooledName } from "../values/period.ts";
import {
  add,
  compare,
  divide,
  multiply,
  parseRational,
  type Rational,
  rational,
  subtract,
  sum,
  ZERO,
} from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";
import { type Dimension, dimensionOf } from "./cells.ts";
import { MAX_INTEGERS, needsOf, ROWS, type Statistic, simplest, vectorId } from "./statistic.ts";
import {
  type PlannedTables,
  plannedTables,
  reachOn,
  shortCost,
  sizesOf,
  varianceOn,
  withOwn,
} from "./tables.ts";

export type Vector = {
  /** The statistic's id; with tables, its id on a residual's columns. */
  readonly id: string;
  /** Canonical: two measures that would sum the same thing share it. */
  readonly of: string;
  readonly statistic: Statistic;
  /** Which residual of the statistic it is, a share's with its own attribute; null where it is the statistic itself. */
  readonly residual: AttributeSet | null;
  /** Largest |value| a single row can have. */
  readonly bound: bigint;
  /** How far one person can move it, in persons. */
  readonly reach: Reach;
  /** Integers per cell: 1, a share's 2, or the number of bins; of a residual, its cells. */
  readonly width: number;
  /**
   * Of the discrete Gaussian that each region adds to the answer it sends by itself, in units of 1/3600; null where
   * it sends none (release `national`).
   */
  readonly variance: Rational | null;
  /** Where its integers begin within one period of the answer. */
  readonly offset: number;
};

export type PlannedMeasure = {
  readonly measure: Measure;
  /** Ids of its statistics: numerator first, denominator last; of a share in the second edition, one that is both. */
  readonly vectors: readonly string[];
  /** Labels of its bins, or of its quantiles' probabilities; null for one figure a cell. */
  readonly labels: readonly string[] | null;
};

export type Plan = {
  /** How it was computed. */
  readonly edition: Edition;
  readonly dataset: Dataset;
  readonly periods: readonly Period[];
  readonly pool: boolean;
  readonly where: Filter | null;
  /** The grouping's columns; with tables, all their columns. */
  readonly dimensions: readonly Dimension[];
  /** Number of cells of the grouping, zeros included; 1 with tables, whose cells lie within the vectors. */
  readonly cells: number;
  readonly tables: PlannedTables | null;
  readonly vectors: readonly Vector[];
  readonly measures: readonly PlannedMeasure[];
  /** Integers of one period; the whole answer is `length × periods.length`, period by period. */
  readonly length: number;
  /** The noise of the secure sum, vector by vector; null where there is none (release `regions`). */
  readonly noiseShares: NoiseShares | null;
  /** ρ that each period is charged. */
  readonly charge: Rational;
};

/** Whether each region sends an answer of its own, beside a secure sum or without one: all vectors, or none. */
export const regionsAnswer = ({ vectors }: Pick<Plan, "vectors">): boolean =>
  vectors.every(({ variance }) => variance !== null);

/** Bytes of a whole answer as a vector of 64-bit integers. */
export const vectorBytes = ({ length, periods }: Pick<Plan, "length" | "periods">): number =>
  length * periods.length * 8;

/**
 * The plan of a query, or a refusal. `dataset` is the one the query names; `regions` how many it is put to, on which
 * the noise of a national release depends. `most` integers is the protocol's limit; only benchmarks lift it.
 */
export function planOf(query: Query, dataset: Dataset, regions = 1, most = MAX_INTEGERS): Plan {
  if (query.dataset !== refOf(dataset)) throw new Refusal("dataset-unknown", `expected ${query.dataset}`);
  const edition = editionOf(query);
  checkPeriods(query, dataset);
  checkFilters(query, dataset);
  const tables = query.tables === undefined ? null : plannedTables(query.tables, dataset);
  const dimensions = tables?.attributes ?? dimensionsOf(query, dataset, most);
  const cells = tables === null ? dimensions.reduce((product, { values }) => product * values.length, 1) : 1;
  const { measures, drafts } = measuresOf(query, edition, dataset, tables);
  const rho = rhoOf(query, dataset);
  const { regional, national } = splitOf(query, rho);
  const laid = layOut(drafts, tables);
  const { vectors, length } = vectorsOf(laid, cells, regional, dataset);
  const { periods, pool } = query;
  if (length * periods.length > most) {
    throw new Refusal(
      "answer-too-long",
      `expected at most ${most} integers; ${length} for each of ${periods.length} periods came`,
    );
  }
  const places = tables?.wanted.reduce((total, set) => total + cellsIn(set, tables.sizes), 0) ?? cells;
  if (vectors.reduce((sum, { id }) => sum + id.length, 0) > MAX_NAMES)
    throw new Refusal(
      "too-large",
      "expected filters and tables that can be named in a release: fewer, or shorter",
    );
  checkFigures(measures, vectors, places * (pool ? 1 : periods.length), most);
  const needs = (whole: Rational) =>
    laid.map(({ noise, reach, width }) => ({ reach, variance: noise(whole), dimension: cells * width }));
  const noiseShares =
    national === null ? null : noiseSharesOf(regions, query.minRegions, needs(national), dataset.maxPersons);
  const charge = chargeWithin(rho, vectors, noiseShares, tables);
  return {
    edition,
    dataset,
    periods,
    pool,
    where: query.where ?? null,
    dimensions,
    cells,
    tables,
    vectors,
    measures,
    length,
    noiseShares,
    charge,
  };
}

/** The edition that a query is to be computed by. Refuses (`edition-unknown`) one of another program. */
function editionOf({ edition = 1 }: Query): Edition {
  const known = EDITIONS.find((each) => each === edition);
  if (known === undefined)
    throw new Refusal("edition-unknown", `expected an edition of ${EDITIONS.join(", ")}; ${edition} came`);
  return known;
}

/** What each measure needs summed: statistics that several share are one draft, of the largest part. */
function measuresOf(
  query: Query,
  edition: Edition,
  dataset: Dataset,
  tables: PlannedTables | null,
): { measures: PlannedMeasure[]; drafts: VectorDraft[] } {
  if (new Set(query.measures.map(({ id }) => id)).size !== query.measures.length) {
    throw new Refusal("measure-unfit", "expected each measure's id once");
  }
  const drafts = new Map<string, VectorDraft>();
  const measures = query.measures.map((measure): PlannedMeasure => {
    const { statistics, labels } = needsOf(measure, dataset, edition);
    if (tables !== null && labels !== null)
      throw new Refusal("measure-unfit", `expected counts, sums, means, shares or variances in tables`);
    const vectors = statistics.map(([statistic, bound, width, own]) => {
      const id = vectorId(statistic, dataset);
      const part = larger(drafts.get(id)?.part ?? ZERO, multiply(own, rational(BigInt(measure.part ?? 1))));
      drafts.set(id, { id, statistic: simplest(statistic, dataset), bound, width, part });
      return id;
    });
    return { measure, vectors, labels };
  });
  return {
    measures,
    drafts: tables === null ? [...drafts.values()] : withBase([...drafts.values()], dataset),
  };
}

const larger = (a: Rational, b: Rational): Rational => (compare(a, b) >= 0 ? a : b);

/** The root of a fraction, downward to a grid: the same on every machine. */
const rootOf = ({ n, d }: Rational): Rational => rational(floorSqrt((n << 80n) / d), 1n << 40n);

/**
 * In tables each share is one more attribute of the rows, with two or three categories k: what is measured of the rows is
 * measured once, for all shares, and of each share its own residuals. ρ is split between them as the least sum of
 * variances wants it (`protocol/privacy/marginals.ts`, over all attributes). Since the weights of sets A and A∪{share}
 * are, for every A, as 1/k to k − 1, and what a person can change of them as 1 to 1 − 1/k, that is one split for all
 * residuals at once: 1/√k for the rows against (k − 1)/√k for the share, the rows' parts added by their squares.
 */
function withBase(drafts: readonly VectorDraft[], dataset: Dataset): VectorDraft[] {
  const id = vectorId(ROWS, dataset);
  let squares = ZERO;
  const others = drafts.flatMap((draft): VectorDraft[] => {
    const { statistic, part } = draft;
    if (statistic.of !== "share") {
      if (draft.id === id) squares = add(squares, multiply(part, part));
      return draft.id === id ? [] : [draft];
    }
    const k = BigInt(statistic.categories);
    squares = add(squares, divide(multiply(part, part), rational(k)));
    return [{ ...draft, part: multiply(part, rootOf(rational((k - 1n) ** 2n, k))) }];
  });
  if (!others.some(({ statistic }) => statistic.of === "share")) return [...drafts];
  return [{ id, statistic: ROWS, bound: 1n, width: 1, part: rootOf(squares) }, ...others];
}

/** A vector before its noise and its place are known; `noise` is its variance where all together may spend so much ρ. */
type LaidOut = Omit<Vector, "variance" | "offset"> & { readonly noise: (whole: Rational) => Rational };

/** The vectors in their order, each with its part of whatever ρ there is. */
function layOut(drafts: readonly VectorDraft[], tables: PlannedTables | null): LaidOut[] {
  const parts = sum(drafts.map(({ part }) => part));
  const partOf = (whole: Rational, part: Rational) => multiply(whole, divide(part, parts));
  return drafts
    .flatMap((draft) => measuredOf(draft, tables))
    .map(({ part, exact, ...draft }) => ({ ...draft, noise: (whole) => exact(partOf(whole, part)) }));
}

/** The vectors with the noise of a region's own answer, each where it begins; and how many integers they are. */
function vectorsOf(
  laid: readonly LaidOut[],
  cells: number,
  regional: Rational | null,
  { maxPersons }: Dataset,
): { vectors: Vector[]; length: number } {
  let length = 0;
  const vectors = laid.map(({ noise, ...draft }): Vector => {
    const variance = regional === null ? null : shortUp(noise(regional));
    if (variance !== null && !fitsVector(draft.reach, variance, maxPersons)) {
      throw new Refusal(
        "column-unfit",
        "expected sums that fit 62 bits: the column's bounds, or ρ, are too extreme",
      );
    }
    const offset = length;
    length += cells * draft.width;
    return { ...draft, variance, offset };
  });
  return { vectors, length };
}

/** What each period is charged: never less than it costs, and never more than ρ. */
function chargeWithin(
  rho: Rational,
  vectors: readonly Vector[],
  noiseShares: NoiseShares | null,
  tables: PlannedTables | null,
): Rational {
  const used = [
    ...vectors.flatMap(({ reach, variance }) => (variance === null ? [] : [costOf(reach, variance)])),
    ...(noiseShares?.costs ?? []),
  ].map((cost) => (tables === null ? cost : shortCost(cost)));
  // The margin kept free for it has always sufficed; were it not to, nothing may be charged less than it costs.
  if (compare(sum(used), rho) > 0)
    throw new Refusal("rho-out-of-range", "expected a ρ that the sum of shares of noise can keep to");
  return chargeOf(used, rho);
}

/** Plans made lately, by all that they are computed from: a round's every message is judged by its query's plan. */
const plans = new Map<string, Plan>();
const MOST_PLANS = 50;

/** `planOf`, made once for the same query, number of regions and dataset, which is known by its document's hash. */
export function planOnce(document: Hash, ...given: Parameters<typeof planOf>): Plan {
  const [query, , regions, most] = given;
  const name = JSON.stringify([document, query, regions, most ?? null]);
  return remembered(plans, name, MOST_PLANS, () => planOf(...given));
}

/** What is measured of one statistic: itself, or each of its residuals; and the variance of its noise, by its ρ. */
function measuredOf(
  { bound, ...draft }: VectorDraft,
  tables: PlannedTables | null,
): Array<Omit<Vector, "variance" | "offset"> & { part: Rational; exact: (rho: Rational) => Rational }> {
  if (tables === null) {
    const exact = (rho: Rational) => exactVariance(bound, rho);
    return [{ ...draft, of: draft.id, bound, reach: reachOf(bound), residual: null, exact }];
  }
  const { statistic } = draft;
  const sizes = sizesOf(tables, statistic);
  // What a person can change of a share's residuals is so much of what they can change of the rows'.
  const less =
    statistic.of === "share" ? rational(BigInt(statistic.categories - 1), BigInt(statistic.categories)) : ONE;
  return tables.residuals.map(({ set: columns, variance }) => {
    const set = withOwn(tables, columns, statistic);
    const id = `${draft.id} on ${columns.map((at) => tables.attributes[at]?.column).join()}`;
    const residual = { set, variance: multiply(variance, less) };
    const exact = (rho: Rational) => varianceOn(residual, sizes, bound, rho);
    const width = cellsIn(set, sizes);
    const reach = reachOn(set, sizes, bound);
    return { ...draft, id, of: draft.id, bound, reach, residual: set, width, exact };
  });
}

/** ρ for the regions' own answers, and for the nation's sum; null where the release has no such part. */
function splitOf(
  { release, nationalPart }: Query,
  rho: Rational,
): { regional: Rational | null; national: Rational | null } {
  if (release === "regions") return { regional: rho, national: null };
  if (release === "national") return { regional: null, national: rho };
  const national = multiply(rho, parseRational(nationalPart ?? "1/2"));
  return { regional: subtract(rho, national), national };
}

/** What a release publishes is limited as what an answer carries is: vectors are shared, figures are not. */
function checkFigures(
  measures: readonly PlannedMeasure[],
  vectors: readonly Vector[],
  places: number,
  limit: number,
): void {
  const figures = measures.reduce((sum, { labels }) => sum + (labels?.length ?? 1), 0) * places;
  if (figures > limit) {
    throw new Refusal("answer-too-long", `expected at most ${limit} figures; ${figures} came`);
  }
  const work = measures.reduce((sum, { measure, vectors: [id] }) => {
    const width = vectors.find((vector) => vector.id === id)?.width ?? 1;
    return measure.kind === "quantile" ? sum + width * measure.probabilities.length : sum;
  }, 0);
  const most = 10 * limit;
  if (work * places > most) {
    throw new Refusal(
      "answer-too-long",
      `expected bins × probabilities × cells of quantiles to be at most ${most}`,
    );
  }
}

type VectorDraft = Pick<Vector, "id" | "statistic" | "bound" | "width"> & { readonly part: Rational };
const ONE = rational(1n);

function rhoOf(query: Query, dataset: Dataset): Rational {
  const rho = parseRational(query.rho);
  const budget = parseRational(dataset.budget.rhoPerPeriod);
  if (!isShort(rho)) throw new Refusal("rho-out-of-range", "expected a rho of at most 12 decimals");
  if (compare(rho, ZERO) <= 0 || compare(rho, budget) > 0) {
    throw new Refusal("rho-out-of-range", `expected 0 < rho ≤ ${dataset.budget.rhoPerPeriod}`);
  }
  return rho;
}

/** All vectors' ids together, in characters: a release names each. */
const MAX_NAMES = 2_000_000;

/** All of a query's filters together: no more values than every engine and every document can carry. */
const MAX_FILTER_VALUES = 5_000;

function checkFilters({ where, measures }: Query, dataset: Dataset): void {
  const predicates = measures.map((measure) =>
    measure.kind === "share" ? measure.predicate : measure.kind === "count" ? measure.where : undefined,
  );
  const filters = [where, ...predicates].filter((filter) => filter !== undefined);
  for (const filter of filters) checkFilter(filter, dataset);
  const values = filters.reduce((sum, filter) => sum + valuesIn(filter), 0);
  if (values > MAX_FILTER_VALUES) {
    throw new Refusal(
      "too-large",
      `expected at most ${MAX_FILTER_VALUES} values in all filters; ${values} came`,
    );
  }
}

function checkPeriods({ periods, pool }: Query, dataset: Dataset): void {
  const ordinals = periods.map((period) => ordinalOf(dataset.period, period));
  ordinals.forEach((ordinal, index) => {
    if (ordinal === null) throw new Refusal("period-unfit", `expected periods of kind ${dataset.period}`);
    const before = ordinals[index - 1];
    if (index > 0 && (before == null || ordinal <= before)) {
      throw new Refusal("period-unfit", "expected periods in rising order, each once");
    }
    if (pool && index > 0 && ordinal - (before ?? 0) !== 1) {
      throw new Refusal("period-unfit", "expected periods without gaps where they are pooled");
    }
  });
}

/** The grouping columns' categories in the catalogue's order, a cell for null last where there can be one. */
function dimensionsOf(query: Query, dataset: Dataset, most: number): Dimension[] {
  if (new Set(query.groupBy).size !== query.groupBy.length) {
    throw new Refusal("column-unfit", "expected each grouping column once");
  }
  const dimensions = query.groupBy.map((name) => dimensionOf(name, dataset));
  const cells = dimensions.reduce((product, { values }) => product * values.length, 1);
  if (cells > most) throw new Refusal("answer-too-long", `expected at most ${most} cells`);
  return dimensions;
}

/** The vector of a statistic, by its id; with tables, of one of its residuals. */
export const vectorOf = (plan: Plan, id: string): Vector => {
  const vector = plan.vectors.find((candidate) => candidate.of === id);
  if (vector === undefined) throw new RangeError("expected a vector of the plan");
  return vector;
};

/** The periods as they are published: each, or the pool under one name. */
export const publishedPeriods = (plan: Plan): string[] =>
  plan.pool ? [pooledName(plan.periods)] : [...plan.periods];

/** Refuses a plan with a period that is not closed at a time: an answer must never change under its own name. */
export function checkClosed({ dataset, periods }: Pick<Plan, "dataset" | "periods">, now: Date): void {
  const open = periods.find((period) => closedAt(dataset.period, period, dataset.graceDays) > now);
  if (open !== undefined) {
    throw new Refusal("period-unfit", `expected closed periods; ${open} is not closed yet`);
  }
}
