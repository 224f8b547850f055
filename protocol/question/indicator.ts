/**
 * Indicators: what the nation wants to know, as data. Each says in both languages what is counted of whom, which way is
 * good, and how it comes about: by a measure of a dataset, from what is released, as regions report it, or not yet.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import type { Language } from "../values/language.ts";
import { parseWith } from "../values/refusal.ts";
import { Text, textOf } from "../values/text.ts";
import { Category, ColumnName, DatasetRef } from "./catalogue.ts";
import { Filter } from "./filter.ts";
import { Measure, MeasureId } from "./query.ts";

/** The five areas of the national strategy, in its order. */
export const FOCUS_AREAS = {
  prevention: { sv: "Förebyggande och främjande", en: "Prevention and promotion" },
  "early-access": { sv: "Tidiga och tillgängliga insatser", en: "Early and accessible care" },
  "vulnerable-groups": { sv: "Utsatta grupper", en: "Vulnerable groups" },
  participation: { sv: "Delaktighet och rättigheter", en: "Participation and rights" },
  governance: { sv: "Ledning, styrning och organisation", en: "Leadership, governance and organisation" },
} as const satisfies Record<string, Text>;

export type FocusArea = keyof typeof FOCUS_AREAS;

/** What an abridged life table is made of: two measures that calendars release, by sex and age. */
export const LifeTable = z
  .strictObject({
    deaths: MeasureId,
    persons: MeasureId,
    sex: ColumnName,
    age: ColumnName,
    /** From the youngest, with how many years each lasts; the last is open. */
    ages: z
      .array(z.strictObject({ code: Category, years: z.int().min(1).max(120).nullable() }))
      .min(2)
      .max(120),
  })
  .refine(
    ({ ages }) => ages.every(({ years }, at) => (years === null) === (at === ages.length - 1)),
    "expected the last age alone to be open",
  );
export type LifeTable = z.infer<typeof LifeTable>;

const Produced = z.discriminatedUnion("by", [
  /** A measure of a dataset, of the rows that `where` leaves. */
  z.strictObject({
    by: z.literal("measure"),
    dataset: DatasetRef,
    /** Others that have the same columns of the same persons by periods of another kind: a year over these quarters. */
    also: z.array(DatasetRef).min(1).max(5).optional(),
    measure: Measure,
    where: Filter.optional(),
    /** Published per so many of the population, which is public. */
    per: z.literal(100_000).optional(),
  }),
  /** From what is released, at no cost. */
  z.strictObject({ by: z.literal("derived"), lifeTable: LifeTable.optional() }),
  /** From the release's own dates. */
  z.strictObject({ by: z.literal("operational") }),
  z.strictObject({ by: z.literal("nobody"), why: Text }),
]);

export const Indicator = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, "expected an id of a-z, 0-9 and -"),
    name: Text,
    /** Whom or what it counts; and of whom, where it is a part of something. */
    numerator: Text,
    denominator: Text.nullable(),
    unit: Text,
    direction: z.enum(["higher", "lower", "neither"]),
    focus: z.enum(Object.keys(FOCUS_AREAS) as [FocusArea]),
    /** Columns of its dataset, beside region and period. */
    breakdowns: z.array(ColumnName).max(10),
    /** Where it is asked for. */
    sources: textOf(300),
    /** What official statistics come closest; null where there is none. */
    official: textOf(300).nullable(),
    target: Text.optional(),
    /** What pages and tables treat in a way of its own: suicide with a help line, coverage as whom figures leave out. */
    subject: z.enum(["suicide", "coverage"]).optional(),
    /** Its place in the nation in brief, which the first page shows. */
    brief: z.int().min(1).max(99).optional(),
    produced: Produced,
  })
  .refine(
    ({ id, produced }) => produced.by !== "measure" || produced.measure.id === id,
    "expected a measure by the indicator's own id",
  );
export type Indicator = z.infer<typeof Indicator>;

/** A catalogue of indicators, each once. */
const Indicators = ofKind(
  "indicators",
  z
    .array(Indicator)
    .min(1)
    .max(1000)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, "expected each indicator once"),
);

export const readIndicators = (value: unknown): Indicator[] => parseWith(Indicators, value, "indicators");

const WEIGHS = {
  sv: "Varje person väger ett i varje period och region, hur mycket som än skrivits om den.",
  en: "Every person weighs one in each period and region, however much was written of them.",
} as const satisfies Text;

/** What an indicator says, in a sentence or two, for people. */
export function definitionOf({ numerator, denominator, produced }: Indicator, language: Language): string {
  const of = { sv: "av", en: "of" }[language];
  const kind = produced.by === "measure" ? produced.measure.kind : null;
  const start = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  const mean = { sv: "Medelvärdet av", en: "The mean of" }[language];
  const among = { sv: "bland", en: "among" }[language];
  const said =
    kind === "mean" && denominator !== null
      ? `${mean} ${numerator[language]}, ${among} ${denominator[language]}.`
      : denominator === null
        ? `${start(numerator[language])}.`
        : `${start(numerator[language])}, ${of} ${denominator[language]}.`;
  const more = produced.by === "nobody" ? produced.why[language] : kind === null ? "" : WEIGHS[language];
  return `${said} ${more}`.trim();
}
