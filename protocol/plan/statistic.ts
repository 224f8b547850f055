/**
 * From measures to linear statistics: which sums each measure is made of, how far one row can move them, and which
 * two sums are one. Bounds are fixed in the privacy design ("Sensitivity").
 */
import type { Dataset, IntegerColumn } from "../question/catalogue.ts";
import { columnOf, columnsIn, type Filter } from "../question/filter.ts";
import type { Measure } from "../question/query.ts";
import { Refusal } from "../values/refusal.ts";

/** Integers in an answer, and figures in a release. */
export const MAX_INTEGERS = 100_000;

/** What one vector sums over a cell's rows, each row weighted. */
export type Statistic =
  /** Σ w over all rows */
  | { readonly of: "rows" }
  /** Σ w over rows where the column is not null */
  | { readonly of: "known"; readonly column: string }
  /** Σ w over rows where the predicate is true; where it is true or false */
  | { readonly of: "holds" | "decided"; readonly predicate: Filter }
  /** Σ w·v, a null counting as 0 */
  | { readonly of: "total"; readonly column: string }
  /** Σ w·(v − centre) over rows where the column is not null */
  | { readonly of: "centred"; readonly column: string; readonly centre: number }
  /** Σ w·((v − centre)² − half) over rows where the column is not null */
  | { readonly of: "square"; readonly column: string; readonly centre: number; readonly half: bigint }
  /** Σ w by bin of the column; a null lies in no bin */
  | { readonly of: "bins"; readonly column: string; readonly edges: readonly number[] | null };

export type Need = {
  statistics: Array<[Statistic, bound: bigint, width: number]>;
  labels: readonly string[] | null;
};

/** The statistics that a measure is made of, numerator first and denominator last, with their bounds and widths. */
export function needsOf(measure: Measure, dataset: Dataset): Need {
  switch (measure.kind) {
    case "count": {
      const { where } = measure;
      const counted: Statistic = where === undefined ? { of: "rows" } : { of: "holds", predicate: where };
      return { statistics: [[counted, 1n, 1]], labels: null };
    }
    case "sum": {
      const { min, max } = integerOf(dataset, measure.column);
      const bound = BigInt(Math.max(Math.abs(min), Math.abs(max)));
      return { statistics: [[{ of: "total", column: measure.column }, bound, 1]], labels: null };
    }
    case "mean":
    case "variance": {
      const { column } = measure;
      const { min, max } = integerOf(dataset, column);
      const centre = Math.ceil((min + max) / 2);
      const bound = BigInt(Math.max(max - centre, centre - min));
      const half = (bound * bound + 1n) / 2n;
      const centred: Need["statistics"][number] = [{ of: "centred", column, centre }, bound, 1];
      const known: Need["statistics"][number] = [{ of: "known", column }, 1n, 1];
      if (measure.kind === "mean") return { statistics: [centred, known], labels: null };
      return {
        statistics: [[{ of: "square", column, centre, half }, half, 1], centred, known],
        labels: null,
      };
    }
    case "share": {
      const { predicate } = measure;
      return {
        statistics: [
          [{ of: "holds", predicate }, 1n, 1],
          [{ of: "decided", predicate }, 1n, 1],
        ],
        labels: null,
      };
    }
    case "histogram":
      return binsOf(measure.column, measure.edges ?? null, dataset);
    case "quantile": {
      const { statistics } = binsOf(measure.column, null, dataset);
      integerOf(dataset, measure.column);
      if (new Set(measure.probabilities).size !== measure.probabilities.length) {
        throw new Refusal("measure-unfit", "expected each probability once");
      }
      return { statistics, labels: measure.probabilities };
    }
  }
}

function binsOf(name: string, edges: readonly number[] | null, dataset: Dataset): Need {
  const labels = binLabels(dataset, name, edges);
  return { statistics: [[{ of: "bins", column: name, edges }, 1n, labels.length]], labels };
}

/** What each bin is called: the category, true or false, the value, or `0–19`. */
export function binLabels(dataset: Dataset, name: string, edges: readonly number[] | null): string[] {
  const column = columnOf(dataset, name);
  if (column.kind !== "integer") {
    if (edges !== null)
      throw new Refusal("measure-unfit", `expected no edges for the ${column.kind} column ${name}`);
    return column.kind === "category" ? [...column.values] : ["false", "true"];
  }
  const { min, max } = column;
  if (edges === null) {
    if (max - min >= MAX_INTEGERS) {
      throw new Refusal(
        "answer-too-long",
        `expected a domain of at most ${MAX_INTEGERS} values, or edges, for ${name}`,
      );
    }
    return Array.from({ length: max - min + 1 }, (_, index) => String(min + index));
  }
  edges.forEach((edge, index) => {
    if (index === 0 ? edge !== min : edge <= (edges[index - 1] ?? edge) || edge > max) {
      throw new Refusal("measure-unfit", `expected edges that begin at ${min} and rise, none above ${max}`);
    }
  });
  return edges.map((edge, index) => {
    const last = (edges[index + 1] ?? max + 1) - 1;
    return last === edge ? String(edge) : `${edge}..${last}`;
  });
}

function integerOf(dataset: Dataset, name: string): IntegerColumn {
  const column = columnOf(dataset, name);
  if (column.kind !== "integer") {
    throw new Refusal(
      "column-unfit",
      `expected an integer column for this measure; ${name} is ${column.kind}`,
    );
  }
  return column;
}

/** "Known" and "decided" are all rows where nothing can be null; one-bin-a-value edges are no edges. */
export function simplest(statistic: Statistic, dataset: Dataset): Statistic {
  const nullable = (name: string) => columnOf(dataset, name).nullable === true;
  if (statistic.of === "known" && !nullable(statistic.column)) return { of: "rows" };
  if (statistic.of === "decided" && !columnsIn(statistic.predicate).some(nullable)) return { of: "rows" };
  return statistic;
}

export const vectorId = (statistic: Statistic, dataset: Dataset): string =>
  JSON.stringify(simplest(statistic, dataset), (_, value) =>
    typeof value === "bigint" ? value.toString() : value,
  );
