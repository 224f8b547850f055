/** Import through a node, on both engines: what dirty files do, and what records and persons may not do. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { importFile } from "../../node/import/import.ts";
import { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeStore, prepareNode, tableOf } from "../../node/store/database.ts";
import { loadPersonKeys, pseudonymOf, rekey } from "../../node/store/people.ts";
import { type Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import { openDuckDb } from "../../server/duckdb.ts";
import { ENGINES, type Engine, missing, openNodeStore, temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";

const KEYS = {
  pseudonym: new Uint8Array(32).fill(3),
  record: new Uint8Array(32).fill(5),
  encryption: new Uint8Array(32).fill(4),
};
const HEAD = "person,period,sex,unit,score,flag";

describe.each(ENGINES)("%s", (engine: Engine) => {
  const folder = temporaryFolder();
  let store: NodeStore | undefined;
  let count = 0;
  afterAll(async () => {
    await store?.close();
    folder.remove();
  });

  /** A dataset of its own for each test, in one database. */
  async function dataset(): Promise<Dataset> {
    store ??= await openNodeStore(engine, folder.path);
    const document = writeDataset({ ...CARE, version: ++count });
    await prepareNode(store, [document.dataset]);
    return document.dataset;
  }

  async function take(
    into: Dataset,
    text: string | Uint8Array,
    more: object = {},
    name = "file.csv",
    dryRun = false,
    replace = false,
    covers?: string,
  ): Promise<ImportReport> {
    const path = join(folder.path, `${count}-${name}`);
    writeFileSync(path, text);
    const mapping = readMapping({ ...plainMapping(CARE), ...more });
    if (store === undefined) throw new Error("a store is open");
    return await importFile(
      { dataset: into, mapping, path, dryRun, replace, covers },
      {
        store,
        keys: KEYS,
        data: folder.path,
        threads: 2,
        now: () => new Date(),
        random: systemRandom,
        onProgress: () => undefined,
      },
    );
  }

  const rowsOf = async (of: Dataset) =>
    (await store?.kysely
      .selectFrom(tableOf(of) as never)
      .selectAll()
      .execute()) as unknown as Array<{
      person: bigint;
      period: number;
      weight: number;
      c_score: number | null;
      c_sex: number;
    }>;
  const rejects = (report: ImportReport): string[] =>
    report.rejects === null ? [] : readFileSync(report.rejects, "utf8").trim().split("\n").slice(1);

  describe.skipIf(missing(engine))("", () => {
    test("one open quote costs one row, and line numbers are the file's own", async () => {
      const into = await dataset();
      const report = await take(
        into,
        `${HEAD}\na,2025K1,1,a,1,true\nb,2025K1,1,"a,2,true\nc,2025K1,1,a,3,true\nd,2025K1,1,"a",4,true\n\ne,2025K1,9,a,5,true\nf,2025K1,1,a,6,true\n`,
      );
      expect(report).toMatchObject({ rows: 4, rejected: 2 });
      expect(rejects(report)).toEqual([
        '3,"a quote is opened and not closed"',
        '7,"sex: a value that is not declared: 9"',
      ]);
    });

    test("a sound record of several lines is one row, and lines after it keep their numbers", async () => {
      const into = await dataset();
      const text = `${HEAD},note\na,2025K1,1,a,1,true,"one\ntwo, ""three""\nfour"\nb,2025K1,1,a,999,true,x\n`;
      const report = await take(into, text);
      expect(report).toMatchObject({ rows: 1, rejected: 1 });
      expect(rejects(report)[0]).toMatch(/^5,"score: not a whole number within 0\.\.100: 999"/);
    });

    test("rows that a quote spans, or a text that imitates rows: none comes in, each is explained", async () => {
      const into = await dataset();
      const report = await take(
        into,
        `${HEAD},note\na,2025K1,1,a,1,true,"hello\nfake,2025K1,1,a,2,true,x\nbye"\nb,2025K1,1,a,3,true,x\n`,
      );
      expect(report).toMatchObject({ rows: 1, rejected: 3 });
      expect(rejects(report).map((line) => line.split(",")[0])).toEqual(["2", "3", "4"]);
    });

    test("a file of which no row fitted is not taken, and one that was can be taken again in its own place", async () => {
      const into = await dataset();
      const text = `${HEAD}\na,01/02/2025,1,a,1,true\nb,2025K1,1,a,2,true\n`;
      expect(await take(into, text.replace("2025K1", "02/02/2025"), {}, "none.csv")).toMatchObject({
        outcome: "nothing",
        rejected: 2,
      });
      expect(await take(into, text)).toMatchObject({ outcome: "taken", rows: 1, rejected: 1 });
      const period = { period: { column: "period", formats: ["%d/%m/%Y"] } };
      expect(await take(into, text, period)).toMatchObject({ outcome: "known" });
      expect(await take(into, text, period, "file.csv", false, true)).toMatchObject({
        outcome: "taken",
        rows: 1,
        rejected: 1,
      });
      expect((await rowsOf(into)).map(({ c_score, weight }) => [c_score, weight])).toEqual([[1, 60]]);
    });

    test("a column that no line of NDJSON has is missed, as in a CSV; a doubled key costs its line", async () => {
      const into = await dataset();
      const line = (person: string) =>
        `{"person":"${person}","period":"2025K1","sex":"1","unit":"a","score":1,"flag":true}`;
      await expect(
        take(into, `${line("a").replace("score", "scor")}\n`, {}, "typo.ndjson"),
      ).rejects.toMatchObject({ code: "mapping-unfit" });
      const doubled = line("b").replace('"sex":"1"', '"sex":"1","sex":"2"');
      expect(await take(into, `${line("a")}\n${doubled}\n`, {}, "doubled.ndjson")).toMatchObject({
        rows: 1,
        rejected: 1,
      });
    });

    test("NULs in JSON neither end an identity nor give one person's row to another", async () => {
      const into = await dataset();
      const line = (person: string, score: number) =>
        JSON.stringify({ person, period: "2025K1", sex: "1", unit: "a", score, flag: true });
      const people = ["\u00e5sa\0x", "\u00e5sa", "\u00e5sax", "850615\0-1235", "850615-1235"];
      const text = `${people.map(line).join("\n")}\n`;
      expect(await take(into, text, {}, "nul.ndjson")).toMatchObject({ rows: 5, persons: 3 });
      const rows = await rowsOf(into);
      const whose = new Map(rows.map(({ c_score, person, weight }) => [c_score, { person, weight }]));
      expect(rows).toHaveLength(5);
      expect(whose.get(0)?.person).toBe(whose.get(2)?.person);
      expect(whose.get(3)?.person).toBe(whose.get(4)?.person);
      expect(whose.get(1)?.weight).toBe(60);
    });

    test("a person in JSON is a text or a number: lists and objects cost their lines", async () => {
      const into = await dataset();
      const line = (person: unknown) =>
        JSON.stringify({ person, period: "2025K1", sex: "1", unit: "a", score: 1, flag: true });
      const text = [["850615-1235"], { id: "850615-1235" }, true, "850615-1235", null].map(line).join("\n");
      const report = await take(into, `${text}\n`, {}, "nested.ndjson");
      expect(report).toMatchObject({ rows: 1, persons: 1, rejected: 4 });
      expect(rejects(report)[0]).toBe('1,"the person, or the record, is neither a text nor a number"');
    });

    test("JSON without a line is an empty file, which may say that nothing is to come", async () => {
      const into = await dataset();
      expect(await take(into, "", {}, "undeclared.ndjson")).toMatchObject({
        outcome: "nothing",
        delivered: [],
      });
      expect(await take(into, "\n", {}, "none.ndjson", false, false, "2025K1")).toMatchObject({
        outcome: "nothing",
        delivered: ["2025K1"],
      });
      const bad = await take(into, "{}}\n", {}, "bad.ndjson", false, false, "2025K2").catch(() => null);
      expect(bad?.delivered ?? []).toEqual([]);
    });

    test("spaces of every kind at the ends of texts are nothing, in the file as in the mapping", async () => {
      const into = await dataset();
      const { columns } = plainMapping(CARE) as { columns: object };
      const more = {
        where: { column: "flag", in: ["true"] },
        columns: { ...columns, unit: { column: "unit", others: null } },
      };
      const ascii = `${HEAD}\na,2025K1\t,1\t,\ta,1\t,true\t\n`;
      expect(await take(into, ascii, more, "ascii.csv")).toMatchObject({ rows: 1, leftOut: 0 });
      const wide = `${HEAD}\nb,2025K1\u2009,\ufeff1,\u3000a\u202f,\u20031,true\t\nc,2025K1,1,a\u200b,1,true\n`;
      const report = await take(into, wide, more, "wide.csv");
      expect(report).toMatchObject({ rows: 1, rejected: 1, leftOut: 0 });
      // What reads like a declared value is not silently unknown.
      expect(rejects(report)).toEqual(['3,"unit: a value that is not declared: a\\u{200b}"']);
      expect((await rowsOf(into)).map((row) => (row as unknown as { c_unit: number }).c_unit)).toEqual([
        0, 0,
      ]);
    });

    test("encodings, ends of lines, marks and blanks", async () => {
      const into = await dataset();
      const crlf = await take(
        into,
        `\ufeff${HEAD}\r\na,2025K1,1,a,1,true\r\n\r\nb,2025K1, 2 ,\u00a0b ,2,1\r\n`,
        {},
        "crlf.csv",
      );
      expect(crlf).toMatchObject({ rows: 2, rejected: 0 });
      const latin = Buffer.from(`${HEAD}\nåsa,2025K1,1,a,1,true\n`, "latin1");
      expect(await take(into, latin, {}, "wrong.csv")).toMatchObject({
        outcome: "nothing",
        rows: 0,
        rejected: 1,
      });
      expect(
        await take(
          into,
          Buffer.concat([latin, Buffer.from("\n")]),
          { encoding: "windows-1252" },
          "right.csv",
        ),
      ).toMatchObject({ rows: 1, rejected: 0 });
      await expect(
        take(into, Buffer.from(`\ufeff${HEAD}\n`, "utf16le"), {}, "utf16.csv"),
      ).rejects.toMatchObject({ code: "import-file" });
      await expect(take(into, "", {}, "empty.csv")).rejects.toMatchObject({ code: "import-file" });
      expect(await take(into, `${HEAD}\n`, {}, "head.csv")).toMatchObject({ rows: 0, rejected: 0 });
    });

    test("missing and doubled columns are refused before a row is read", async () => {
      const into = await dataset();
      await expect(take(into, "person,period\na,2025K1\n", {}, "missing.csv")).rejects.toMatchObject({
        code: "mapping-unfit",
      });
      await expect(take(into, `${HEAD},sex\n`, {}, "doubled.csv")).rejects.toMatchObject({
        code: "mapping-unfit",
      });
      const { flag: _, ...rest } = plainMapping(CARE).columns as Record<string, unknown>;
      await expect(take(into, `${HEAD}\n`, { columns: rest }, "few.csv")).rejects.toMatchObject({
        code: "mapping-unfit",
      });
    });

    test("a file is taken once; a dry run takes nothing", async () => {
      const into = await dataset();
      const text = `${HEAD}\na,2025K1,1,a,1,true\n`;
      expect(await take(into, text, {}, "dry.csv", true)).toMatchObject({ outcome: "dry-run", rows: 1 });
      expect(await rowsOf(into)).toHaveLength(0);
      expect(await take(into, text)).toMatchObject({ outcome: "taken", rows: 1 });
      expect(await take(into, text, {}, "again.csv")).toMatchObject({ outcome: "known", rows: 0 });
      expect(await rowsOf(into)).toHaveLength(1);
    });

    test("a person with 10^5 rows weighs one, and so does everyone after the next file", async () => {
      const into = await dataset();
      const many = Array.from({ length: 100_000 }, (_, index) => `loud,2025K1,1,a,${index % 101},true`);
      await take(into, `${HEAD}\n${many.join("\n")}\nquiet,2025K1,1,a,7,true\n`, {}, "loud.csv");
      const total = async () => (await rowsOf(into)).reduce((sum, { weight }) => sum + weight, 0);
      expect(await total()).toBe(120);
      await take(
        into,
        `${HEAD}\nquiet,2025K1,1,b,8,true\nloud,2025K1,2,b,9,true\nquiet,2025K2,1,b,8,true\n`,
        {},
        "next.csv",
      );
      const rows = await rowsOf(into);
      expect(await total()).toBe(180);
      expect(rows.filter(({ weight }) => weight === 12)).toHaveLength(5);
      expect(rows.filter(({ weight }) => weight === 30)).toHaveLength(2);
    });

    test("a record replaces its own person's, in another period too, and never anybody else's", async () => {
      const into = await dataset();
      const head = `${HEAD},id`;
      const own = Array.from({ length: 20 }, (_, index) => `p${index},2025K1,1,a,${index},true,R${index}`);
      await take(into, `${head}\n${own.join("\n")}\n`, { record: "id" }, "first.csv");
      // One person claims everyone's records: were a record anyone's, nineteen persons would vanish from the count.
      const claims = Array.from({ length: 20 }, (_, index) => `eve,2025K1,1,a,${index},true,R${index}`);
      await take(into, `${head}\n${claims.join("\n")}\n`, { record: "id" }, "eve.csv");
      expect((await rowsOf(into)).reduce((sum, { weight }) => sum + weight, 0)).toBe(21 * 60);
      // p0 corrects R0 twice in one file, the later line standing, and moves it to another quarter.
      await take(
        into,
        `${head}\np0,2025K1,1,a,50,true,R0\np0,2025K2,1,a,60,true,R0\n`,
        { record: "id" },
        "correct.csv",
      );
      const rows = await rowsOf(into);
      expect(rows.filter(({ c_score }) => c_score === 60)).toHaveLength(1);
      expect(rows.reduce((sum, { weight }) => sum + weight, 0)).toBe(21 * 60);
      const control = await take(
        into,
        '{"person":"q","period":"2025K1","sex":"1","unit":"a","score":1,"flag":true,"id":"a\\nb"}\n',
        { record: "id" },
        "control.ndjson",
      );
      expect(control).toMatchObject({ rows: 0, rejected: 1 });
    });

    test("summarised: one row a person and period, of all their files; a file taken anew undoes what it said", async () => {
      const into = await dataset();
      const summarise = { flag: "any", score: "greatest" };
      const weighing = async () =>
        (await rowsOf(into))
          .filter(({ weight }) => weight > 0)
          .map(({ period, weight, c_score, c_sex, ...rest }) => ({
            period,
            weight,
            sex: c_sex,
            score: c_score,
            flag: (rest as unknown as { c_flag: boolean }).c_flag,
          }))
          .sort((a, b) => a.sex - b.sex || a.period - b.period);
      const first = `${HEAD}\n1,2025K1,1,a,10,false\n1,2025K1,1,a,,true\n1,2025K2,1,a,7,false\n2,2025K1,2,b,,false\n`;
      await take(into, first, { summarise }, "first.csv");
      expect(await weighing()).toEqual([
        { period: 8100, weight: 60, sex: 0, score: 10, flag: true },
        { period: 8101, weight: 60, sex: 0, score: 7, flag: false },
        { period: 8100, weight: 60, sex: 1, score: null, flag: false },
      ]);
      await take(into, `${HEAD}\n1,2025K1,1,a,40,false\n2,2025K1,2,c,3,true\n`, { summarise }, "second.csv");
      expect((await weighing()).map(({ score, flag }) => [score, flag])).toEqual([
        [40, true],
        [7, false],
        [3, true],
      ]);
      // The first file once more, by a mapping that reads its flag as nothing: what it said is gone, the second's stays.
      const mended = {
        summarise,
        columns: {
          ...plainMapping(CARE).columns,
          flag: { column: "flag", codes: { true: false } },
        },
      };
      const again = await take(into, first, mended, "first.csv", false, true);
      expect(again.outcome).toBe("taken");
      expect((await weighing()).map(({ score, flag }) => [score, flag])).toEqual([
        [40, false],
        [7, false],
        [3, true],
      ]);
    });

    test("codes that are one text and become two values, and reserve forms that are no pattern, are refused", async () => {
      const into = await dataset();
      const codes = { "a\u030a": "a", "\u00e5": "b" };
      const columns = { ...plainMapping(CARE).columns, unit: { column: "unit", codes } };
      const reserves = ["[9", "(?=9)9[0-9]+", "(9)\\1"].map((pattern) => ({
        identity: { kind: "personnummer", reserve: [pattern] },
      }));
      for (const more of [{ columns }, ...reserves])
        await expect(take(into, `${HEAD}\n`, more)).rejects.toMatchObject({ code: "mapping-unfit" });
      await expect(take(into, `${HEAD.replace("sex", "s\u200bex")}\n`)).rejects.toThrow(
        /named "sex".*one of them "s\\u\{200b\}ex"/,
      );
    });

    test("summaries that a column cannot have are refused", async () => {
      const into = await dataset();
      for (const summarise of [{ score: "any" }, { sex: "greatest" }, { flag: "least" }, { none: "one" }])
        await expect(take(into, `${HEAD}\n`, { summarise })).rejects.toMatchObject({ code: "mapping-unfit" });
    });

    test("NDJSON and Parquet come in as CSV does", async () => {
      const into = await dataset();
      const lines = [
        '{"person":"a","period":"2025K1","sex":"1","unit":null,"score":5,"flag":true}',
        "not json",
        '{"person":"b","period":"2025K1","sex":"2","unit":"b","score":5.5,"flag":false}',
      ];
      const report = await take(into, `${lines.join("\n")}\n`, {}, "rows.ndjson");
      expect(report).toMatchObject({ rows: 1, rejected: 2 });
      expect(rejects(report).map((line) => line.split(",")[0])).toEqual(["2", "3"]);
      const { instance, connect } = await openDuckDb(":memory:", {
        threads: 1,
        memory: "200MB",
        spill: folder.path,
      });
      const path = join(folder.path, "made.parquet");
      await (await connect()).run(
        `copy (select 'c' as person, '2025K1' as period, 1 as sex, 'c' as unit, 42 as score, true as flag) to '${path}' (format parquet)`,
      );
      instance.closeSync();
      expect(await take(into, readFileSync(path), {}, "rows.parquet")).toMatchObject({
        rows: 1,
        rejected: 0,
      });
      await expect(take(into, "no parquet", {}, "broken.parquet")).rejects.toMatchObject({
        code: "import-file",
      });
    });

    test("texts are composed on both sides in NDJSON and Parquet too, hidden in escapes as well", async () => {
      const into = await dataset();
      const mapping = {
        columns: {
          ...plainMapping(CARE).columns,
          unit: { column: "v\u00e5rd", codes: { "O\u0308": "b" } },
        },
      };
      const line = (key: string, value: string) =>
        `{"person":"P","period":"2025K1","sex":"1","${key}":"${value}","score":1,"flag":true}\n`;
      const escaped = line("va\\u030ard", "O\\u0308") + line("va\\u030ard", "\\u00d6");
      const report = await take(into, escaped, mapping, "escaped.ndjson");
      expect(report).toMatchObject({ rows: 2, persons: 1, rejected: 0, warnings: [] });
      const { instance, connect } = await openDuckDb(":memory:", {
        threads: 1,
        memory: "200MB",
        spill: folder.path,
      });
      const path = join(folder.path, "composed.parquet");
      await (await connect()).run(
        `copy (select 'p' as person, '2025K1' as period, '1' as sex, 'O\u0308' as "va\u030ard", 1 as score, true as flag) to '${path}' (format parquet)`,
      );
      instance.closeSync();
      expect(await take(into, readFileSync(path), mapping, "composed.parquet")).toMatchObject({
        rows: 1,
        persons: 1,
      });
      const both = line("va\u030ard", "b") + line("v\u00e5rd", "b");
      await expect(take(into, both, mapping, "both.ndjson")).rejects.toThrow(/one source column .* several/);
      expect((await rowsOf(into)).map(({ weight }) => weight)).toEqual([20, 20, 20]);
    });

    test("codes, constants, formats and where", async () => {
      const into = await dataset();
      const mapping = {
        period: { column: "period", formats: ["%d/%m/%Y", "%Y-%m-%d"] },
        where: { column: "who", in: ["mine"] },
        columns: {
          sex: { column: "sex", codes: { Man: "1", Kvinna: "2" } },
          unit: { constant: "a" },
          score: { column: "score", codes: { "6": null }, others: null },
          flag: { column: "flag", codes: { "": false } },
        },
      };
      const text = `person,period,sex,score,flag,who\na,9/1/2025,Man,6,,mine\nb,2025-12-31,Kvinna,bad,1,mine\nc,31/31/2025,Man,1,1,mine\nd,1/1/2025,Man,1,1,yours\n`;
      const report = await take(into, text, mapping);
      expect(report).toMatchObject({ rows: 2, rejected: 1 });
      expect(rejects(report)[0]).toContain("4,");
      expect((await rowsOf(into)).map(({ c_score }) => c_score)).toEqual([null, null]);
    });

    test("a gigabyte in one line is rejected without being held in memory", async () => {
      const into = await dataset();
      const path = join(folder.path, `${count}-huge.csv`);
      const megabytes = process.env["BRUS_SOAK"] === undefined ? 200 : 1024;
      execFileSync("sh", [
        "-c",
        `{ printf '${HEAD}\\na,2025K1,1,a,1,true\\n'; head -c ${megabytes}M /dev/zero | tr '\\0' 'x'; printf '\\nb,2025K1,1,a,2,true\\n'; } > ${path}`,
      ]);
      const before = process.memoryUsage().rss;
      if (store === undefined) throw new Error("a store is open");
      const report = await importFile(
        { dataset: into, mapping: readMapping(plainMapping(CARE)), path, dryRun: false },
        {
          store,
          keys: KEYS,
          data: folder.path,
          threads: 2,
          now: () => new Date(),
          random: systemRandom,
          onProgress: () => undefined,
        },
      );
      expect(report).toMatchObject({ rows: 2, rejected: 1 });
      expect(rejects(report)).toEqual(['3,"the line is longer than 1 MiB"']);
      expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150);
    });

    test("no copy of anybody's rows is left behind", () => {
      expect(readdirSync(folder.path).filter((name) => name.startsWith(".import-"))).toEqual([]);
    });

    test("a new pseudonym key re-keys everyone, and persons are still found by it", async () => {
      const into = await dataset();
      if (store === undefined) throw new Error("a store is open");
      const own = temporaryFolder();
      const fresh = await openNodeStore(engine, own.path);
      await prepareNode(fresh, [into]);
      const keys = await loadPersonKeys(own.path, true, fresh, systemRandom);
      const path = join(own.path, "a.csv");
      const bring = async (text: string, under: typeof keys) => {
        writeFileSync(path, text);
        await importFile(
          { dataset: into, mapping: readMapping(plainMapping(CARE)), path, dryRun: false },
          {
            store: fresh,
            keys: under,
            data: own.path,
            threads: 1,
            now: () => new Date(),
            random: systemRandom,
            onProgress: () => undefined,
          },
        );
      };
      const people = Array.from({ length: 70_000 }, (_, index) => `p${index},2025K1,1,a,1,true`);
      await bring(`${HEAD}\n${people.join("\n")}\n`, keys);
      const next = await rekey(own.path, keys, fresh, systemRandom);
      expect(await loadPersonKeys(own.path, true, fresh, systemRandom)).toEqual(next);
      const stored = await fresh.kysely.selectFrom("person").select(["pseudonym"]).execute();
      const names = new Set(stored.map(({ pseudonym }) => String(pseudonym)));
      expect(names.has(pseudonymOf(next.pseudonym, "p17"))).toBe(true);
      expect(names.has(pseudonymOf(keys.pseudonym, "p17"))).toBe(false);
      await bring(`${HEAD}\np17,2025K1,1,b,2,true\n`, next);
      expect(await fresh.kysely.selectFrom("person").select("id").execute()).toHaveLength(70_000);
      writeFileSync(join(own.path, "pseudonym.key"), `${"ab".repeat(32)}\n`);
      await expect(loadPersonKeys(own.path, true, fresh, systemRandom)).rejects.toMatchObject({
        code: "config-invalid",
      });
      await fresh.close();
      expect(existsSync(join(own.path, "pseudonym.key.next"))).toBe(false);
      own.remove();
    });
  });
});
