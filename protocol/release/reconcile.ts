/**
 * Least squares between what regions say by themselves and the secure sum of the same regions: region estimates r_i
 * (variance v each, m of them in the sum S = Σr_i) and the secure sum s (variance w). Each r_i moves by λ(s − S),
 * λ = v/(mv + w): the nation becomes the mean of both estimates by inverse variance, mvw/(mv + w), and a region's
 * variance v − λv.
 */

/** Variances of one region's estimate and of the secure sum, vector by vector, in persons squared; and how many regions. */
export type Variances = {
  readonly own: readonly number[];
  readonly totals: readonly number[];
  readonly m: number;
};

/** By how much each region's estimate moves, number by number: those of a vector by the same part of the difference. */
export function shiftsOf(
  estimates: {
    readonly sums: readonly number[];
    readonly total: readonly number[];
    /** Which vector each number belongs to. */
    readonly vectors: readonly number[];
  },
  variances: Variances,
): number[] {
  const { sums, total, vectors } = estimates;
  const pulls = pullsOf(variances);
  return vectors.map((vector, index) => (pulls[vector] ?? 0) * ((total[index] ?? 0) - (sums[index] ?? 0)));
}

const pullsOf = ({ own, totals, m }: Variances): number[] =>
  own.map((v, vector) => v / (m * v + (totals[vector] ?? 0)));

/** Variances, vector by vector, once the estimates of m regions and of their secure sum are reconciled. */
export function reconciledVariances(variances: Variances): {
  readonly region: number[];
  readonly nation: number[];
} {
  const { own, totals, m } = variances;
  const pulls = pullsOf(variances);
  return {
    region: own.map((v, vector) => v - (pulls[vector] ?? 0) * v),
    nation: own.map((v, vector) => {
      const w = totals[vector] ?? 0;
      return (m * v * w) / (m * v + w);
    }),
  };
}
