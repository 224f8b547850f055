/**
 * Which rows of many count, and which of several values is `one`: chosen for each person apart. An order that is one for
 * everybody turned 30 % into anything from 1 to 59 % by region, with hardly any noise to show it.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeStore, prepareNode, tableOf } from "../../node/store/database.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { openDuckDb } from "../../server/duckdb.ts";
import { openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";

/** In the long form twenty runs of four regions, each with a key of its own; else one run. */
const RUNS = process.env["BRUS_SOAK"] === undefined ? 1 : 20;
const REGIONS = 4;
const PERSONS = 32_000;

const folder = temporaryFolder();
const file = join(folder.path, "ten.parquet");
let store: NodeStore;

beforeAll(async () => {
  store = await openNodeStore("duckdb", folder.path);
  const { instance, connect } = await openDuckDb(":memory:", {
    threads: 1,
    memory: "500MB",
    spill: folder.path,
  });
  // Everybody writes the same ten rows, three of them yes.
  await (
    await connect()
  ).run(`copy (select 'p' || p.range as person, '2025K1' as period, '1' as sex, 'a' as unit, r.range * 7 as score, r.range < 3 as flag
    from range(${PERSONS}) p, range(10) r) to '${file}' (format parquet)`);
  instance.closeSync();
});
afterAll(async () => {
  await store.close();
  folder.remove();
});

/** The share of yes in per cent in a region whose keys are made of this number. */
async function shareIn(region: number, summarise: object): Promise<number> {
  const { dataset } = writeDataset({ ...CARE, version: region });
  await prepareNode(store, [dataset]);
  const key = new Uint8Array(32).fill(region % 256).fill(region >> 8, 1, 2);
  const report = await importFile(
    { dataset, mapping: readMapping({ ...plainMapping(CARE), ...summarise }), path: file, dryRun: false },
    {
      store,
      keys: { pseudonym: key, record: key, encryption: null },
      data: folder.path,
      threads: 2,
      now: () => new Date(0),
      random: systemRandom,
      onProgress: () => undefined,
    },
  );
  expect(report).toMatchObject({ outcome: "taken", persons: PERSONS });
  const connection = await store.duckdb?.connect();
  const table = tableOf(dataset);
  const rows = await connection?.runAndReadAll(
    `select sum(weight), sum(case when c_flag then weight else 0 end) from ${table}`,
  );
  const [all, yes] = rows?.getRows()[0]?.map(Number) ?? [];
  expect(all).toBe(60 * PERSONS);
  await connection?.run(`drop table ${table}`);
  await connection?.run("delete from person");
  connection?.closeSync();
  return (100 * (yes ?? 0)) / 60 / PERSONS;
}

const off = (share: number) => Math.abs(share - 30);

test(`ten rows a person, 30 % yes: each of ${REGIONS} regions within 0.3 percentage points, ${RUNS} times`, async () => {
  const shares: number[] = [];
  for (let region = 1; region <= REGIONS * RUNS; region++) shares.push(await shareIn(region, {}));
  // One region's standard deviation is 0.085: five of ten rows without putting back.
  expect(Math.max(...shares.map(off)), shares.join(" ")).toBeLessThan(0.3);
});

test(`one of ten rows: each region within 1.2 percentage points, ${RUNS} times, and none leaning`, async () => {
  const shares: number[] = [];
  for (let region = 1001; region <= 1000 + (RUNS === 1 ? 1 : REGIONS * RUNS); region++)
    shares.push(await shareIn(region, { summarise: { flag: "one" } }));
  // One row says less than five: 0.26 a region, whatever the order.
  expect(Math.max(...shares.map(off)), shares.join(" ")).toBeLessThan(1.2);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(off(mean), shares.join(" ")).toBeLessThan((4.5 * 0.2562) / Math.sqrt(shares.length));
});
