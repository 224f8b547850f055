/** What the indicator's page shows, as pure functions of a table and of what is chosen in it. Every verdict is `publication/`'s. */

import { isTotal, NATION } from "../../protocol/values/codes.ts";
import {
  type Compared,
  type Fixed,
  groupsCompared,
  isComparable,
  isLine,
  regionsCompared,
  trendsOf,
} from "../../publication/comparisons.ts";
import type { CubeFigure } from "../../publication/cube.ts";
import { criticalFor, type Difference } from "../../publication/intervals.ts";
import { placeOf, type Viewed } from "../../publication/view.ts";
import { type Tone, toneOf } from "./charts/marks.tsx";

export type Chosen = {
  readonly region: string;
  readonly period: string;
  /** Group by column; a column that is not here is at its total. */
  readonly groups: Readonly<Record<string, string>>;
};

/** What an address says is chosen, of what there is. */
export function chosenIn(view: Viewed, query: URLSearchParams): Chosen {
  const codes = (dimension: number) => view.dimensions[dimension]?.values.map(({ code }) => code) ?? [];
  const one = (name: string, among: readonly string[], unless: string) => {
    const asked = query.get(name);
    return asked !== null && among.includes(asked) ? asked : unless;
  };
  const groups = view.dimensions.slice(2).flatMap(({ code }, at) => {
    const asked = query.get(code);
    return asked !== null && codes(at + 2).includes(asked) && !isTotal(asked) ? [[code, asked] as const] : [];
  });
  return {
    region: one("region", codes(0), NATION),
    period: one("period", codes(1), codes(1).at(-1) ?? ""),
    groups: Object.fromEntries(groups),
  };
}

export const fixedOf = (view: Viewed, { groups }: Chosen): Fixed =>
  new Map(
    Object.entries(groups).map(([column, code]) => [
      view.dimensions.findIndex((each) => each.code === column),
      placeOf(view, column, code),
    ]),
  );

export function figureAt(view: Viewed, chosen: Chosen, region: string, period: string): CubeFigure {
  const places = new Map([
    ...fixedOf(view, chosen),
    [0, placeOf(view, "Region", region)],
    [1, placeOf(view, "Tid", period)],
  ]);
  if ([...places.values()].some((place) => place < 0))
    return { value: null, se: null, low: null, high: null, flag: ":", display: null };
  return view.at(view.dimensions.map(({ total }, at) => places.get(at) ?? total ?? 0));
}

export const periodsOf = (view: Viewed): string[] => view.dimensions[1]?.values.map(({ code }) => code) ?? [];
export const hasNation = (view: Viewed): boolean => placeOf(view, "Region", NATION) >= 0;

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
    if (area === NATION || !hasNation(view)) return "x";
    // As many periods stand beside each other.
    const found = regionsCompared(view, period, periods.length, fixedOf(view, chosen)).find(
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

/** `m`: nothing is published of them. */
export type RegionGroup = { readonly tone: Tone | "m"; readonly rows: readonly RegionRow[] };

/** Regions in groups by verdict; within, by best then worst possible place, then alphabet. Never by value. */
export function regionGroups(
  view: Viewed,
  chosen: Chosen,
  name: (code: string) => string,
  language: string,
): RegionGroup[] {
  const compared = regionsCompared(view, chosen.period, 1, fixedOf(view, chosen));
  const codes = (view.dimensions[0]?.values ?? []).flatMap(({ code }) => (code === NATION ? [] : [code]));
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
  const tones = ["b", "d", "n", "w", "x"] as const;
  const groups: RegionGroup[] = tones.map((tone) => ({
    tone,
    rows: rows.filter((row) => row.compared !== null && row.tone === tone).toSorted(isLess),
  }));
  const rest = rows.filter(({ compared: own }) => own === null).toSorted(isLess);
  return [...groups, { tone: "m" as const, rows: rest }].filter((group) => group.rows.length > 0);
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
  const fixed = new Map([[0, placeOf(view, "Region", chosen.region)]]);
  if (placeOf(view, "Region", chosen.region) < 0) return [];
  return groupsCompared(view, column, chosen.period, view.dimensions.length - 2, fixed).map(
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
  const trend = trendsOf(view, 1, fixedOf(view, chosen)).find(({ region }) => region === area)?.trend ?? null;
  if (trend === null) return null;
  const steps = view.ordinals.length - 1;
  return {
    verdict: trend.verdict,
    value: trend.value * steps,
    low: trend.low * steps,
    high: trend.high * steps,
    line: isLine(trend),
  };
}

export { criticalFor, isComparable };

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
