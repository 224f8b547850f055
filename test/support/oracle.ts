/**
 * The answer by another path: rows in memory, weighted and summed in plain TypeScript, no SQL and nothing of the
 * node's own code but the catalogue and the plan.
 */
import { createHmac } from "node:crypto";
import type { Plan } from "../../protocol/plan/plan.ts";
import type { Statistic } from "../../protocol/plan/statistic.ts";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { Filter } from "../../protocol/question/filter.ts";
import { ordinalOf } from "../../protocol/values/period.ts";

export type Value = string | number | boolean | null;
export type Row = {
  readonly person: string;
  readonly period: string;
  readonly values: Readonly<Record<string, Value>>;
};
export type Weighted = Row & { readonly weight: number };

const WEIGHTS = [0, 60, 30, 20, 15, 12];

/** Every person weighs one: 60 shared among at most five rows of a period, those of the smallest keyed hashes, an order of each person's own. */
export function weigh(rows: readonly Row[], dataset: Dataset, key: Uint8Array): Weighted[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = JSON.stringify([row.person, row.period]);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => {
    const seen = new Map<string, number>();
    const hashed = group.map((row) => {
      const content = contentOf(row, dataset);
      const same = (seen.get(content) ?? 0) + 1;
      seen.set(content, same);
      const text = [pseudonymOf(key, row.person), ordinalOf(dataset.period, row.period), content, same].join(
        "|",
      );
      return { row, hash: createHmac("sha256", key).update(text).digest("hex") };
    });
    const smallest = hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1)).slice(0, 5);
    const counted = group.length <= 5 ? group : smallest.map(({ row }) => row);
    return group.map((row) => ({
      ...row,
      weight: counted.includes(row) ? (WEIGHTS[counted.length] ?? 0) : 0,
    }));
  });
}

function pseudonymOf(key: Uint8Array, person: string): string {
  const form = person.toLowerCase().replaceAll(/\s|^["']+|["']+$/g, "");
  const hex = createHmac("sha256", key).update(form).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function contentOf(row: Row, dataset: Dataset): string {
  const content = Object.entries(dataset.columns).map(([name, column]) => {
    const value = row.values[name] ?? null;
    return value === null
      ? "-"
      : column.kind === "category"
        ? String(column.values.indexOf(String(value)))
        : String(value);
  });
  return content.join("|");
}

/** Three-valued logic: true, false or null. */
export function holds(filter: Filter, values: Row["values"]): boolean | null {
  if ("not" in filter) {
    const inner = holds(filter.not, values);
    return inner === null ? null : !inner;
  }
  if ("and" in filter || "or" in filter) {
    const parts = ("and" in filter ? filter.and : filter.or).map((part) => holds(part, values));
    const decisive = !("and" in filter);
    if (parts.includes(decisive)) return decisive;
    return parts.includes(null) ? null : !decisive;
  }
  const value = values[filter.column] ?? null;
  if (value === null) return null;
  if ("in" in filter) return filter.in.includes(value);
  return Number(value) >= filter.between[0] && Number(value) <= filter.between[1];
}

/** What a row of weight 1 adds to a statistic, and to which of its bins. */
function contribution(
  statistic: Statistic,
  dataset: Dataset,
  values: Row["values"],
): { bin: number; value: bigint } | null {
  const at = (column: string) => values[column] ?? null;
  const one = (yes: boolean) => (yes ? { bin: 0, value: 1n } : null);
  switch (statistic.of) {
    case "rows":
      return one(true);
    case "known":
      return one(at(statistic.column) !== null);
    case "holds":
      return one(holds(statistic.predicate, values) === true);
    case "decided":
      return one(holds(statistic.predicate, values) !== null);
    case "share":
      return { bin: [true, false, null].indexOf(holds(statistic.predicate, values)), value: 1n };
    case "total":
    case "centred":
    case "square": {
      const value = at(statistic.column);
      if (value === null) return null;
      if (statistic.of === "total") return { bin: 0, value: BigInt(Number(value)) };
      const centred = BigInt(Number(value) - statistic.centre);
      return { bin: 0, value: statistic.of === "centred" ? centred : centred * centred - statistic.half };
    }
    case "bins": {
      const value = at(statistic.column);
      const column = dataset.columns[statistic.column];
      if (value === null || column === undefined) return null;
      if (column.kind === "category") return { bin: column.values.indexOf(String(value)), value: 1n };
      if (column.kind === "boolean") return { bin: value === true ? 1 : 0, value: 1n };
      const number = Number(value);
      return {
        bin:
          statistic.edges === null
            ? number - column.min
            : statistic.edges.findLastIndex((edge) => edge <= number),
        value: 1n,
      };
    }
  }
}

/** What one row adds to each cell of ⊗(n·I − J), by its definition: n − 1 where it agrees with the cell, else −1. */
const contrastOf = (attributes: ReadonlyArray<{ n: number; place: number }>): bigint[] =>
  attributes.reduce<bigint[]>(
    (cells, { n, place }) =>
      cells.flatMap((cell) =>
        Array.from({ length: n }, (_, at) => (at === place ? cell * BigInt(n - 1) : -cell)),
      ),
    [1n],
  );

/** The plan's integers without noise. */
export function evaluate(plan: Plan, rows: readonly Weighted[]): bigint[] {
  const sums = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
  const ordinals = plan.periods.map((period) => ordinalOf(plan.dataset.period, period));
  for (const row of rows) {
    const period = ordinals.indexOf(ordinalOf(plan.dataset.period, row.period));
    if (period < 0 || (plan.where !== null && holds(plan.where, row.values) !== true)) continue;
    const cell = plan.dimensions.reduce(
      (at, { column, values }) =>
        at * values.length + values.indexOf((row.values[column] ?? null) as string | null),
      0,
    );
    for (const vector of plan.vectors) {
      const added = contribution(vector.statistic, plan.dataset, row.values);
      if (added === null) continue;
      if (vector.residual !== null) {
        const attributes = vector.residual.map((at) => {
          const column = plan.dimensions[at];
          // Beyond the columns there is a share's own attribute.
          if (column === undefined)
            return { n: vector.statistic.of === "share" ? vector.statistic.categories : 0, place: added.bin };
          const value = (row.values[column.column] ?? null) as string | null;
          return { n: column.values.length, place: column.values.indexOf(value) };
        });
        contrastOf(attributes).forEach((factor, at) => {
          const index = period * plan.length + vector.offset + at;
          sums[index] = (sums[index] ?? 0n) + factor * BigInt(row.weight) * added.value;
        });
        continue;
      }
      if (added.bin >= vector.width) continue;
      const index = period * plan.length + vector.offset + cell * vector.width + added.bin;
      sums[index] = (sums[index] ?? 0n) + BigInt(row.weight) * added.value;
    }
  }
  return sums;
}
