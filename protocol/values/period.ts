/**
 * Periods as Statistics Sweden writes them (2026, 2026K3, 2026M09), their order as whole numbers, and when one
 * is closed. Only closed periods can be asked about, so that an answer never changes under its own name.
 */
import { Temporal } from "temporal-polyfill";
import { z } from "zod";

export const PeriodKind = z.enum(["year", "quarter", "month"]);
export type PeriodKind = z.infer<typeof PeriodKind>;

/** How many periods of a kind a year has. */
export const PER_YEAR = { year: 1, quarter: 4, month: 12 } as const satisfies Record<PeriodKind, number>;
const FORMS = {
  year: /^(\d{4})$/,
  quarter: /^(\d{4})K([1-4])$/,
  month: /^(\d{4})M(0[1-9]|1[0-2])$/,
} as const;

export const Period = z
  .string()
  .regex(/^\d{4}(K[1-4]|M(0[1-9]|1[0-2]))?$/, "expected a period such as 2026, 2026K3 or 2026M09");
export type Period = z.infer<typeof Period>;

/** Counts periods of a kind from year 0, so that they sort and store as one integer. Null if of another kind. */
export function ordinalOf(kind: PeriodKind, period: Period): number | null {
  const match = FORMS[kind].exec(period);
  return match === null
    ? null
    : Number(match[1]) * PER_YEAR[kind] + (match[2] === undefined ? 0 : Number(match[2]) - 1);
}

export function periodAt(kind: PeriodKind, ordinal: number): Period {
  const year = String(Math.floor(ordinal / PER_YEAR[kind])).padStart(4, "0");
  const part = (ordinal % PER_YEAR[kind]) + 1;
  return kind === "year"
    ? year
    : kind === "quarter"
      ? `${year}K${part}`
      : `${year}M${String(part).padStart(2, "0")}`;
}

/** The calendar year that a period lies in. */
export const yearOf = (period: Period): Period => period.slice(0, 4);

export const quartersOf = (year: Period): Period[] => [1, 2, 3, 4].map((quarter) => `${year}K${quarter}`);

/** The instant from which a period counts as closed: its end plus the grace, by the clock in Stockholm. */
export function closedAt(kind: PeriodKind, period: Period, graceDays: number): Date {
  const ordinal = ordinalOf(kind, period);
  if (ordinal === null) throw new RangeError(`expected a period of kind ${kind}`);
  const months = 12 / PER_YEAR[kind];
  const end = Temporal.PlainDate.from({ year: Math.floor(ordinal / PER_YEAR[kind]), month: 1, day: 1 })
    .add({ months: ((ordinal % PER_YEAR[kind]) + 1) * months })
    .add({ days: graceDays });
  return new Date(end.toZonedDateTime("Europe/Stockholm").epochMilliseconds);
}

/** How a pooled period is written where a cell stands: `2026K1..2026K2`. */
export const pooledName = (periods: readonly Period[]): string =>
  periods.length === 1 ? (periods[0] ?? "") : `${periods[0]}..${periods.at(-1)}`;
