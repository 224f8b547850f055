/**
 * The exact discrete Gaussian of Canonne, Kamath and Steinke 2020 (algorithms 1–3), on integers. Plain numbers are
 * used where every intermediate stays below 2^53; the acceptance test outgrows them first and is then decided
 * lazily in doubles with a proven error bound, exactly in bigint wherever that does not decide.
 */
import { floorSqrt, MAX_SIGMA } from "../../protocol/privacy/privacy.ts";
import type { Rational } from "../../protocol/values/rational.ts";
import type { Bits } from "../random.ts";

const SAFE = 2 ** 53;
const TWO_32 = 2 ** 32;

/** How far x = a²/(2NDt²), computed in doubles, can be from the truth for x ≤ 64: a few roundings of 2^−53·64. */
const X_ERROR = 2 ** -44;

/** Uniform on 0 … m−1, for 1 ≤ m ≤ 2^53: rejection on ⌈log₂ m⌉ bits, never modulo. */
export function uniform(bits: Bits, m: number): number {
  if (m <= TWO_32) {
    const count = 32 - Math.clz32(m - 1);
    const width = m === 1 ? 0 : count;
    for (;;) {
      const value = bits.small(width);
      if (value < m) return value;
    }
  }
  const width = 64 - Math.clz32(Math.floor((m - 1) / TWO_32));
  for (;;) {
    const value = bits.bits(width);
    if (value < m) return value;
  }
}

/** Uniform on 0 … m−1 for any m ≥ 1. */
export function uniformBig(bits: Bits, m: bigint): bigint {
  const width = (m - 1n).toString(2).length;
  for (;;) {
    const value = m === 1n ? 0n : bits.big(width);
    if (value < m) return value;
  }
}

/** True with probability exp(−n/d), 0 ≤ n ≤ d. */
export function bernoulliExp1(bits: Bits, n: number, d: number): boolean {
  let k = 1;
  while (k * d < SAFE ? uniform(bits, k * d) < n : uniformBig(bits, BigInt(k) * BigInt(d)) < BigInt(n)) k++;
  return k % 2 === 1;
}

function bernoulliExp1Big(bits: Bits, n: bigint, d: bigint): boolean {
  let k = 1n;
  while (uniformBig(bits, d * k) < n) k++;
  return k % 2n === 1n;
}

/** True with probability exp(−n/d), any n ≥ 0. */
export function bernoulliExp(bits: Bits, n: bigint, d: bigint): boolean {
  let rest = n;
  while (rest > d) {
    if (!bernoulliExp1(bits, 1, 1)) return false;
    rest -= d;
  }
  return bernoulliExp1Big(bits, rest, d);
}

/** The discrete Laplace distribution of scale t: probability ∝ exp(−|y|/t). */
export function discreteLaplace(bits: Bits, t: number): number {
  for (;;) {
    let u = uniform(bits, t);
    while (!bernoulliExp1(bits, u, t)) u = uniform(bits, t);
    let v = 0;
    while (bernoulliExp1(bits, 1, 1)) v++;
    const y = u + t * v;
    const negative = bits.small(1) === 1;
    // "−0" starts again, or 0 would come twice as often as it should.
    if (negative && y === 0) continue;
    return negative ? -y : y;
  }
}

/** A sampler of the discrete Gaussian with σ² = variance > 0: probability ∝ exp(−y²/(2σ²)). */
export function discreteGaussian(bits: Bits, variance: Rational): () => number {
  const { n: bigN, d: bigD } = variance;
  const bigT = floorSqrt(bigN / bigD) + 1n;
  // Below 2^45 every y of the Laplace step (u + t·v, v below 200) is exact in a double. No plan has a larger σ.
  if (bigN <= 0n || bigT > MAX_SIGMA) throw new RangeError("expected 0 < σ < 2^45");
  const bigScale = 2n * bigN * bigD * bigT * bigT;
  const t = Number(bigT);
  const small = bigScale < BigInt(SAFE) / 64n && bigN < BigInt(SAFE);
  const step = Number(bigT * bigD);
  const shift = Number(bigN);
  const scale = Number(bigScale);
  const lazy = bigN < BigInt(SAFE) / 2n && bigT * bigD < BigInt(SAFE) / 2n;

  const exactly = (y: number): boolean => {
    const a = BigInt(y) * bigT * bigD - bigN;
    return bernoulliExp(bits, a * a, bigScale);
  };

  const accept = (y: number): boolean => {
    if (!lazy || y * step + shift >= SAFE) return exactly(y);
    const a = y * step - shift;
    const square = a * a;
    // All in plain numbers: the square is exact below 2^53, and so is scale·k for the 64 k that matter.
    if (small && square < SAFE) {
      let rest = square;
      while (rest > scale) {
        if (!bernoulliExp1(bits, 1, 1)) return false;
        rest -= scale;
      }
      return bernoulliExp1(bits, rest, scale);
    }
    const x = square / scale;
    const whole = Math.floor(x);
    if (x > 64 || Math.abs(x - Math.round(x)) < 2 ** -40) return exactly(y);
    for (let each = 0; each < whole; each++) if (!bernoulliExp1(bits, 1, 1)) return false;
    return lazyExp1(bits, x - whole, () => ({
      n: BigInt(a) * BigInt(a) - BigInt(whole) * bigScale,
      d: bigScale,
    }));
  };

  return () => {
    for (;;) {
      const y = discreteLaplace(bits, t);
      if (accept(Math.abs(y))) return y;
    }
  };
}

/**
 * True with probability exp(−f), where 0 < f < 1 is n/d exactly and `approximately` is within `window` of it. Each
 * step of the von Neumann series asks whether a uniform U is below f/k; 53 bits of U decide unless they fall into
 * the window, and then *more* bits of the same U are compared exactly.
 */
export function lazyExp1(
  bits: Bits,
  approximately: number,
  exact: () => { n: bigint; d: bigint },
  window: number = X_ERROR,
): boolean {
  for (let k = 1; ; k++) {
    const u = bits.bits(53);
    const middle = (approximately / k) * SAFE;
    const margin = (window / k) * SAFE + 4;
    let below: boolean;
    if (u < middle - margin) below = true;
    else if (u > middle + margin) below = false;
    else {
      const { n, d } = exact();
      const width = d * BigInt(k);
      const threshold = (n * BigInt(SAFE)) / width;
      const rest = n * BigInt(SAFE) - threshold * width;
      const first = BigInt(u);
      below = first === threshold ? uniformBig(bits, width) < rest : first < threshold;
    }
    if (!below) return k % 2 === 1;
  }
}
