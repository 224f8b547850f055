/**
 * The logs over HTTP: all that was acknowledged stands in them, once; every node witnesses every other's; what is not
 * public is not answered, and what a quorum has not seen does not leave.
 */

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Network } from "../../cli/demo/network.ts";
import { admit } from "../../node/answer/admit.ts";
import { systemNoise } from "../../node/answer/noise.ts";
import { startNode } from "../../node/node.ts";
import { systemRandom } from "../../node/random.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { formatCheckpoint } from "../../protocol/log/checkpoint.ts";
import { EMPTY, extend } from "../../protocol/log/frontier.ts";
import { documentEntry, readLeaf, readNodeLeaf } from "../../protocol/log/leaf.ts";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../protocol/log/merkle.ts";
import { parseNote } from "../../protocol/log/note.ts";
import { proveAll } from "../../protocol/log/public-proof.ts";
import { logKeyOf } from "../../protocol/log/quorum.ts";
import { envelopeId } from "../../protocol/signing/envelope.ts";
import { fromUtf8, utf8 } from "../../protocol/values/bytes.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { sleep } from "../../server/deadline.ts";
import { loggerOf } from "../../server/logger.ts";
import { clockOf, without } from "../support/clock.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, settled, submit } from "../support/federation.ts";
import { overHttp, readLog, readTree } from "../support/logs.ts";
import { countedTurns } from "../support/turns.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const REGIONS = { "01": "", "03": "", "04": "", "05": "" };

async function network(
  more: object = {},
): Promise<{ made: Network; federation: Federation; folder: string }> {
  const folder = temporaryFolder();
  const made = await federationOf(folder.path, REGIONS, { logged: true, ...more });
  running.push(async () => {
    await made.stop();
    folder.remove();
  });
  const federation = made.nodes[0]?.answerer.federation;
  if (federation === undefined) throw new Error("a federation has a node");
  return { made, federation, folder: folder.path };
}

describe("what stands in the logs of a federation that was asked in both ways", () => {
  let made: Network;
  let federation: Federation;
  let regions: QueryStatus;
  let national: QueryStatus;
  let stop: Array<() => Promise<void>> = [];
  beforeAll(async () => {
    ({ made, federation } = await network());
    stop = running.splice(0); // Not after the first test.
    regions = await settled(made, { rho: "1/100" });
    national = await settled(made, { release: "national", minRegions: 3, rho: "1/100" });
  });
  afterAll(async () => {
    for (const each of stop) await each();
  });

  test("directory, query, approval, dispatch, answers and release, once each, in this order", async () => {
    const again = await made.client("submitQuery", { body: regions.query });
    expect(again.id).toBe(regions.id);
    const log = await readLog(overHttp(made.address), federation);
    const leaves = log.entries.map(readLeaf);
    expect(leaves[0]).toMatchObject({ kind: "directory", id: made.made.hash });
    for (const status of [regions, national]) {
      expect(status.state).toBe("released");
      const places = (kind: string, id: string) =>
        leaves.flatMap((leaf, place) =>
          leaf.kind === kind && "id" in leaf && leaf.id === id ? [place] : [],
        );
      const approvals = status.approvals.flatMap((envelope) => places("approval", envelopeId(envelope)));
      const order = [
        ...places("query", status.id),
        ...approvals,
        ...places("dispatch", status.id),
        ...places("release", status.release ?? ""),
      ];
      expect(order).toHaveLength(4);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      const [released = -1] = places("release", status.release ?? "");
      const release = await made.client("getRelease", { params: { id: status.release ?? "" } });
      const entry = documentEntry("release", envelopeId(release), release);
      const proof = inclusionProof(released, log.checkpoint.size, log.read);
      verifyInclusion(released, log.checkpoint.size, leafHash(entry), proof, log.checkpoint.root);
    }
    const answers = leaves.filter(({ kind }) => kind === "answer");
    expect(answers).toHaveLength(8);
    const digests = new Set(answers.flatMap((leaf) => ("id" in leaf ? [leaf.id] : [])));
    expect(digests.size).toBe(8);
  });

  test("each region's own log: its start, charges, answers and the set; cosigned by the others, and in the coordinator's", async () => {
    const { answers } = await made.client("getAnswers", { params: { id: regions.release ?? "" } });
    const file = overHttp(made.address);
    const coordinator = (await readLog(file, federation)).entries.map(readLeaf);
    for (const code of Object.keys(REGIONS)) {
      const { entries, read } = await readLog(file, federation, code);
      const leaves = entries.map(readNodeLeaf);
      expect(leaves.map(({ kind }) => kind)).toEqual([
        "started",
        "lists",
        "charge",
        "answer",
        "charge",
        "masked",
        "agreed",
      ]);
      const [, , charge, answer, second] = leaves;
      expect(charge).toMatchObject({ query: regions.id, charge: "1/100", periods: [{ spent: "1/100" }] });
      expect(second).toMatchObject({ query: national.id });
      expect(answers.map(envelopeId)).toContain(answer?.kind === "answer" ? answer.id : "");
      const shown = coordinator.flatMap((leaf) =>
        leaf.kind === "checkpoint" && leaf.node === code ? [leaf.checkpoint] : [],
      );
      expect(shown.length).toBeGreaterThan(0);
      for (const note of shown) {
        const [, size = ""] = parseNote(utf8(note)).text.split("\n");
        if (Number(size) > entries.length) continue;
        const root = rootOf(Number(size), read);
        const { name: origin } = logKeyOf(federation, code);
        expect(parseNote(utf8(note)).text).toBe(formatCheckpoint({ origin, size: Number(size), root }));
      }
      // What a charge calls public really was: the tree it names is one that the coordinator's log had.
      if (charge?.kind !== "charge") throw new Error("a charge");
      const tree = await readTree(file, charge.public.size);
      expect(Buffer.from(rootOf(charge.public.size, tree.read)).toString("base64")).toBe(charge.public.root);
      const within = tree.entries.map(readLeaf).map((leaf) => ("id" in leaf ? leaf.id : ""));
      expect(within).toContain(regions.id);
    }
  });

  test("a node admits nothing without proof that query, approvals and directory are public, lately, in this log", async () => {
    const log = await readLog(overHttp(made.address), federation);
    const checkpoint = fromUtf8(await overHttp(made.address)("checkpoint"));
    const place = (id: string) =>
      log.entries.findIndex((entry) => {
        const leaf = readLeaf(entry);
        return leaf.kind !== "dispatch" && "id" in leaf && leaf.id === id;
      });
    const places = [0, place(regions.id), ...regions.approvals.map((each) => place(envelopeId(each)))];
    const proof = proveAll(checkpoint, log.checkpoint.size, places, log.read);
    const work = { query: regions.query, approvals: regions.approvals, round: null, proof };
    const node = made.nodes[0]?.answerer;
    if (node === undefined) throw new Error("a node");
    const now = new Date();
    const seen = extend(EMPTY, log.entries.slice(0, log.checkpoint.size));
    const delivered = await node.delivered();
    const judge = (item: Parameters<typeof admit>[0], at = now) =>
      admit(item, {
        federation,
        code: node.code,
        policy: node.policy(),
        now: at,
        seen,
        declines: [],
        delivered,
        anew: [],
        calendars: [],
      });
    expect(judge(work).seen).toMatchObject({ size: log.checkpoint.size });
    const refused = { code: "query-not-public" };
    const without = checkpoint.split("\n\n")[0] ?? "";
    const [, lines = ""] = checkpoint.split("\n\n");
    const [own = "", ...cosigned] = lines.split("\n");
    const cases: Record<string, object> = {
      "no proof": { ...work, proof: null },
      "no cosignatures": { ...work, proof: { ...proof, checkpoint: `${without}\n\n${own}\n` } },
      "too few": { ...work, proof: { ...proof, checkpoint: `${without}\n\n${own}\n${cosigned[0]}\n` } },
      "one twice": {
        ...work,
        proof: {
          ...proof,
          checkpoint: `${without}\n\n${own}\n${cosigned[0]}\n${cosigned[0]}\n${cosigned[0]}\n`,
        },
      },
      "another place": {
        ...work,
        proof: { ...proof, places: [proof.places[0], proof.places[2], proof.places[1]] },
      },
      "an approval without": { ...work, proof: { ...proof, places: proof.places.slice(0, 2) } },
      nonsense: { ...work, proof: { ...proof, checkpoint: "nonsense" } },
    };
    for (const [name, item] of Object.entries(cases))
      expect(() => judge(item as typeof work), name).toThrow(expect.objectContaining(refused));
    const tomorrow = new Date(now.getTime() + 25 * 3600_000);
    expect(() => judge(work, tomorrow)).toThrow();
  });

  test("a log only grows; unknown paths are refused, and lead nowhere else", async () => {
    const before = await readLog(overHttp(made.address), federation);
    await settled(made, { rho: "1/1000" });
    const after = await readLog(overHttp(made.address), federation);
    expect(after.checkpoint.size).toBeGreaterThan(before.checkpoint.size);
    const proof = consistencyProof(before.checkpoint.size, after.checkpoint.size, after.read);
    verifyConsistency(
      before.checkpoint.size,
      after.checkpoint.size,
      before.checkpoint.root,
      after.checkpoint.root,
      proof,
    );
    for (const path of [
      "tile/0/001",
      "tile/64/000",
      "tile/0/0",
      "tile/0/000.p/256",
      "nodes/99/checkpoint",
      "nodes/01/size",
      "nodes/coordinator/checkpoint",
      "size",
      "documents/aa/..%2f..%2fsize",
      "..%2fcoordinator.duckdb",
      "other",
    ]) {
      const response = await fetch(`${made.address}/log/${path}`);
      expect([400, 404], path).toContain(response.status);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
  });
});

describe("public before answered", () => {
  test("no release is shown before a quorum has cosigned it: with two of four witnesses gone, nothing is answered", async () => {
    const turns = countedTurns();
    const { made } = await network({ fetch: turns.fetch });
    await settled(made, { rho: "1/100" });
    await Promise.all(made.nodes.slice(2).map((node) => node.stop()));
    const id = await submit(made, { rho: "1/1000", minRegions: 2 });
    // They have been offered the log with the question, and handed in their cosignatures.
    await turns.more("witness", ["01", "03"], 3);
    const status = await made.client("getQuery", { params: { id } });
    expect(status.state).toBe("open");
    expect(status.regions.every(({ state }) => state === "waiting")).toBe(true);
  });
});

describe("no silent rollback", () => {
  test("a node set back to a backup answers nothing, and says so; the others go on", async () => {
    const clock = clockOf();
    const { made, federation, folder } = await network({ now: clock.now });
    await settled(made, { rho: "1/100" });
    const [victim, ...others] = made.nodes;
    if (victim === undefined) throw new Error("a node");
    const data = victim.config.data;
    const entry = made.made.nodes.find(({ code }) => code === victim.config.code);
    if (entry === undefined) throw new Error("its configuration");
    await victim.stop();
    cpSync(data, join(folder, "backup"), { recursive: true });
    const start = async () => {
      const node = await startNode({ ...victim.config, tick: 1 }, entry.folder, {
        fetch: globalThis.fetch,
        now: clock.now,
        noise: systemNoise,
        random: systemRandom,
        sleep,
        logger: loggerOf("test", "silent"),
      });
      void node.work().catch(() => undefined);
      return node;
    };
    // From its own disk it goes on.
    const honest = await start();
    const second = await settled(made, { rho: "1/200" });
    expect(second.regions.every(({ state }) => state === "answered")).toBe(true);
    await honest.stop();
    // From the backup it would forget the charge.
    rmSync(data, { recursive: true });
    cpSync(join(folder, "backup"), data, { recursive: true });
    const restored = await start();
    running.push(() => restored.stop());
    const id = await submit(made, { rho: "3/1000", minRegions: 3 });
    const third = await without([victim.config.code], made, clock, id);
    expect(third.state).toBe("released");
    expect(third.regions.filter(({ state }) => state === "answered")).toHaveLength(others.length);
    const own = await readLog(overHttp(made.address), federation, victim.config.code);
    expect(own.entries.map(readNodeLeaf).filter(({ kind }) => kind === "charge")).toHaveLength(2);
  });
});
