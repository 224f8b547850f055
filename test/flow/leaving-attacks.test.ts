/** Ways back for those who left, tried on both engines: every one of them must find the door shut. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import type { Out } from "../../cli/client/connect.ts";
import { personCommands } from "../../cli/commands/person.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { bringPersons } from "../../node/import/old-persons.ts";
import { Leaving } from "../../node/people/leaving.ts";
import { systemRandom } from "../../node/random.ts";
import { encryptIdentities, pseudonymOf } from "../../node/store/people.ts";
import { databaseUrlFor, ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import { CARE, federationOf } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";
import { HEAD, type Region, regionsOfATest } from "../support/region.ts";

const { regionOn, made } = regionsOfATest();

/** A file of one row a writing, all of one sex, whose scores tell them apart. */
const csv = (people: readonly string[]): string =>
  `${[HEAD, ...people.map((person, at) => `${person},2025K1,1,a,${at + 1},true`)].join("\n")}\n`;

/** The sum of weights, and of weighed scores, in whole persons. */
async function counted(region: Region): Promise<number[]> {
  const [n = 0n, , s = 0n] = await region.sums();
  return [Number(n) / 60, Number(s) / 60];
}

describe.each(ENGINES)("on %s", (engine) => {
  const it = test.skipIf(missing(engine));

  it.each([
    ["text", ["19850615-1235", "850615-1235", "8506151235", "198506151235"]],
    [
      undefined,
      ["19850615-1235", "850615-1235", "85\u000b0615-1235", "850615\ufe0f-1235", "198506151235\u3164"],
    ],
    ["personnummer", ["19850615-1235", "850615\u20131235", '="8506151235"', "'198506151235"]],
    ["number", ["198506151235", "8506151235", "08506151235"]],
  ] as const)(
    "whoever is excluded stays out in every writing that identity %s may take apart",
    async (identity, writings) => {
      const region = await regionOn(engine);
      const mapping = identity === undefined ? {} : { identity };
      await region.leave("exclude", ["19850615-1235"]);
      await region.take(
        csv(
          ["x", ...writings]
            .map((text) => (identity === "number" && text === "x" ? "7" : text))
            .map((text) => (identity === "personnummer" && text === "x" ? "191212121212" : text))
            .map((text) => `"${text.replaceAll('"', '""')}"`),
        ),
        { mapping },
      );
      expect(await counted(region)).toEqual([1, 1]);
      await region.leave("forget", ["198506151235"]);
      expect(await counted(region)).toEqual([1, 1]);
      expect(await region.dump()).not.toContain('"c_score":2');
      const name = pseudonymOf(region.opened.keys.pseudonym, "198506151235");
      expect(await region.dump()).not.toContain(name);
    },
  );

  it("reserve numbers leave with their hyphen and without it", async () => {
    const region = await regionOn(engine);
    const identity = { kind: "personnummer", reserve: ["99[0-9]{6}-?[a-z]{2}[0-9]{2}"] };
    await region.take(csv(["191212121212", "99260115-AB12", "99 260115ab12"]), { mapping: { identity } });
    expect(await counted(region)).toEqual([2, 3.5]);
    await region.leave("exclude", ["99260115-AB12"]);
    expect(await counted(region)).toEqual([1, 1]);
    await region.leave("include", ["99260115AB12"]);
    await region.leave("include", ["99260115-AB12"]);
    await region.leave("forget", ["99260115AB12"]);
    expect(await counted(region)).toEqual([1, 1]);
  });

  it("whoever turned a hundred after the row's day, and was written with + since, stays out as well", async () => {
    const region = await regionOn(engine);
    await region.take(csv(["x", "260101+1238", "19260101-1238"]), { mapping: { identity: "personnummer" } });
    expect((await counted(region))[0]).toBeGreaterThan(0);
    await region.leave("exclude", ["19260101-1238"]);
    expect(await counted(region)).toEqual([0, 0]);
  });

  it("to include one brings back nobody who left by a name of their own", async () => {
    const region = await regionOn(engine);
    await region.take(csv(["x", "123", "000123"]), { mapping: { identity: "text" } });
    await region.leave("exclude", ["123"]);
    await region.leave("exclude", ["000123"]);
    expect(await counted(region)).toEqual([1, 1]);
    await region.leave("include", ["000123"]);
    expect(await counted(region)).toEqual([2, 4]);
    await region.take(csv(["123"]), { mapping: { identity: "text" } });
    expect(await counted(region)).toEqual([2, 4]);
  });

  it("whoever a store from before lists excludes stays out in other writings as well", async () => {
    const region = await regionOn(engine);
    await region.take(csv(["x", "19850615-1235"]));
    const name = pseudonymOf(region.opened.keys.pseudonym, "198506151235");
    const { kysely } = region.store;
    await kysely.updateTable("person").set({ excluded: "sql" }).where("pseudonym", "=", name).execute();
    await sql
      .raw(
        "update d_care_1 set weight = 0 where person in (select id from person where excluded is not null)",
      )
      .execute(kysely);
    await kysely.deleteFrom("meta").where("key", "like", "people-%").execute();
    await region.close();
    for (const file of ["people.list.json", "marks.key"]) rmSync(join(region.secrets, file));
    await region.open();
    await region.take(csv(["850615-1235"]), { mapping: { identity: "text" } });
    await region.take(csv(["8506151235"]), { mapping: { identity: "number" } });
    expect((await counted(region))[0]).toBe(1);
    await region.leave("include", ["19850615-1235"]);
    expect((await counted(region))[0]).toBeGreaterThan(1);
  });

  it.each([true, false])(
    "a copy from before identities had normal forms brings nobody back (identities kept: %s)",
    async (keepIdentities) => {
      const region = await regionOn(engine, keepIdentities);
      const raw = ["x", "19850615-1235", "850615-1235", "\u00c5sa", "1,99E+11"];
      const names = new Map<string, string>();
      await region.take(csv(raw.slice(0, 2)));
      await region.close();
      const restore = await region.backup();
      await region.open();
      const { keys } = region.opened;
      await region.leave("forget", ["198506151235"]);
      await region.leave("exclude", ["\u00e5sa"]);
      await region.close();
      await restore();
      await region.open(async (store) => {
        const run = (text: string) => sql.raw(text).execute(store.kysely);
        for (const table of ["person", "identity", "d_care_1", "meta"])
          await run(
            `delete from ${table} ${table === "meta" ? "where key in ('persons-normal', 'people-applied')" : ""}`,
          );
        for (const [at, identity] of raw.entries()) {
          names.set(identity, pseudonymOf(keys.pseudonym, identity));
          await run(`insert into person (id, pseudonym) values (${at + 1}, '${names.get(identity)}')`);
          await run(
            `insert into d_care_1 (person, period, weight, file, c_sex, c_unit, c_score, c_flag) values (${at + 1}, 8100, 60, 1, 0, 0, ${at + 1}, true)`,
          );
        }
        if (keys.encryption !== null) {
          const pairs = JSON.stringify(raw.map((identity, at) => [String(at + 1), identity]));
          await run(
            `insert into identity values (1, '${encryptIdentities(keys.encryption, pairs, systemRandom)}')`,
          );
        }
        const { data, dataset } = region;
        await bringPersons({ store, keys, data, threads: 1, random: systemRandom, datasets: [dataset] });
      });
      // Where identities are not kept nothing is answered of this; and of the forgotten nothing is there either.
      if (keepIdentities) expect(await counted(region)).toEqual([1, 1]);
      const dump = await region.dump();
      for (const score of [2, 3]) expect(dump).not.toContain(`"c_score":${score},`);
      const mapping = { identity: "text" };
      await region.take(csv(["\u00c5SA", "850615-1235"]).replaceAll("2025K1", "2025K2"), { mapping });
      const { rows } = await sql
        .raw<{ n: unknown }>("select sum(weight) as n from d_care_1 where period = 8101")
        .execute(region.store.kysely);
      expect(Number(rows[0]?.n ?? 0)).toBe(0);
    },
  );

  it("a process that has not seen the newest list does not write its own over it", async () => {
    const region = await regionOn(engine);
    await region.take(csv(["x", "a", "b"]));
    const { data, secrets: folder, now, store, dataset } = region;
    const { keys } = region.opened;
    const shared = { folder, store, data, threads: 1, now, random: systemRandom };
    const other = await Leaving.open({ ...shared, keys: () => keys, datasets: () => [dataset] });
    await other.settle();
    await region.leave("exclude", ["a"]);
    await expect(other.change("exclude", ["b"], false)).rejects.toMatchObject({ code: "lists-older" });
    await expect(other.promise({ promise: async () => undefined })).rejects.toMatchObject({
      code: "lists-older",
    });
    await region.leave("exclude", ["b"]);
    await region.close();
    await region.open();
    expect(await counted(region)).toEqual([1, 1]);
  });

  it("a file of the forgotten alone is taken, and changes nothing; forgotten and included, one can come again", async () => {
    const region = await regionOn(engine);
    await region.leave("forget", ["a", "b"]);
    const summarise = { score: "greatest" };
    for (const mapping of [{}, { record: "score" }, { summarise }])
      expect(
        await region.take(
          `${csv(["a", "b"])}${"\n".repeat(Object.keys(mapping).length)}${"record" in mapping ? "\n\n" : ""}`,
          { mapping },
        ),
      ).toMatchObject({
        outcome: "taken",
        rows: 2,
        persons: 2,
      });
    expect(await counted(region)).toEqual([0, 0]);
    await region.leave("include", ["a"]);
    await region.take(csv(["a", "b"]).replace("true", "false"), { mapping: {} });
    expect(await counted(region)).toEqual([1, 1]);
  });

  it("two exclusions, an inclusion and a new key in between, a restored copy of each age", async () => {
    const region = await regionOn(engine);
    await region.take(csv(["x", "a", "b"]));
    await region.close();
    const restore = await region.backup();
    await region.open();
    await region.leave("exclude", ["a"]);
    await region.leave("include", ["a"]);
    await region.leave("forget", ["a"]);
    await region.take(csv(["b", "A", "\u200ba"]).replaceAll("2025K1", "2025K2"));
    await region.close();
    await restore();
    await region.open();
    expect(await counted(region)).toEqual([2, 4]);
    await region.leave("include", ["b"]);
    expect(await counted(region)).toEqual([2, 4]);
  });
});

test("no older list is taken for the newest under a node that runs", async () => {
  const folder = temporaryFolder();
  const network = await federationOf(folder.path, { "01": csv(["a"]) });
  made.push(async () => {
    await network.stop();
    folder.remove();
  });
  const config = join(folder.path, "running.json");
  writeFileSync(config, JSON.stringify(network.nodes[0]?.config));
  const program = new Command();
  personCommands(program, { say: () => undefined, now: () => new Date() } as unknown as Out);
  const person = (...words: string[]) =>
    program.parseAsync(["node", "brus", "person", ...words, "--config", config]);
  // Another encoding's letters are nobody's name.
  const list = join(folder.path, "list.txt");
  writeFileSync(list, Buffer.from("\u00e5sa\n", "latin1"));
  await expect(person("exclude", "--file", list)).rejects.toMatchObject({ code: "usage" });
  const accept = person("accept");
  await expect(accept).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("stopped"),
  });
});

describe.each(ENGINES)("a node on %s", (engine) => {
  test.skipIf(missing(engine))(
    "imports, exclusions and a new key all at once leave both its datasets as the list says",
    async () => {
      const folder = temporaryFolder();
      const url = await databaseUrlFor(engine);
      const second = { ...CARE, dataset: "later" };
      const network = await federationOf(
        folder.path,
        { "01": csv(["p0", "p1", "p2"]) },
        { datasets: [CARE, second], databaseUrl: (party) => (party === "01" ? url : undefined) },
      );
      made.push(async () => {
        await network.stop();
        folder.remove();
      });
      const [node] = network.nodes;
      if (node === undefined) throw new Error("a region");
      const people = Array.from({ length: 30 }, (_, at) => `p${at}`);
      const take = async (dataset: string, at: number) => {
        const path = join(folder.path, `${dataset}-${at}.csv`);
        writeFileSync(path, csv(people).replaceAll(",true", at % 2 === 0 ? ",true" : ",false"));
        const mapping = readMapping(plainMapping(CARE));
        return await node.import({ dataset, mapping, path, dryRun: false }, () => undefined);
      };
      const even = people.filter((_, at) => at % 2 === 0);
      await Promise.all([
        take("care@1", 0),
        node.leave("exclude", people.slice(0, 20), false),
        take("later@1", 0),
        node.leave("forget", ["p0", "p2"], false),
        node.rekey(),
        take("care@1", 1),
        node.leave("include", ["p4", "p0"], false),
        take("later@1", 1),
        node.leave("exclude", even.slice(10), false),
      ]);
      const out = new Set([...people.slice(0, 20), ...even.slice(10)]);
      for (const back of ["p0", "p4"]) out.delete(back);
      for (const table of ["d_care_1", "d_later_1"]) {
        const { rows } = await sql
          .raw<{ pseudonym: unknown; weight: number }>(
            `select pseudonym, cast(sum(weight) as integer) as weight from ${table} join person on id = person group by pseudonym`,
          )
          .execute(node.store.kysely);
        const weights = new Map(rows.map(({ pseudonym, weight }) => [String(pseudonym), Number(weight)]));
        const key = Buffer.from(
          readFileSync(join(network.nodes[0]?.config.secrets ?? "", "pseudonym.key"), "utf8").trim(),
          "hex",
        );
        for (const each of people) {
          const weight = weights.get(pseudonymOf(key, each)) ?? 0;
          // p0 came again before it was included, and in the other dataset after.
          const gone = out.has(each) || (each === "p0" && table === "d_care_1");
          expect(weight, `${each} in ${table}`).toBe(gone ? 0 : 60);
        }
        expect(weights.has(pseudonymOf(key, "p2"))).toBe(false);
      }
    },
  );
});
