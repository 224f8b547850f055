/** What weighing costs: the answering SQL against the plain GROUP BY, and against bounding people inside the query. */
import { sql } from "kysely";
import { plainStatement } from "../node/answer/sums.ts";
import { prepareNode, tableOf } from "../node/store/database.ts";
import { planOf } from "../protocol/plan/plan.ts";
import { type Dataset, writeDataset } from "../protocol/question/catalogue.ts";
import { ordinalOf } from "../protocol/values/period.ts";
import { queryOf } from "../test/support/generate.ts";
import { type Bench, withEngines } from "./engines.ts";
import { inTurn, median, ratio, report } from "./report.ts";

const ROWS = 3_000_000;
const SHAPES = [
  [8, 8],
  [50, 52],
] as const;

const datasetOf = (a: number, b: number): Dataset =>
  writeDataset({
    dataset: `bench-${a * b}`,
    version: 1,
    title: { sv: "Mätning", en: "Benchmark" },
    person: "one person within one region",
    period: "quarter",
    rowsPerPerson: 5,
    maxPersons: 4_000_000,
    columns: {
      a: { kind: "category", values: Array.from({ length: a }, (_, index) => `a${index}`) },
      b: { kind: "category", values: Array.from({ length: b }, (_, index) => `b${index}`) },
      v: { kind: "integer", min: 0, max: 100, nullable: true },
    },
    budget: { rhoPerPeriod: "1", delta: "1e-9" },
  }).dataset;

export const queryOverhead = (): Promise<void> =>
  withEngines(async (bench) => {
    for (const [a, b] of SHAPES) await measure(bench, datasetOf(a, b), a, b);
  });

async function measure({ engine, store }: Bench, dataset: Dataset, a: number, b: number): Promise<void> {
  await prepareNode(store, [dataset]);
  const table = sql.table(tableOf(dataset));
  const period = ordinalOf("quarter", "2025K1") ?? 0;
  // Persons of one to a few rows; the weight is what the import would have given most of them.
  await sql`insert into ${table} (person, period, weight, file, c_a, c_b, c_v)
    select cast(floor(random() * 2000000) as bigint), cast(${sql.lit(period)} as integer), case when random() < 0.5 then 60 when random() < 0.7 then 30 else 20 end, 1,
      cast(floor(random() * ${sql.lit(a)}) as smallint), cast(floor(random() * ${sql.lit(b)}) as smallint),
      case when random() < 0.05 then null else cast(floor(random() * 101) as integer) end
    from generate_series(1, ${sql.lit(ROWS)})`.execute(store.kysely);
  if (engine === "postgresql") await sql`vacuum analyze ${table}`.execute(store.kysely);
  const plan = planOf(
    queryOf({
      dataset: `${dataset.dataset}@1`,
      groupBy: ["a", "b"],
      measures: [
        { id: "n", kind: "count" },
        { id: "m", kind: "mean", column: "v" },
      ],
    }),
    dataset,
  );
  const where = sql`where period in (${sql.lit(period)}) group by period, c_a, c_b`;
  const weighted = plainStatement(plan);
  const plain = sql`select period, c_a, c_b, count(*), count(c_v), sum(c_v) from ${table} ${where}`;
  const bounding = (order: string) =>
    sql`select period, c_a, c_b, sum(1.0 / least(n, 5)), sum(case when c_v is not null then 1.0 / least(n, 5) end), sum((c_v - 50.0) / least(n, 5))
    from (select *, count(*) over (partition by person, period) as n, row_number() over (partition by person, period order by ${sql.raw(order)}) as place from ${table}) as numbered
    ${sql`where period in (${sql.lit(period)}) and place <= 5 group by period, c_a, c_b`}`;
  const once = (statement: { execute: (database: typeof store.kysely) => Promise<unknown> }) => () =>
    statement.execute(store.kysely);
  const times = await inTurn(11, { plain: once(plain), weighted: once(weighted) });
  const cells = a * b;
  const { plain: p = [], weighted: w = [] } = times;
  report({
    name: `query-overhead/${engine}/${cells}`,
    value: ratio(w, p),
    unit: "ratio",
    plainMs: Math.round(median(p)),
    weightedMs: Math.round(median(w)),
  });
  const inside = await inTurn(2, {
    random: once(bounding("random()")),
    keyed: once(bounding(keyedHash(engine))),
    weighted: once(weighted),
  });
  // Random order, as others do, gives another answer each time; the keyed hash gives the one that the weights give.
  for (const order of ["random", "keyed"]) {
    report({
      name: `query-overhead/${engine}/${cells}/against-bounding-inside-${order}`,
      value: ratio(inside[order] ?? [], inside["weighted"] ?? []),
      unit: "times faster",
      boundedMs: Math.round(median(inside[order] ?? [])),
    });
  }
}

/** The import's own rule for which five rows count: HMAC-SHA-256 of their content (the key's pads are zeros here). */
function keyedHash(engine: Bench["engine"]): string {
  const content =
    "concat_ws('|', cast(c_a as varchar), cast(c_b as varchar), coalesce(cast(c_v as varchar), '-'))";
  const pad = "0".repeat(128);
  return engine === "duckdb"
    ? `sha256(unhex('${pad}') || unhex(sha256(unhex('${pad}') || encode(${content}))))`
    : `sha256(decode('${pad}', 'hex') || sha256(decode('${pad}', 'hex') || convert_to(${content}, 'UTF8')))`;
}
