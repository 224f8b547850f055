/** What the indicator's page shows, as pure functions of a table and of what is chosen in it. Every verdict is `publication/`'s. */

import { NATION } from "../../protocol/values/codes.ts";
import {
  type Compared,
  groupsCompared,
  isLine,
  overAll,
  regionsCompared,
  trendsOf,
} from "../../publication/comparisons.ts";
import type { CubeFigure } from "../../publication/figure.ts";
import type { Difference } from "../../publication/intervals.ts";
import type { View, Viewed } from "../../publication/view.ts";
import { type Tone, toneOf } from "./charts/marks.tsx";

export type Chosen = {
  readonly region: string;
  readonly period: string;
  /** Group by column; a column that is not here is at its total. */
  readonly groups: Readonly<Record<string, string>>;
};

/** What an address says is chosen, of what there is. */
export function chosenIn(view: Viewed, query: URLSearchParams): Chosen {
  const one = (name: string, { values }: View["regions"], unless: string) => {
    const asked = query.get(name);
    return asked !== null && values.some(({ code }) => code === asked) ? asked : unless;
  };
  const groups = view.columns.flatMap((column) => {
    const asked = one(column.code, column, "");
    return asked === "" || asked === column.total ? [] : [[column.code, asked] as const];
  });
  return {
    region: one("region", view.regions, NATION),
    period: one("period", view.periods, periodsOf(view).at(-1) ?? ""),
    groups: Object.fromEntries(groups),
  };
}

/** The figure of an area and a period, of the groups that are chosen. */
export const figureAt = (view: Viewed, { groups }: Chosen, region: string, period: string): CubeFigure =>
  view.at({ region, period, groups });

export const periodsOf = (view: Viewed): string[] => view.periods.values.map(({ code }) => code);
export const hasNation = (view: Viewed): boolean => view.regions.values.some(({ code }) => code === NATION);

/** The release that the figures of a period are from. */
export const releaseOf = ({ releases }: Viewed, { period }: Chosen): string =>
  releases.find((each) => each.period === period)?.release ?? "";

export type Line = {
  readonly area: string;
  readonly figures: readonly CubeFigure[];
  readonly tones: readonly Tone[];
};

/** An area over time, each point against the nation's of the same period. */
export function lineOf(view: Viewed, chosen: Chosen, area: string): Line {
  const periods = periodsOf(view);
  const figures = periods.map((period) => figureAt(view, chosen, area, period));
  const tones = periods.map((period): Tone => {
    if (area === NATION || !hasNation(view)) return "not compared";
    // As many periods stand beside each other.
    const found = regionsCompared(view, period, periods.length, chosen.groups).find(
      (each) => each.region === area,
    );
    return toneOf(found?.difference?.verdict ?? null);
  });
  return { area, figures, tones };
}

export type RegionRow = {
  readonly region: string;
  readonly figure: CubeFigure;
  readonly compared: Compared | null;
  readonly tone: Tone;
  /** The ends of the thin line, which clears the nation's value where the difference is certain. */
  readonly thin: readonly [number, number] | null;
};

/** Missing: nothing is published of them. */
export type RegionGroup = { readonly tone: Tone | "missing"; readonly rows: readonly RegionRow[] };

/** Regions in groups by verdict; within, by best then worst possible place, then alphabet. Never by value. */
export function regionGroups(
  view: Viewed,
  chosen: Chosen,
  name: (code: string) => string,
  language: string,
): RegionGroup[] {
  const compared = regionsCompared(view, chosen.period, 1, chosen.groups);
  const codes = view.regions.values.flatMap(({ code }) => (code === NATION ? [] : [code]));
  const rows = codes.map((region): RegionRow => {
    const own = compared.find((each) => each.region === region) ?? null;
    const figure = figureAt(view, chosen, region, chosen.period);
    const difference = own?.difference ?? null;
    return {
      region,
      figure,
      compared: own,
      tone: toneOf(difference?.verdict ?? null),
      thin: own === null ? null : thinOf(own.value, difference),
    };
  });
  const isLess = (a: RegionRow, b: RegionRow): number => {
    const [p, q] = [a.compared?.places, b.compared?.places];
    return (
      (p?.first ?? 0) - (q?.first ?? 0) ||
      (p?.last ?? 0) - (q?.last ?? 0) ||
      name(a.region).localeCompare(name(b.region), language)
    );
  };
  const tones = ["better", "differs", "no certain difference", "worse", "not compared"] as const;
  const groups: RegionGroup[] = tones.map((tone) => ({
    tone,
    rows: rows.filter((row) => row.compared !== null && row.tone === tone).toSorted(isLess),
  }));
  const rest = rows.filter(({ compared: own }) => own === null).toSorted(isLess);
  return [...groups, { tone: "missing" as const, rows: rest }].filter((group) => group.rows.length > 0);
}

/** A difference's corrected limits about the value: clear of what it is held against exactly where the difference is certain. */
const thinOf = (value: number, difference: Difference | null): readonly [number, number] | null =>
  difference === null
    ? null
    : [value - (difference.value - difference.low), value + (difference.high - difference.value)];

export type GroupRow = {
  readonly code: string;
  readonly figure: CubeFigure;
  readonly tone: Tone;
  readonly thin: readonly [number, number] | null;
  readonly compared: boolean;
};

/** A column's groups in the area that is chosen, against their total there. */
export function groupRows(view: Viewed, chosen: Chosen, column: string): GroupRow[] {
  if (!view.regions.values.some(({ code }) => code === chosen.region)) return [];
  return groupsCompared(view, column, chosen.period, view.columns.length, chosen.region).map(
    ({ code, figure, difference }) => ({
      code,
      figure,
      tone: toneOf(difference?.verdict ?? null),
      thin: figure.value === null ? null : thinOf(figure.value, difference),
      compared: difference !== null,
    }),
  );
}

/** The trend of an area, where there are enough points and a line fits them. */
export function trendIn(view: Viewed, chosen: Chosen, area: string) {
  const trend = trendsOf(view, 1, chosen.groups).find(({ region }) => region === area)?.trend ?? null;
  if (trend === null) return null;
  return { ...overAll(view, trend), verdict: trend.verdict, line: isLine(trend) };
}

/**
 * Bounds of three classes of values, round, each at least as wide as the median interval, so that a tile can be in one
 * at all; null where regions do not differ by as much.
 */
export function classesOf(
  rows: readonly RegionRow[],
  round: (value: number) => number,
): readonly [number, number] | null {
  const known = rows.flatMap(({ figure: { value, low, high } }) =>
    value === null || low === null || high === null ? [] : [{ value, low, high }],
  );
  if (known.length < 3) return null;
  const widths = known.map(({ low, high }) => high - low).toSorted((a, b) => a - b);
  const width = widths[Math.floor(widths.length / 2)] ?? 0;
  const values = known.map(({ value }) => value).toSorted((a, b) => a - b);
  const middle = values[Math.floor(values.length / 2)] ?? 0;
  const third = ((values.at(-1) ?? 0) - (values[0] ?? 0)) / 3;
  const half = Math.max(width, third) / 2;
  const bounds = [round(middle - half), round(middle + half)] as const;
  // As wide as intervals are, or not at all.
  const spread = (values.at(-1) ?? 0) - (values[0] ?? 0);
  return bounds[1] - bounds[0] >= width * 0.95 && width < spread ? bounds : null;
}

/** The ends of an interval as far as a figure of this kind can be: a share's axis need not go beyond all. */
export const bounded = ({ produced }: Viewed["indicator"], low: number, high: number): [number, number] =>
  produced.measure?.kind === "share"
    ? [Math.max(0, low), Math.min(1, high)]
    : produced.measure?.kind === "count"
      ? [Math.max(0, low), high]
      : [low, high];
