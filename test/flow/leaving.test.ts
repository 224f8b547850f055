/**
 * Persons leave a region's statistics: from then on no question counts them, whatever is imported, re-keyed or restored;
 * of the forgotten nothing is left in the store, nor in its file. On both engines, beside the oracle.
 */
import { createHmac } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { acceptList } from "../../node/people/accept.ts";
import { listPath, markOf, marksKey, readList } from "../../node/people/list.ts";
import { systemRandom } from "../../node/random.ts";
import { decryptIdentities, pseudonymOf, recordHashOf } from "../../node/store/people.ts";
import { type NodeLeaf, nodeEntry } from "../../protocol/log/leaf.ts";
import { toHex } from "../../protocol/values/bytes.ts";
import { sleep } from "../../server/deadline.ts";
import { ENGINES, type Engine, missing } from "../support/engines.ts";
import type { Row } from "../support/oracle.ts";
import { HEAD, type Region, regionsOfATest } from "../support/region.ts";

const { regionOn } = regionsOfATest();

const row = (person: string, sex: string, score: number): Row => ({
  person,
  period: "2025K1",
  values: { sex, unit: "a", score, flag: true },
});
/** Nine persons, one with seven rows, of which five count; their scores tell them apart. */
const ROWS: readonly Row[] = [
  ...Array.from({ length: 7 }, (_, at) => row("many", "1", at)),
  row("pair", "1", 10),
  row("pair", "2", 20),
  ...["a", "b", "c", "d", "e", "198506151235"].map((person, at) => row(person, "2", 30 + at)),
];
const csv = (rows: readonly Row[]): string =>
  [
    HEAD,
    ...rows.map(({ person, period, values: v }) =>
      [person, period, v["sex"], v["unit"], v["score"], v["flag"]].join(","),
    ),
    "",
  ].join("\n");
const but = (...gone: string[]): Row[] => ROWS.filter(({ person }) => !gone.includes(person));

describe.each(ENGINES)("on %s", (engine) => {
  const it = test.skipIf(missing(engine));

  it("excluded persons are in no later sum, and included again they are: weighed as if nothing had been", async () => {
    const region = await regionOn(engine);
    await region.take(csv(ROWS));
    expect(await region.sums()).toEqual(region.expected(ROWS));
    expect(await region.leave("exclude", ["many", "pair", "19850615-1235", "nobody here"])).toEqual([]);
    expect(await region.sums()).toEqual(region.expected(but("many", "pair", "198506151235")));
    expect(await region.leave("include", ["many", " PAIR "])).toEqual([]);
    expect(await region.sums()).toEqual(region.expected(but("198506151235")));
    await region.leave("include", ["850615-1235"]);
    expect(await region.sums()).toEqual(region.expected(ROWS));
  });

  it("one row for several, too", async () => {
    const region = await regionOn(engine);
    const summarise = { sex: "one", unit: "one", score: "greatest", flag: "any" };
    await region.take(csv(but("pair")), { mapping: { summarise } });
    const summed = [row("many", "1", 6), ...but("pair", "many")];
    expect(await region.sums()).toEqual(region.expected(summed));
    await region.leave("exclude", ["many"]);
    expect(await region.sums()).toEqual(region.expected(but("pair", "many")));
    await region.leave("include", ["many"]);
    expect(await region.sums()).toEqual(region.expected(summed));
  });

  it("imports, re-keyings and restored copies bring nobody back", async () => {
    const region = await regionOn(engine);
    const named = { name: "same.csv" };
    const rows = but("many"); // Whose five rows a new key would choose anew.
    await region.take(csv(rows), named);
    await region.close();
    const restore = await region.backup();
    const key = readFileSync(join(region.secrets, "pseudonym.key"));
    await region.open();
    await region.leave("exclude", ["a", "not in the store yet"]);
    await region.leave("forget", ["pair"]);
    const left = but("many", "a", "pair");
    const holds = async () => expect(await region.sums()).toEqual(region.expected(left));
    await holds();

    await region.take(csv(rows), { ...named, replace: true });
    await holds();
    await region.take(csv([row("a", "1", 99), row("pair", "1", 98), row("not in the store yet", "2", 97)]));
    await holds();
    expect(await region.dump()).toContain('"c_score":99');
    expect(await region.dump()).not.toContain('"c_score":98'); // Rows of the forgotten are not even kept.
    await region.rekey();
    await holds();
    await region.take(`${csv([row("pair", "2", 96), row("a", "1", 95)])}`);
    await holds();

    // The store as it was before anybody left, and its key for pseudonyms of that age, without which it does not start:
    // under that one it knows nobody of the list but by their sealed identities.
    await region.close();
    await restore();
    await expect(region.open()).rejects.toThrow("pseudonym key");
    writeFileSync(join(region.secrets, "pseudonym.key"), key);
    const path = listPath(region.secrets);
    const list = JSON.parse(readFileSync(path, "utf8")) as { entries: Array<{ pseudonyms: string[] }> };
    for (const entry of list.entries) entry.pseudonyms = [];
    writeFileSync(path, JSON.stringify(list));
    await region.open();
    await holds();
  });

  it.each([true, false])(
    "a copy of the store from before anybody left is put right at the start (identities kept: %s)",
    async (keepIdentities) => {
      const region = await regionOn(engine, keepIdentities);
      await region.take(csv(ROWS));
      await region.leave("exclude", ["b"]);
      await region.close();
      const restore = await region.backup();
      await region.open();
      await region.leave("exclude", ["a", "many"]);
      await region.leave("forget", ["pair"]);
      await region.leave("include", ["b"]);
      const left = but("a", "many", "pair");
      await region.close();
      await restore();
      await region.open(async ({ kysely }) => {
        const persons = await kysely.selectFrom("person").select("excluded").execute();
        expect(persons.filter(({ excluded }) => excluded !== null)).toHaveLength(1); // It is the older one.
      });
      expect(await region.sums()).toEqual(region.expected(left));
      const name = pseudonymOf(region.opened.keys.pseudonym, "pair");
      expect(await region.dump()).not.toContain(name);
    },
  );

  it("after a re-keying, a copy that has the new key is put right too", async () => {
    const region = await regionOn(engine);
    await region.take(csv(but("many")));
    await region.leave("exclude", ["a"]);
    await region.rekey();
    await region.leave("include", ["a"]);
    await region.close();
    const restore = await region.backup();
    await region.open();
    await region.leave("exclude", ["a"]);
    await region.close();
    await restore();
    await region.open();
    expect(await region.sums()).toEqual(region.expected(but("many", "a")));
    const names = readList(region.secrets, marksKey(region.secrets, systemRandom))?.entries.flatMap(
      ({ pseudonyms }) => pseudonyms,
    );
    expect(names).toContain(pseudonymOf(region.opened.keys.pseudonym, "a"));
  });

  it("whoever a store from before lists excludes stays out, and can be included by name", async () => {
    const region = await regionOn(engine);
    await region.take(csv(ROWS));
    const { kysely } = region.store;
    const name = pseudonymOf(region.opened.keys.pseudonym, "a");
    await kysely
      .updateTable("person")
      .set({ excluded: "2025-01-01T00:00:00Z" })
      .where("pseudonym", "=", name)
      .execute();
    await kysely.deleteFrom("meta").where("key", "like", "people-%").execute();
    await region.close();
    for (const file of ["people.list.json", "marks.key"]) rmSync(join(region.secrets, file));
    await region.open();
    await region.take(csv([row("a", "2", 30)]));
    expect(await region.sums()).toEqual(region.expected(but("a")));
    await region.leave("include", ["a"]);
    expect(await region.sums()).toEqual(region.expected([...ROWS, row("a", "2", 30)]));
  });

  it("bad lines are told by number and reason; the others are taken; who may be two is not forgotten", async () => {
    const region = await regionOn(engine);
    await region.take(csv(ROWS));
    expect(await region.leave("exclude", ["null", "", "a", "1,99E+11"])).toEqual([
      { line: 1, reason: expect.stringMatching(/^person: stands for no one/) },
      { line: 4, reason: expect.stringMatching(/^person: a number that a spreadsheet/) },
    ]);
    expect(await region.sums()).toEqual(region.expected(but("a")));
    expect(await region.leave("forget", ["121212-1212"])).toMatchObject([{ line: 1 }]);
    expect(await region.leave("exclude", ["b"], true)).toMatchObject([{ line: 1 }]);
  });

  it("of whoever is forgotten nothing is left in a dump, nor in the files, but the mark in the list", async () => {
    const region = await regionOn(engine);
    if (engine === "duckdb") {
      // Compression would hide from a search of bytes what is there.
      const connection = await region.store.duckdb?.connect();
      await connection?.run("set global force_compression = 'uncompressed'");
      connection?.closeSync();
    }
    const identity = "198506151235";
    const others = ROWS.map(({ person, values: v }, at) => `${person},2025K1,${v["sex"]},a,1,true,r${at}`);
    const text = `${HEAD},rec\n${others.join("\n")}\n`;
    await region.take(text, { mapping: { record: "rec" } });
    const { keys } = region.opened;
    const record = recordHashOf(keys.record, `r${ROWS.length - 1}`);
    const pseudonym = pseudonymOf(keys.pseudonym, identity);
    const sealed = (await region.store.kysely.selectFrom("identity").select("sealed").execute())[0]?.sealed;
    const hmacs = [keys.pseudonym, keys.record, marksKey(region.secrets, systemRandom)].map((key) =>
      createHmac("sha256", key).update(identity).digest("hex").slice(0, 32),
    );
    const texts = [identity, "19850615-1235", "850615-1235", "8506151235", pseudonym, record, ...hmacs];
    const inFiles = () =>
      searched(region, engine, { texts: [record, sealed?.slice(20, 60) ?? ""], pseudonym });
    const dump = await region.dump();
    // What is looked for can be found.
    for (const there of [pseudonym, record, sealed ?? ""]) expect(dump).toContain(there);
    expect(await inFiles()).toEqual({ texts: 2, pseudonym: true });

    await region.leave("forget", ["850615-1235"]);
    const after = await region.dump();
    for (const each of [...texts, sealed ?? ""]) expect(after).not.toContain(each);
    expect(await inFiles()).toEqual({ texts: 0, pseudonym: false });
    const boxes = await region.store.kysely.selectFrom("identity").select("sealed").execute();
    const opened = boxes.flatMap((box) => decryptIdentities(keys.encryption ?? new Uint8Array(), box.sealed));
    expect(opened.map((each) => each.identity).sort()).toEqual(["a", "b", "c", "d", "e", "many", "pair"]);
    const list = readFileSync(listPath(region.secrets), "utf8");
    expect(list).toContain(markOf(marksKey(region.secrets, systemRandom), identity));
    for (const form of texts.slice(0, 4)) expect(list).not.toContain(form);
    // It goes on in the file that took the old one's place.
    await region.take(csv([row(identity, "1", 5), row("f", "1", 6)]));
    await region.close();
    await region.open();
    expect(await region.dump()).not.toContain(pseudonym);
    expect(readdirSync(region.data).filter((name) => name.includes(".next"))).toEqual([]);
  });

  it("each day a digest, salted anew, as long whoever is listed; a list that lacks the last is refused", async () => {
    const region = await regionOn(engine);
    await region.take(csv(ROWS));
    const leaves: NodeLeaf[] = [];
    const log = { promise: async (_: unknown, leaf: NodeLeaf) => void leaves.push(leaf) };
    const day = async (at: number) => {
      region.now = () => new Date(Date.parse("2026-12-01T12:00:00Z") + at * 24 * 3600_000);
      return await region.opened.leaving.promise(log);
    };
    expect(await day(0)).toBe(true);
    expect(await day(0.9)).toBe(false);
    expect(await day(1)).toBe(true);
    copyFileSync(listPath(region.secrets), `${listPath(region.secrets)}.old`);
    await region.leave("exclude", ["a", "b"]);
    expect(await day(2)).toBe(true);
    const digests = leaves.map((leaf) => (leaf.kind === "lists" ? leaf.digest : ""));
    expect(new Set(digests).size).toBe(3);
    expect(new Set(leaves.map((leaf) => nodeEntry(leaf).length)).size).toBe(1);

    await region.close();
    const newest = readFileSync(listPath(region.secrets));
    copyFileSync(`${listPath(region.secrets)}.old`, listPath(region.secrets));
    await expect(region.open()).rejects.toMatchObject({ code: "lists-older" });
    rmSync(listPath(region.secrets));
    await expect(region.open()).rejects.toMatchObject({ code: "lists-older" });
    // By the log alone, too: were the store's own note of what it was brought to as old as the list.
    const note = JSON.parse(newest.toString()) as { leaves: unknown[] };
    writeFileSync(listPath(region.secrets), JSON.stringify({ ...note, leaves: note.leaves.slice(0, 2) }), {
      mode: 0o600,
    });
    await expect(region.open()).rejects.toMatchObject({ code: "lists-older" });
    writeFileSync(listPath(region.secrets), newest);
    await region.open();
    expect(await region.sums()).toEqual(region.expected(but("a", "b")));
    expect(await day(2.5)).toBe(false);
  });
});

test("where the newest list is lost, an older one is taken knowingly, and nobody whom the store excludes comes back", async () => {
  const region = await regionOn("duckdb");
  await region.take(csv(ROWS));
  const older = readFileSync(listPath(region.secrets));
  await region.leave("exclude", ["a"]);
  await region.close();
  writeFileSync(listPath(region.secrets), older);
  await expect(region.open()).rejects.toMatchObject({ code: "lists-older" });
  const { data, secrets } = region;
  const config = { data, secrets, threads: 1, memory: "1GB", keepIdentities: true };
  await acceptList(config, "/", region.now, systemRandom);
  await region.open();
  expect(await region.sums()).toEqual(region.expected(but("a")));
  await region.take(csv([row("a", "2", 30)]));
  expect(await region.sums()).toEqual(region.expected(but("a")));
});

test("another key of marks is refused: under it nobody would be known again", async () => {
  const region = await regionOn("duckdb");
  await region.close();
  writeFileSync(join(region.secrets, "marks.key"), `${toHex(new Uint8Array(32))}\n`);
  await expect(region.open()).rejects.toMatchObject({ code: "config-invalid" });
  rmSync(join(region.secrets, "marks.key"));
  await expect(region.open()).rejects.toMatchObject({ code: "config-invalid" });
  expect(existsSync(join(region.secrets, "marks.key"))).toBe(false);
});

test.skipIf(missing("postgresql"))(
  "whoever else reads PostgreSQL meanwhile keeps nothing of the forgotten in its files",
  async () => {
    const region = await regionOn("postgresql");
    await region.take(csv(ROWS));
    const pseudonym = pseudonymOf(region.opened.keys.pseudonym, "pair");
    const other = await region.store.pool?.connect();
    await other?.query("begin isolation level repeatable read");
    await other?.query("select 1 from meta");
    const forgotten = region.leave("forget", ["pair"]);
    await Promise.race([forgotten, sleep(2000)]);
    await other?.query("commit");
    other?.release();
    await forgotten;
    expect(await searched(region, "postgresql", { texts: [], pseudonym })).toMatchObject({
      pseudonym: false,
    });
  },
);

/** How many of these texts the store's own files hold, and whether they hold the pseudonym as the engine writes it. */
async function searched(
  { store, data }: Region,
  engine: Engine,
  wanted: { texts: readonly string[]; pseudonym: string },
): Promise<{ texts: number; pseudonym: boolean }> {
  const raw = Buffer.from(wanted.pseudonym.replaceAll("-", ""), "hex");
  await sql.raw("checkpoint").execute(store.kysely);
  let files = [join(data, "node.duckdb"), join(data, "node.duckdb.wal")];
  if (engine === "duckdb") {
    // A number of 128 bits with its highest bit turned, lowest byte first.
    raw[0] = (raw[0] ?? 0) ^ 0x80;
    raw.reverse();
  } else {
    const { rows } = await sql<{
      path: string;
    }>`select current_setting('data_directory') || '/' || pg_relation_filepath(oid) as path
      from pg_class where relkind in ('r', 't', 'i') and relfilenode <> 0 and relnamespace <> 'pg_catalog'::regnamespace`.execute(
      store.kysely,
    );
    files = rows.map(({ path }) => path);
  }
  const all = files.filter((file) => existsSync(file)).map((file) => readFileSync(file));
  const holds = (bytes: Buffer) => all.some((file) => file.includes(bytes));
  return {
    texts: wanted.texts.filter((text) => holds(Buffer.from(text))).length,
    pseudonym: holds(raw),
  };
}
