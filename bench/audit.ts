/**
 * An audit's speed and memory on a log of 100,000 leaves, the check of one receipt in it, and an audit of releases that
 * are added up anew.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditFrom } from "../cli/commands/audit.ts";
import { sourceOf } from "../cli/log/source.ts";
import type { Source } from "../protocol/log/documents.ts";
import { EMPTY, extend } from "../protocol/log/frontier.ts";
import { documentEntry } from "../protocol/log/leaf.ts";
import { inclusionProof, leafHash, readerOf } from "../protocol/log/merkle.ts";
import {
  formatReceipt,
  parsePolicy,
  parseReceipt,
  policyText,
  verifyReceipt,
} from "../protocol/log/receipt.ts";
import { type Hash, utf8 } from "../protocol/values/bytes.ts";
import { nativeVerify } from "../server/signing.ts";
import { federationOf, settled } from "../test/support/federation.ts";
import { checkpointOf } from "../test/support/forge.ts";
import { append, type Bench, entriesFrom, withLog } from "./log.ts";
import { median, report, timed } from "./report.ts";

const LEAVES = 100_000;
const RELEASES = 30;

export async function auditing(): Promise<void> {
  await withLog(undefined, async (bench) => {
    for (let at = 0; at < LEAVES; at += 1000) await append(bench, at, 1000);
    const { federation, made } = bench;
    const all = [documentEntry("directory", federation.hash, federation.envelope), ...entriesFrom(0, LEAVES)];
    const forged = { federation, made, logs: new Map(), files: new Map() };
    const checkpoint = (log: string, entries: Uint8Array[]) => utf8(checkpointOf(forged, log, entries));
    const shown = checkpoint("coordinator", all);
    const empty = made.nodes.map(({ code }) => [`nodes/${code}/checkpoint`, checkpoint(code, [])] as const);
    const source = filesUnder(bench.files, new Map([["checkpoint", shown], ...empty]));

    await auditingLeaves(source, federation.first);
    checkingReceipts(all, shown, bench);
    const time = await timed(async () => extend(EMPTY, all));
    report({ name: "audit/hashing-alone", value: time / 1000, unit: "s", leaves: LEAVES });
  });
  await auditingReleases();
}

/** A folder's files, but for those given here. */
const filesUnder =
  (folder: string, given: ReadonlyMap<string, Uint8Array>): Source =>
  async (path) => {
    const own = given.get(path);
    if (own !== undefined) return own;
    try {
      return new Uint8Array(readFileSync(join(folder, path)));
    } catch {
      return null; // Not there.
    }
  };

async function auditingLeaves(source: Source, first: Hash): Promise<void> {
  const times: number[] = [];
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = before;
  const onProgress = () => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const found = await auditFrom(source, first, new Date(), { onProgress });
    times.push((performance.now() - start) / 1000);
    if (!found.holds) throw new Error(JSON.stringify(found.findings.slice(0, 3)));
  }
  report({ name: "audit/leaves", value: LEAVES / median(times), unit: "leaves/s", leaves: LEAVES });
  const memory = (most - before) / 1e6;
  report({ name: "audit/memory", value: memory, unit: "MB above what it began with", leaves: LEAVES });
}

function checkingReceipts(all: readonly Uint8Array[], checkpoint: Uint8Array, { federation }: Bench): void {
  const read = readerOf(all.map(leafHash));
  const policy = parsePolicy(policyText(federation));
  const times: number[] = [];
  for (let each = 0; each < 200; each++) {
    const index = (each * 7919) % all.length;
    const proof = inclusionProof(index, all.length, read);
    const text = formatReceipt({ extra: null, index, proof, checkpoint });
    const start = performance.now();
    verifyReceipt(parseReceipt(text), all[index] ?? new Uint8Array(), policy, nativeVerify);
    times.push(performance.now() - start);
  }
  report({ name: "audit/receipt", value: median(times), unit: "ms", leaves: LEAVES });
}

/** Releases of a running federation of four regions, each added up anew. */
async function auditingReleases(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const network = await federationOf(folder, { "01": "", "03": "", "04": "", "05": "" }, { logged: true });
  for (let each = 0; each < RELEASES; each++)
    await settled(network, { rho: "1/1000", groupBy: ["sex", "unit"] });
  const source = sourceOf(network.address, fetch);
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
