/**
 * Source file → typed rows, in DuckDB whatever engine the node runs on: one statement reads, translates and judges
 * every row. A row that does not fit keeps its reason and goes nowhere but to the reject file.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Column, Dataset } from "../../protocol/question/catalogue.ts";
import type { PeriodKind } from "../../protocol/values/period.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { columnIn } from "../store/database.ts";
import { type HashKeys, padsOf } from "../store/people.ts";
import { needsDaySql, plainOf, type Rules, rulesOf } from "./identity.ts";
import { type Field, fold, type Mapping, storedValue, translations } from "./mapping.ts";

/** A text as an SQL literal. Only the mapping's own texts come here, never data. */
export function lit(text: string): string {
  if (text.includes("\0")) throw new Refusal("mapping-unfit", "expected texts without NUL characters");
  return `'${text.replaceAll("'", "''")}'`;
}

export type SourceFile = {
  readonly path: string;
  readonly format: "csv" | "ndjson" | "parquet";
  readonly delimiter: string;
  /** The source's columns as it writes them, in the file's order for CSV. */
  readonly columns: readonly string[];
  /** How many records it has, those that cannot be read aside. */
  readonly records: number;
  readonly isAscii: boolean;
  /** True if it holds persons as numbers, wherever it does. */
  readonly numeric: boolean;
};

/** What `fold` takes off both ends (ECMA-262, 22.1.3.32), ASCII's first. */
const SPACES =
  " \t\n\v\f\r\u00a0\ufeff\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

/** As `fold`. */
export const foldSql = (text: string): string =>
  `trim(regexp_replace(nfc_normalize(${text}), '[\u00a0\u2007\u202f]', ' ', 'g'), ${lit(SPACES)})`;

/** What nobody sees, as RE2 can say it (`plainOf` says it whole). */
const UNSEEN =
  "[\\p{Cf}\\x{34f}\\x{115f}\\x{1160}\\x{2800}\\x{3164}\\x{ffa0}\\x{180b}-\\x{180f}\\x{fe00}-\\x{fe0f}]";

/** How DuckDB reads the file, every column as text, and how it calls a source column. */
function reader(source: SourceFile, mapping: Mapping): { from: string; text: (column: string) => string } {
  // As `fold` makes the texts that they are compared with.
  const plain = (reference: string) => {
    // JSON and Parquet can hold NULs, at which DuckDB's composing ends a text.
    const whole = source.format === "csv" ? reference : `replace(${reference}, chr(0), '')`;
    const text = `coalesce(${whole}, '')`;
    // Few texts have anything but spaces at an end, or other letters than ASCII's: to look for that takes a third of the time.
    const [first, last] = [`ascii(${whole})`, `ascii(right(${whole}, 1))`];
    const plainest = `when ${first} < 32 or ${last} < 32 then trim(${text}, ${lit(SPACES.slice(0, 6))}) else trim(${text}) end`;
    return `case ${source.isAscii ? "" : `when strlen(${whole}) <> length(${whole}) then ${foldSql(text)} `}${plainest}`;
  };
  const path = lit(source.path);
  if (source.format === "csv") {
    const columns = source.columns.map((_, index) => `'n${index}': 'VARCHAR'`).join(", ");
    return {
      from: `read_csv(${path}, delim=${lit(source.delimiter)}, quote='"', escape='"', header=true, auto_detect=false, null_padding=false, max_line_size=4194304, columns={${columns}})`,
      text: (column) => plain(`n${indexOf(source, column)}`),
    };
  }
  const nameOf = (column: string) => source.columns[indexOf(source, column)] ?? column;
  const names = usedColumns(mapping).map(nameOf);
  const from =
    source.format === "parquet"
      ? `read_parquet(${path})`
      : `read_json(${path}, format='newline_delimited', maximum_object_size=4194304, columns={${names.map((name) => `${lit(name)}: 'VARCHAR'`).join(", ")}})`;
  return { from, text: (column) => plain(`cast("${nameOf(column).replaceAll('"', '""')}" as varchar)`) };
}

/** Which of the source's columns a mapping means: names are compared as texts are. */
function indexOf(source: SourceFile, column: string): number {
  const names = source.columns.map(fold);
  const index = names.indexOf(fold(column));
  if (index < 0) {
    const count = `${names.length} column${names.length === 1 ? "" : "s"}`;
    const split = source.format === "csv" ? `, split at "${source.delimiter}"` : "";
    // Only a name that is the mapping's own but for what cannot be seen: a header may be a row, where there is none.
    const like = source.columns.find((name) => plainOf(name) === plainOf(column));
    const but = like === undefined ? "" : `, one of them "${shown(fold(like))}"`;
    throw new Refusal(
      "mapping-unfit",
      `expected a source column named "${shown(fold(column))}"; the file has ${count}${split}${but}`,
    );
  }
  if (names.lastIndexOf(fold(column)) !== index) {
    throw new Refusal("mapping-unfit", `expected one source column named "${column}"; there are several`);
  }
  return index;
}

/** A text in which what cannot be seen, or looks like another letter, is spelled out: \u{200b}. */
export const shown = (text: string): string =>
  text.replaceAll(
    /[^\x20-\x7e\p{Script=Latin}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );

/** Every source column that a mapping reads, each once. */
export function usedColumns(mapping: Mapping): string[] {
  const fields: Array<{ column: string } | { constant: unknown }> = [
    mapping.period,
    ...Object.values(mapping.columns),
  ];
  const named = fields.flatMap((field) => ("column" in field ? [field.column] : []));
  const others = [mapping.person, mapping.record, mapping.where?.column].filter((name) => name !== undefined);
  return [...new Set([...others, ...named].map(fold))];
}

/** Each column's typed expression, the condition under which it does not fit, and what is said then. */
type Typed = {
  readonly name: string;
  readonly value: string;
  readonly unfit: string;
  readonly says: string;
  readonly join: string;
};

/** A column's translations in SQL: what a text becomes, and whether it is among them. */
function translation(
  pairs: ReadonlyArray<readonly [text: string, value: unknown]>,
  type: string,
  index: number,
): { readonly value: string; readonly found: string; readonly join: string } {
  // A few are compared one by one, which is faster than a join with them; many are joined.
  if (pairs.length > 0 && pairs.length <= 12) {
    const cases = pairs.map(([text, value]) => `when ${lit(text)} then cast(${value} as ${type})`);
    const value = `case s${index} ${cases.join(" ")} end`;
    return { value, found: `s${index} in (${pairs.map(([text]) => lit(text)).join(", ")})`, join: "" };
  }
  const values = pairs.map(([text, value]) => `(${lit(text)}, cast(${value} as ${type}))`);
  const none = `(cast(null as varchar), cast(null as ${type}))`;
  const table = `(values ${values.length === 0 ? none : values.join(", ")}) as m${index}(source, value)`;
  return {
    value: `m${index}.value`,
    found: `m${index}.source is not null`,
    join: `left join ${table} on m${index}.source = s${index}`,
  };
}

function typedColumn(name: string, column: Column, field: Field, index: number, isAscii: boolean): Typed {
  const type = column.kind === "category" ? "smallint" : column.kind;
  if ("constant" in field) {
    const value = storedValue(field.constant, column) ?? null;
    return { name, value: `cast(${value} as ${type})`, unfit: "false", says: "''", join: "" };
  }
  const pairs = [...translations(field, column)];
  const { value: translated, found, join } = translation(pairs, type, index);
  const others = "others" in field;
  const says = `'${name}: a value that is not declared: ' || left(s${index}, 60)`;
  if (column.kind !== "integer") {
    // Not silently unknown: a text that reads exactly like one that is declared.
    const alike = `regexp_replace(s${index}, '${UNSEEN}', '', 'g') in (${pairs.map(([text]) => lit(text)).join(", ")})`;
    const other = isAscii
      ? "false"
      : `not (${found}) and regexp_matches(s${index}, '${UNSEEN}') and ${alike}`;
    return { name, value: translated, unfit: others ? other : `not (${found})`, says, join };
  }
  const within = `i${index} between ${column.min} and ${column.max}`;
  return {
    name,
    value: `case when ${found} then ${translated} when ${within} then i${index} end`,
    unfit: others ? "false" : `not (${found}) and not coalesce(${within}, false)`,
    says: `'${name}: not a whole number within ${column.min}..${column.max}: ' || left(s${index}, 60)`,
    join,
  };
}

/**
 * A whole number in a text, else null. A cast alone would round 3.7 to 4: what does not read back as the same text
 * is matched against the forms that a whole number may have.
 */
const wholeOf = (text: string): string =>
  `case when cast(try_cast(${text} as integer) as varchar) = ${text} then try_cast(${text} as integer) when regexp_full_match(${text}, '[+-]?[0-9]{1,10}([.]0+)?') then try_cast(${text} as integer) end`;

/** The ordinal of the period that a date lies in, and of the one that a text of the form names. */
const PERIOD_OF_DATE = {
  year: (date) => `year(${date})`,
  quarter: (date) => `year(${date}) * 4 + quarter(${date}) - 1`,
  month: (date) => `year(${date}) * 12 + month(${date}) - 1`,
} as const satisfies Record<PeriodKind, (date: string) => string>;

const digits = (end: "left" | "right", text: string, count: number): string =>
  `cast(${end}(${text}, ${count}) as integer)`;

const PERIOD_OF_TEXT = {
  year: { form: "[0-9]{4}", ordinal: (text) => digits("left", text, 4) },
  quarter: {
    form: "[0-9]{4}K[1-4]",
    ordinal: (text) => `${digits("left", text, 4)} * 4 + ${digits("right", text, 1)} - 1`,
  },
  month: {
    form: "[0-9]{4}M(0[1-9]|1[0-2])",
    ordinal: (text) => `${digits("left", text, 4)} * 12 + ${digits("right", text, 2)} - 1`,
  },
} as const satisfies Record<PeriodKind, { form: string; ordinal: (text: string) => string }>;

/** The last day of a period, or one after it in its month, as YYYYMMDD. */
const DAY_OF_PERIOD = {
  year: "period * 10000 + 1231",
  quarter: "period // 4 * 10000 + (period % 4 + 1) * 300 + 31",
  month: "period // 12 * 10000 + (period % 12 + 1) * 100 + 31",
} as const satisfies Record<PeriodKind, string>;

type PeriodSql = { readonly date: string; readonly ordinal: string; readonly day: string };

/** A row's date, the ordinal of its period, and the day that says which century its person was born in. */
function periodOf(mapping: Mapping, kind: PeriodKind): PeriodSql {
  if ("column" in mapping.period && mapping.period.formats !== undefined) {
    const formats = mapping.period.formats.map(lit).join(", ");
    return {
      date: `try_strptime(speriod, [${formats}])`,
      ordinal: `case when year(date) between 1900 and 2199 then cast(${PERIOD_OF_DATE[kind]("date")} as integer) end`,
      day: "year(date) * 10000 + month(date) * 100 + day(date)",
    };
  }
  const { form, ordinal } = PERIOD_OF_TEXT[kind];
  return {
    date: "null",
    ordinal: `case when regexp_full_match(speriod, '${form}') then ${ordinal("speriod")} end`,
    day: DAY_OF_PERIOD[kind],
  };
}

/** The statement whose rows are those of `Staged`, and, where `numbered`, their number among the file's good records. */
function statement(source: SourceFile, mapping: Mapping, dataset: Dataset, numbered: boolean): string {
  const { from, text } = reader(source, mapping);
  const columns = Object.entries(dataset.columns).map(([name, column], index) => {
    const field = mapping.columns[name];
    if (field === undefined) throw new Refusal("mapping-unfit", `expected a source for ${name}`);
    return { ...typedColumn(name, column, field, index, source.isAscii), field, index };
  });
  const speriod =
    "column" in mapping.period ? text(mapping.period.column) : lit(fold(mapping.period.constant));
  const read = [
    ...(numbered ? ["row_number() over () as row"] : []),
    `${text(mapping.person)} as identity`,
    `${mapping.record === undefined ? "cast(null as varchar)" : text(mapping.record)} as srecord`,
    `${speriod} as speriod`,
    `${mapping.where === undefined ? "true" : `${text(mapping.where.column)} in (${mapping.where.in.map((each) => lit(fold(each))).join(", ")})`} as wanted`,
    ...columns.flatMap(({ field, index }) =>
      "column" in field ? [`${text(field.column)} as s${index}`] : [],
    ),
  ];
  const { date, ordinal, day } = periodOf(mapping, dataset.period);
  const reasons = [
    `when period is null then 'period: no ${dataset.period} in a form the mapping names: ' || left(speriod, 40)`,
    ...(mapping.record === undefined
      ? []
      : [
          "when srecord = '' then 'record: empty'",
          "when regexp_matches(srecord, '[[:cntrl:]]') then 'record: a control character'",
        ]),
    ...columns
      .filter(({ unfit }) => unfit !== "false")
      .map(({ unfit, says }) => `when ${unfit} then ${says}`),
  ];
  // Each text is read as a number once, in a layer of its own, however often the judgement below looks at it.
  const numbers = Object.values(dataset.columns).flatMap(({ kind }, index) => {
    const field = columns[index]?.field;
    return kind === "integer" && field !== undefined && "column" in field
      ? [`${wholeOf(`s${index}`)} as i${index}`]
      : [];
  });
  const typed = columns.map(({ name, value }) => `${value} as ${columnIn(name)}`);
  const record = mapping.record === undefined ? "srecord" : recordSql("srecord");
  const { kind } = rulesOf(mapping.identity);
  const ageless = kind === "text" || kind === "number";
  const dated = ageless ? "0" : `case when ${needsDaySql("identity")} then ${day} else 0 end`;
  return `select ${numbered ? "row, " : ""}identity, cast(${dated} as integer) as day, ${record} as record, period, ${typed.join(", ")}, case ${reasons.join(" ")} end as reason
    from (select *, ${ordinal} as period from (select ${["*", ...numbers, `${date} as date`].join(", ")} from (select ${read.join(", ")} from ${from}))) ${columns.map(({ join }) => join).join(" ")} where wanted`;
}

/** The rows of a file that are this dataset's, typed, in a temporary table of the staging DuckDB. */
export type Staged = {
  /**
   * `identity` as the file writes it, `day` (YYYYMMDD, 0 where nobody's century hangs on it), `record` hashed, `period`,
   * the dataset's columns, `reason` (null where all of these fit), and `row` where the mapping has a record.
   */
  readonly relation: string;
  /** True where rows have a `record`, of which the latest counts, and so a `row`. */
  readonly dated: boolean;
  /** As `relation`, and each row's number among the file's good records. */
  readonly numbered: string;
  readonly rules: Rules;
  /** How many rows `where` leaves to somebody else. */
  readonly leftOut: number;
};

/** Reads a file's rows into `Staged`; which of their identities fit is judged by the next step. */
export async function stage(
  duckdb: DuckDBConnection,
  looked: SourceFile,
  mapping: Mapping,
  dataset: Dataset,
): Promise<Staged> {
  const source = looked.format === "parquet" ? await parquetOf(duckdb, looked, mapping) : looked;
  for (const column of usedColumns(mapping)) indexOf(source, column);
  return await reading(async () => {
    // Numbering keeps the file's order at the cost of a core, so it is done only where the order matters.
    const numbered = mapping.record !== undefined;
    await duckdb.run(
      `create or replace temp table staged as ${statement(source, mapping, dataset, numbered)}`,
    );
    const [[rows] = []] = (await duckdb.runAndReadAll("select count(*) from staged")).getRows();
    return {
      relation: "staged",
      dated: numbered,
      numbered: `(${statement(source, mapping, dataset, true)})`,
      rules: rulesOf(mapping.identity, source.numeric),
      leftOut: mapping.where === undefined ? 0 : source.records - Number(rows),
    };
  });
}

/** What reads a file: the engine's own message may quote a row, and is kept out of what is said. */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal("import-file", "expected a file that can be read by the mapping's format", { cause });
  }
}

/** A Parquet file's own columns. A person or record that is a fraction or a list would be another one beside a CSV's. */
async function parquetOf(
  duckdb: DuckDBConnection,
  source: SourceFile,
  mapping: Mapping,
): Promise<SourceFile> {
  let rows: unknown[][];
  let records: unknown;
  try {
    const file = `read_parquet(${lit(source.path)})`;
    rows = (await duckdb.runAndReadAll(`describe select * from ${file}`)).getRows();
    [[records]] = (await duckdb.runAndReadAll(`select count(*) from ${file}`)).getRows() as [[unknown]]; // One row.
  } catch (cause) {
    throw new Refusal("import-file", "expected a whole Parquet file", { cause });
  }
  const columns = rows.map(([name]) => String(name));
  const typeOf = (column: string) =>
    String(rows.find(([name]) => fold(String(name)) === fold(column))?.[1] ?? "VARCHAR");
  for (const column of [mapping.person, mapping.record].filter((name) => name !== undefined)) {
    const type = typeOf(column);
    if (!/^(VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UUID)$/.test(type)) {
      throw new Refusal("import-file", `expected "${column}" to be text or a whole number; it is ${type}`);
    }
  }
  return { ...source, columns, records: Number(records), numeric: typeOf(mapping.person).includes("INT") };
}

type Pads = keyof HashKeys | "marks";

export async function useKeys(duckdb: DuckDBConnection, { pseudonym, record }: HashKeys): Promise<void> {
  await usePads(duckdb, "pseudonym", pseudonym);
  await usePads(duckdb, "record", record);
}

/** Hands DuckDB a key's pads as variables, so that no later statement's text holds a key. */
export async function usePads(duckdb: DuckDBConnection, name: Pads, key: Uint8Array): Promise<void> {
  const { inner, outer } = padsOf(key);
  await duckdb.run(`set variable ${name}_inner = unhex('${inner}')`);
  await duckdb.run(`set variable ${name}_outer = unhex('${outer}')`);
}

/** HMAC-SHA-256 of a text expression as hexadecimal (RFC 2104), under a key of `usePads`. */
export const hmacOf = (key: Pads, text: string): string =>
  `sha256(getvariable('${key}_outer') || unhex(sha256(getvariable('${key}_inner') || encode(${text}))))`;

/** As `pseudonymOf`. */
export const pseudonymSql = (text: string): string =>
  `cast(substr(${hmacOf("pseudonym", text)}, 1, 32) as uuid)`;

/** Where a row stands among its person's: nobody who writes rows can choose it. */
export const placeOf = (text: string): string => hmacOf("pseudonym", text);

/** As `recordHashOf`. */
export const recordSql = (text: string): string => `substr(${hmacOf("record", text)}, 1, 32)`;
