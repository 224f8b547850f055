/** How old figures are when they are published. */
import { ordinalOf, periodAt } from "../protocol/values/period.ts";
import type { Cube } from "./cube.ts";

const DAY = 86_400_000;

/** Whole days from the end of each period to its release. */
export function freshnessOf({
  releases,
  plan,
}: Cube): Array<{ readonly period: string; readonly days: number }> {
  const { period: kind } = plan.dataset;
  return releases.map(({ period, standing }) => {
    const next = periodAt(kind, (ordinalOf(kind, period) ?? 0) + 1);
    return { period, days: Math.floor((Date.parse(standing.release.madeAt) - startOf(next)) / DAY) };
  });
}

/** The first instant of a period, by the calendar alone. */
function startOf(period: string): number {
  const year = Number(period.slice(0, 4));
  const [, letter, part] = /^\d{4}([KM])(\d+)$/.exec(period) ?? [];
  const month = letter === "K" ? (Number(part) - 1) * 3 : letter === "M" ? Number(part) - 1 : 0;
  return Date.UTC(year, month, 1);
}
