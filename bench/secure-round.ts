/**
 * A secure sum's round: time from the question to the release over HTTP on loopback, all parties in this process,
 * with none and with six regions missing, against the same question unmasked; bytes per node; the work of one node
 * and of the coordinator by themselves; and how all of it grows with the number of nodes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, fillQuery, signApproval, signQuery } from "../cli/client/ask.ts";
import { type Network, startNetwork } from "../cli/demo/network.ts";
import { drawNoiseShares } from "../node/answer/noise.ts";
import { readMapping } from "../node/import/mapping.ts";
import { systemRandom } from "../node/random.ts";
import { maskVector } from "../node/secure-sum/mask.ts";
import { planOf } from "../protocol/plan/plan.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { pieces, Sum64 } from "../protocol/secure-sum/mask.ts";
import { envelopeId } from "../protocol/signing/envelope.ts";
import { hashOf, utf8 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { nativePrimitives } from "../server/primitives.ts";
import { type Clock, clockOf, without } from "../test/support/clock.ts";
import { queryOf } from "../test/support/generate.ts";
import { median, report } from "./report.ts";

const categories = (length: number) => ({
  kind: "category" as const,
  values: Array.from({ length }, (_, index) => `v${index}`),
});
const DATASET = {
  dataset: "bench",
  version: 1,
  title: { sv: "Mätning", en: "Benchmark" },
  person: "one person within one region",
  period: "quarter" as const,
  rowsPerPerson: 5 as const,
  maxPersons: 1_000_000,
  columns: { ten: categories(10), hundred: categories(100), a: categories(1000), b: categories(1000) },
  budget: { rhoPerPeriod: "1000", delta: "1e-9" },
};
const GROUPS = new Map([
  [1_000, ["ten", "hundred"]],
  [10_000, ["ten", "a"]],
  [100_000, ["hundred", "a"]],
  [1_000_000, ["a", "b"]],
]);
const LIMIT = 1_000_000;

type Traffic = { up: number; down: number };

async function networkOf(n: number, missing: Set<string>, traffic: Map<string, Traffic>) {
  const clock = clockOf();
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const codes = Array.from({ length: n }, (_, index) => String(index + 1).padStart(3, "0"));
  const path = join(folder, "rows.csv");
  const row = (person: number) =>
    `p${person},2025K1,v${person % 10},v${person % 100},v${person % 1000},v${(person * 7) % 1000}`;
  writeFileSync(
    path,
    `person,period,ten,hundred,a,b\n${Array.from({ length: 2000 }, (_, person) => row(person)).join("\n")}\n`,
  );
  const mapping = readMapping({
    person: "person",
    period: { column: "period" },
    columns: Object.fromEntries(Object.keys(DATASET.columns).map((name) => [name, { column: name }])),
  });
  const network = await startNetwork(
    folder,
    {
      name: "Bench",
      regions: codes.map((code) => ({ code, name: code })),
      datasets: [writeDataset(DATASET)],
      approvals: 1,
      logged: false,
    },
    {
      tick: 1,
      limit: LIMIT,
      now: clock.now,
      fetch: (code) => async (url, init) => {
        const own = traffic.get(code) ?? { up: 0, down: 0 };
        traffic.set(code, own);
        // Missing from the third round on: others' masks with it must be rebuilt.
        if (
          missing.has(code) &&
          (/chunks/.test(url) || (typeof init?.body === "string" && /brus\.masked/.test(init.body)))
        )
          return Response.json({ id: hashOf(utf8("lost")) });
        const { body } = init ?? {};
        own.up += typeof body === "string" ? body.length : body instanceof Uint8Array ? body.length : 0;
        const response = await fetch(url, init);
        own.down += Number(response.headers.get("content-length") ?? 0);
        return response;
      },
      prepare: async (node) => {
        await node.import({ dataset: "bench@1", mapping, path, dryRun: false }, () => undefined);
      },
    },
  );
  return { network, codes, folder, run: { network, clock, missing } };
}

type Run = { readonly network: Network; readonly clock: Clock; readonly missing: ReadonlySet<string> };

async function once(
  { network, clock, missing }: Run,
  cells: number,
  release: "regions" | "national",
  n: number,
) {
  const now = network.now();
  const { made, client } = network;
  const draft = {
    dataset: "bench@1",
    title: "A benchmark",
    purpose: "To measure",
    periods: ["2025K1"],
    groupBy: GROUPS.get(cells),
    measures: [{ id: "n", kind: "count" }],
    release,
    regions: "all",
    minRegions: Math.min(15, n),
    pool: false,
    rho: "1/10",
  };
  const query = fillQuery(draft, made.hash, made.researcher.id, now, systemRandom);
  const envelope = signQuery(query, made.researcher.signer);
  const [approver] = made.approvers;
  if (approver === undefined) throw new Error("there is an approver");
  const start = performance.now();
  const id = await ask(client, envelope, [signApproval(envelopeId(envelope), approver, now)]);
  const status = await patiently(() => without([...missing], network, clock, id));
  if (status.state !== "released") throw new Error(`the benchmark's query ${status.state}: ${status.reason}`);
  return performance.now() - start;
}

/** All parties in one process keep it busy for seconds: a connection that was idle meanwhile may be gone. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt > 20 || !(error instanceof Refusal) || error.code !== "unavailable") throw error;
    }
  }
}

const several = async (times: number, work: () => Promise<number>): Promise<number> => {
  const all: number[] = [];
  for (let each = 0; each < times; each++) all.push(await work());
  return median(all);
};

export async function secureRound(): Promise<void> {
  alone(1_000_000, 21);
  const traffic = new Map<string, Traffic>();
  const missing = new Set<string>();
  for (const sizes of [[1_000, 100_000], [1_000_000]]) await rounds(sizes, missing, traffic);
  for (const n of [5, 10, 21, 50, 100]) {
    const grown = await networkOf(n, missing, traffic);
    await once(grown.run, 1_000, "national", n);
    const time = await several(n > 21 ? 1 : 3, () => once(grown.run, 10_000, "national", n));
    report({ name: `secure-round/nodes/${n}`, value: time, unit: "ms", cells: 10_000 });
    await grown.network.stop();
    rmSync(grown.folder, { recursive: true, force: true });
  }
}

async function rounds(
  sizes: readonly number[],
  missing: Set<string>,
  traffic: Map<string, Traffic>,
): Promise<void> {
  const { network, codes, folder, run } = await networkOf(21, missing, traffic);
  await once(run, 1_000, "national", 21); // Warms.
  for (const cells of sizes) {
    const runs = cells === 1_000_000 ? 1 : 3;
    traffic.clear();
    const none = await several(runs, () => once(run, cells, "national", 21));
    const own = traffic.get("001") ?? { up: 0, down: 0 };
    report({ name: `secure-round/${cells}/none-missing`, value: none, unit: "ms" });
    report({ name: `secure-round/${cells}/up`, value: own.up / runs, unit: "bytes per node" });
    report({ name: `secure-round/${cells}/down`, value: own.down / runs, unit: "bytes per node" });
    for (const code of codes.slice(-6)) missing.add(code);
    const six = await several(1, () => once(run, cells, "national", 21));
    missing.clear();
    report({ name: `secure-round/${cells}/six-missing`, value: six, unit: "ms" });
    if (cells > 100_000) continue;
    const plain = await several(runs, () => once(run, cells, "regions", 21));
    report({ name: `secure-round/${cells}/unmasked`, value: plain, unit: "ms" });
    report({ name: `secure-round/${cells}/against-unmasked`, value: none / plain, unit: "ratio" });
  }
  const name = `secure-round/${sizes.at(-1)}/memory`;
  report({ name, value: process.resourceUsage().maxRSS / 1000, unit: "MB at most, all 22 parties" });
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The work of one node, and of the coordinator's sum, by themselves. */
function alone(cells: number, n: number): void {
  const measure = (name: string, work: () => void) => {
    const times: number[] = [];
    for (let each = 0; each < 5; each++) {
      const start = performance.now();
      work();
      times.push(performance.now() - start);
    }
    report({ name: `secure-round/alone/${name}`, value: median(times), unit: "ms", cells, nodes: n });
  };
  nodeAlone(cells, n, measure);
  measure("coordinator-sum/none-missing", () => openSum(cells, n, 0));
  measure("coordinator-sum/six-missing", () => openSum(cells, n - 6, 6));
}

/** A node's noise, its masks by themselves, and its masked vector, which is both with the sums. */
function nodeAlone(cells: number, n: number, measure: (name: string, work: () => void) => void): void {
  const dataset = writeDataset(DATASET).dataset;
  const query = queryOf({ dataset: "bench@1", groupBy: ["a", "b"], release: "national", minRegions: 15 });
  const plan = planOf(query, dataset, n, LIMIT);
  const sums = new Array<bigint>(cells).fill(60n);
  const peers = Array.from({ length: n - 1 }, (_, index) => ({
    node: String(index + 2).padStart(3, "0"),
    key: nativePrimitives.publicOf(new Uint8Array(32).fill(index + 1)),
  }));
  let noise: Float64Array[] = [];
  measure("node-noise", () => {
    noise = drawNoiseShares(plan, systemRandom);
  });
  measure("node-masks", () => {
    for (const { offset, length } of pieces(cells * 8)) {
      const sum = new Sum64(length / 8);
      const masks = peers.map(({ key }, index) => ({
        key,
        sign: index % 2 === 0 ? (1 as const) : (-1 as const),
      }));
      sum.addMasks([{ key: new Uint8Array(32), sign: 1 }, ...masks], nativePrimitives, offset, false);
      sum.toBytes();
    }
  });
  measure("node-masked-vector", () => {
    maskVector({
      plan,
      sums,
      noise,
      session: hashOf(utf8("s")),
      u2: hashOf(utf8("u")),
      code: "001",
      seed: new Uint8Array(32),
      maskKey: new Uint8Array(32).fill(9),
      peers,
      primitives: nativePrimitives,
      salt: () => new Uint8Array(32),
    });
  });
}

/** Adds survivors' vectors up and takes their masks off, with those that were agreed with whoever is gone. */
function openSum(cells: number, survivors: number, gone: number): void {
  const vector = new Uint8Array(1 << 20);
  for (const { offset, length } of pieces(cells * 8)) {
    const sum = new Sum64(length / 8);
    for (let each = 0; each < survivors; each++) sum.addBytes(vector.subarray(0, length), 1);
    const masks = Array.from({ length: survivors * (1 + gone) }, (_, index) => ({
      key: new Uint8Array(32).fill(index),
      sign: 1 as const,
    }));
    sum.addMasks(masks, nativePrimitives, offset, true);
    if (gone === 0) for (let each = 0; each < survivors; each++) sum.addBytes(vector.subarray(0, length), -1);
    sum.toBytes();
  }
}
