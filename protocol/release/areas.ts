/**
 * From what the nodes sent to noisy sums by area: each region's own answer, the nation as their sum or as the secure
 * sum, or, where a query asked for both, the two reconciled by least squares, so that regions add up to the nation.
 * Post-processing, with only + − × ÷, which every engine rounds alike.
 */
import { type Plan, regionsAnswer } from "../plan/plan.ts";
import { releasedVariance } from "../privacy/noise-shares.ts";
import { UNITS } from "../privacy/privacy.ts";
import { NATION } from "../values/codes.ts";
import { toNumber } from "../values/rational.ts";
import type { Noisy } from "./estimate.ts";
import { reconciledVariances, shiftsOf } from "./reconcile.ts";

/** What the secure sum came to. */
export type NationalSum = {
  /** The plan's integers times its scale, period by period. */
  readonly sum: readonly bigint[];
  /** Whose vectors it is the sum of. */
  readonly survivors: readonly string[];
  /** How many of them left the noise that was planned for missing regions in. */
  readonly unopened: number;
};

/** Noisy sums of one area: what a vector says of a cell in a published period, a sum a bin. */
export type Area = {
  readonly code: string;
  readonly sums: (period: number, cell: number, vector: number) => Noisy[];
};

export type Sent = {
  /** Each answering region's integers, in the directory's order. */
  readonly answers: ReadonlyMap<string, readonly bigint[]>;
  readonly national: NationalSum | null;
};

/** The nation first, then every region that has figures of its own. */
export function areasOf(plan: Plan, { answers, national }: Sent): Area[] {
  const regions = [...answers].map(([code, answer]) => [code, pooled(plan, answer)] as const);
  const own = regionalVariances(plan);
  if (national === null) {
    const nation = regions.map(([, answer]) => answer).reduce(added, zeros(plan));
    return [
      areaOf(
        plan,
        NATION,
        inPersons(nation, 1n),
        own.map((v) => v * regions.length),
      ),
      ...regions.map(([code, answer]) => areaOf(plan, code, inPersons(answer, 1n), own)),
    ];
  }
  const total = inPersons(pooled(plan, national.sum), plan.noiseShares?.scale ?? 1n);
  const missing = (plan.noiseShares?.n ?? 0) - national.survivors.length;
  const totals = nationalVariances(plan, missing, national.unopened);
  if (!regionsAnswer(plan)) return [areaOf(plan, NATION, total, totals)];
  return reconciled(plan, regions, national.survivors, { total, own, totals });
}

/** Regions' estimates and the secure sum of them, reconciled. Regions that came too late for the sum are added as they are. */
function reconciled(
  plan: Plan,
  regions: ReadonlyArray<readonly [string, readonly bigint[]]>,
  survivors: readonly string[],
  { total, own, totals }: { total: readonly number[]; own: readonly number[]; totals: readonly number[] },
): Area[] {
  const within = regions.filter(([code]) => survivors.includes(code));
  const m = within.length;
  if (m !== survivors.length) throw new RangeError("expected an answer of each region in the secure sum");
  const sums = inPersons(within.map(([, answer]) => answer).reduce(added, zeros(plan)), 1n);
  const others = regions.length - m;
  const outside = inPersons(
    regions
      .filter(([code]) => !survivors.includes(code))
      .map(([, answer]) => answer)
      .reduce(added, zeros(plan)),
    1n,
  );
  const shifts = shiftsOf({ sums, total, vectors: vectorOfEach(plan) }, { own, totals, m });
  const nation = sums.map((value, index) => value + m * (shifts[index] ?? 0) + (outside[index] ?? 0));
  const variances = reconciledVariances({ own, totals, m });
  const nationVariances = variances.nation.map((variance, vector) => variance + others * (own[vector] ?? 0));
  return [
    areaOf(plan, NATION, nation, nationVariances),
    ...regions.map(([code, answer]) => {
      const values = inPersons(answer, 1n);
      if (!survivors.includes(code)) return areaOf(plan, code, values, own);
      return areaOf(
        plan,
        code,
        values.map((value, index) => value + (shifts[index] ?? 0)),
        variances.region,
      );
    }),
  ];
}

const PER_UNIT = Number(UNITS);
const periodsPooled = (plan: Plan): number => (plan.pool ? plan.periods.length : 1);

/** The variance of one region's noise in each vector, of a published period, in persons squared. */
export const regionalVariances = (plan: Plan): number[] =>
  plan.vectors.map(
    ({ variance }) =>
      ((variance === null ? 0 : toNumber(variance)) * periodsPooled(plan)) / (PER_UNIT * PER_UNIT),
  );

/**
 * The variance of the secure sum's noise in each vector, of a published period, in persons squared: with so many
 * regions missing, and so many survivors who left their surplus in.
 */
export const nationalVariances = (plan: Plan, missing: number, unopened: number): number[] =>
  plan.vectors.map((_, vector) => {
    if (plan.noiseShares === null) return 0;
    const variance = releasedVariance(plan.noiseShares, vector, missing, unopened);
    return toNumber(variance) * periodsPooled(plan);
  });

const zeros = (plan: Plan): bigint[] =>
  new Array<bigint>(plan.pool ? plan.length : plan.length * plan.periods.length).fill(0n);

const added = (a: readonly bigint[], b: readonly bigint[]): bigint[] =>
  a.map((value, index) => value + (b[index] ?? 0n));

/** The published periods' integers: each period's, or all periods' added up. */
function pooled(plan: Plan, answer: readonly bigint[]): readonly bigint[] {
  if (!plan.pool) return answer;
  return plan.periods
    .map((_, period) => answer.slice(period * plan.length, (period + 1) * plan.length))
    .reduce(added, zeros(plan));
}

const inPersons = (sums: readonly bigint[], scale: bigint): number[] => {
  const unit = Number(UNITS * scale);
  return sums.map((sum) => Number(sum) / unit);
};

/** Which vector each integer of the published periods belongs to. */
function vectorOfEach(plan: Plan): number[] {
  const once = plan.vectors.flatMap(({ width }, vector) =>
    new Array<number>(plan.cells * width).fill(vector),
  );
  return plan.pool ? once : plan.periods.flatMap(() => once);
}

const areaOf = (plan: Plan, code: string, values: readonly number[], variances: readonly number[]): Area => ({
  code,
  sums: (period, cell, vector) => {
    const { offset, width } = plan.vectors[vector] ?? { offset: 0, width: 0 };
    const start = period * plan.length + offset + cell * width;
    const variance = variances[vector] ?? 0;
    return values.slice(start, start + width).map((value): Noisy => ({ value, variance }));
  },
});
