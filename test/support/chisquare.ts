/** Chi-square against an exact probability mass function, bins of small expectation pooled into the tails. */

/** P(X > x) for chi-square with k degrees of freedom: the regularised upper incomplete gamma function Q(k/2, x/2). */
export function chiSquareTail(x: number, k: number): number {
  const a = k / 2;
  const z = x / 2;
  if (z <= 0) return 1;
  if (z < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
      term *= z / (a + n);
      sum += term;
    }
    return 1 - sum * Math.exp(-z + a * Math.log(z) - logGamma(a));
  }
  let b = z + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return h * Math.exp(-z + a * Math.log(z) - logGamma(a));
}

function logGamma(x: number): number {
  const g = [
    76.180091729471, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
    -0.5395239384953e-5,
  ];
  const t = x + 5.5;
  const series = g.reduce((sum, value, index) => sum + value / (x + 1 + index), 1.000000000190015);
  return (x + 0.5) * Math.log(t) - t + Math.log((2.506628274631 * series) / x);
}

/** The discrete Gaussian's mass at each integer within ±reach. */
export function gaussianMass(variance: number): Map<number, number> {
  const reach = Math.ceil(12 * Math.sqrt(variance)) + 3;
  const raw = new Map<number, number>();
  let total = 0;
  for (let y = -reach; y <= reach; y++) {
    const mass = Math.exp((-y * y) / (2 * variance));
    raw.set(y, mass);
    total += mass;
  }
  return new Map([...raw].map(([y, mass]) => [y, mass / total]));
}

/** The p-value of `draws` samples against a mass function. Wide distributions are binned to about 200 bins. */
export function pValue(sample: () => number, draws: number, mass: ReadonlyMap<number, number>): number {
  const points = [...mass].sort(([a], [b]) => a - b);
  const target = Math.max(10 / draws, 1 / 200);
  const binOf = new Map<number, number>();
  const expected: number[] = [];
  let held = 0;
  let bin = 0;
  for (const [y, p] of points) {
    binOf.set(y, bin);
    held += p;
    if (held >= target) {
      expected.push(held);
      held = 0;
      bin++;
    }
  }
  expected[expected.length - 1] = (expected.at(-1) ?? 0) + held;
  const last = expected.length - 1;
  const counts = new Array<number>(expected.length).fill(0);
  for (let each = 0; each < draws; each++) {
    const y = sample();
    const at = Math.min(last, binOf.get(y) ?? (y < 0 ? 0 : last));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const statistic = expected.reduce(
    (sum, p, index) => sum + ((counts[index] ?? 0) - p * draws) ** 2 / (p * draws),
    0,
  );
  return chiSquareTail(statistic, last);
}
