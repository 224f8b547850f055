/**
 * A standing release, whose measures are called after indicators, and its figures, found by the codes of where they stand.
 * Computes nothing anew but the series for display.
 */
import { type Plan, publishedPeriods } from "../protocol/plan/plan.ts";
import { cellAt, type PlannedTables, tableOf } from "../protocol/plan/tables.ts";
import { type AttributeSet, keyOf } from "../protocol/privacy/marginals.ts";
import type { CellTable, Release } from "../protocol/release/release.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import { isTotal } from "../protocol/values/codes.ts";
import { type CountTable, displayOf, sumsIn } from "./display-counts.ts";
import { type CubeFigure, type FigureAt, NOTHING } from "./figure.ts";

export type StandingRelease = {
  readonly id: Hash;
  /** From when its query may be asked: a late version of an older release is no newer for that. */
  readonly at: string;
  readonly plan: Plan;
  readonly release: Release;
  readonly table: CellTable;
};

/** Finds figures of a measure; with `display`, what is to be shown beside a count as well. */
export type Finder = (at: FigureAt, measure: string, options?: { readonly display: boolean }) => CubeFigure;

export type TabledPlan = Plan & { readonly tables: PlannedTables };
export const isTabled = (plan: Plan): plan is TabledPlan => plan.tables !== null;

/** One cell of one of a release's tables, by places in what was planned. */
type CellPlace = {
  readonly region: number;
  readonly period: number;
  readonly measure: number;
  readonly set: AttributeSet;
  readonly cell: number;
};

export function finderOf(standing: StandingRelease): Finder {
  const { plan, table } = standing;
  if (!isTabled(plan)) throw new RangeError("expected a standing release");
  const figureIn = figuresIn(plan, table);
  const displayIn = displaysIn(plan, figureIn);
  const periods = publishedPeriods(plan);
  return ({ region, period, groups = {} }, id, { display } = { display: false }) => {
    const codes = Object.entries(groups).filter(([, code]) => !isTotal(code));
    const found = cellAt(plan.tables, new Map(codes));
    if (found === null) return NOTHING;
    const place: CellPlace = {
      ...found,
      region: table.areas.indexOf(region),
      period: periods.indexOf(period),
      measure: plan.measures.findIndex(({ measure }) => measure.id === id),
    };
    const figure = figureIn(place);
    return display && figure.value !== null ? { ...figure, display: displayIn(place) } : figure;
  };
}

function figuresIn(plan: TabledPlan, { figures }: CellTable) {
  const { tables } = plan;
  const offsets = new Map<string, number>();
  let cells = 0;
  for (const set of tables.wanted) {
    offsets.set(keyOf(set), cells);
    cells += tableOf(tables, set).cells;
  }
  const periods = publishedPeriods(plan).length;
  const measures = plan.measures.length;
  return ({ region, period, measure, set, cell }: CellPlace): CubeFigure => {
    const offset = offsets.get(keyOf(set));
    if (region < 0 || period < 0 || measure < 0 || offset === undefined) return NOTHING;
    const row = figures[((region * periods + period) * cells + offset + cell) * measures + measure];
    if (row === undefined) return NOTHING;
    const [value, se, low, high, flag] = row;
    return { value, se, low, high, flag, display: null };
  };
}

/** The display series of a count, fitted once for each region and period that is asked for. */
function displaysIn({ tables }: TabledPlan, figureIn: ReturnType<typeof figuresIn>) {
  const fitted = new Map<string, Int32Array | null>();
  const summed = new Map<string, readonly number[]>();
  return ({ set, cell, ...of }: CellPlace): number | null => {
    const key = `${of.region} ${of.period} ${of.measure}`;
    if (!fitted.has(key)) {
      const shown = tables.wanted.map((wanted): CountTable | null => {
        const { cells } = tableOf(tables, wanted);
        const figures = Array.from({ length: cells }, (_, at) => figureIn({ ...of, set: wanted, cell: at }));
        const values = figures.flatMap(({ value }) => value ?? []);
        return values.length < cells ? null : { set: wanted, values, variance: (figures[0]?.se ?? 1) ** 2 };
      });
      const whole = shown.filter((each) => each !== null);
      fitted.set(key, whole.length < shown.length ? null : displayOf(whole, tables.sizes));
    }
    const full = fitted.get(key) ?? null;
    if (full === null) return null;
    const place = `${key} ${keyOf(set)}`;
    const sums = summed.get(place) ?? sumsIn(full, set, tables.sizes);
    summed.set(place, sums);
    return sums[cell] ?? null;
  };
}
