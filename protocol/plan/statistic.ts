/**
 * From measures to linear statistics: which sums each measure is made of, how far one row can move them, and which
 * two sums are one. Bounds are fixed in the privacy design ("Sensitivity").
 */
import type { Dataset, IntegerColumn } from "../question/catalogue.ts";
import { columnOf, columnsIn, type Filter } from "../question/filter.ts";
import type { Edition, Measure } from "../question/query.ts";
import { type Rational, rational } from "../values/rational.ts";
import { Refusal } from "../values/refusal.ts";

/** Integers in an answer, and figures in a release. */
export const MAX_INTEGERS = 100_000;

/** What one vector sums over a cell's rows, each row weighted. */
export type Statistic =
  /** Σ w over all rows */
  | { readonly of: "rows" }
  /** Σ w over rows where the column is not null */
  | { readonly of: "known"; readonly column: string }
  /**
   * Σ w over rows where the predicate is true, and over those where it is false: a row is in one of them at most. In
   * tables a third category where it can be neither, so that a row is in exactly one.
   */
  | { readonly of: "share"; readonly predicate: Filter; readonly categories: 2 | 3 }
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
  /** `part`: of the measure's ρ, against its other statistics. */
  statistics: Array<[Statistic, bound: bigint, width: number, part: Rational]>;
  labels: readonly string[] | null;
};

/** The statistics that a measure is made of, numerator first and denominator last, with their bounds and widths. */
export function needsOf(measure: Measure, dataset: Dataset, edition: Edition): Need {
  switch (measure.kind) {
    case "count": {
      const { where } = measure;
      const counted: Statistic = where === undefined ? { of: "rows" } : { of: "holds", predicate: where };
      return { statistics: [[counted, 1n, 1, ONE]], labels: null };
    }
    case "sum": {
      const { min, max } = integerOf(dataset, measure.column);
      const bound = BigInt(Math.max(Math.abs(min), Math.abs(max)));
      return { statistics: [[{ of: "total", column: measure.column }, bound, 1, ONE]], labels: null };
    }
    case "mean":
    case "variance":
      return momentsOf(measure, dataset, edition);
    case "share":
      return { statistics: shareOf(measure.predicate, dataset, edition), labels: null };
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

const ONE = rational(1n);

function momentsOf(
  { kind, column }: Extract<Measure, { kind: "mean" | "variance" }>,
  dataset: Dataset,
  edition: Edition,
): Need {
  const { min, max, meanFromMiddle } = integerOf(dataset, column);
  const centre = Math.ceil((min + max) / 2);
  const bound = BigInt(Math.max(max - centre, centre - min));
  const half = (bound * bound + 1n) / 2n;
  const equal = edition === 1 || kind === "variance";
  const [sums, counts] = equal ? [ONE, ONE] : splitOfMean(bound, BigInt(meanFromMiddle ?? 0));
  const mean: Need["statistics"] = [
    [{ of: "centred", column, centre }, bound, 1, sums],
    [{ of: "known", column }, 1n, 1, counts],
  ];
  const square: Statistic = { of: "square", column, centre, half };
  return { statistics: kind === "mean" ? mean : [[square, half, 1, ONE], ...mean], labels: null };
}

function shareOf(predicate: Filter, dataset: Dataset, edition: Edition): Need["statistics"] {
  if (edition === 1)
    return [
      [{ of: "holds", predicate }, 1n, 1, ONE],
      [{ of: "decided", predicate }, 1n, 1, ONE],
    ];
  const categories = canBeUndecided(predicate, dataset) ? 3 : 2;
  return [[{ of: "share", predicate, categories }, 1n, 2, ONE]];
}

/**
 * Of a mean's two parts of ρ, how many its Σw(v−m) and its Σw get. The error of Σw moves the mean by its distance from m,
 * so what is expected of that, c, says what Σw is worth: as B : c, c never below B/4.
 */
function splitOfMean(bound: bigint, expected: bigint): [Rational, Rational] {
  const [sums, counts] = [4n * bound, 4n * expected > bound ? 4n * expected : bound];
  return [rational(2n * sums, sums + counts), rational(2n * counts, sums + counts)];
}

function binsOf(name: string, edges: readonly number[] | null, dataset: Dataset): Need {
  const labels = binLabels(dataset, name, edges);
  return { statistics: [[{ of: "bins", column: name, edges }, 1n, labels.length, ONE]], labels };
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
  if (statistic.of === "known" && columnOf(dataset, statistic.column).nullable !== true) return ROWS;
  if (statistic.of === "decided" && !canBeUndecided(statistic.predicate, dataset)) return ROWS;
  return statistic;
}

export const ROWS: Statistic = { of: "rows" };

/** Whether a row can be one of which the predicate is neither true nor false. */
const canBeUndecided = (predicate: Filter, dataset: Dataset): boolean =>
  columnsIn(predicate).some((name) => columnOf(dataset, name).nullable === true);

export const vectorId = (statistic: Statistic, dataset: Dataset): string =>
  JSON.stringify(simplest(statistic, dataset), (_, value) =>
    typeof value === "bigint" ? value.toString() : value,
  );
