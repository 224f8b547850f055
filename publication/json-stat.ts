/**
 * JSON-stat 2.0, which national statistics' tools read: a dense table, null where there is no figure. All that concerns
 * noise stands under `extension`, since the format forbids unknown members elsewhere. Nobody may add figures up: every
 * total is a code of its own, with its own smaller error.
 */
import type { Figure } from "../protocol/release/estimate.ts";

/** One dimension: what it is of, its codes in order, and how a page is to show them. */
export type StatDimension = {
  readonly code: string;
  readonly label: string;
  readonly role: "geo" | "time" | "metric" | null;
  readonly values: ReadonlyArray<{ readonly code: string; readonly label: string; readonly unit?: StatUnit }>;
  readonly show: "code" | "value" | "code_value";
  readonly extension?: object;
};
export type StatUnit = { readonly base: string; readonly decimals: number };

export type StatTable = {
  readonly label: string;
  readonly updated: string;
  /** What everyone must read with the figures, the first of it mandatory. */
  readonly notes: readonly string[];
  readonly dimensions: readonly StatDimension[];
  readonly extension: object;
  /** The last dimension fastest; null where only the table is described. */
  readonly figures: Iterable<{ readonly value: number | null; readonly flag: StatFlag }> | null;
};
export type StatFlag = Figure["flag"] | ":" | ".";

export type JsonStat = ReturnType<typeof jsonStatOf>;

/** Decimals that figures of a measure are shown with; a figure itself has those of its release. */
export const SHOWN_DECIMALS = {
  share: 4,
  mean: 2,
  count: 1,
  sum: 1,
  variance: 2,
  histogram: 1,
  quantile: 0,
} as const;

export function jsonStatOf({ label, updated, notes, dimensions, extension, figures }: StatTable) {
  const inRole = (role: StatDimension["role"]) =>
    dimensions.flatMap((each) => (each.role === role ? [each.code] : []));
  return {
    version: "2.0" as const,
    class: "dataset" as const,
    label,
    source: "Brus",
    updated,
    note: notes,
    role: { time: inRole("time"), geo: inRole("geo"), metric: inRole("metric") },
    id: dimensions.map(({ code }) => code),
    size: dimensions.map(({ values }) => values.length),
    dimension: Object.fromEntries(dimensions.map((each) => [each.code, dimensionOf(each)])),
    extension: { noteMandatory: { "0": true }, ...extension },
    ...valuesOf(figures ?? []),
  };
}

function dimensionOf({ label, values, show, extension = {} }: StatDimension) {
  const units = values.flatMap(({ code, unit }) => (unit === undefined ? [] : [[code, unit] as const]));
  return {
    label,
    category: {
      index: Object.fromEntries(values.map(({ code }, at) => [code, at])),
      label: Object.fromEntries(values.map((value) => [value.code, value.label])),
      ...(units.length === 0 ? {} : { unit: Object.fromEntries(units) }),
    },
    extension: { elimination: false, show, codelists: [], codeLists: [], ...extension },
  };
}

function valuesOf(figures: NonNullable<StatTable["figures"]>) {
  const value: Array<number | null> = [];
  const status: Record<string, string> = {};
  for (const { value: said, flag } of figures) {
    if (flag !== null) status[String(value.length)] = flag === "unreliable" ? "u" : flag;
    value.push(said);
  }
  return { value, status };
}
