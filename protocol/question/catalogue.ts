/**
 * The catalogue: datasets with every column's kind, bounds or categories declared in advance. A closed world:
 * what is not declared here cannot be asked about, and data never decides which cells an answer has.
 */
import { z } from "zod";
import { documentId, ofKind } from "../signing/envelope.ts";
import { type Hash, utf8 } from "../values/bytes.ts";
import { parseJson } from "../values/json.ts";
import { PeriodKind } from "../values/period.ts";
import { compare, parseRational, RationalText, ZERO } from "../values/rational.ts";
import { parseWith, Refusal } from "../values/refusal.ts";
import { textOf } from "../values/text.ts";

/** Names that an answer, a release or a table uses itself, and columns therefore may not. */
const RESERVED = new Set([
  "region",
  "period",
  "bin",
  "p",
  "person",
  "weight",
  "record",
  "row",
  "file",
  "measure",
]);

export const ColumnName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,47}$/, "expected a name of a-z, 0-9 and _, starting with a letter")
  .refine((name) => !RESERVED.has(name), "expected a name that Brus does not use itself");
export const DatasetName = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, "expected a name of a-z, 0-9 and -");
export const DatasetRef = z.string().regex(/^[a-z][a-z0-9-]{0,47}@[1-9]\d{0,3}$/, "expected name@version");
export const Category = textOf(64);
export const Title = z.strictObject({ sv: textOf(200), en: textOf(200) });
const about = { title: Title.optional(), nullable: z.boolean().optional() };
const BOUND = 2_147_483_647;
const Bound = z.int().min(-BOUND).max(BOUND);

const CategoryColumn = z
  .strictObject({ kind: z.literal("category"), values: z.array(Category).min(1).max(10_000), ...about })
  .refine(({ values }) => new Set(values).size === values.length, "expected each category once");
const BooleanColumn = z.strictObject({ kind: z.literal("boolean"), ...about });
const IntegerColumn = z
  .strictObject({
    kind: z.literal("integer"),
    min: Bound,
    max: Bound,
    /** How far from the middle of its bounds means are expected to lie: by it a mean's ρ is split. Known without data. */
    meanFromMiddle: z
      .int()
      .min(0)
      .max(2 * BOUND)
      .optional(),
    ...about,
  })
  .refine(({ min, max }) => min < max, "expected min below max");

export const Column = z.discriminatedUnion("kind", [CategoryColumn, BooleanColumn, IntegerColumn]);
export type Column = z.infer<typeof Column>;
export type IntegerColumn = z.infer<typeof IntegerColumn>;

export const Dataset = ofKind(
  "dataset",
  z
    .strictObject({
      dataset: DatasetName,
      version: z.int().min(1).max(9999),
      title: Title,
      description: Title.optional(),
      person: textOf(200),
      period: PeriodKind,
      graceDays: z.int().min(0).max(366).default(0),
      /**
       * Each period is declared delivered by the region's operator. Without it, rows that come in for a period say so of
       * themselves, which tells of a period that had none: not for what few have, such as deaths.
       */
      delivery: z.literal("declared").optional(),
      rowsPerPerson: z.literal(5),
      ledgerGroup: DatasetName.optional(),
      /** Which part of a year's account its questions draw on, where that is not the one for questions. */
      compartment: z.literal("units").optional(),
      maxPersons: z.int().min(1).max(1_000_000_000),
      columns: z
        .record(ColumnName, Column)
        .refine((columns) => Object.keys(columns).length >= 1, "expected a column"),
      budget: z.strictObject({ rhoPerPeriod: RationalText, delta: RationalText }),
    })
    .refine(
      ({ budget }) => compare(parseRational(budget.rhoPerPeriod), ZERO) > 0,
      "expected rhoPerPeriod above 0",
    ),
);
export type Dataset = z.infer<typeof Dataset>;

export const refOf = (dataset: Dataset): string => `${dataset.dataset}@${dataset.version}`;

/** The account that a dataset draws on: shared by all its versions, and by datasets of the same source rows. */
export const ledgerGroupOf = (dataset: Dataset): string => dataset.ledgerGroup ?? dataset.dataset;

/** A dataset as it travels: its own bytes, since its hash in the directory is of exactly these. */
export type DatasetDocument = { readonly dataset: Dataset; readonly body: Uint8Array; readonly hash: Hash };

export function readDataset(body: Uint8Array): DatasetDocument {
  return { dataset: parseWith(Dataset, parseJson(body), "dataset"), body, hash: documentId("dataset", body) };
}

export const writeDataset = (dataset: z.input<typeof Dataset>): DatasetDocument =>
  readDataset(utf8(JSON.stringify(dataset)));

/**
 * Refuses a catalogue in which a budget could be had twice: members of a ledger group, and versions of a name,
 * must agree on the kind of period and on the budget for each, and versions on the group. A dataset of years, with one
 * row a person and year, may be in a group of quarters: each quarter of a year that it covers is charged for it.
 */
export function checkCatalogue(datasets: readonly Dataset[]): void {
  for (const a of datasets) {
    for (const b of datasets) {
      if (a === b) continue;
      const sameName = a.dataset === b.dataset;
      const sameGroup = ledgerGroupOf(a) === ledgerGroupOf(b);
      if (sameName && a.version === b.version) throw unfit(a, b, "to be one document");
      if (sameName && !sameGroup) throw unfit(a, b, "to share a ledger group, being versions of one name");
      const yearly =
        !sameName &&
        [a, b]
          .map(({ period }) => period)
          .sort()
          .join() === "quarter,year";
      const agree =
        (a.period === b.period || yearly) &&
        compare(parseRational(a.budget.rhoPerPeriod), parseRational(b.budget.rhoPerPeriod)) === 0;
      if (sameGroup && !agree) throw unfit(a, b, "to have one kind of period and one rhoPerPeriod");
    }
  }
}

/**
 * Refuses datasets that make a known group of years one of quarters: what was charged to a year before was charged to
 * none of its quarters.
 */
export function checkGroups(known: readonly Dataset[], added: readonly Dataset[]): void {
  for (const dataset of added.filter(({ period }) => period === "quarter")) {
    const members = known.filter((each) => ledgerGroupOf(each) === ledgerGroupOf(dataset));
    const [member] = members;
    if (member !== undefined && members.every(({ period }) => period === "year"))
      throw unfit(member, dataset, "to have one kind of period, having been a group of years before");
  }
}

const unfit = (a: Dataset, b: Dataset, what: string) =>
  new Refusal("schema-mismatch", `expected ${refOf(a)} and ${refOf(b)} ${what}`);
