/** A published figure, and where it stands. Loads nothing: pages need it too. */
import type { Figure } from "../protocol/release/estimate.ts";

/** Where a figure stands, by codes; over a column that is not named, or is named with a total's code, it is the total. */
export type FigureAt = {
  readonly region: string;
  readonly period: string;
  readonly groups?: Readonly<Record<string, string>>;
};

/** `:` is a region that is not in a release, or was not asked; `.` a rate for which there is no public population. */
export type CubeFigure = Omit<Figure, "flag"> & {
  readonly flag: Figure["flag"] | ":" | ".";
  /** Of a count, to be shown beside it: whole, never negative, adding up. Biased: nothing is reckoned with it. */
  readonly display: number | null;
};

/** Nothing is published there. */
export const NOTHING: CubeFigure = {
  value: null,
  se: null,
  low: null,
  high: null,
  flag: ":",
  display: null,
};
