/**
 * One region that lies to the logs, an outsider with no key, a disk that fails once, two coordinators on one database:
 * the other regions' quorum makes what is true public all the same.
 */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Logs } from "../../coordinator/log/logs.ts";
import { type CoordinatorDatabase, prepareCoordinator } from "../../coordinator/store/database.ts";
import { NodeLog } from "../../node/log/own-log.ts";
import { Witness } from "../../node/log/witness.ts";
import { systemRandom } from "../../node/random.ts";
import { type NodeDatabase, prepareNode } from "../../node/store/database.ts";
import { cosign, signCheckpoint } from "../../protocol/log/checkpoint.ts";
import { EMPTY, extend, rootOfFrontier } from "../../protocol/log/frontier.ts";
import { checkpointEntry, documentEntry, nodeEntry, readLeaf } from "../../protocol/log/leaf.ts";
import { formatSignature, parseNote } from "../../protocol/log/note.ts";
import { COORDINATOR, logKeyOf, openWitnessed, witnessKeyOf } from "../../protocol/log/quorum.ts";
import type { Push, WitnessReply, WitnessRequest } from "../../protocol/log/witness-messages.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { fromUtf8, hashOf, toBase64, utf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { openStore, transact } from "../../server/database.ts";
import { signerFrom } from "../../server/keys.ts";
import { leavesOf } from "../../server/log-tables.ts";
import { loggerOf } from "../../server/logger.ts";
import { coordinatorLogs } from "../support/coordinator-logs.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE } from "../support/federation.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const HONEST = ["01", "03", "04"] as const;
const DAY = 24 * 3600_000;

async function setting(
  codes: readonly string[] = [...HONEST, "05"],
  logger = loggerOf("coordinator", "error"),
) {
  const folder = temporaryFolder();
  const document = writeDataset(CARE);
  const clock = { shift: 0 };
  const begun = Date.now(); // It stands: no cosignature grows old while a slow machine makes it.
  const now = () => new Date(begun + clock.shift);
  const { made, federation, store, files, open } = await coordinatorLogs(folder.path, codes, document, {
    now,
    logger,
  });
  running.push(async () => {
    await store.close();
    folder.remove();
  });
  const logs = await open();
  await logs.append();
  const signerFor = (code: string, of: "logKey" | "witnessKey") =>
    signerFrom(
      made.nodes.find((node) => node.code === code)?.config[of] ?? "",
      of === "logKey" ? "log" : "witness",
    );
  const line = (code: string, checkpoint: string, time = Math.floor(now().getTime() / 1000)) =>
    formatSignature(
      cosign(
        parseNote(utf8(checkpoint)).text,
        time,
        witnessKeyOf(federation, code),
        signerFor(code, "witnessKey").sign,
      ),
    );
  const ask = (node: string, more: Partial<WitnessRequest> = {}, to: Logs = logs): Promise<WitnessReply> => {
    const nothing = { wait: 0, read: 0, sizes: [], cosignatures: [], own: 0 };
    return to.answer({ node, time: instant(now()), ...nothing, ...more }, new AbortController().signal);
  };
  const sizeOf = (checkpoint: string) => Number(checkpoint.split("\n")[1]);
  /** A witness's turn over all that is offered, its line as it makes it. */
  const turn = async (node: string, lineOf = (text: string) => line(node, text), to: Logs = logs) => {
    const { offered } = await ask(node, {}, to);
    const cosignatures = offered.map(({ log, checkpoint }) => ({
      log,
      size: sizeOf(checkpoint),
      line: lineOf(checkpoint),
    }));
    await ask(node, { cosignatures }, to);
    return offered.map(({ log }) => log);
  };
  const checkpointOf = (code: string, entries: readonly Uint8Array[]) => {
    const frontier = extend(EMPTY, entries);
    const key = logKeyOf(federation, code);
    const signed = { origin: key.name, size: frontier.size, root: rootOfFrontier(frontier) };
    return fromUtf8(signCheckpoint(signed, key, signerFor(code, "logKey").sign));
  };
  const started = (index: number) =>
    nodeEntry({
      kind: "started",
      nonce: index.toString(16).padStart(64, "0"),
      time: "2026-01-01T00:00:00Z",
    });
  const push = (code: string, entries: readonly Uint8Array[], from = 0, more = "", to: Logs = logs) =>
    to.push(
      {
        node: code,
        from,
        entries: entries.slice(from).map(toBase64),
        checkpoint: checkpointOf(code, entries) + more,
      },
      () => undefined,
    );
  const add = async (index: number) => {
    const entry = documentEntry("query", hashOf(utf8(String(index))), null);
    await transact(store, async (database) => void (await logs.promise(database, [entry])));
    await logs.append();
  };
  const leaves = async () => (await leavesOf(store.kysely, COORDINATOR, 0, 10_000)).map(readLeaf);
  return {
    ...{ made, folder: folder.path, federation, store, logs, open, files, clock, now },
    ...{ signerFor, line, ask, turn, checkpointOf, started, push, add, leaves, sizeOf },
  };
}

describe("one region that lies", () => {
  test("a line that holds another's as well counts for nothing, and stops nobody", async () => {
    const { line, turn, logs } = await setting();
    const broken = (text: string) => line("01", text).replace(/.{8}\n$/, "AAAAAAA=\n");
    await turn("05", (text) => line("05", text) + broken(text));
    await turn("05", (text) => `${broken(text)}${line("05", text)}`);
    expect(logs.publicSize).toBe(0);
    for (const code of HONEST) await turn(code);
    expect(logs.publicSize).toBe(1);
  });

  test("lines that it puts below its own checkpoint are not kept", async () => {
    const { push, started, turn, logs, leaves, line, checkpointOf, open, ask } = await setting();
    const entries = [started(1)];
    const bogus = line("01", checkpointOf("05", entries), 5).replace(/.{8}\n$/, "AAAAAAA=\n");
    for (const more of [bogus, Array.from({ length: 1097 }, () => "— a AAAAAAA=\n").join("")])
      await push("05", entries, 0, more);
    for (const code of [...HONEST, ...HONEST]) await turn(code);
    await logs.append();
    const told = (await leaves()).find(({ kind }) => kind === "checkpoint");
    expect(told).toEqual({ kind: "checkpoint", node: "05", checkpoint: checkpointOf("05", entries) });
    expect((await ask("01", { sizes: [{ log: "05", size: 1 }] })).offered.map(({ log }) => log)).toEqual([
      COORDINATOR,
    ]);
    await expect(open()).resolves.toBeDefined();
  });

  test("a time long ago, or to come, is no cosignature: the log looks neither old nor fresh", async () => {
    const { turn, line, logs, federation, now } = await setting();
    const seconds = Math.floor(now().getTime() / 1000);
    for (const time of [1, seconds - 1000, seconds + 1000])
      await turn("05", (text) => line("05", text, time));
    for (const code of HONEST.slice(0, 2)) await turn(code);
    expect(logs.publicSize).toBe(0);
    await turn("04");
    const { asOf } = openWitnessed(federation, COORDINATOR, utf8(logs.prove([0]).checkpoint));
    expect(Math.abs((asOf ?? 0) - seconds)).toBeLessThan(60);
  });

  test("many small pushes do not fill the disk: partial tiles go once whole ones are shown", async () => {
    const { push, started, turn, files } = await setting();
    const entries: Uint8Array[] = [];
    for (let index = 0; index < 260; index++) {
      entries.push(started(index));
      await push("05", entries, index);
    }
    const partial = join(files, "nodes/05/tile/entries/000.p");
    expect(existsSync(partial)).toBe(true);
    for (let round = 0; round < 2; round++) for (const code of HONEST) await turn(code);
    expect(existsSync(partial)).toBe(false);
    expect(existsSync(join(files, "nodes/05/tile/entries/001.p/4"))).toBe(true);
  });
});

test("an outsider who brings public cosignatures again renews nothing, and adds no leaf", async () => {
  const { push, started, turn, logs, leaves, clock, ask } = await setting();
  await push("05", [started(1)]);
  for (let round = 0; round < 3; round++) for (const code of HONEST) await turn(code);
  await logs.append();
  const shown = fromUtf8(logs.read("nodes/05/checkpoint")?.bytes ?? new Uint8Array());
  const before = (await leaves()).length;
  clock.shift = 3_700_000;
  logs.renew();
  for (const [line, code = ""] of shown.matchAll(/^— \S+\/(0[134])\/witness .+\n/gm))
    await ask(code, { cosignatures: [{ log: "05", size: 1, line }] });
  await logs.append();
  expect(fromUtf8(logs.read("nodes/05/checkpoint")?.bytes ?? new Uint8Array())).toBe(shown);
  for (const code of HONEST) await turn(code);
  await logs.append();
  expect(fromUtf8(logs.read("nodes/05/checkpoint")?.bytes ?? new Uint8Array())).not.toBe(shown);
  expect((await leaves()).length).toBe(before);
});

test("what does not fit an entry is no leaf: a document is named by its id, and anything else refused", async () => {
  const { store, logs, push, started, signerFor } = await setting();
  const large = "x".repeat(70_000);
  const document = signDocument("query", { large }, signerFor("01", "logKey"));
  const entry = documentEntry("query", envelopeId(document), document);
  expect(readLeaf(entry)).toEqual({ kind: "query", id: envelopeId(document), document: null });
  const add = (bytes: Uint8Array) =>
    transact(store, async (database) => void (await logs.promise(database, [bytes])));
  await expect(add(utf8(large))).rejects.toThrow(/entries of at most 65535 bytes/);
  await expect(push("05", [started(1), utf8(large)])).rejects.toMatchObject({ name: "Refusal" });
  await add(entry);
  expect(await logs.append()).toBe(2);
});

test("a database of an earlier version is refused, and says so", async () => {
  const folder = temporaryFolder();
  const store = await openStore<CoordinatorDatabase>("old", {
    data: folder.path,
    threads: 1,
    memory: "500MB",
  });
  await sql`create table query (id varchar primary key, envelope varchar not null)`.execute(store.kysely);
  await expect(prepareCoordinator(store)).rejects.toMatchObject({ code: "config-invalid" });
  await store.close();
  folder.remove();
});

test("a file that could not be written once is written by the next, and witnesses go on", async () => {
  const { files, add, logs, turn } = await setting();
  const block = join(files, "tile/entries/000.p/2.tmp");
  mkdirSync(block, { recursive: true });
  await expect(add(1)).rejects.toThrow();
  rmdirSync(block);
  await logs.append();
  for (let round = 0; round < 2; round++) for (const code of HONEST) await turn(code);
  expect(logs.publicSize).toBe(2);
});

test("of one region alone, whose log no other cosigns: what could not be shown is said, and shown with the next", async () => {
  const logger = loggerOf("coordinator", "silent");
  const said = vi.spyOn(logger, "error");
  const { files, logs, push, started } = await setting(["05"], logger);
  const block = join(files, "nodes/05/checkpoint.tmp");
  mkdirSync(block, { recursive: true });
  await push("05", [started(0)]);
  await expect.poll(() => said.mock.calls.map(([, words]) => words)).toEqual(["a log was not shown"]);
  rmdirSync(block);
  await push("05", [started(0), started(1)], 1);
  const shown = () => fromUtf8(logs.read("nodes/05/checkpoint")?.bytes ?? new Uint8Array()).split("\n")[1];
  await expect.poll(shown).toBe("2");
});

test("of two coordinators on one database none shows less than the other has, nor tells it twice", async () => {
  const { logs, open, push, started, turn, store, leaves, sizeOf } = await setting();
  const other = await open();
  const entries = [started(0)];
  await push("05", entries);
  entries.push(started(1));
  await push("05", entries, 1, "", other);
  for (const code of HONEST) await turn(code, undefined, other);
  for (const code of HONEST) await turn(code).catch(() => undefined); // The one that is behind is told so.
  const row = await store.kysely.selectFrom("published").select("size").where("log", "=", "05").execute();
  expect(row).toEqual([{ size: 2 }]);
  expect(await push("05", entries, 1)).toBe(2);
  await logs.append();
  const told = (await leaves()).flatMap((leaf) =>
    leaf.kind === "checkpoint" ? [sizeOf(leaf.checkpoint)] : [],
  );
  expect(told).toEqual([2]);
});

test("a relay that hides a region's log from the others is seen by the clock, whatever it offers or shows", async () => {
  const { folder, federation, signerFor, checkpointOf, started, made } = await setting();
  const store = await openStore<NodeDatabase>("node", { data: folder, threads: 1, memory: "500MB" });
  await prepareNode(store, []);
  running.push(() => store.close());
  let reply: WitnessReply = { offered: [], entries: [], own: null, kept: 0 };
  let pushed: Push | null = null;
  const client = (async (name: string, { body }: { body: Push }) => {
    if (name === "witness") return reply;
    pushed = body;
    return { kept: body.from + body.entries.length };
  }) as unknown as Client; // The two routes that a witness calls.
  const clock = { shift: 0 };
  const begun = Date.now();
  const now = () => new Date(begun + clock.shift);
  const context = {
    ...{ code: "01", federation, store, client, now, random: systemRandom },
    signal: new AbortController().signal,
  };
  const log = new NodeLog({ ...context, signer: signerFor("01", "logKey") });
  await log.start();
  const said: string[] = [];
  const logger = loggerOf("test", "silent");
  logger.error = (_: unknown, text?: string) => void said.push(text ?? "");
  const witness = new Witness({
    ...context,
    signer: signerFor("01", "witnessKey"),
    answers: made.nodes[0]?.signer ?? expect.fail(),
    sleep: async () => undefined,
    follow: async () => undefined,
    logger,
    log,
  });
  await witness.watchOnce();
  const own = (pushed as Push | null)?.checkpoint ?? expect.fail();
  clock.shift = 5 * DAY;
  reply = { ...reply, kept: 1 };
  await witness.watchOnce();
  expect(await witness.missingFor(now())).toBeGreaterThan(4 * 24 * 3600);
  expect(said).toEqual([
    "the coordinator's log stands still, or is kept from this node",
    "what this node logged does not come into the coordinator's log",
  ]);
  // Entries that stand in no tree that anyone has signed.
  const offered = [{ log: "03", checkpoint: checkpointOf("03", [started(1)]), proof: [] }];
  reply = { ...reply, offered, entries: [toBase64(checkpointEntry("01", own))] };
  await witness.watchOnce();
  expect(await witness.missingFor(now())).toBeGreaterThan(4 * 24 * 3600);
  // Set back to before what the coordinator has of it, a node cosigns nothing any more.
  reply = { ...reply, kept: 9 };
  await expect(witness.watchOnce()).rejects.toMatchObject({ code: "log-forked" });
});
