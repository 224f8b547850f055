/**
 * Exact fractions of whole numbers. Everything that decides privacy (cost, noise scale, what remains) is one of
 * these; a float appears only where a figure is shown to a person.
 */
import { z } from "zod";
import { Refusal } from "./refusal.ts";

/** In lowest terms, the denominator positive. */
export type Rational = { readonly n: bigint; readonly d: bigint };

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** n/d in lowest terms. Throws a RangeError on a zero denominator. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new RangeError("a fraction's denominator is not 0");
  const sign = d < 0n ? -1n : 1n;
  const divisor = gcd(n, d * sign) || 1n;
  return { n: (n * sign) / divisor, d: (d * sign) / divisor };
}

export const ZERO = rational(0n);

export const add = (a: Rational, b: Rational): Rational => rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const subtract = (a: Rational, b: Rational): Rational => rational(a.n * b.d - b.n * a.d, a.d * b.d);
export const multiply = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
export const divide = (a: Rational, b: Rational): Rational => rational(a.n * b.d, a.d * b.n);
export const sum = (parts: readonly Rational[]): Rational => parts.reduce(add, ZERO);

/** Negative, 0 or positive as a is below, equal to or above b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const least = (a: Rational, b: Rational): Rational => (compare(a, b) <= 0 ? a : b);

export const ceil = (a: Rational): bigint => (a.n >= 0n ? (a.n + a.d - 1n) / a.d : -(-a.n / a.d));

/** The least multiple of 1/grid that is not below a. */
export const ceilTo = (a: Rational, grid: bigint): Rational =>
  rational(ceil(rational(a.n * grid, a.d)), grid);

/** The nearest double; for showing only. */
export function toNumber(a: Rational): number {
  const bits = Math.max(a.n.toString(2).length, a.d.toString(2).length) - 1000;
  const shift = bits > 0 ? BigInt(bits) : 0n;
  return Number(a.n >> shift) / Number(a.d >> shift);
}

/** `3/4`, or `3` where the denominator is 1. */
export const format = (a: Rational): string => (a.d === 1n ? a.n.toString() : `${a.n}/${a.d}`);

const FORM = /^(-?\d{1,400})(?:\/([1-9]\d{0,399})|\.(\d{1,40}))?(?:e(-?\d{1,2}))?$/;

/** `1/4`, `0.25`, `12`, `1e-9`. Refuses anything else. */
export function parseRational(text: string): Rational {
  const match = FORM.exec(text);
  if (match === null) throw new Refusal("schema-mismatch", "expected a fraction such as 1/4, 0.25 or 12");
  const [, whole = "0", denominator, decimals = "", exponent = "0"] = match;
  const scale = 10n ** BigInt(decimals.length);
  const magnitude = BigInt(whole.replace("-", "")) * scale + BigInt(decimals === "" ? "0" : decimals);
  const base = rational(whole.startsWith("-") ? -magnitude : magnitude, scale * BigInt(denominator ?? "1"));
  const power = Number(exponent);
  return power < 0
    ? divide(base, rational(10n ** BigInt(-power)))
    : multiply(base, rational(10n ** BigInt(power)));
}

/** A fraction as it travels: as text, so that nothing is lost on the way. Its value is reached by `parseRational`. */
export const RationalText = z
  .string()
  .max(801)
  .regex(FORM, 'expected a fraction as text, such as "1/4" or "0.25"');
