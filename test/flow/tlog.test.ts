/**
 * The coordinator's log on disk: batches of every size, a crash between any two writes, files lost and made anew; a
 * second writer, and a database set back behind what it signed, are refused.
 */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Logs } from "../../coordinator/log/logs.ts";
import { documentEntry, readLeaf } from "../../protocol/log/leaf.ts";
import { rootOf } from "../../protocol/log/merkle.ts";
import { MAX_ENTRY } from "../../protocol/log/tile.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { hashOf, toHex, utf8 } from "../../protocol/values/bytes.ts";
import { transact } from "../../server/database.ts";
import { coordinatorLogs } from "../support/coordinator-logs.ts";
import { databaseUrlFor, ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";
import { readTree } from "../support/logs.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const idOf = (index: number) => hashOf(utf8(`query ${index}`));

describe.each(ENGINES)("%s", (engine) => {
  async function logging() {
    const folder = temporaryFolder();
    const document = writeDataset(CARE);
    const databaseUrl = await databaseUrlFor(engine);
    const codes = ["01", "03", "04"];
    const { store, files, open } = await coordinatorLogs(folder.path, codes, document, { databaseUrl });
    running.push(async () => {
      await store.close();
      folder.remove();
    });
    const promise = (logs: Logs, from: number, count: number) =>
      transact(store, async (database) => {
        const entries = Array.from({ length: count }, (_, at) =>
          documentEntry("query", idOf(from + at), null),
        );
        await logs.promise(database, entries);
      });
    const check = async (size: number) => {
      const tree = await readTree(async (path) => Uint8Array.from(readFileSync(join(files, path))), size);
      const ids = tree.entries.map(readLeaf).flatMap((leaf) => (leaf.kind === "query" ? [leaf.id] : []));
      expect(ids).toEqual(Array.from({ length: size - 1 }, (_, index) => idOf(index)));
      return toHex(rootOf(size, tree.read));
    };
    return { store, files, open, promise, check };
  }

  test.skipIf(missing(engine))(
    "batches of every size, reopened at each; files lost are made anew",
    async () => {
      const { files, open, promise, check } = await logging();
      let size = await (await open()).append();
      expect(size).toBe(1);
      for (const count of [1, 2, 252, 1, 1, 300, 1300]) {
        const logs = await open();
        await promise(logs, size - 1, count);
        size += count;
        expect(await logs.append()).toBe(size);
        await check(size);
      }
      const root = await check(size);
      rmSync(files, { recursive: true });
      await open();
      expect(await check(size)).toBe(root);
    },
  );

  test.skipIf(missing(engine))(
    "a crash between signing and writing files: the next start writes them",
    async () => {
      const { files, open, promise, check } = await logging();
      const logs = await open();
      await promise(logs, 0, 100);
      await logs.append();
      cpSync(files, `${files}.old`, { recursive: true });
      await promise(logs, 100, 200);
      await logs.append();
      // The files as they were before: as if the process had died right after its transaction.
      rmSync(files, { recursive: true });
      cpSync(`${files}.old`, files, { recursive: true });
      const again = await open();
      await check(301);
      await promise(again, 300, 5);
      expect(await again.append()).toBe(306);
      await check(306);
    },
  );

  test.skipIf(missing(engine))("a database set back behind its files: no start", async () => {
    const { store, open, promise } = await logging();
    const logs = await open();
    await promise(logs, 0, 20);
    await logs.append();
    await store.kysely.deleteFrom("log_head").execute();
    await expect(open()).rejects.toMatchObject({ code: "log-forked" });
  });

  test.skipIf(missing(engine))("two writers at once: every leaf once, one history", async () => {
    const { open, promise, check } = await logging();
    const [first, second] = [await open(), await open()];
    for (let round = 0; round < 5; round++) {
      await promise(first, round * 10, 10);
      await Promise.allSettled([first.append(), second.append()]);
    }
    const logs = await open();
    expect(await logs.append()).toBe(51);
    await check(51);
  });
});

test("a document that does not fit an entry is known by its id", () => {
  const document = {
    payload: "A".repeat(80_000),
    payloadType: "x",
    signatures: [{ keyid: "k", sig: "AAAA" }],
  };
  const written = documentEntry("release", idOf(0), document);
  expect(written.length).toBeLessThan(MAX_ENTRY);
  expect(JSON.parse(new TextDecoder().decode(written))).toMatchObject({ document: null });
});
