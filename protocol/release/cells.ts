/**
 * The cells of a release: what a plan's integers become, and how they are written and read again. Post-processing of
 * signed answers: it costs nothing and adds no noise.
 */
import { type Dimension, keysIn } from "../plan/cells.ts";
import { type Plan, publishedPeriods } from "../plan/plan.ts";
import { tableOf } from "../plan/tables.ts";
import { type Hash, hashOf, utf8 } from "../values/bytes.ts";
import { type Area, areasOf, type Sent } from "./areas.ts";
import { type Figure, figuresOf } from "./estimate.ts";
import { tablesOf } from "./rebuild-tables.ts";
import type { CellTable } from "./release.ts";

export type Cell = Figure & {
  readonly at: Readonly<Record<string, string | null>>;
  readonly measure: string;
};

/** The figures of every area: the nation first, then each region that has figures of its own. */
export function cellsOf(plan: Plan, sent: Sent): CellTable {
  const places = new Map(plan.vectors.map(({ id }, index) => [id, index]));
  const areas = areasOf(plan, sent);
  const figures = areas.flatMap((area) => figuresOfArea(plan, area, places));
  return {
    areas: areas.map(({ code }) => code),
    figures: figures.map((f) => [f.value, f.se, f.low, f.high, f.flag]),
  };
}

function figuresOfArea(plan: Plan, area: Area, places: ReadonlyMap<string, number>): Figure[] {
  const { tables } = plan;
  if (tables !== null)
    return publishedPeriods(plan).flatMap((_, period) => {
      const rebuilt = tablesOf({ ...plan, tables }, area, period);
      return tables.wanted.flatMap((set) => {
        const sums = rebuilt(set);
        const { cells } = tableOf(tables, set);
        return Array.from({ length: cells }, (_, cell) =>
          plan.measures.flatMap((planned) =>
            figuresOf(plan, planned, (id) => {
              const all = sums.get(id) ?? [];
              const each = all.length / cells;
              return all.slice(cell * each, (cell + 1) * each);
            }),
          ),
        ).flat();
      });
    });
  return publishedPeriods(plan).flatMap((_, period) =>
    Array.from({ length: plan.cells }, (_, cell) =>
      plan.measures.flatMap((planned) =>
        figuresOf(plan, planned, (id) => area.sums(period, cell, places.get(id) ?? -1)),
      ),
    ).flat(),
  );
}

export const writeCells = (table: CellTable): { bytes: Uint8Array; hash: Hash } => {
  const bytes = utf8(JSON.stringify(table));
  return { bytes, hash: hashOf(bytes) };
};

/** The tables of a plan: those asked for, each with its columns, or the one that its grouping makes. */
const publishedTables = ({
  tables,
  dimensions,
  cells,
}: Plan): Array<{ readonly dimensions: readonly Dimension[]; readonly cells: number }> =>
  tables === null ? [{ dimensions, cells }] : tables.wanted.map((set) => tableOf(tables, set));

/**
 * Each figure with its place: `at` has region and period, the columns of its table, then `bin` or `p`. A column that
 * its table has not is not there: the figure is the total over it.
 */
export function* readCells(plan: Plan, table: CellTable): Generator<Cell> {
  const figures = table.figures.values();
  const tables = publishedTables(plan);
  for (const region of table.areas) {
    for (const period of publishedPeriods(plan)) {
      for (const place of tables.flatMap(({ dimensions, cells }) =>
        Array.from({ length: cells }, (_, cell) => keysIn(dimensions, cell)),
      )) {
        for (const { measure, labels } of plan.measures) {
          const histogram = measure.kind === "histogram";
          for (const name of labels ?? [null]) {
            const row = figures.next().value;
            if (row === undefined) return;
            const [value, se, low, high, flag] = row;
            const extra = name === null ? {} : histogram ? { bin: name } : { p: name };
            const at = { region, period, ...place, ...extra };
            yield { at, measure: measure.id, value, se, low, high, flag };
          }
        }
      }
    }
  }
}
