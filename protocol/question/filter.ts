/**
 * Filters: which rows a question or a predicate is about. Data, never code. Three-valued as in SQL: a comparison
 * with null is neither true nor false, and only rows where the whole is true are counted.
 */
import { z } from "zod";
import { Refusal } from "../values/refusal.ts";
import { Category, ColumnName, type Dataset } from "./catalogue.ts";

const Value = z.union([Category, z.int(), z.boolean()]);
export type Value = z.infer<typeof Value>;

export type Filter =
  | { readonly column: string; readonly in: readonly Value[] }
  | { readonly column: string; readonly between: readonly [number, number] }
  | { readonly not: Filter }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] };

export const Filter: z.ZodType<Filter> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ column: ColumnName, in: z.array(Value).min(1).max(1000) }),
      z.strictObject({ column: ColumnName, between: z.tuple([z.int(), z.int()]) }),
      z.strictObject({ not: Filter }),
      z.strictObject({ and: z.array(Filter).min(1).max(20) }),
      z.strictObject({ or: z.array(Filter).min(1).max(20) }),
    ],
    "expected one of {column, in}, {column, between}, {not}, {and}, {or}",
  ),
);

const MAX_DEPTH = 6;
const MAX_PARTS = 100;

/** Refuses a filter that names what the dataset does not have, or that is deeper or larger than anyone reads. */
export function checkFilter(filter: Filter, dataset: Dataset): void {
  let parts = 0;
  const walk = (part: Filter, depth: number): void => {
    if (++parts > MAX_PARTS || depth > MAX_DEPTH) {
      throw new Refusal(
        "too-large",
        `expected a filter of at most ${MAX_PARTS} parts and ${MAX_DEPTH} levels`,
      );
    }
    if ("not" in part) walk(part.not, depth + 1);
    else if ("and" in part) for (const each of part.and) walk(each, depth + 1);
    else if ("or" in part) for (const each of part.or) walk(each, depth + 1);
    else checkLeaf(part, dataset);
  };
  walk(filter, 1);
}

function checkLeaf(leaf: Extract<Filter, { column: string }>, dataset: Dataset): void {
  const column = columnOf(dataset, leaf.column);
  if ("between" in leaf) {
    const [low, high] = leaf.between;
    if (column.kind !== "integer") {
      throw new Refusal(
        "column-unfit",
        `expected an integer column for between; ${leaf.column} is ${column.kind}`,
      );
    }
    if (low > high || low < column.min || high > column.max) {
      throw new Refusal(
        "value-unknown",
        `expected ${column.min} ≤ low ≤ high ≤ ${column.max} for ${leaf.column}`,
      );
    }
    return;
  }
  for (const value of leaf.in) {
    const known =
      column.kind === "category"
        ? typeof value === "string" && column.values.includes(value)
        : column.kind === "boolean"
          ? typeof value === "boolean"
          : typeof value === "number" && value >= column.min && value <= column.max;
    if (!known)
      throw new Refusal("value-unknown", `expected values of ${leaf.column} as the catalogue declares them`);
  }
  if (new Set(leaf.in).size !== leaf.in.length) {
    throw new Refusal("value-unknown", `expected each value of ${leaf.column} once`);
  }
}

/** The declared column, or a refusal. Own properties only: `constructor` is not a column. */
export function columnOf(dataset: Dataset, name: string) {
  const column = Object.hasOwn(dataset.columns, name) ? dataset.columns[name] : undefined;
  if (column === undefined)
    throw new Refusal("column-unknown", `expected a column of ${dataset.dataset}; there is no "${name}"`);
  return column;
}

/** The columns that a filter reads. */
export function columnsIn(filter: Filter): string[] {
  if ("not" in filter) return columnsIn(filter.not);
  if ("and" in filter) return filter.and.flatMap(columnsIn);
  if ("or" in filter) return filter.or.flatMap(columnsIn);
  return [filter.column];
}

/** How many values a filter names. */
export function valuesIn(filter: Filter): number {
  if ("not" in filter) return valuesIn(filter.not);
  if ("and" in filter) return filter.and.reduce((sum, part) => sum + valuesIn(part), 0);
  if ("or" in filter) return filter.or.reduce((sum, part) => sum + valuesIn(part), 0);
  return "in" in filter ? filter.in.length : 2;
}
