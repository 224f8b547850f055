/**
 * Stores whose persons were told apart by trimmed texts, on both engines: where identities are kept they become who they
 * are, once; where they are not, nothing is answered, and nothing charged, before the files have come again.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { anewIn } from "../../node/import/anew.ts";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { bringPersons } from "../../node/import/old-persons.ts";
import { openTarget } from "../../node/import/open-target.ts";
import { weighAnew } from "../../node/import/weights.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeStore, prepareNode, tableOf } from "../../node/store/database.ts";
import { factOf, UNWRITTEN } from "../../node/store/facts.ts";
import { encryptIdentities, type PersonKeys, pseudonymOf, recordHashOf } from "../../node/store/people.ts";
import { type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import { ENGINES, type Engine, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT, federationOf, settled } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const KEPT: PersonKeys = { pseudonym: key(1), record: key(2), encryption: key(3) };
const FORGOTTEN: PersonKeys = { ...KEPT, encryption: null };
const { dataset: CARE_1 } = writeDataset(CARE);
const HEAD = "person,period,sex,unit,score,flag,id";
const [K1, K2] = [8100, 8101];

type Old = {
  readonly identity: string;
  readonly period: number;
  readonly weight: number;
  readonly file: number;
  readonly record?: string;
  readonly score: number;
};

/** A store as the program before left it: persons by trimmed texts, records in clear. */
async function oldStore(engine: Engine, rows: readonly Old[], keys: PersonKeys) {
  const folder = temporaryFolder();
  const store = await openNodeStore(engine, folder.path);
  await prepareNode(store, [CARE_1]);
  const identities = [...new Set(rows.map(({ identity }) => identity))];
  const run = (text: string) => sql.raw(text).execute(store.kysely);
  const literal = (text: string | undefined) =>
    text === undefined ? "null" : `'${text.replaceAll("'", "''")}'`;
  for (const [index, identity] of identities.entries())
    await run(
      `insert into person (id, pseudonym) values (${index + 1}, '${pseudonymOf(keys.pseudonym, identity)}')`,
    );
  if (keys.encryption !== null) {
    const pairs = identities.map((identity, index) => [String(index + 1), identity]);
    const sealed = encryptIdentities(keys.encryption, JSON.stringify(pairs), systemRandom);
    await run(`insert into identity values (1, '${sealed}')`);
  }
  for (const { identity, period, weight, file, record, score } of rows)
    await run(
      `insert into ${tableOf(CARE_1)} (person, period, weight, file, record, c_sex, c_unit, c_score, c_flag) values (${identities.indexOf(identity) + 1}, ${period}, ${weight}, ${file}, ${literal(record)}, 0, 0, ${score}, true)`,
    );
  return {
    store,
    folder,
    bring: (under = keys) =>
      bringPersons({
        store,
        keys: under,
        data: folder.path,
        threads: 1,
        random: systemRandom,
        datasets: [CARE_1],
      }),
    close: async () => {
      await store.close();
      folder.remove();
    },
  };
}

async function take(
  store: NodeStore,
  { path: data }: { readonly path: string },
  keys: PersonKeys,
  text: string,
  more: object = {},
) {
  const path = join(data, "file.csv");
  writeFileSync(path, text);
  const mapping = readMapping({ ...plainMapping(CARE), ...more });
  return await importFile(
    { dataset: CARE_1, mapping, path, dryRun: false, replace: true },
    {
      store,
      keys,
      data,
      threads: 1,
      now: () => new Date(0),
      random: systemRandom,
      onProgress: () => undefined,
    },
  );
}

type Row = {
  person: string;
  period: number;
  weight: number;
  file: number;
  record: string | null;
  c_score: number;
};
const rowsOf = async ({ kysely }: NodeStore, dataset: Dataset = CARE_1): Promise<Row[]> =>
  (
    await sql<Row>`select cast(person as varchar) as person, period, weight, file, record, c_score from ${sql.table(tableOf(dataset))} order by period, c_score, file`.execute(
      kysely,
    )
  ).rows;
const personsOf = async ({ kysely }: NodeStore) =>
  (
    await sql<{
      id: string;
      pseudonym: string;
      excluded: string | null;
    }>`select cast(id as varchar) as id, cast(pseudonym as varchar) as pseudonym, excluded from person order by id`.execute(
      kysely,
    )
  ).rows;

const FORMS = ["19121212-1212", "191212121212", "121212+1212", "19121212 1212", "19121212\u20111212"];
const ONE: readonly Old[] = [
  ...FORMS.map((identity, score) => ({ identity, period: K1, weight: 60, file: 1, score })),
  { identity: "somebody", period: K2, weight: 60, file: 1, score: 50, record: "a o\u0308" },
  // One record, which two of their spellings have: the later file's stays.
  { identity: FORMS[0] ?? "", period: K2, weight: 60, file: 1, record: "R\u00f6", score: 60 },
  { identity: FORMS[1] ?? "", period: K2, weight: 60, file: 2, record: "Ro\u0308", score: 61 },
  { identity: "1,99E+11", period: K2, weight: 60, file: 1, score: 70 },
];

describe.each(ENGINES)("%s", (engine) => {
  test.skipIf(missing(engine))("five spellings become one person, who weighs one", async () => {
    const { store, folder, bring, close } = await oldStore(engine, ONE, KEPT);
    const before = await rowsOf(store);
    const wrong = { ...KEPT, encryption: key(9) };
    await expect(bring(wrong)).rejects.toMatchObject({ code: "config-invalid" });
    expect(await rowsOf(store)).toEqual(before);
    expect(await bring()).toEqual({ merged: 1, unfit: 1 });
    // Records stood in clear: the files are to be written anew before anything is answered.
    expect(await factOf(store.kysely, UNWRITTEN)).toBe("due");
    expect(await bring()).toBeNull();
    const rows = await rowsOf(store);
    expect(rows.filter(({ period }) => period === K1).map(({ weight }) => weight)).toEqual(Array(5).fill(12));
    expect(
      rows.filter(({ period }) => period === K2).map(({ c_score, weight }) => [c_score, weight]),
    ).toEqual([
      [50, 60],
      [61, 60],
      [70, 0],
    ]);
    expect(rows.flatMap(({ record }) => record ?? [])).toEqual([
      recordHashOf(KEPT.record, "a ö"),
      recordHashOf(KEPT.record, "Rö"),
    ]);
    const persons = await personsOf(store);
    expect(persons).toHaveLength(3);
    expect(persons[0]).toMatchObject({
      id: "1",
      pseudonym: pseudonymOf(KEPT.pseudonym, "191212121212"),
      excluded: null,
    });
    expect(await anewIn(store)).toEqual([]);
    // Known again, under any spelling, and so is their record.
    await take(store, folder, KEPT, `${HEAD}\n121212+1212,2025K2,1,a,62,true,Rö\n`, { record: "id" });
    expect(await personsOf(store)).toHaveLength(3);
    expect((await rowsOf(store)).filter(({ c_score }) => c_score === 61 || c_score === 62)).toMatchObject([
      { c_score: 62, weight: 60, person: "1" },
    ]);
    await close();
  });

  test.skipIf(missing(engine))("without identities: refused, until every file has come again", async () => {
    const { store, folder, bring, close } = await oldStore(engine, ONE, FORGOTTEN);
    expect(await bring()).toEqual({ merged: 0, unfit: 0 });
    expect(await anewIn(store)).toEqual([tableOf(CARE_1)]);
    expect((await rowsOf(store)).flatMap(({ record }) => record ?? [])).not.toContain("a o\u0308");
    // The very files, under the numbers that they had.
    const texts = [1, 2].map((file) => `${HEAD}\n191212121212,2025K1,1,a,${file},true,R${file}\n`);
    for (const [index, text] of texts.entries()) {
      const { createHash } = await import("node:crypto");
      const hash = createHash("sha256").update(text).digest("hex");
      await store.kysely
        .insertInto("file")
        .values({ id: index + 1, dataset: tableOf(CARE_1), hash, taken: "2025-01-01T00:00:00Z" })
        .execute();
    }
    const [first = "", second = ""] = texts;
    await take(store, folder, FORGOTTEN, first);
    expect(await anewIn(store)).toEqual([tableOf(CARE_1)]);
    await take(store, folder, FORGOTTEN, second);
    expect(await anewIn(store)).toEqual([]);
    expect((await rowsOf(store)).map(({ c_score, weight }) => [c_score, weight])).toEqual([
      [1, 30],
      [2, 30],
    ]);
    await close();
  });

  test.skipIf(missing(engine))(
    "sums that nobody can make anew stay, but for whoever was several",
    async () => {
      const sum = (identity: string, score: number): Old[] => [
        { identity, period: K1, weight: 0, file: 1, score },
        { identity, period: K1, weight: 60, file: -1, score },
      ];
      const alone = await oldStore(engine, [...sum("one", 1), ...sum("two", 2)], KEPT);
      expect(await alone.bring()).toEqual({ merged: 0, unfit: 0 });
      expect((await rowsOf(alone.store)).map(({ weight }) => weight).sort()).toEqual([0, 0, 60, 60]);
      expect(await anewIn(alone.store)).toEqual([]);
      const weigh = async () => {
        const target = await openTarget({
          store: alone.store,
          keys: KEPT,
          data: alone.folder.path,
          threads: 1,
        });
        await weighAnew(target, CARE_1, [1n, 2n]);
        await target.commit();
        return (await rowsOf(alone.store)).map(({ file, weight }) => [file, weight]);
      };
      const stands = [
        [-1, 60],
        [1, 0],
      ];
      expect(await weigh()).toEqual([...stands, ...stands]);
      await sql`update person set excluded = 'asked' where id = 1`.execute(alone.store.kysely);
      expect(await weigh()).toEqual([[-1, 0], [1, 0], ...stands]);
      await alone.close();
      const several = await oldStore(engine, [...sum("one", 1), ...sum("ONE", 2), ...sum("two", 3)], KEPT);
      expect(await several.bring()).toEqual({ merged: 1, unfit: 0 });
      expect((await rowsOf(several.store)).map(({ c_score, weight }) => [c_score, weight])).toEqual([
        [1, 0],
        [2, 0],
        [3, 60],
        [3, 0],
      ]);
      expect(await anewIn(several.store)).toEqual([tableOf(CARE_1)]);
      await several.close();
    },
  );

  test.skipIf(missing(engine))(
    "persons are weighed anew without any file: excluded, and back again",
    async () => {
      const { store, folder, close } = await oldStore(engine, [], KEPT);
      const many = Array.from({ length: 7 }, (_, index) => `a,2025K1,1,a,${index},true,`);
      await take(store, folder, KEPT, `${HEAD}\n${many.join("\n")}\nb,2025K1,1,a,50,true,\n`);
      const before = await rowsOf(store);
      const [a] = await personsOf(store);
      const context = { store, keys: KEPT, data: folder.path, threads: 1 };
      const set = async (excluded: string) => {
        const target = await openTarget(context);
        await target.run(
          `update person set excluded = ${excluded} where pseudonym = '${pseudonymOf(key(1), "a")}'`,
        );
        await weighAnew(target, CARE_1, [1n, 2n]);
        await target.commit();
      };
      expect(a?.excluded).toBeNull();
      await set("'asked'");
      expect((await rowsOf(store)).filter(({ weight }) => weight > 0)).toMatchObject([
        { c_score: 50, weight: 60 },
      ]);
      await set("null");
      expect(await rowsOf(store)).toEqual(before);
      // Summed up once more as the last import wrote down.
      await take(store, folder, KEPT, `${HEAD}\na,2025K2,1,a,9,true,\na,2025K2,1,a,5,true,\n`, {
        summarise: { score: "greatest" },
      });
      await set("'asked'");
      await set("null");
      expect((await rowsOf(store)).filter(({ period, weight }) => period === K2 && weight > 0)).toMatchObject(
        [{ c_score: 9, weight: 60, file: -1 }],
      );
      await close();
    },
  );
});

test("a question about rows that must come anew is refused and costs nothing", async () => {
  const folder = temporaryFolder();
  const rows = "person,period,sex,unit,score,flag\na,2025K1,1,a,1,true\n";
  const network = await federationOf(folder.path, { "01": rows, "03": rows });
  const [node] = network.nodes;
  await node?.store.kysely
    .insertInto("meta")
    .values({ key: `anew:${tableOf(CARE_1)}`, value: "[1]" })
    .execute();
  for (const draft of [DRAFT, { ...DRAFT, release: "national", minRegions: 2 }]) {
    const { regions } = await settled(network, draft);
    expect(regions[0]).toMatchObject({ state: "refused", code: "import-anew" });
  }
  expect((await node?.answerer.ledger.head())?.accounts).toEqual([]);
  expect(await node?.anew()).toEqual([tableOf(CARE_1)]);
  await network.stop();
  folder.remove();
});
