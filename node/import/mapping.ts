/**
 * A mapping says how a region's own file becomes a dataset's rows: which source column is which, code translations,
 * date formats, constants, which rows, and who the person is. Checked against the dataset before a row is read.
 */
import { z } from "zod";
import type { Column, Dataset } from "../../protocol/question/catalogue.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { IdentityKind, rulesOf } from "./identity.ts";

const SourceColumn = z.string().min(1).max(500);
const SourceText = z.string().max(500);
const TargetValue = z.union([z.string().max(64), z.int(), z.boolean(), z.null()]);

const Field = z.union([
  z.strictObject({
    column: SourceColumn,
    /** Source text → value, or null. Texts not listed are taken as they stand. */
    codes: z.record(SourceText, TargetValue).optional(),
    /** What a text that is neither listed nor a value becomes: null, or (unless said) a reject. */
    others: z.null().optional(),
  }),
  z.strictObject({ constant: TargetValue }),
]);

const PeriodField = z.union([
  z.strictObject({
    column: SourceColumn,
    /** Tried in this order: %Y-%m-%d, %d/%m/%Y … Without them the text is the period itself. */
    formats: z
      .array(z.string().regex(/^[%A-Za-z0-9 /:.,-]{2,40}$/, "expected a date format such as %Y-%m-%d"))
      .min(1)
      .max(10)
      .optional(),
  }),
  z.strictObject({ constant: SourceText }),
]);

export const Summarise = z.record(z.string().max(64), z.enum(["any", "all", "greatest", "least", "one"]));
export type Summarise = z.infer<typeof Summarise>;

export const Mapping = z.strictObject({
  format: z.enum(["csv", "ndjson", "parquet"]).optional(),
  delimiter: z
    .string()
    .regex(/^[,;\t|]$/, "expected one of , ; tab |")
    .default(","),
  encoding: z.enum(["utf-8", "windows-1252"]).default("utf-8"),
  person: SourceColumn,
  /** What identities are, and so which writings are one person; unless said, personal numbers are known among texts. */
  identity: IdentityKind.optional(),
  /** The same record again replaces the earlier one; without it, files append. */
  record: SourceColumn.optional(),
  /** Keep rows whose source column has one of these texts; the rest belong to somebody else. */
  where: z.strictObject({ column: SourceColumn, in: z.array(SourceText).min(1).max(1000) }).optional(),
  period: PeriodField,
  columns: z.record(z.string().max(64), Field),
  /**
   * One row a person and period, made of all of theirs: for datasets that ask whether something *ever* happened. Column by
   * column: `any` and `all` of yes and no, what is not known aside; the `greatest` or `least` number; `one` of the rows'
   * values, chosen as the five of many are, where nothing is said.
   */
  summarise: Summarise.optional(),
});
export type Mapping = z.infer<typeof Mapping>;
export type Field = z.infer<typeof Field>;

export const readMapping = (value: unknown): Mapping => parseWith(Mapping, value, "mapping", "mapping-unfit");

/**
 * A text as people meant it, on both sides of every comparison: letters composed (Unicode NFC: one file writes ö as one
 * character, the next as o and dots), non-breaking spaces, narrow ones too, as spaces, none at either end.
 */
export const fold = (text: string): string =>
  text
    .normalize("NFC")
    .replaceAll(/[\u00a0\u2007\u202f]/g, " ")
    .trim();

/** Refuses a mapping that leaves a column out, names one too many, or translates to what a column cannot hold. */
export function checkMapping(mapping: Mapping, dataset: Dataset): void {
  checkReserve(mapping);
  const unknown = Object.keys(mapping.columns).find((name) => !Object.hasOwn(dataset.columns, name));
  if (unknown !== undefined)
    throw new Refusal("mapping-unfit", `expected only columns of the dataset; there is no ${unknown}`);
  for (const [name, column] of Object.entries(dataset.columns)) {
    const field = mapping.columns[name];
    if (field === undefined)
      throw new Refusal("mapping-unfit", `expected a source, or a constant, for ${name}`);
    const targets =
      "constant" in field
        ? [field.constant]
        : [...Object.values(field.codes ?? {}), ...("others" in field ? [null] : [])];
    if ("codes" in field) checkCodes(name, field.codes ?? {});
    const wrong = targets.find((target) => storedValue(target, column) === undefined);
    if (wrong !== undefined)
      throw new Refusal("mapping-unfit", `expected translations that ${name} can hold`);
  }
  for (const [name, how] of Object.entries(mapping.summarise ?? {})) {
    const kind = Object.hasOwn(dataset.columns, name) ? dataset.columns[name]?.kind : undefined;
    const fits = { any: "boolean", all: "boolean", greatest: "integer", least: "integer", one: kind }[how];
    if (kind === undefined || kind !== fits)
      throw new Refusal(
        "mapping-unfit",
        `expected a ${fits ?? "declared"} column to take ${how} of; not ${name}`,
      );
  }
}

/** Refuses codes that are one text once folded, and become two values: which of them is meant? */
function checkCodes(name: string, codes: Readonly<Record<string, unknown>>): void {
  const meant = new Map<string, unknown>();
  for (const [text, target] of Object.entries(codes)) {
    if (meant.has(fold(text)) && meant.get(fold(text)) !== target)
      throw new Refusal("mapping-unfit", `expected one value for each code of ${name}`);
    meant.set(fold(text), target);
  }
}

/** Refuses forms of reserve numbers that are no pattern. */
function checkReserve({ identity }: Mapping): void {
  for (const pattern of rulesOf(identity).reserve)
    try {
      new RegExp(pattern);
      // What RE2 does not know (looking around, referring back) would end an import in the middle.
      if (/\(\?[=!<]|\\[1-9k]/.test(pattern)) throw new SyntaxError("not RE2's");
    } catch (cause) {
      throw new Refusal("mapping-unfit", "expected reserve numbers' forms to be patterns", { cause });
    }
}

/** A value as the table stores it, null where the column may be null, undefined where it cannot hold it. */
export function storedValue(
  value: z.infer<typeof TargetValue>,
  column: Column,
): number | boolean | null | undefined {
  if (value === null) return column.nullable === true ? null : undefined;
  switch (column.kind) {
    case "category": {
      const index = column.values.map(fold).indexOf(fold(String(value)));
      return index < 0 ? undefined : index;
    }
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integer":
      return typeof value === "number" && value >= column.min && value <= column.max ? value : undefined;
  }
}

/** Every source text that has a fixed value: the listed codes, then what stands for itself. */
export function translations(
  field: Extract<Field, { column: string }>,
  column: Column,
): Map<string, number | boolean | null> {
  const itself: Array<[string, number | boolean | null]> =
    column.kind === "category"
      ? column.values.map((value, index) => [fold(value), index])
      : column.kind === "boolean"
        ? [
            ["true", true],
            ["false", false],
            ["1", true],
            ["0", false],
          ]
        : [];
  const empty: Array<[string, null]> = column.nullable === true ? [["", null]] : [];
  const listed = Object.entries(field.codes ?? {}).map(
    ([text, target]): [string, number | boolean | null] => [fold(text), storedValue(target, column) ?? null],
  );
  return new Map([...itself, ...empty, ...listed]);
}
