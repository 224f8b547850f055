/**
 * A second series of counts for those who show them: never negative, whole, and still adding up in every table. Made of
 * the published figures alone, by weighted least squares with non-negativity and largest remainders; biased, and so
 * marked, never to be reckoned with. Intervals always come from the figures themselves.
 */
import { type AttributeSet, cellsIn } from "../protocol/privacy/marginals.ts";
import { placesOf } from "../protocol/privacy/residual.ts";

/** One table of counts, with the variance of its cells. */
export type CountTable = {
  readonly set: AttributeSet;
  readonly values: readonly number[];
  readonly variance: number;
};

/** The full table is fitted; one of more cells than this is not. */
const MOST_CELLS = 20_000;
const ROUNDS = 200;

/** Whole numbers for the full table over all attributes, of which every table is a sum; null where it is too large. */
export function displayOf(tables: readonly CountTable[], sizes: readonly number[]): Int32Array | null {
  const all = sizes.map((_, at) => at);
  const cells = cellsIn(all, sizes);
  if (cells > MOST_CELLS || tables.length === 0) return null;
  return rounded(fitted(tables, sizes, all, cells), sizes);
}

/** The sums of a full table in a table of it. */
export function sumsIn(full: ArrayLike<number>, set: AttributeSet, sizes: readonly number[]): number[] {
  const place = placesOf(
    sizes.map((_, at) => at),
    set,
    sizes,
  );
  const sums = new Array<number>(cellsIn(set, sizes)).fill(0);
  for (let cell = 0; cell < full.length; cell++) {
    const to = place[cell] ?? 0;
    sums[to] = (sums[to] ?? 0) + (full[cell] ?? 0);
  }
  return sums;
}

/** x ≥ 0 with least Σ_S ‖M_S·x − y_S‖²/variance_S: accelerated projected gradient (Beck and Teboulle 2009). */
function fitted(
  tables: readonly CountTable[],
  sizes: readonly number[],
  all: AttributeSet,
  cells: number,
): Float64Array {
  const least = Math.min(...tables.map(({ variance }) => variance));
  const laid = tables.map(({ set, values, variance }) => ({
    values,
    weight: least / variance,
    place: placesOf(all, set, sizes),
    own: cellsIn(set, sizes),
  }));
  // Mᵀ·M of a table has no larger eigenvalue than the number of cells that one of its own sums.
  const step = 1 / laid.reduce((sum, { weight, own }) => sum + (weight * cells) / own, 0);
  const total = tables.find(({ set }) => set.length === 0)?.values[0] ?? 0;
  let x = new Float64Array(cells).fill(Math.max(0, total) / cells);
  let ahead = Float64Array.from(x);
  let momentum = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = new Float64Array(cells);
    for (const { values, weight, place, own } of laid) {
      const miss = new Float64Array(own);
      for (let cell = 0; cell < cells; cell++) {
        const to = place[cell] ?? 0;
        miss[to] = (miss[to] ?? 0) + (ahead[cell] ?? 0);
      }
      for (let cell = 0; cell < own; cell++) miss[cell] = weight * ((miss[cell] ?? 0) - (values[cell] ?? 0));
      for (let cell = 0; cell < cells; cell++)
        gradient[cell] = (gradient[cell] ?? 0) + (miss[place[cell] ?? 0] ?? 0);
    }
    const next = Float64Array.from(ahead, (value, cell) => Math.max(0, value - step * (gradient[cell] ?? 0)));
    const after = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    ahead = next.map((value, cell) => value + ((momentum - 1) / after) * (value - (x[cell] ?? 0)));
    [x, momentum] = [next, after];
  }
  return x;
}

/** Attribute by attribute, a whole number is shared out among its parts by largest remainders: all sums stay near. */
function rounded(x: Float64Array, sizes: readonly number[]): Int32Array {
  let parts = [Math.round(x.reduce((sum, value) => sum + value, 0))];
  let width = x.length;
  for (const n of sizes) {
    width /= n;
    parts = parts.flatMap((whole, parent) => {
      const shares = Array.from({ length: n }, (_, child) => {
        let sum = 0;
        const from = (parent * n + child) * width;
        for (let cell = from; cell < from + width; cell++) sum += x[cell] ?? 0;
        return sum;
      });
      return apportioned(whole, shares);
    });
  }
  return Int32Array.from(parts);
}

function apportioned(whole: number, shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const exact = shares.map((share) => (total > 0 ? (whole * share) / total : whole / shares.length));
  const floors = exact.map(Math.floor);
  let left = whole - floors.reduce((sum, floor) => sum + floor, 0);
  const order = exact
    .map((value, at) => ({ at, rest: value - (floors[at] ?? 0) }))
    .sort((a, b) => b.rest - a.rest || a.at - b.at);
  for (const { at } of order) {
    if (left <= 0) break;
    floors[at] = (floors[at] ?? 0) + 1;
    left--;
  }
  return floors;
}
