/**
 * The log: leaves a second, durable, in batches; how long one leaf waits; bytes a leaf on disk; and proofs. The published
 * mark for a verifiable access log of this kind is 102 leaves a second.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { makeFederation } from "../cli/demo/federation.ts";
import { CARE_EXPERIENCE } from "../cli/demo/journals.ts";
import type { Logs } from "../coordinator/log/logs.ts";
import type { CoordinatorDatabase } from "../coordinator/store/database.ts";
import type { Federation } from "../protocol/federation/directory.ts";
import { documentEntry } from "../protocol/log/leaf.ts";
import { consistencyProof, inclusionProof, leafHash, readerOf } from "../protocol/log/merkle.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { hashOf, utf8 } from "../protocol/values/bytes.ts";
import { type Store, transact } from "../server/database.ts";
import { coordinatorLogs } from "../test/support/coordinator-logs.ts";
import { eachEngine } from "./engines.ts";
import { median, quantile, report, timed } from "./report.ts";

const BATCH = 500;
const LEAVES = 20_000;
const entry = (index: number): Uint8Array => documentEntry("answer", hashOf(utf8(`answer ${index}`)), null);
export const entriesFrom = (from: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => entry(from + index));

export type Bench = {
  store: Store<CoordinatorDatabase>;
  logs: Logs;
  federation: Federation;
  files: string;
  made: ReturnType<typeof makeFederation>;
};

/** A coordinator's log with its directory in it, of three regions; it goes away after the work. */
export async function withLog(
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

/** Durably: promised in one transaction, then in the log. */
export async function append({ store, logs }: Bench, from: number, count: number): Promise<void> {
  await transact(store, async (database) => {
    await logs.promise(database, entriesFrom(from, count));
  });
  await logs.append();
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true }).reduce(
    (sum, each) =>
      sum + (each.isDirectory() ? bytesIn(join(folder, each.name)) : statSync(join(folder, each.name)).size),
    0,
  );

export async function logAppend(): Promise<void> {
  await eachEngine((engine, databaseUrl) => withLog(databaseUrl, (bench) => appending(engine, bench)));
  for (const size of [1_000, 10_000, 100_000, 1_000_000]) proving(size);
}

/** Leaves a second in batches, how long one leaf by itself waits, and what they take on disk. */
async function appending(engine: string, bench: Bench): Promise<void> {
  await append(bench, 0, BATCH); // Warms.
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const time = await timed(async () => {
      for (let at = 0; at < LEAVES; at += BATCH) await append(bench, (round + 1) * LEAVES + at, BATCH);
    });
    rates.push(LEAVES / (time / 1000));
  }
  const name = `log-append/${engine}`;
  report({ name, value: median(rates), unit: "leaves/s", batch: BATCH, signed: true });

  const waits: number[] = [];
  for (let each = 0; each < 100; each++) waits.push(await timed(() => append(bench, 10 * LEAVES + each, 1)));
  report({ name: `${name}/one`, value: median(waits), unit: "ms", p95: quantile(waits, 0.95) });

  const leaves = 3 * LEAVES + BATCH + 101;
  report({ name: `${name}/files`, value: bytesIn(bench.files) / leaves, unit: "bytes/leaf" });
}

/** The time of an inclusion proof and a consistency proof, in a log of so many leaves. */
function proving(size: number): void {
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
