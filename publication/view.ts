/**
 * A table as a page is sent it: figures, names and where they come from, without the plans and documents that prove
 * them; and back again, as something that `comparisons.ts` can judge. Loads nothing, so that a page is light.
 */
import type { Indicator } from "../protocol/question/indicator.ts";
import type { Hash } from "../protocol/values/bytes.ts";
import type { Text } from "../protocol/values/text.ts";
import type { Comparable } from "./comparisons.ts";
import type { CubeDimension } from "./cube.ts";
import { type CubeFigure, type FigureAt, NOTHING } from "./figure.ts";
import type { WhyMissing } from "./missing.ts";

type Dimensions = "regions" | "periods" | "columns";

/** What a page says of an indicator. */
export type ViewIndicator = {
  readonly id: string;
  readonly name: Text;
  readonly unit: Text;
  readonly definition: Text;
  readonly focus: Text;
  readonly direction: Comparable["indicator"]["direction"];
  readonly produced: Comparable["indicator"]["produced"];
  readonly official: string | null;
  readonly sources: string;
  readonly target: Text | null;
  readonly subject: Indicator["subject"] | null;
};

/** A period's release: what a page says stands behind its figures. */
export type ViewRelease = {
  readonly period: string;
  readonly release: Hash;
  readonly query: Hash;
  readonly madeAt: string;
  readonly regions: readonly string[];
  readonly missing: ReadonlyArray<{ readonly region: string; readonly why: WhyMissing }>;
  /** ρ that each region was charged for the period, and the period's whole budget, as fractions. */
  readonly charge: string;
  readonly budget: string;
};

export type View = Pick<Comparable, "kind" | "ordinals" | "correlations" | Dimensions> & {
  readonly id: string;
  readonly indicator: ViewIndicator;
  readonly label: Text;
  readonly dataset: Text;
  /** Other tables of the same indicator. */
  readonly others: readonly string[];
  readonly releases: readonly ViewRelease[];
  readonly epsilon: number;
  readonly delta: number;
  /** Every cell by regions, periods, columns, the last varying fastest: value, error, limits; flag; display. */
  readonly figures: ReadonlyArray<number | null>;
  readonly flags: Readonly<Record<string, NonNullable<CubeFigure["flag"]>>>;
  readonly displays: ReadonlyArray<number | null> | null;
};

/** Numbers of each cell in `figures`. */
const WIDTH = 4;

/** A view, with its figures to be found by where they stand: a `Comparable` that knows where it is from. */
export type Viewed = Omit<View, "figures" | "flags" | "displays"> & Pick<Comparable, "at">;

/** A view as something to compare in. */
export function viewed(view: View): Viewed {
  const { figures, flags, displays, ...rest } = view;
  const cellIn = cellsOf(view);
  return {
    ...rest,
    at: (at) => {
      const cell = cellIn(at);
      if (cell === null) return NOTHING;
      const [value = null, se = null, low = null, high = null] = figures.slice(
        cell * WIDTH,
        (cell + 1) * WIDTH,
      );
      return { value, se, low, high, flag: flags[cell] ?? null, display: displays?.[cell] ?? null };
    },
  };
}

/** Which cell stands where, in the order in which figures do; null where there is none. */
function cellsOf({ regions, periods, columns }: Pick<View, Dimensions>): (at: FigureAt) => number | null {
  const [regionAt, periodAt] = [placesOf(regions), placesOf(periods)];
  const columnsAt = columns.map(({ code, total, values }) => ({
    code,
    total,
    size: values.length,
    placeAt: placesOf({ values }),
  }));
  return ({ region, period, groups = {} }) => {
    const [ofRegion, ofPeriod] = [regionAt.get(region), periodAt.get(period)];
    if (ofRegion === undefined || ofPeriod === undefined) return null;
    if (Object.keys(groups).some((column) => !columns.some(({ code }) => code === column))) return null;
    let cell = ofRegion * periods.values.length + ofPeriod;
    for (const { code, total, size, placeAt } of columnsAt) {
      const place = placeAt.get(groups[code] ?? total ?? "");
      if (place === undefined) return null;
      cell = cell * size + place;
    }
    return cell;
  };
}

const placesOf = ({ values }: Pick<CubeDimension, "values">): ReadonlyMap<string, number> =>
  new Map(values.map(({ code }, place) => [code, place]));

/** What a column's code is called; null where it has no such code. */
export const labelIn = (
  { columns }: Pick<Comparable, "columns">,
  column: string,
  code: string,
): Text | null =>
  columns.find((each) => each.code === column)?.values.find((value) => value.code === code)?.label ?? null;
