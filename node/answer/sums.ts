/**
 * Plan → SQL → exact sums. One grouped scan for all sums, and one for each histogram, read in one snapshot. Cells
 * come from the plan: what the data lacks is 0, and nothing in the data can add a cell, change the order or fail. Values
 * and weights are clamped once more as they are summed: a row that was damaged, or written by hand, moves no sum further
 * than the plan says, and a code that the catalogue has not lies in no cell.
 */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Plan, Vector } from "../../protocol/plan/plan.ts";
import type { Statistic } from "../../protocol/plan/statistic.ts";
import { type PlannedTables, sizesOf } from "../../protocol/plan/tables.ts";
import { keyOf } from "../../protocol/privacy/marginals.ts";
import { UNITS } from "../../protocol/privacy/privacy.ts";
import { contrast, placesOf } from "../../protocol/privacy/residual.ts";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import { columnOf, type Filter } from "../../protocol/question/filter.ts";
import { ordinalOf } from "../../protocol/values/period.ts";
import { columnIn, type NodeDatabase, type NodeStore, tableOf } from "../store/database.ts";

type Raw = RawBuilder<unknown>;
type Row = Record<string, unknown>;
type BinsVector = Vector & { readonly statistic: Extract<Statistic, { of: "bins" }> };

const isBins = (vector: Vector): vector is BinsVector => vector.statistic.of === "bins";

/** The plan's integers without noise, period by period, vector by vector, cell by cell, bin by bin. */
export async function runPlan(plan: Plan, store: NodeStore): Promise<bigint[]> {
  return await store.kysely
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute((transaction) => sumsOf(plan, transaction))
    .catch((cause: unknown) => {
      // The message of a database may quote a row: keep it inside as a cause, out of what is said.
      throw new Error("the database did not answer a planned statement", { cause });
    });
}

async function sumsOf(plan: Plan, database: Kysely<NodeDatabase>): Promise<bigint[]> {
  const sums = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
  const places = new Map(
    plan.periods.map((period, index) => [ordinalOf(plan.dataset.period, period), index]),
  );
  const put = (row: Row, vector: Vector, bin: number, value: bigint): void => {
    const period = places.get(Number(row["period"]));
    const cell = cellOf(plan, row);
    if (period === undefined || cell === null || bin < 0 || bin >= vector.width) return;
    sums[period * plan.length + vector.offset + cell * vector.width + bin] = value;
  };
  const plain = plan.vectors.filter((vector) => !isBins(vector));
  if (plan.tables !== null) return await residualsOf({ ...plan, tables: plan.tables }, database, places);
  if (plain.length > 0) {
    const names = [...atomsOf(plan).keys()];
    const { rows } = await plainStatement(plan).execute(database);
    for (const row of rows) {
      const sum = (name: string): bigint => BigInt(String(row[`a${names.indexOf(name)}`] ?? 0));
      for (const vector of plain)
        for (const [bin, value] of fromAtoms(vector.statistic, sum).entries()) put(row, vector, bin, value);
    }
  }
  for (const vector of plan.vectors.filter(isBins)) {
    const { rows } = await binsStatement(plan, vector).execute(database);
    for (const row of rows) put(row, vector, Number(row["bin"]), BigInt(String(row["sum"])));
  }
  return sums;
}

/**
 * The residuals of every statistic: one grouped scan by all the tables' columns, its sums added up into each table that
 * a residual is of, and the contrast taken there.
 */
async function residualsOf(
  plan: Plan & { readonly tables: PlannedTables },
  database: Kysely<NodeDatabase>,
  places: ReadonlyMap<number | null, number>,
): Promise<bigint[]> {
  const { sizes } = plan.tables;
  const all = sizes.map((_, at) => at);
  const vectors = plan.vectors.map(({ residual, ...vector }) => {
    const set = residual ?? [];
    return { ...vector, set, columns: keyOf(set.filter((at) => at < sizes.length)) };
  });
  const onto = new Map(
    plan.tables.residuals.map(({ set }) => [keyOf(set), placesOf(all, set, sizes)] as const),
  );
  const sums = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
  const names = [...atomsOf(plan).keys()];
  const { rows } = await plainStatement(plan).execute(database);
  for (const row of rows) {
    const period = places.get(Number(row["period"]));
    const cell = cellOf(plan, row);
    if (period === undefined || cell === null) continue;
    const sum = (name: string): bigint => BigInt(String(row[`a${names.indexOf(name)}`] ?? 0));
    const known = new Map<string, readonly bigint[]>();
    for (const { of, statistic, columns, offset } of vectors) {
      const values = known.get(of) ?? fromAtoms(statistic, sum);
      known.set(of, values);
      const start = period * plan.length + offset + (onto.get(columns)?.[cell] ?? 0) * values.length;
      values.forEach((value, category) => {
        sums[start + category] = (sums[start + category] ?? 0n) + value;
      });
    }
  }
  return plan.periods.flatMap((_, period) =>
    vectors.flatMap(({ statistic, set, offset, width }) => {
      const start = period * plan.length + offset;
      return contrast(sums.slice(start, start + width), set, sizesOf(plan.tables, statistic));
    }),
  );
}

/** Numbers cells with the last dimension fastest, as `keysIn` reads them; a null is its dimension's last. */
function cellOf(plan: Plan, row: Row): number | null {
  let cell = 0;
  for (const [index, { values }] of plan.dimensions.entries()) {
    const key = row[`g${index}`];
    const place = key === null ? values.indexOf(null) : Number(key);
    if (place < 0 || place >= values.length) return null;
    cell = cell * values.length + place;
  }
  return cell;
}

/** What the scan sums: each once, however many vectors are made of it. */
function atomsOf(plan: Plan): Map<string, Raw> {
  const atoms = new Map<string, Raw>();
  for (const { statistic } of plan.vectors) {
    for (const [name, expression] of atomsFor(statistic, plan.dataset)) atoms.set(name, expression);
  }
  return atoms;
}

/** By CASE, which a null passes through, as it does not through LEAST and GREATEST. */
const clamped = (value: Raw, min: number, max: number): Raw =>
  sql`case when ${value} < ${sql.lit(min)} then ${sql.lit(min)} when ${value} > ${sql.lit(max)} then ${sql.lit(max)} else ${value} end`;

const weight = sql`(${clamped(sql.ref("weight"), 0, Number(UNITS))})`;

function atomsFor(statistic: Statistic, dataset: Dataset): Array<[string, Raw]> {
  switch (statistic.of) {
    case "rows":
      return [["w", sql`${weight}`]];
    case "known":
      return [[`k_${statistic.column}`, knownWeight(statistic.column)]];
    case "total":
      return [[`v_${statistic.column}`, weighted(dataset, statistic.column)]];
    case "centred":
      return [
        [`v_${statistic.column}`, weighted(dataset, statistic.column)],
        [`k_${statistic.column}`, knownWeight(statistic.column)],
      ];
    case "square": {
      const centred = sql`(cast(${boundedValue(dataset, statistic.column)} as bigint) - ${sql.lit(statistic.centre)})`;
      return [
        [`s_${statistic.column}`, sql`${weight} * ${centred} * ${centred}`],
        [`k_${statistic.column}`, knownWeight(statistic.column)],
      ];
    }
    case "share": {
      const { predicate, categories } = statistic;
      const yes: [string, Raw] = [
        `holds_${JSON.stringify(predicate)}`,
        whereTrue(conditionOf(predicate, dataset)),
      ];
      const no: [string, Raw] = [
        `fails_${JSON.stringify(predicate)}`,
        whereTrue(conditionOf({ not: predicate }, dataset)),
      ];
      return [["w", weight], yes, ...(categories === 3 ? [no] : [])];
    }
    case "holds":
      return [
        [
          `holds_${JSON.stringify(statistic.predicate)}`,
          whereTrue(conditionOf(statistic.predicate, dataset)),
        ],
      ];
    case "decided": {
      const condition = conditionOf(statistic.predicate, dataset);
      return [[`decided_${JSON.stringify(statistic.predicate)}`, whereTrue(sql`(${condition}) is not null`)]];
    }
    case "bins":
      return [];
  }
}

const whereTrue = (condition: Raw): Raw => sql`case when ${condition} then ${weight} else 0 end`;

/** w where v is not null, else null, which a sum passes over: arithmetic alone, which DuckDB runs faster than CASE. */
function knownWeight(name: string): Raw {
  const column = sql.ref(columnIn(name));
  return sql`${weight} + (${column} - ${column})`;
}

/** An integer column within the bounds that the catalogue declares; null where it is. */
function boundedValue(dataset: Dataset, name: string): Raw {
  const declared = columnOf(dataset, name);
  if (declared.kind !== "integer") throw new RangeError("expected a column of whole numbers");
  return sql`(${clamped(sql.ref(columnIn(name)), declared.min, declared.max)})`;
}

/** w·v; in 64 bits only where the catalogue's bounds need it. Plans whose sums could pass 62 bits are refused. */
function weighted(dataset: Dataset, name: string): Raw {
  const column = boundedValue(dataset, name);
  const declared = columnOf(dataset, name);
  const small =
    declared.kind === "integer" && Math.max(Math.abs(declared.min), Math.abs(declared.max)) < 2 ** 24;
  return small ? sql`${weight} * ${column}` : sql`${weight} * cast(${column} as bigint)`;
}

/** From the atoms' sums to the vector's, one a category: Σw(v−m) = Σwv − mΣw, and so on, exactly. */
function fromAtoms(statistic: Statistic, sum: (atom: string) => bigint): bigint[] {
  switch (statistic.of) {
    case "rows":
      return [sum("w")];
    case "known":
      return [sum(`k_${statistic.column}`)];
    case "total":
      return [sum(`v_${statistic.column}`)];
    case "centred":
      return [sum(`v_${statistic.column}`) - BigInt(statistic.centre) * sum(`k_${statistic.column}`)];
    case "square":
      return [sum(`s_${statistic.column}`) - statistic.half * sum(`k_${statistic.column}`)];
    case "share": {
      const [all, yes] = [sum("w"), sum(`holds_${JSON.stringify(statistic.predicate)}`)];
      if (statistic.categories === 2) return [yes, all - yes];
      const no = sum(`fails_${JSON.stringify(statistic.predicate)}`);
      return [yes, no, all - yes - no];
    }
    case "holds":
    case "decided":
      return [sum(`${statistic.of}_${JSON.stringify(statistic.predicate)}`)];
    case "bins":
      return [];
  }
}

function grouping(plan: Plan): { columns: Raw[]; keys: Raw[] } {
  const keys = [
    sql`${sql.ref("period")}`,
    ...plan.dimensions.map(({ column }) => sql`${sql.ref(columnIn(column))}`),
  ];
  const columns = keys.map(
    (key, index) => sql`${key} as ${sql.ref(index === 0 ? "period" : `g${index - 1}`)}`,
  );
  return { columns, keys };
}

function rowsOf(plan: Plan): Raw {
  const ordinals = plan.periods.map((period) => sql`${ordinalOf(plan.dataset.period, period) ?? -1}`);
  const periods = sql`${sql.ref("period")} in (${sql.join(ordinals)})`;
  return plan.where === null ? periods : sql`${periods} and (${conditionOf(plan.where, plan.dataset)})`;
}

/** The one grouped scan: sums as text, since engines differ in how they hand over large ones. */
export function plainStatement(plan: Plan): RawBuilder<Row> {
  const { columns, keys } = grouping(plan);
  const sums = [...atomsOf(plan).values()].map(
    (atom, index) => sql`cast(sum(${atom}) as varchar) as ${sql.ref(`a${index}`)}`,
  );
  return sql<Row>`select ${sql.join([...columns, ...sums])} from ${sql.table(tableOf(plan.dataset))} where ${rowsOf(plan)} group by ${sql.join(keys)}`;
}

/** A histogram: the bin is one more key of the grouping. */
export function binsStatement(plan: Plan, { statistic }: BinsVector): RawBuilder<Row> {
  const { columns, keys } = grouping(plan);
  const bin = binOf(plan.dataset, statistic);
  return sql<Row>`select ${sql.join(columns)}, ${bin} as bin, cast(sum(${weight}) as varchar) as sum from ${sql.table(tableOf(plan.dataset))} where ${rowsOf(plan)} and ${sql.ref(columnIn(statistic.column))} is not null group by ${sql.join([...keys, bin])}`;
}

/** A bin's index. Literals, not parameters: engines must see one expression in both places it stands. */
function binOf(dataset: Dataset, { column, edges }: BinsVector["statistic"]): Raw {
  const ref = sql.ref(columnIn(column));
  const declared = columnOf(dataset, column);
  if (declared.kind === "category") return sql`${ref}`;
  if (declared.kind === "boolean") return sql`case when ${ref} then 1 else 0 end`;
  if (edges === null) return sql`(${boundedValue(dataset, column)} - ${sql.lit(declared.min)})`;
  const cases = edges
    .slice(1)
    .map((edge, index) => sql`when ${ref} < ${sql.lit(edge)} then ${sql.lit(index)}`);
  return cases.length === 0
    ? sql`${ref} - ${ref}`
    : sql`case ${sql.join(cases, sql` `)} else ${sql.lit(edges.length - 1)} end`;
}

/** A filter in SQL's three-valued logic, values bound, categories by their index in the catalogue. */
export function conditionOf(filter: Filter, dataset: Dataset): Raw {
  if ("not" in filter) return sql`not (${conditionOf(filter.not, dataset)})`;
  if ("and" in filter)
    return sql`(${sql.join(
      filter.and.map((part) => conditionOf(part, dataset)),
      sql` and `,
    )})`;
  if ("or" in filter)
    return sql`(${sql.join(
      filter.or.map((part) => conditionOf(part, dataset)),
      sql` or `,
    )})`;
  const column = columnOf(dataset, filter.column);
  const ref = sql.ref(columnIn(filter.column));
  if ("between" in filter) return sql`${ref} between ${filter.between[0]} and ${filter.between[1]}`;
  if (column.kind === "boolean") {
    if (filter.in.length === 2) return sql`(${ref} or not ${ref})`;
    return filter.in[0] === true ? sql`${ref}` : sql`(not ${ref})`;
  }
  const values = filter.in.map((value) =>
    column.kind === "category" ? column.values.indexOf(String(value)) : value,
  );
  return sql`${ref} in (${sql.join(values)})`;
}
