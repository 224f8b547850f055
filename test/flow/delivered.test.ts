/**
 * A region answers for what it has delivered: an undelivered period is declined, uncharged, whatever rows there are of it,
 * and named; once it is delivered it is answered. Whether it is delivered is what the operator says, not what rows say.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { needsDelivery, waitsFor } from "../../cli/client/waits-for.ts";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { answer } from "../../node/answer/answer.ts";
import type { Policy } from "../../node/answer/policy.ts";
import { readMapping } from "../../node/import/mapping.ts";
import type { ImportReport } from "../../node/import/request.ts";
import { RefusalNote } from "../../protocol/release/answer.ts";
import { Envelope, payloadOf } from "../../protocol/signing/envelope.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { databaseUrlFor, ENGINES, missing, temporaryFolder } from "../support/engines.ts";
import {
  CARE,
  type DatasetDraft,
  type FederationOptions,
  federationOf,
  settled,
  submit,
} from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";

const running: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const PAIRS = 200;
/** The distance that equal distributions stay below but once in 10^9: √(−ln(α/2)/2) · √(2/n). */
const BY_CHANCE = Math.sqrt(-Math.log(1e-9 / 2) / 2) * Math.sqrt(2 / PAIRS);

/** The two-sample Kolmogorov–Smirnov statistic: the greatest distance between the empirical distributions. */
function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const below = (values: readonly number[], x: number) =>
    values.filter((value) => value <= x).length / values.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
}

const HEAD = "person,period,sex,unit,score,flag";
const rowsIn = (period: string, persons: number): string =>
  [HEAD, ...Array.from({ length: persons }, (_, at) => `p${at},${period},1,a,50,true`), ""].join("\n");

/** A file for a region and the periods that its operator declares; null declares none. */
type File = readonly [text: string, covers: string | null];

type Made = {
  readonly network: Network;
  readonly take: (code: string, file: File) => Promise<ImportReport>;
  readonly nodeOf: (code: string) => Network["nodes"][number];
};

/** Regions with these files, each taken in before its node works. */
async function madeOf(
  files: Readonly<Record<string, readonly File[]>>,
  { dataset = CARE, ...options }: FederationOptions & { readonly dataset?: DatasetDraft } = {},
): Promise<Made> {
  const folder = temporaryFolder();
  let count = 0;
  const mapping = readMapping(plainMapping(dataset));
  const takeInto = async (node: Network["nodes"][number], [text, covers]: File): Promise<ImportReport> => {
    const path = join(folder.path, `file-${count++}.csv`);
    writeFileSync(path, text);
    const request = { dataset: "care@1", mapping, path, dryRun: false, covers: covers ?? undefined };
    return await node.import(request, () => undefined);
  };
  const none = Object.fromEntries(Object.keys(files).map((code) => [code, ""]));
  const network = await federationOf(folder.path, none, {
    ...options,
    datasets: [dataset],
    prepare: async (node) => {
      for (const file of files[node.config.code] ?? []) await takeInto(node, file);
    },
  });
  running.push(async () => {
    await network.stop();
    folder.remove();
  });
  const nodeOf = (code: string) => {
    const node = network.nodes.find(({ config }) => config.code === code);
    if (node === undefined) throw new Error("a region of the federation");
    return node;
  };
  return { network, nodeOf, take: (code, file) => takeInto(nodeOf(code), file) };
}

const missingIn = async ({ network }: Made, id: string) => {
  const federation = network.nodes[0]?.answerer.federation;
  if (federation === undefined) throw new Error("a federation");
  return (await fetchResult(network.client, federation, id)).release.missing;
};

const spentIn = async ({ nodeOf }: Made, code: string) =>
  (await nodeOf(code).answerer.ledger.head()).accounts;

const statesIn = async ({ network }: Made, id: string) =>
  (await network.client("getQuery", { params: { id } })).regions.map(({ state, code }) => code ?? state);

describe.each(ENGINES)("on %s", (engine) => {
  test.skipIf(missing(engine))(
    "a region that has imported nothing of a period is named missing, uncharged; it comes late once it has",
    async () => {
      const urls = new Map([["03", await databaseUrlFor(engine)]]);
      const made = await madeOf(
        { "01": [[rowsIn("2026K1", 3), null]], "03": [[`${HEAD}\n`, null]] },
        { logged: true, databaseUrl: (party) => urls.get(party) },
      );
      const { state, id } = await settled(made.network, { periods: ["2026K1"] });
      expect(state).toBe("released");
      expect(await missingIn(made, id)).toEqual([{ region: "03", reason: "no-data" }]);
      expect(await spentIn(made, "03")).toEqual([]);

      // That nothing is to come of it is an answer, too: the file is empty, and says so.
      expect(await made.take("03", [`${HEAD}\n`, "2026K1"])).toMatchObject({
        outcome: "nothing",
        delivered: ["2026K1"],
      });
      await expect.poll(() => missingIn(made, id), { timeout: 60_000 }).toEqual([]);
      expect(await spentIn(made, "03")).toMatchObject([{ period: "2026K1" }, { period: "2026" }]);
      const { address, made: own } = made.network;
      const verdict = await auditFrom(sourceOf(address, fetch), own.hash, made.network.now());
      expect(verdict.findings).toEqual([]);
    },
  );
});

test("an import that declares covers what it says; one that does not, the periods of its rows", async () => {
  const made = await madeOf({ "01": [], "03": [] });
  expect(await made.take("01", [rowsIn("2025K4", 1), null])).toMatchObject({ delivered: ["2025K4"] });
  expect(await made.take("01", [rowsIn("2025K4", 2), null])).toMatchObject({ delivered: [] });
  expect(await made.take("01", [rowsIn("2025K3", 3), "2025K1..2025K2,2026K1"])).toMatchObject({
    delivered: ["2025K1", "2025K2", "2026K1"],
  });
  for (const covers of ["2025", "2025K2..2025K1", "2025K5", "", "2025K1..2025K2..2025K3", "0000K1..9999K4"])
    await expect(made.take("01", [rowsIn("2025K3", 4), covers])).rejects.toMatchObject({
      code: "period-unfit",
    });
  // A file that is in already: said of it later, once.
  expect(await made.take("01", [rowsIn("2025K4", 2), "2024K4"])).toMatchObject({
    outcome: "known",
    delivered: ["2024K4"],
  });
  // Rows that were all refused say nothing, whatever is declared with them.
  expect(await made.take("01", [`${HEAD}\np,2024K1,9,a,50,true\n`, "2024K1"])).toMatchObject({
    outcome: "nothing",
    rejected: 1,
    delivered: [],
  });
  const codes = async (periods: string[]) =>
    statesIn(made, (await settled(made.network, { periods, regions: ["01"] })).id);
  expect(await codes(["2025K4"])).toEqual(["answered"]);
  expect(await codes(["2025K1", "2025K2"])).toEqual(["answered"]);
  // Rows stand in its store, but nobody has said that they are all.
  expect(await codes(["2025K2", "2025K3"])).toEqual(["no-data"]);
  expect(await codes(["2024K1"])).toEqual(["no-data"]);
});

test("where a dataset asks for a declaration, rows alone deliver nothing", async () => {
  const made = await madeOf(
    { "01": [[rowsIn("2025K1", 3), null]], "03": [[rowsIn("2025K1", 3), "2025K1"]] },
    { dataset: { ...CARE, delivery: "declared" } },
  );
  const { id } = await settled(made.network, {});
  expect(await statesIn(made, id)).toEqual(["no-data", "answered"]);
});

test("the policy may say that a period is complete", async () => {
  const made = await madeOf({ "01": [], "03": [] });
  const { config } = made.nodeOf("01");
  const policy = JSON.parse(readFileSync(config.policy, "utf8")) as Policy;
  const complete = [{ dataset: "care@1", periods: ["2025K1"] }];
  writeFileSync(config.policy, JSON.stringify({ ...policy, complete }));
  expect(await statesIn(made, (await settled(made.network, {})).id)).toEqual(["answered", "no-data"]);
  const later = await settled(made.network, { periods: ["2025K2"] });
  expect(await statesIn(made, later.id)).toEqual(["no-data", "no-data"]);
});

test("with too few, it stays open for a delivery, says so, and is released when that comes", async () => {
  const made = await madeOf({ "01": [[rowsIn("2026K1", 3), null]], "03": [[`${HEAD}\n`, null]] });
  const status = await settled(made.network, { periods: ["2026K1"], minRegions: 2 });
  expect(status).toMatchObject({ state: "open", release: null });
  expect(needsDelivery(status)).toBe(true);
  expect(waitsFor(status)).toMatch(
    /^1 of 2 regions can answer, and minRegions is 2; missing: 03 \(no-data\)/,
  );
  await made.take("03", [rowsIn("2026K1", 2), null]);
  await expect.poll(() => statesIn(made, status.id), { timeout: 60_000 }).toEqual(["answered", "answered"]);
  await expect
    .poll(async () => (await made.network.client("getQuery", { params: { id: status.id } })).state)
    .toBe("released");
});

test("behind masks, too: the sum is of the regions that have delivered, and nobody else is charged", async () => {
  const delivering: readonly File[] = [[rowsIn("2026K1", 3), null]];
  const codes = ["01", "03", "04", "05"];
  const made = await madeOf(Object.fromEntries(codes.map((code) => [code, code === "05" ? [] : delivering])));
  for (const release of ["national", "both"]) {
    const more = release === "both" ? { nationalPart: "1/2" } : {};
    const { id, state } = await settled(made.network, {
      periods: ["2026K1"],
      release,
      minRegions: 3,
      ...more,
    });
    expect(state).toBe("released");
    expect(await missingIn(made, id)).toEqual([{ region: "05", reason: "no-data" }]);
  }
  expect(await spentIn(made, "05")).toEqual([]);
});

test("no row, one row or many of an undelivered period: the same bytes leave but for signature and code, and as fast", async () => {
  const sent: Envelope[] = [];
  const watching: Fetch = async (url, init) => {
    const { body } = init ?? {};
    if (String(url).endsWith(ROUTES.submitAnswer.path) && typeof body === "string")
      sent.push(Envelope.parse(JSON.parse(body)));
    return await fetch(url, init);
  };
  const other = rowsIn("2026K1", 5);
  const made = await madeOf(
    {
      "01": [[other, "2026K1"]],
      "03": [[`${other}p9,2025K4,1,a,50,true\n`, "2026K1"]],
      "04": [[`${other}${rowsIn("2025K4", 20_000).slice(HEAD.length + 1)}`, "2026K1"]],
    },
    { fetch: () => watching },
  );
  const id = await submit(made.network, { periods: ["2025K4"], minRegions: 1 });
  await expect.poll(() => sent.length, { timeout: 60_000 }).toBe(3);
  const said = sent.map((envelope) => ({ ...payloadOf(RefusalNote, envelope), node: "" }));
  expect(new Set(said.map((note) => JSON.stringify(note))).size).toBe(1);
  expect(said[0]).toMatchObject({ query: id, code: "no-data", charge: "0" });
  expect(new Set(sent.map((envelope) => JSON.stringify(envelope).length)).size).toBe(1);

  const { query, approvals } = await made.network.client("getQuery", { params: { id } });
  const declining = async (code: string): Promise<number> => {
    const { answerer } = made.nodeOf(code);
    const before = performance.now();
    await expect(answer({ query, approvals, proof: null, round: null }, answerer)).rejects.toThrow(Refusal);
    return performance.now() - before;
  };
  /** What this statistic must tell apart on any machine: one of the two takes ten times as long. */
  const tenfold = async (code: string): Promise<number> => {
    let sum = 0;
    for (let time = 0; time < (code === "01" ? 1 : 10); time++) sum += await declining(code);
    return sum;
  };
  // In turns, so that whatever else the machine does falls on both alike; by chance once in 10^9.
  const apart = async (time: (code: string) => Promise<number>): Promise<number> => {
    const [none, many]: [number[], number[]] = [[], []];
    for (let pair = 0; pair < PAIRS; pair++) {
      none.push(await time("01"));
      many.push(await time("04"));
    }
    return kolmogorovSmirnov(none, many);
  };
  await apart(declining); // What is compiled and cached on the way is no difference between regions.
  expect(await apart(declining)).toBeLessThan(BY_CHANCE);
  expect(await apart(tenfold)).toBeGreaterThan(BY_CHANCE);
});
