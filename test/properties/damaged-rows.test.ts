/**
 * A row that lies beyond what the catalogue declares, by damage or by hand, moves no vector further than its plan says, and
 * no answer fails for it: values and weights are clamped as they are summed, in both engines.
 */
import { sql } from "kysely";
import { afterAll, describe, expect, test } from "vitest";
import { runPlan } from "../../node/answer/sums.ts";
import { columnIn, type NodeStore, prepareNode, tableOf } from "../../node/store/database.ts";
import { type Plan, planOf } from "../../protocol/plan/plan.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { EDITIONS, type Measure } from "../../protocol/question/query.ts";
import { ordinalOf } from "../../protocol/values/period.ts";
import { ENGINES, type Engine, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { queryOf } from "../support/generate.ts";

const { dataset } = writeDataset({
  ...CARE,
  columns: {
    g: { kind: "category", values: ["a", "b"] },
    h: { kind: "category", values: ["x", "y", "z"], nullable: true },
    // Far from 0, so that a null or a value that is taken as it stands would show.
    v: { kind: "integer", min: 1000, max: 1010 },
    w: { kind: "integer", min: -50_000_000, max: 50_000_000, nullable: true },
    b: { kind: "boolean", nullable: true },
  },
});

const measures: Measure[] = [
  { id: "n", kind: "count" },
  ...(["v", "w"] as const).flatMap((column): Measure[] => [
    { id: `sum-${column}`, kind: "sum", column },
    { id: `mean-${column}`, kind: "mean", column },
  ]),
  { id: "variance", kind: "variance", column: "v" },
  { id: "b", kind: "share", predicate: { column: "b", in: [true] } },
  { id: "v", kind: "share", predicate: { column: "v", between: [1005, 1010] } },
  { id: "g", kind: "share", predicate: { not: { column: "g", in: ["a"] } } },
];
const bins: Measure[] = [
  { id: "each", kind: "histogram", column: "v" },
  { id: "edges", kind: "histogram", column: "w", edges: [-50_000_000, 0, 7] },
  { id: "codes", kind: "histogram", column: "h" },
];
const tables = planTables(dataset, [{ columns: [] }, { columns: ["g", "h"] }], "least-sum");
const plans = EDITIONS.flatMap((edition) => [
  planOf(queryOf({ edition, measures: [...measures, ...bins] }), dataset),
  planOf(queryOf({ edition, measures: [...measures, ...bins], groupBy: ["g", "h"] }), dataset),
  planOf(queryOf({ edition, measures, tables }), dataset),
]);

const WHOLE = { weight: 60, g: 1, h: 2, v: 1003, w: 5, b: true };
const [MOST, LEAST] = [2_147_483_647, -2_147_483_648];
const DAMAGED: Array<Record<string, number | boolean | null>> = [
  ...[MOST, LEAST, 0, 999, 1011, null].map((v) => ({ ...WHOLE, v })),
  ...[MOST, LEAST, -50_000_001].map((w) => ({ ...WHOLE, w })),
  ...[MOST, LEAST, 61, -1].map((weight) => ({ ...WHOLE, weight })),
  ...[-1, 2, 32_767, null].map((g) => ({ ...WHOLE, g })),
  ...[-1, 3, -32_768].map((h) => ({ ...WHOLE, h })),
  { weight: MOST, g: 32_767, h: -1, v: MOST, w: LEAST, b: null },
  { weight: MOST, g: 0, h: 0, v: MOST, w: LEAST, b: false },
];

async function put(store: NodeStore, row: (typeof DAMAGED)[number]): Promise<void> {
  const table = sql.table(tableOf(dataset));
  await sql`delete from ${table}`.execute(store.kysely);
  const { weight, ...values } = row;
  const names = Object.keys(values).map((name) => sql.ref(columnIn(name)));
  const period = ordinalOf("quarter", "2025K1");
  await sql`insert into ${table} (${sql.join([sql.ref("person"), sql.ref("period"), sql.ref("weight"), ...names])}) values (${sql.join([1, period, weight, ...Object.values(values)].map((value) => sql.lit(value)))})`.execute(
    store.kysely,
  );
}

/** Vectors that a row moves further than the plan says, by id. */
function beyond(plan: Plan, sums: readonly bigint[]): string[] {
  return plan.vectors.flatMap(({ id, offset, width, reach }) => {
    const moved = sums.slice(offset, offset + plan.cells * width);
    const squared = moved.reduce((all, value) => all + value * value, 0n);
    return squared > 3600n * reach.squared ? [id] : [];
  });
}

describe.each(ENGINES)("%s", (engine: Engine) => {
  const folder = temporaryFolder();
  let store: NodeStore | undefined;
  afterAll(async () => {
    await store?.close();
    folder.remove();
  });

  test.skipIf(missing(engine))("no damaged row moves a vector further than its plan says", async () => {
    store = await openNodeStore(engine, folder.path);
    await prepareNode(store, [dataset]);
    for (const row of [WHOLE, ...DAMAGED]) {
      await put(store, row);
      for (const plan of plans)
        expect(beyond(plan, await runPlan(plan, store)), JSON.stringify(row)).toEqual([]);
    }
    // A value beyond the bounds counts as the bound.
    await put(store, { ...WHOLE, v: MOST, weight: 61 });
    const sum = planOf(queryOf({ measures: [{ id: "s", kind: "sum", column: "v" }] }), dataset);
    expect(await runPlan(sum, store)).toEqual([60n * 1010n]);
  });
});
