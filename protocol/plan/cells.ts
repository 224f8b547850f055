/** Cells of a table: what its columns can say, from the catalogue alone, and which cell stands where. */
import type { Dataset } from "../question/catalogue.ts";
import { columnOf } from "../question/filter.ts";
import { Refusal } from "../values/refusal.ts";

/** The code of a category for which nothing is known. */
export const UNKNOWN_CODE = "unknown";

/** A grouping column's categories in the catalogue's order, null last where there can be one. */
export type Dimension = { readonly column: string; readonly values: ReadonlyArray<string | null> };

export function dimensionOf(name: string, dataset: Dataset): Dimension {
  const column = columnOf(dataset, name);
  if (column.kind !== "category") {
    throw new Refusal("column-unfit", `expected a category column to group by; ${name} is ${column.kind}`);
  }
  return { column: name, values: column.nullable === true ? [...column.values, null] : column.values };
}

/** What a cell stands for, column by column, cells being numbered with the last column fastest. */
export function keysIn(dimensions: readonly Dimension[], cell: number): Record<string, string | null> {
  const keys: Array<[string, string | null]> = [];
  let rest = cell;
  for (const { column, values } of dimensions.toReversed()) {
    keys.unshift([column, values[rest % values.length] ?? null]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(keys);
}
