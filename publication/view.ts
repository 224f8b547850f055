/**
 * A table as a page is sent it: figures, names and where they come from, without the plans and documents that prove
 * them; and back again, as something that `comparisons.ts` can judge. Loads nothing, so that a page is light.
 */
import type { Hash } from "../protocol/values/bytes.ts";
import type { Text } from "../protocol/values/text.ts";
import type { Comparable } from "./comparisons.ts";
import type { CubeDimension, CubeFigure } from "./cube.ts";

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
};

/** A period's release: what a page says stands behind its figures. */
export type ViewRelease = {
  readonly period: string;
  readonly release: Hash;
  readonly query: Hash;
  readonly madeAt: string;
  readonly regions: readonly string[];
  readonly missing: ReadonlyArray<{ readonly region: string; readonly late: boolean }>;
  /** ρ that each region was charged for the period, and the period's whole budget, as fractions. */
  readonly charge: string;
  readonly budget: string;
};

export type View = Pick<Comparable, "kind" | "ordinals" | "correlations" | "dimensions"> & {
  readonly id: string;
  readonly indicator: ViewIndicator;
  readonly label: Text;
  readonly dataset: Text;
  /** Other tables of the same indicator. */
  readonly others: readonly string[];
  readonly releases: readonly ViewRelease[];
  readonly epsilon: number;
  readonly delta: number;
  /** Every cell in the order of the dimensions, the last varying fastest: value, error, limits; flag; display. */
  readonly figures: ReadonlyArray<number | null>;
  readonly flags: Readonly<Record<string, NonNullable<CubeFigure["flag"]>>>;
  readonly displays: ReadonlyArray<number | null> | null;
};

/** Numbers of each cell in `figures`. */
const WIDTH = 4;

const sizesOf = (dimensions: readonly CubeDimension[]): number[] =>
  dimensions.map(({ values }) => values.length);

/** The cell at these places, in the order in which figures stand. */
export const cellIn = (dimensions: readonly CubeDimension[], places: readonly number[]): number =>
  sizesOf(dimensions).reduce((cell, size, at) => cell * size + (places[at] ?? 0), 0);

/** The places of every cell, in the order in which figures stand. */
export function* placesIn(dimensions: readonly CubeDimension[]): Generator<number[]> {
  const sizes = sizesOf(dimensions);
  const cells = sizes.reduce((product, size) => product * size, 1);
  for (let cell = 0; cell < cells; cell++) {
    let rest = cell;
    yield sizes.reduceRight<number[]>((places, size) => {
      places.unshift(rest % size);
      rest = Math.floor(rest / size);
      return places;
    }, []);
  }
}

/** A view, with its figures to be found by place: a `Comparable` that knows where it is from. */
export type Viewed = Omit<View, "figures" | "flags" | "displays"> & Pick<Comparable, "at">;

/** A view as something to compare in. */
export function viewed(view: View): Viewed {
  const { figures, flags, displays, ...rest } = view;
  return {
    ...rest,
    at: (places) => {
      const cell = cellIn(view.dimensions, places);
      const [value = null, se = null, low = null, high = null] = figures.slice(
        cell * WIDTH,
        (cell + 1) * WIDTH,
      );
      return { value, se, low, high, flag: flags[cell] ?? null, display: displays?.[cell] ?? null };
    },
  };
}

/** The place of a code in a dimension, by the dimension's own code; −1 where there is none. */
export const placeOf = (
  { dimensions }: Pick<Comparable, "dimensions">,
  dimension: string,
  code: string,
): number =>
  dimensions.find((each) => each.code === dimension)?.values.findIndex((value) => value.code === code) ?? -1;
