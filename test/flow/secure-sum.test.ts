/**
 * Secure sums end to end: 21 regions over HTTP, with none, one and six missing at each round, and seven, which is
 * refused. The sum equals that of the noised vectors exactly; an auditor adds it up anew; both kinds are reconciled.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recompute } from "../../cli/client/recompute.ts";
import type { Network } from "../../cli/demo/network.ts";
import { drawNoiseShares } from "../../node/answer/noise.ts";
import { runPlan } from "../../node/answer/sums.ts";
import { systemRandom } from "../../node/random.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Plan } from "../../protocol/plan/plan.ts";
import { decodeVector, fromBase64 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { toNumber } from "../../protocol/values/rational.ts";
import type { Fetch } from "../../protocol/wire/client.ts";
import { fetchResult, type Result } from "../../protocol/wire/fetch-release.ts";
import { type QueryStatus, ROUTES } from "../../protocol/wire/routes.ts";
import type { Act } from "../support/cast.ts";
import { clockOf, without } from "../support/clock.ts";
import { CARE, federationOf, submit } from "../support/federation.ts";

const ACTS = ["advertise", "share", "mask", "agree", "open"] as const satisfies readonly Act[];
const CODES = Array.from({ length: 21 }, (_, index) => String(index + 1).padStart(2, "0"));
const MEASURES = [
  { id: "n", kind: "count" },
  { id: "m", kind: "mean", column: "score" },
];

/** From which round on a region is missing: its messages of that round and later ones get nowhere. */
const missingFrom = new Map<string, Act>();
const drawn = new Map<string, Float64Array[]>();
const traffic = new Map<string, string[]>();

const kindOf = (init: RequestInit | undefined): string => {
  if (typeof init?.body !== "string") return "";
  const { envelope } = JSON.parse(init.body) as { envelope: { payloadType: string } };
  return envelope.payloadType.replace(/^application\/vnd\.brus\.(.*)\.v1\+json$/, "$1");
};
const KINDS = ["advert", "commitment", "masked", "agreement", "opening"];

const flaky =
  (code: string): Fetch =>
  async (url, init) => {
    const from = missingFrom.get(code);
    if (url.endsWith(ROUTES.submitRound.path)) {
      const kind = kindOf(init);
      traffic.set(code, [...(traffic.get(code) ?? []), kind]);
      if (from !== undefined && KINDS.indexOf(kind) >= ACTS.indexOf(from))
        // Lost on the way: a region that saw an error would try again, and come late instead of not at all.
        return Response.json({ id: `sha256:${"0".repeat(64)}` });
    }
    if (from !== undefined && url.endsWith(`/api/chunks/${encodeURIComponent(`sha256:${"0".repeat(64)}`)}`))
      return Response.json({ id: `sha256:${"0".repeat(64)}` });
    return await fetch(url, init);
  };

let folder = "";
let network: Network;
const clock = clockOf();
const fresh = { now: clock.now, random: systemRandom };
const csvOf = (index: number) =>
  `person,period,sex,unit,score,flag\n${Array.from(
    { length: 40 + index },
    (_, person) => `p${person},2025K1,${1 + (person % 2)},a,${(person * 7 + index) % 101},true`,
  ).join("\n")}\n`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "brus-secure-"));
  network = await federationOf(folder, Object.fromEntries(CODES.map((code, index) => [code, csvOf(index)])), {
    fetch: flaky,
    now: clock.now,
    datasets: [{ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } }],
    noiseShares: (plan, code) => {
      const noise = drawNoiseShares(plan, systemRandom);
      drawn.set(
        code,
        noise.map((component) => component.slice()),
      ); // The session wipes its own.
      return noise;
    },
  });
});
afterAll(async () => {
  missingFrom.clear();
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
});

const draft = (more: object = {}) => ({
  release: "national",
  measures: MEASURES,
  groupBy: ["sex"],
  minRegions: 15,
  rho: "1/10",
  ...more,
});

/** To its end, though some are missing from the round `act` on: nobody waits for those. */
async function ended(
  more: object,
  gone: readonly string[] = [],
  act: Act | null = null,
): Promise<QueryStatus> {
  if (act !== null) for (const code of gone) missingFrom.set(code, act);
  const minutes = (many: number) => instant(new Date(clock.now().getTime() + many * 60_000));
  const times = { expires: minutes(30), answerBy: minutes(30) };
  try {
    return await without(gone, network, clock, await submit(network, draft({ ...times, ...more })));
  } finally {
    missingFrom.clear();
  }
}

async function asked(
  more: object = {},
  gone: readonly string[] = [],
  act: Act | null = null,
): Promise<Result> {
  const federation = network.nodes[0]?.answerer.federation;
  if (federation === undefined) throw new Error("a federation has nodes");
  const status = await ended(more, gone, act);
  expect(status.state, status.reason ?? "").toBe("released");
  return await fetchResult(network.client, federation, status.id);
}

/** The survivors' true sums times the scale, with the noise that stays in. */
async function expected({ plan, release }: Result): Promise<bigint[]> {
  const { noiseShares } = plan;
  const { national } = release;
  if (noiseShares === null || national === null) throw new Error("the release is national");
  const survivors = national.survivors.map(({ region }) => region);
  const step = noiseShares.steps.findIndex((covers) => covers >= noiseShares.n - survivors.length);
  const opened = new Set(national.openings.flatMap(({ region, surplus }) => (surplus ? [region] : [])));
  const total = new Array<bigint>(plan.length * plan.periods.length).fill(0n);
  for (const node of network.nodes.filter(({ config }) => survivors.includes(config.code))) {
    const sums = await runPlan(plan, node.store);
    const noise = drawn.get(node.config.code) ?? [];
    const kept = opened.has(node.config.code) ? noise.slice(0, step + 1) : noise;
    sums.forEach((sum, index) => {
      const added = kept.reduce((all, component) => all + BigInt(component[index] ?? 0), 0n);
      total[index] = (total[index] ?? 0n) + sum * noiseShares.scale + added;
    });
  }
  return total;
}

async function sumOf(id: string): Promise<bigint[]> {
  const { release } = await network.client("getQuery", { params: { id } });
  const { sum } = await network.client("getSum", { params: { id: release ?? "" } });
  return decodeVector(fromBase64(sum));
}

const variancesOf = (plan: Plan, missing: number): number[] =>
  (plan.noiseShares?.vectors ?? []).map(({ components }) => {
    const step = plan.noiseShares?.steps.findIndex((covers) => covers >= missing) ?? 0;
    const kept = components.slice(0, step + 1).reduce((sum, variance) => sum + toNumber(variance), 0);
    return ((21 - missing) * kept) / (60 * Number(plan.noiseShares?.scale)) ** 2;
  });

describe("21 regions over HTTP", () => {
  test("all there: the sum is exactly that of the noised vectors, and only masked vectors left a region", async () => {
    const result = await asked();
    expect(await sumOf(result.release.query)).toEqual(await expected(result));
    expect(result.release.missing).toEqual([]);
    expect(result.cells.map(({ at }) => at["region"])).toEqual(Array(4).fill("00"));
    const [count] = result.cells;
    expect(count?.se).toBeCloseTo(Math.sqrt(variancesOf(result.plan, 0)[0] ?? 0), 3);
    for (const code of CODES) expect(traffic.get(code)).toEqual(KINDS);
    await expect(
      network.client("getAnswers", { params: { id: (await release(result)) ?? "" } }),
    ).resolves.toMatchObject({ answers: [] });
  });

  const release = async ({ release: { query } }: Result) =>
    (await network.client("getQuery", { params: { id: query } })).release;

  test.each(ACTS.flatMap((act) => [1, 6].map((count) => [count, act] as const)))(
    "%i missing from the round %s on: no loss of the answer",
    async (count, act) => {
      const gone = CODES.slice(-count);
      const result = await asked({}, gone, act);
      expect(await sumOf(result.release.query)).toEqual(await expected(result));
      const { national, missing } = result.release;
      // Whoever sent its vector is in the sum, even if it helped to open nothing.
      const inSum = act === "agree" || act === "open" ? 21 : 21 - count;
      expect(national?.survivors).toHaveLength(inSum);
      expect(missing.map(({ region }) => region)).toEqual(inSum === 21 ? [] : gone);
      const planned = variancesOf(result.plan, 21 - inSum)[0] ?? 0;
      const stays = Number(result.cells[0]?.se) ** 2;
      if (inSum === 21) expect(stays).toBeGreaterThan(planned);
      else expect(stays).toBeCloseTo(planned, 1);
    },
  );

  const chargedFor = async (query: string): Promise<string[]> => {
    const charged = await Promise.all(
      network.nodes.map(async ({ config, store }) => {
        const rows = await store.kysely
          .selectFrom("ledger_entry")
          .select("charge")
          .where("query", "=", query)
          .where("ledger_group", "=", "care")
          .execute();
        return rows.map(() => config.code);
      }),
    );
    return charged.flat().toSorted();
  };

  test("seven missing: refused, the reason plain, the charge kept, no vector opened", async () => {
    const status = await ended({}, CODES.slice(-7), "mask");
    expect(status.state).toBe("failed");
    expect(status.reason).toBe(
      `14 of 21 regions took part; 15 are needed, so that no mask opens for fewer; missing in phase mask of attempt 1: ${CODES.slice(-7).join(", ")}`,
    );
    expect(status.release).toBeNull();
    expect(await chargedFor(status.id)).toEqual(CODES);
  });

  test("minRegions above the threshold is the floor", async () => {
    const status = await ended({ minRegions: 20 }, CODES.slice(-2), "advertise");
    expect(status).toMatchObject({ state: "failed" });
    expect(status.reason).toMatch(/20 are needed/);
    // The round never formed: nobody was charged for it.
    expect(await chargedFor(status.id)).toEqual([]);
  });

  test("an auditor adds the sum up anew, with regions missing; others are not given what it needs", async () => {
    for (const code of CODES.slice(0, 2)) missingFrom.set(code, "open");
    missingFrom.set("21", "mask");
    const result = await asked({}, [...missingFrom.keys()], null);
    const federation = network.nodes[0]?.answerer.federation;
    if (federation === undefined) throw new Error("a federation has nodes");
    const { auditor, researcher, approvers } = network.made;
    const found = await recompute(network.client, federation, result.release.query, auditor, fresh);
    expect(found.survivors).toHaveLength(20);
    expect(found.unopened).toEqual(CODES.slice(0, 2));
    for (const other of [researcher, approvers[0] ?? researcher]) {
      await expect(
        recompute(network.client, federation, result.release.query, { ...other, id: "auditor" }, fresh),
      ).rejects.toMatchObject({ code: "key-wrong-purpose" });
    }
    const kept = await network.coordinator.store.kysely.selectFrom("request").selectAll().execute();
    expect(kept.length).toBeGreaterThan(0);
  });

  test("both kinds: regions add up to the nation, which is more exact than either estimate", async () => {
    const result = await asked({
      release: "both",
      nationalPart: "1/2",
      measures: [{ id: "n", kind: "count" }],
    });
    expect(result.release.answers).toHaveLength(21);
    const federation = network.nodes[0]?.answerer.federation;
    if (federation === undefined) throw new Error("a federation has nodes");
    for (const sex of ["1", "2"]) {
      const of = (region: string) =>
        result.cells.find(({ at }) => at["region"] === region && at["sex"] === sex) ?? expect.fail();
      const parts = CODES.map((code) => of(code).value ?? Number.NaN).reduce((a, b) => a + b);
      expect(Math.abs(parts - (of("00").value ?? Number.NaN))).toBeLessThan(22 * 0.5e-4);
      const secure = variancesOf(result.plan, 0)[0] ?? 0;
      const own = toNumber(result.plan.vectors[0]?.variance ?? expect.fail()) / 3600;
      expect(of("00").se).toBeCloseTo(Math.sqrt(1 / (1 / secure + 1 / (21 * own))), 3);
      expect(of("01").se).toBeLessThan(Math.sqrt(own));
    }
    const plan = planIn(federation, result.query);
    // The charge is one: half for the regions' answers, half for the sum.
    expect(toNumber(plan.charge)).toBeLessThanOrEqual(0.1);
    expect(toNumber(plan.charge)).toBeGreaterThan(0.0999);
  });

  test("both kinds with a region missing from the sum: its own answer is still in the nation's", async () => {
    const both = {
      release: "both",
      nationalPart: "1/2",
      groupBy: [],
      measures: [{ id: "n", kind: "count" }],
    };
    const result = await asked(both, ["21"], "mask");
    expect(result.release.answers).toHaveLength(21);
    expect(result.release.national?.survivors).toHaveLength(20);
    const nation = result.cells.find(({ at }) => at["region"] === "00");
    // 40 + 41 + … + 60 persons.
    expect(Math.abs((nation?.value ?? 0) - 1050)).toBeLessThan(8 * (nation?.se ?? 0));
  });

  test("a national query is answered by no region alone", async () => {
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has nodes");
    const { id } = await ended({});
    const status = await network.client("getQuery", { params: { id } });
    const { answer } = await import("../../node/answer/answer.ts");
    await expect(
      answer({ query: status.query, approvals: status.approvals, round: null, proof: null }, node.answerer),
    ).rejects.toMatchObject({ code: "round-unfit" });
  });
});
