/**
 * From the residuals' noisy sums to every table's, in floats: post-processing, the same for a region's own answer,
 * their sum, the secure sum, and both reconciled. `protocol/privacy/residual.ts` does the same as fractions, to which
 * tests hold this.
 */
import type { Plan } from "../plan/plan.ts";
import type { PlannedTables } from "../plan/tables.ts";
import { type AttributeSet, cellsIn, keyOf, spreadOf, subsetsOf } from "../privacy/marginals.ts";
import { eachLine, placesOf } from "../privacy/residual.ts";
import type { Area } from "./areas.ts";
import type { Noisy } from "./estimate.ts";

/** One residual, projected: in persons, with the variance of its noise. */
type Projected = { readonly values: Float64Array; readonly variance: number };

/** ⊗(I − J/n) along each attribute: takes away what noise put where no residual can be. */
function project(values: readonly number[], set: AttributeSet, sizes: readonly number[]): Float64Array {
  const next = Float64Array.from(values);
  eachLine(set, sizes, (cells) => {
    let line = 0;
    for (const cell of cells) line += next[cell] ?? 0;
    const mean = line / cells.length;
    for (const cell of cells) next[cell] = (next[cell] ?? 0) - mean;
  });
  return next;
}

/** The sums of one area and published period: of a statistic, in every cell of a table. */
export function tablesOf(
  plan: Plan & { readonly tables: PlannedTables },
  area: Area,
  period: number,
): (set: AttributeSet) => ReadonlyMap<string, readonly Noisy[]> {
  const { sizes } = plan.tables;
  const projected = new Map<string, Map<string, Projected>>();
  plan.vectors.forEach(({ of, residual }, index) => {
    if (residual === null) throw new RangeError("expected residuals alone");
    const scale = cellsIn(residual, sizes);
    const sums = area.sums(period, 0, index);
    const values = project(
      sums.map(({ value }) => value / scale),
      residual,
      sizes,
    );
    const variance = (sums[0]?.variance ?? 0) / (scale * scale);
    const known = projected.get(of) ?? new Map<string, Projected>();
    projected.set(of, known.set(keyOf(residual), { values, variance }));
  });
  return (set) => {
    const whole = cellsIn(set, sizes);
    const parts = subsetsOf(set).map((subset) => ({
      key: keyOf(subset),
      place: placesOf(set, subset, sizes),
      rest: whole / cellsIn(subset, sizes),
      spread: spreadOf(set, new Set(subset), sizes),
    }));
    const sums = [...projected].map(([statistic, residuals]) => {
      const values = new Float64Array(whole);
      let variance = 0;
      for (const { key, place, rest, spread } of parts) {
        const part = residuals.get(key);
        if (part === undefined) throw new RangeError("expected a residual for each set within the table's");
        variance += spread * part.variance;
        for (let cell = 0; cell < whole; cell++)
          values[cell] = (values[cell] ?? 0) + (part.values[place[cell] ?? 0] ?? 0) / rest;
      }
      return [statistic, Array.from(values, (value): Noisy => ({ value, variance }))] as const;
    });
    return new Map(sums);
  };
}
