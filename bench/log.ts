/**
 * The log: leaves a second, durable, in batches; how long one leaf waits; bytes a leaf on disk; and an audit's speed and
 * memory on a log of 100,000 leaves. The published mark for a verifiable access log of this kind is 102 leaves a second.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditFrom } from "../cli/commands/audit.ts";
import type { makeFederation } from "../cli/demo/federation.ts";
import { CARE_EXPERIENCE } from "../cli/demo/journals.ts";
import { sourceOf } from "../cli/log/source.ts";
import type { Logs } from "../coordinator/log/logs.ts";
import type { CoordinatorDatabase } from "../coordinator/store/database.ts";
import type { Federation } from "../protocol/federation/directory.ts";
import { EMPTY, extend } from "../protocol/log/frontier.ts";
import { documentEntry } from "../protocol/log/leaf.ts";
import { consistencyProof, inclusionProof, leafHash, readerOf } from "../protocol/log/merkle.ts";
import {
  formatReceipt,
  parsePolicy,
  parseReceipt,
  policyText,
  verifyReceipt,
} from "../protocol/log/receipt.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { hashOf, utf8 } from "../protocol/values/bytes.ts";
import { type Store, transact } from "../server/database.ts";
import { nativeVerify } from "../server/signing.ts";
import { coordinatorLogs } from "../test/support/coordinator-logs.ts";
import { federationOf, settled } from "../test/support/federation.ts";
import { checkpointOf } from "../test/support/forge.ts";
import { eachEngine } from "./engines.ts";
import { median, quantile, report } from "./report.ts";

const BATCH = 500;
const LEAVES = 20_000;
const AUDITED = 100_000;
const entry = (index: number): Uint8Array => documentEntry("answer", hashOf(utf8(`answer ${index}`)), null);
const entriesFrom = (from: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => entry(from + index));

type Bench = {
  store: Store<CoordinatorDatabase>;
  logs: Logs;
  federation: Federation;
  files: string;
  made: ReturnType<typeof makeFederation>;
};

async function withLog(
  databaseUrl: string | undefined,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const document = writeDataset(CARE_EXPERIENCE);
  const codes = ["01", "03", "04"];
  const { made, federation, store, files, open } = await coordinatorLogs(folder, codes, document, {
    databaseUrl,
  });
  const logs = await open();
  await logs.append();
  await work({ store, logs, federation, files, made });
  await store.close();
  rmSync(folder, { recursive: true });
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true }).reduce(
    (sum, each) =>
      sum + (each.isDirectory() ? bytesIn(join(folder, each.name)) : statSync(join(folder, each.name)).size),
    0,
  );

export async function logAppend(): Promise<void> {
  await eachEngine(async (engine, databaseUrl) => {
    await withLog(databaseUrl, async ({ store, logs, files }) => {
      const add = (from: number, count: number) =>
        transact(store, async (database) => {
          await logs.promise(database, entriesFrom(from, count));
        });
      await add(0, BATCH);
      await logs.append();
      const rates: number[] = [];
      for (let round = 0; round < 3; round++) {
        const start = performance.now();
        for (let at = 0; at < LEAVES; at += BATCH) {
          await add((round + 1) * LEAVES + at, BATCH);
          await logs.append();
        }
        rates.push(LEAVES / ((performance.now() - start) / 1000));
      }
      report({
        name: `log-append/${engine}`,
        value: median(rates),
        unit: "leaves/s",
        batch: BATCH,
        signed: true,
      });
      const waits: number[] = [];
      for (let each = 0; each < 100; each++) {
        const start = performance.now();
        await add(10 * LEAVES + each, 1);
        await logs.append();
        waits.push(performance.now() - start);
      }
      report({
        name: `log-append/${engine}/one`,
        value: median(waits),
        unit: "ms",
        p95: quantile(waits, 0.95),
      });
      report({
        name: `log-append/${engine}/files`,
        value: bytesIn(files) / (3 * LEAVES + BATCH + 101),
        unit: "bytes/leaf",
      });
    });
  });
  for (const size of [1_000, 10_000, 100_000, 1_000_000]) {
    const leaves = entriesFrom(0, Math.min(size, 1000)).map(leafHash);
    const read = readerOf(
      Array.from({ length: size }, (_, index) => leaves[index % leaves.length] ?? new Uint8Array(32)),
    );
    read(9, 0); // Builds the levels.
    const times: number[] = [];
    for (let each = 0; each < 200; each++) {
      const start = performance.now();
      inclusionProof((each * 7919) % size, size, read);
      consistencyProof(1 + ((each * 7919) % (size - 1)), size, read);
      times.push(performance.now() - start);
    }
    report({ name: `log-proofs/${size}`, value: median(times) * 1000, unit: "µs for both proofs" });
  }
}

const RELEASES = 30;

export async function auditing(): Promise<void> {
  await withLog(undefined, async ({ store, logs, federation, files, made }) => {
    for (let at = 0; at < AUDITED; at += 1000) {
      await transact(store, async (database) => {
        await logs.promise(database, entriesFrom(at, 1000));
      });
      await logs.append();
    }
    const all = [
      documentEntry("directory", federation.hash, federation.envelope),
      ...entriesFrom(0, AUDITED),
    ];
    const bench = { federation, made, logs: new Map(), files: new Map() };
    const shown = utf8(checkpointOf(bench, "coordinator", all));
    const empty = new Map(
      made.nodes.map(({ code }) => [`nodes/${code}/checkpoint`, utf8(checkpointOf(bench, code, []))]),
    );
    const source = async (path: string) => {
      if (path === "checkpoint") return shown;
      const own = empty.get(path);
      if (own !== undefined) return own;
      try {
        return new Uint8Array(readFileSync(join(files, path)));
      } catch {
        return null; // Not there.
      }
    };
    const times: number[] = [];
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let most = before;
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      const found = await auditFrom(source, federation.first, new Date(), {
        onProgress: () => {
          most = Math.max(most, process.memoryUsage().rss);
        },
      });
      times.push((performance.now() - start) / 1000);
      if (!found.holds) throw new Error(JSON.stringify(found.findings.slice(0, 3)));
    }
    report({ name: "audit/leaves", value: AUDITED / median(times), unit: "leaves/s", leaves: AUDITED });
    report({
      name: "audit/memory",
      value: (most - before) / 1e6,
      unit: "MB above what it began with",
      leaves: AUDITED,
    });
    const read = readerOf(all.map(leafHash));
    const policy = parsePolicy(policyText(federation));
    const checks: number[] = [];
    for (let each = 0; each < 200; each++) {
      const index = (each * 7919) % all.length;
      const proof = inclusionProof(index, all.length, read);
      const text = formatReceipt({ extra: null, index, proof, checkpoint: shown });
      const start = performance.now();
      verifyReceipt(parseReceipt(text), all[index] ?? new Uint8Array(), policy, nativeVerify);
      checks.push(performance.now() - start);
    }
    report({ name: "audit/receipt", value: median(checks), unit: "ms", leaves: AUDITED });
    const start = performance.now();
    extend(EMPTY, all);
    report({
      name: "audit/hashing-alone",
      value: (performance.now() - start) / 1000,
      unit: "s",
      leaves: AUDITED,
    });
  });
  await auditingReleases();
}

/** Releases of a running federation of four regions, each added up anew. */
async function auditingReleases(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const network = await federationOf(folder, { "01": "", "03": "", "04": "", "05": "" }, { logged: true });
  for (let each = 0; each < RELEASES; each++)
    await settled(network, { rho: "1/1000", groupBy: ["sex", "unit"] });
  const source = sourceOf(network.address);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const found = await auditFrom(source, network.made.hash, new Date());
    times.push((performance.now() - start) / 1000);
    if (!found.holds || found.releases.length !== RELEASES)
      throw new Error(JSON.stringify(found.findings.slice(0, 3)));
  }
  report({ name: "audit/releases", value: RELEASES / median(times), unit: "releases/s", regions: 4 });
  await network.stop();
}
