/**
 * The attack table of the privacy design, through the coordinator's HTTP interface or a node's own import. Each row's
 * number stands in its test's name. Long ones run a fixed subset here and whole under `npm run soak -- attacks`.
 */
import { unlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillQuery, signApproval, signQuery } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import { answer as answerQuery } from "../../node/answer/answer.ts";
import { drawNoise, systemNoise } from "../../node/answer/noise.ts";
import { readMapping } from "../../node/import/mapping.ts";
import { RandomnessFailure, systemRandom } from "../../node/random.ts";
import { planOf } from "../../protocol/plan/plan.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { Answer } from "../../protocol/release/answer.ts";
import { envelopeId, signDocument } from "../../protocol/signing/envelope.ts";
import { fromBase64, fromUtf8 } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { format } from "../../protocol/values/rational.ts";
import { Problem } from "../../protocol/values/refusal.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";
import { temporaryFolder } from "../support/engines.ts";
import {
  CARE,
  complete,
  type DatasetDraft,
  DRAFT,
  federationOf,
  importText,
  now,
  released,
  settled,
  submit,
} from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";
import { seededNoise, zeroNoise } from "../support/seeded-noise.ts";

const SOAK = process.env["BRUS_SOAK"] !== undefined;
const HEAD = "person,period,sex,unit,score,flag";
const ROWS = [
  "p1,2025K1,1,a,10,true",
  "p2,2025K1,2,b,90,false",
  "p3,2025K1,1,,,true",
  "p4,2025K1,2,c,55,false",
];
const csv = (...rows: string[]): string => `${[HEAD, ...rows].join("\n")}\n`;
const ALL = [
  { id: "n", kind: "count" },
  { id: "sum", kind: "sum", column: "score" },
  { id: "mean", kind: "mean", column: "score" },
  { id: "variance", kind: "variance", column: "score" },
  { id: "share", kind: "share", predicate: { column: "flag", in: [true] } },
  { id: "bins", kind: "histogram", column: "score", edges: [0, 50] },
  { id: "median", kind: "quantile", column: "score", probabilities: ["1/2"] },
];

const cleanups: Array<() => Promise<void>> = [];
afterAll(async () => {
  for (const clean of cleanups) await clean();
});

async function federation(
  regions: Record<string, string>,
  options: Parameters<typeof federationOf>[2] = {},
): Promise<Network & { folder: string }> {
  const folder = temporaryFolder();
  const network = await federationOf(folder.path, regions, options);
  cleanups.push(async () => {
    await network.stop();
    folder.remove();
  });
  return { ...network, folder: folder.path };
}

/** The answer a node sent, as the coordinator keeps it. */
async function answerOf(network: Network, query: string) {
  const { release } = await network.client("getQuery", { params: { id: query } });
  const { answers } = await network.client("getAnswers", { params: { id: release ?? "" } });
  const [envelope] = answers;
  if (envelope === undefined) throw new Error("a release has an answer");
  return { envelope, answer: Answer.parse(JSON.parse(fromUtf8(fromBase64(envelope.payload)))) };
}

async function post(
  network: Network,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; problem: Problem | null; text: string }> {
  const response = await fetch(`${network.address}${path}`, {
    method: "POST",
    body,
    // The server closes after a body that is too large: a connection of its own, so that nobody else's is hit.
    headers: { "content-type": "application/json", connection: "close" },
  });
  const text = await response.text();
  return { status: response.status, text, problem: response.ok ? null : Problem.parse(JSON.parse(text)) };
}

describe("neighbours", () => {
  // Two federations that differ in one person, noise from the system.
  let [a, b]: Array<Network & { folder: string }> = [];
  beforeAll(async () => {
    const datasets: DatasetDraft[] = [{ ...CARE, budget: { rhoPerPeriod: "100000", delta: "1e-9" } }];
    a = await federation({ "01": csv(...ROWS) }, { datasets });
    b = await federation({ "01": csv(...ROWS, "p5,2025K1,1,b,100,true") }, { datasets });
  });

  test("1: figures of neighbours lie on the same public grid, low bits telling nothing", async () => {
    const periods = Array.from(
      { length: SOAK ? 800 : 80 },
      (_, index) => `${1826 + Math.floor(index / 4)}K${(index % 4) + 1}`,
    );
    // Of 240 draws among 60 one in the mean does not come; of 160 ten would not, once in a few hundred runs.
    const rounds = SOAK ? 63 : 3;
    const grids = { n: 1e4, sum: 1e4, mean: 1e4, share: 1e6 };
    const seen: Array<Map<string, Set<number>>> = [];
    for (const network of [a, b]) {
      for (const { config } of network?.nodes ?? []) complete(config.policy, "care@1", periods);
      const residues = new Map<string, Set<number>>();
      for (let round = 0; round < rounds; round++) {
        const { cells } = await released(network as Network, {
          periods,
          measures: ALL.slice(0, 3),
          rho: "1/2",
        });
        for (const { measure, value } of cells) {
          if (value === null) continue;
          const grid = grids[measure as keyof typeof grids];
          expect(Math.abs(value * grid - Math.round(value * grid))).toBeLessThan(1e-3);
          // A count in sixtieths has 60 possible fractions; which ones come must not depend on the data.
          const residue = measure === "n" ? ((Math.round(value * 60) % 60) + 60) % 60 : 0;
          residues.set(measure, (residues.get(measure) ?? new Set()).add(residue));
        }
      }
      seen.push(residues);
    }
    const [first, second] = seen.map((residues) => residues.get("n")?.size ?? 0);
    expect(first).toBeGreaterThan(SOAK ? 59 : 50);
    expect(second).toBeGreaterThan(SOAK ? 59 : 50);
  });

  test("4, 5, 11: one extreme person changes neither status, schema, charge nor the size of what is sent", async () => {
    const outcomes = [];
    for (const network of [a, b]) {
      const status = await settled(network as Network, {
        measures: ALL,
        groupBy: ["sex", "unit"],
        rho: "1/2",
      });
      const { envelope, answer } = await answerOf(network as Network, status.id);
      outcomes.push({
        state: status.state,
        regions: status.regions,
        charge: answer.charge,
        keys: Object.keys(answer),
        length: JSON.stringify(envelope).length,
        vector: answer.vector.length,
      });
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
});

describe("what one person can do", () => {
  test("2: a person repeated 10^4 times moves a count by at most 1, and a sum by at most the bound", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `loud,2025K1,1,a,${index % 101},true`);
    const without = await federation({ "01": csv(...ROWS) }, { draw: zeroNoise });
    const withLoud = await federation({ "01": csv(...ROWS, ...many) }, { draw: zeroNoise });
    const draft = { measures: ALL.slice(0, 2), groupBy: ["sex"] };
    const [before, after] = [await released(without, draft), await released(withLoud, draft)];
    const total = (cells: typeof before.cells, measure: string) =>
      cells
        .filter(({ at, measure: own }) => at["region"] === "01" && own === measure)
        .reduce((sum, { value }) => sum + (value ?? 0), 0);
    expect(total(after.cells, "n") - total(before.cells, "n")).toBeCloseTo(1, 6);
    expect(Math.abs(total(after.cells, "sum") - total(before.cells, "sum"))).toBeLessThanOrEqual(100);
  });

  test("3: the largest values in the most rows neither wrap nor fail", async () => {
    const big: DatasetDraft = {
      ...CARE,
      maxPersons: 1_000_000,
      columns: {
        high: { kind: "integer", min: -2_147_483_647, max: 2_147_483_647 },
        low: { kind: "integer", min: -2_147_483_647, max: -2_147_000_000 },
      },
    };
    const rows = Array.from({ length: 5_000 }, (_, index) => `p${index},2025K1,2147483647,-2147483647`);
    const network = await federation(
      { "01": `person,period,high,low\n${rows.join("\n")}\n` },
      { datasets: [big], draw: zeroNoise },
    );
    const { cells } = await released(network, {
      measures: [
        { id: "high", kind: "sum", column: "high" },
        { id: "low", kind: "sum", column: "low" },
        { id: "mean", kind: "mean", column: "low" },
      ],
    });
    const value = (measure: string) =>
      cells.find(({ at, measure: own }) => at["region"] === "01" && own === measure)?.value;
    expect(value("high")).toBe(5_000 * 2_147_483_647);
    expect(value("low")).toBe(5_000 * -2_147_483_647);
    expect(value("mean")).toBe(-2_147_483_647);
    const wide = await post(
      network,
      ROUTES.submitQuery.path,
      JSON.stringify(signed(network, { measures: [{ id: "v", kind: "variance", column: "high" }] })),
    );
    expect(wide.problem?.code).toBe("column-unfit");
  });

  test("6, 7: keys and their order come from the catalogue; shuffled rows give the same sums", async () => {
    const rows = Array.from(
      { length: 60 },
      (_, index) => `p${index % 6},2025K1,${1 + (index % 2)},${"abc"[index % 3]},${index},${index % 2 === 0}`,
    );
    const shuffled = rows.toSorted((x, y) => (x.slice(3) < y.slice(3) ? 1 : -1));
    const straight = await federation({ "01": csv(...rows) }, { draw: zeroNoise });
    const other = await federation(
      { "01": csv(...shuffled, "odd,2025K1,1,UNIQUE,5,true") },
      { draw: zeroNoise },
    );
    const draft = { groupBy: ["unit", "sex"], measures: [ALL[0], ALL[2]] };
    const [one, two] = [await released(straight, draft), await released(other, draft)];
    expect(two.cells.map(({ at }) => at)).toEqual(one.cells.map(({ at }) => at));
    expect(JSON.stringify(two.cells)).not.toContain("UNIQUE");
    // Of ten rows of a person five count, chosen by keyed hash: the counts per person are the same whatever the order.
    const persons = (cells: typeof one.cells) =>
      cells
        .filter(({ at, measure }) => at["region"] === "01" && measure === "n")
        .reduce((sum, { value }) => sum + (value ?? 0), 0);
    expect(persons(two.cells)).toBeCloseTo(persons(one.cells), 6);
  });

  test("7: the same rows in another order, under the same key, give the same sums", async () => {
    const rows = Array.from(
      { length: 40 },
      (_, index) => `p${index % 3},2025K1,${1 + (index % 2)},${"abc"[index % 3]},${index},${index % 2 === 0}`,
    );
    const network = await federation({ "01": csv(...rows.slice(0, 20)) }, { draw: zeroNoise });
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    await importText(
      node,
      "care@1",
      readMapping(plainMapping(CARE)),
      csv(...rows.slice(20).reverse()),
      network.folder,
    );
    const sums = await released(network, { groupBy: ["unit", "sex"], measures: ALL.slice(0, 4) });
    await node.store.kysely.deleteFrom("d_care_1" as never).execute();
    await importText(
      node,
      "care@1",
      readMapping(plainMapping(CARE)),
      csv(...rows.toReversed()),
      network.folder,
    );
    const again = await released(network, { groupBy: ["unit", "sex"], measures: ALL.slice(0, 4) });
    expect(again.cells).toEqual(sums.cells);
  });

  test("12: 10^4 hostile rows give rejects, not errors, and no answer says anything of them", async () => {
    const hostile = Array.from({ length: SOAK ? 200_000 : 10_000 }, (_, index) => {
      const nasty =
        [
          "NaN",
          "-0",
          "Infinity",
          "1e309",
          "'; drop table person; --",
          "\u202e",
          "9".repeat(400),
          "__proto__",
          "$(1)",
          "0x10",
          "１",
          "null",
          "\\N",
          "1,5",
        ][index % 14] ?? "";
      return `h${index % 50},2025K1,1,a,"${nasty}",true`;
    });
    const plain = await federation({ "01": csv(...ROWS) });
    const poisoned = await federation({ "01": csv(...ROWS, ...hostile) });
    const [x, y] = [
      await settled(plain, { measures: ALL, rho: "1/2" }),
      await settled(poisoned, { measures: ALL, rho: "1/2" }),
    ];
    expect(y.state).toBe("released");
    expect(y.regions).toEqual(x.regions);
    expect((await answerOf(poisoned, y.id)).answer.vector.length).toBe(
      (await answerOf(plain, x.id)).answer.vector.length,
    );
  });
});

/** A query signed as the researcher, its parts replaced. */
function signed(network: Network, draft: object) {
  const query = fillQuery({ ...DRAFT, ...draft }, network.made.hash, "researcher", now(), systemRandom);
  return signQuery(query, network.made.researcher.signer);
}

describe("the question", () => {
  let network: Network & { folder: string };
  beforeAll(async () => {
    network = await federation({ "01": csv(...ROWS), "03": csv(...ROWS) }, { approvals: 2 });
  });

  test.each([
    [
      "8: an expression for a column",
      { measures: [{ id: "m", kind: "mean", column: "score*2" }] },
      "schema-mismatch",
    ],
    ["8: SQL in a filter", { where: { column: "sex", in: ["1' or '1'='1"] } }, "value-unknown"],
    ["8: a function", { measures: [{ id: "m", kind: "median" }] }, "schema-mismatch"],
    ["13: a homoglyph column", { groupBy: ["ѕex"] }, "schema-mismatch"],
    ["13: a column of Object", { groupBy: ["constructor"] }, "column-unknown"],
    ["13: an unknown field", { limit: 5 }, "schema-mismatch"],
    ["unknown dataset", { dataset: "nothing@1" }, "dataset-unknown"],
    ["unknown version", { dataset: "care@2" }, "dataset-unknown"],
    ["another directory", { directory: `sha256:${"1".repeat(64)}` }, "directory-unknown"],
    ["an edition that there is not", { edition: 3 }, "edition-unknown"],
    ["ρ = 0", { rho: "0" }, "rho-out-of-range"],
    ["ρ below 0", { rho: "-1/10" }, "rho-out-of-range"],
    ["ρ above the budget", { rho: "2" }, "rho-out-of-range"],
    ["ρ that would swell ledgers", { rho: "1/1000003" }, "rho-out-of-range"],
    ["17: no noise by the requester's wish", { noise: false }, "schema-mismatch"],
    ["a category not in the catalogue", { where: { column: "sex", in: ["3"] } }, "value-unknown"],
    ["a value out of bounds", { where: { column: "score", between: [0, 101] } }, "value-unknown"],
    ["a period of another kind", { periods: ["2025"] }, "period-unfit"],
    ["periods twice", { periods: ["2025K1", "2025K1"] }, "period-unfit"],
    ["grouping by an integer", { groupBy: ["score"] }, "column-unfit"],
    [
      "an expired query",
      {
        notBefore: "2020-01-01T00:00:00Z",
        expires: "2020-01-02T00:00:00Z",
        answerBy: "2020-01-02T00:00:00Z",
      },
      "query-expired",
    ],
    ["an unknown region", { regions: ["99"] }, "region-unknown"],
    ["more regions than there are", { minRegions: 3 }, "region-unknown"],
    ["a release kind that there is not", { release: "everything" }, "schema-mismatch"],
    ["both kinds with no split of ρ", { release: "both" }, "schema-mismatch"],
    ["a split of ρ for one kind", { nationalPart: "1/2" }, "schema-mismatch"],
    [
      "a national release of more regions than there are",
      { release: "national", minRegions: 3 },
      "roster-unfit",
    ],
    ["another's name as requester", { requester: "approver-1" }, "key-wrong-purpose"],
    [
      "too many integers",
      {
        periods: Array.from({ length: 990 }, (_, i) => `${1700 + Math.floor(i / 4)}K${(i % 4) + 1}`),
        measures: [
          { id: "h", kind: "histogram", column: "score" },
          { id: "q", kind: "histogram", column: "unit" },
        ],
      },
      "answer-too-long",
    ],
  ])("%s is refused", async (_, draft, code) => {
    const base = JSON.parse(fromUtf8(fromBase64(signed(network, {}).payload))) as object;
    const { status, problem, text } = await post(
      network,
      ROUTES.submitQuery.path,
      JSON.stringify(signDocument("query", { ...base, ...draft }, network.made.researcher.signer)),
    );
    expect(problem?.code).toBe(code);
    expect(status).toBeLessThan(500);
    expect(
      problem?.detail.startsWith("expected") ||
        problem?.detail.includes("expected") ||
        problem?.code === "schema-mismatch",
    ).toBe(true);
    expect(text).not.toMatch(/at .*\.ts:|node_modules|select |SELECT /);
  });

  test("an open period is refused at intake, and by a node that is asked all the same", async () => {
    const open = signed(network, { periods: ["2199K4"] });
    const { problem } = await post(network, ROUTES.submitQuery.path, JSON.stringify(open));
    expect(problem?.code).toBe("period-unfit");
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    await expect(
      answerQuery({ query: open, approvals: [], round: null, proof: null }, node.answerer),
    ).rejects.toMatchObject({
      code: "period-unfit",
    });
  });

  test("figures are limited as integers are: vectors may be shared, figures may not be without end", async () => {
    const periods = Array.from(
      { length: 800 },
      (_, index) => `${1800 + Math.floor(index / 4)}K${(index % 4) + 1}`,
    );
    const counts = Array.from({ length: 50 }, (_, index) => ({ id: `n${index}`, kind: "count" }));
    const { problem } = await post(
      network,
      ROUTES.submitQuery.path,
      JSON.stringify(signed(network, { periods, groupBy: ["sex", "unit"], measures: counts })),
    );
    expect(problem?.code).toBe("answer-too-long");
  });

  test.each(["queries", "releases"])("an id that is none is refused: %s", async (where) => {
    const response = await fetch(`${network.address}/api/${where}/%00`);
    expect(response.status).toBe(400);
    expect(Problem.parse(await response.json()).code).toBe("schema-mismatch");
  });

  test("13: bodies that no reader should accept", async () => {
    const good = JSON.stringify(signed(network, {}));
    const bad: Array<[string, string]> = [
      ["", "json-malformed"],
      ["{", "json-malformed"],
      [good.replace('{"payload"', '{"payload":"","payload"'), "json-malformed"],
      [`{"__proto__":{"admin":true},${good.slice(1)}`, "json-malformed"],
      ["[".repeat(50_000), "json-malformed"],
      [good.replace("}", ',"admin":true}'), "schema-mismatch"],
      [JSON.stringify({ ...JSON.parse(good), admin: true }), "schema-mismatch"],
      [good.replace(/"payload":"(.)/, '"payload":" $1'), "schema-mismatch"],
      [
        good.replace(/"sig":"(.)/, (_, first: string) => `"sig":"${first === "A" ? "B" : "A"}`),
        "signature-invalid",
      ],
      [good.replace("vnd.brus.query", "vnd.brus.answer"), "payload-type-unexpected"],
      ["x".repeat(2_100_000), "too-large"],
    ];
    for (const [body, code] of bad) {
      const { problem, status } = await post(network, ROUTES.submitQuery.path, body);
      expect([problem?.code, body.slice(0, 40)]).toEqual([code, body.slice(0, 40)]);
      expect(status).toBeLessThan(500);
    }
  });

  test("the requester, a second key, or one person twice, do not make two approvals", async () => {
    const id = await submit(network, {}, 0);
    const [first] = network.made.approvers;
    if (first === undefined) throw new Error("there are approvers");
    await network.client("submitApproval", { body: signApproval(id, first, now()) });
    await network.client("submitApproval", {
      body: signApproval(id, first, now(), { conditions: ["again"] }),
    });
    const own = { id: "researcher", signer: network.made.researcher.signer };
    await expect(
      network.client("submitApproval", { body: signApproval(id, own, now()) }),
    ).rejects.toMatchObject({ code: "key-wrong-purpose" });
    const borrowed = { id: "approver-2", signer: first.signer };
    await expect(
      network.client("submitApproval", { body: signApproval(id, borrowed, now()) }),
    ).rejects.toMatchObject({ code: "key-wrong-purpose" });
    expect((await network.client("getQuery", { params: { id } })).state).toBe("waiting");
  });

  test("a decline ends it", async () => {
    const id = await submit(network, {}, 1);
    const [, second] = network.made.approvers;
    if (second === undefined) throw new Error("there are approvers");
    await network.client("submitApproval", {
      body: signApproval(id, second, now(), { decision: "decline", reason: "Not for this purpose." }),
    });
    await expect
      .poll(async () => (await network.client("getQuery", { params: { id } })).state)
      .toBe("declined");
  });

  test("what an approver has said stands, whatever they add, and they do not crowd out others'", async () => {
    const id = await submit(network, {}, 0);
    const [first, second] = network.made.approvers;
    if (first === undefined || second === undefined) throw new Error("there are approvers");
    const region = "03"; // Regions' own matter: the question waits on.
    const said = [60, 50, 70, 30, 20].map((minutes) => {
      const expires = instant(new Date(Date.now() + minutes * 60_000));
      return signApproval(id, first, now(), { decision: "decline", region, expires });
    });
    const stands = envelopeId(said[0] ?? expect.fail());
    for (const body of said) expect(await network.client("submitApproval", { body })).toEqual({ id: stands });
    const other = signApproval(id, second, now(), { region });
    await network.client("submitApproval", { body: other });
    const { approvals } = await network.client("getQuery", { params: { id } });
    expect(approvals.map(envelopeId).sort()).toEqual([stands, envelopeId(other)].sort());
  });

  test("a node judges approvals for itself: a lying coordinator's work is refused, and nothing is charged", async () => {
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    const before = await node.answerer.ledger.head();
    await expect(
      answerQuery({ query: signed(network, {}), approvals: [], round: null, proof: null }, node.answerer),
    ).rejects.toMatchObject({ code: "approvals-missing" });
    expect(await node.answerer.ledger.head()).toEqual(before);
  });

  test("9: the same bytes for the same query for ever; other words are a new charge", async () => {
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    const status = await settled(network, { where: { column: "sex", in: ["1"] } }, 2);
    const spent = async () => (await node.answerer.ledger.head()).sequence;
    const before = await spent();
    const work = { query: status.query, approvals: status.approvals, round: null, proof: null };
    const stored = await answerQuery(work, node.answerer);
    expect(stored).toEqual((await answerOf(network, status.id)).envelope);
    expect(
      await answerQuery({ query: status.query, approvals: [], round: null, proof: null }, node.answerer),
    ).toEqual(stored);
    expect(await spent()).toBe(before);
    const reworded = await settled(
      network,
      {
        where: {
          and: [
            { column: "sex", in: ["1"] },
            { column: "sex", in: ["1", "2"] },
          ],
        },
      },
      2,
    );
    expect(reworded.state).toBe("released");
    // On its period, and on its year.
    expect(await spent()).toBe(before + 2);
    expect((await answerOf(network, reworded.id)).answer.vector).not.toBe(
      (await answerOf(network, status.id)).answer.vector,
    );
  });

  test("11: what a query costs is the same with the data absent", async () => {
    const empty = await federation({ "01": "" });
    const status = await settled(empty, { measures: ALL, rho: "1/2" });
    const { answer } = await answerOf(empty, status.id);
    const plan = planOf(
      fillQuery({ ...DRAFT, measures: ALL, rho: "1/2" }, empty.made.hash, "researcher", now(), systemRandom),
      writeDataset(CARE).dataset,
    );
    expect(answer.charge).toBe(format(plan.charge));
  });
});

describe("budgets", () => {
  test("17: a new version, a sister dataset and a second asker find no new budget", async () => {
    const budget = { rhoPerPeriod: "1/10", delta: "1e-9" };
    const datasets: DatasetDraft[] = [
      { ...CARE, ledgerGroup: "journal", budget },
      { ...CARE, version: 2, ledgerGroup: "journal", budget },
      { ...CARE, dataset: "sister", ledgerGroup: "journal", budget },
    ];
    const network = await federation({ "01": csv(...ROWS) }, { datasets });
    expect((await settled(network, { rho: "8/100" })).state).toBe("released");
    for (const dataset of ["care@1", "care@2", "sister@1"]) {
      const status = await settled(network, { dataset, rho: "3/100" });
      expect(status.regions).toEqual([{ region: "01", state: "refused", code: "budget-exceeded" }]);
    }
    expect((await settled(network, { dataset: "sister@1", rho: "2/100" })).state).toBe("released");
  });

  test("17: a catalogue in which a budget could be had twice is refused", async () => {
    const datasets: DatasetDraft[] = [
      CARE,
      { ...CARE, version: 2, budget: { rhoPerPeriod: "2", delta: "1e-9" } },
    ];
    await expect(federation({ "01": "" }, { datasets })).rejects.toMatchObject({ code: "schema-mismatch" });
  });

  test("17: no policy, no answer; a policy can only tighten", async () => {
    const network = await federation({ "01": csv(...ROWS) });
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    const policy = (value: object | null) =>
      writeFileSync(
        node.config.policy,
        value === null
          ? ""
          : JSON.stringify({
              mayAsk: "researchers",
              datasets: "all",
              approvals: [],
              ceilings: {},
              withheld: [],
              ...value,
            }),
      );
    const code = async (draft: object) => (await settled(network, draft)).regions[0]?.code;
    policy({ withheld: [{ dataset: "care", column: "score" }] });
    expect(await code({ where: { not: { column: "score", between: [0, 5] } } })).toBe("column-withheld");
    policy({ mayAsk: ["somebody-else"] });
    expect(await code({})).toBe("policy-refuses");
    policy({ ceilings: { rhoPerPeriod: "1/1000" } });
    expect(await code({})).toBe("budget-exceeded");
    policy({ ceilings: { rhoPerQuery: "1/1000" } });
    expect(await code({})).toBe("policy-refuses");
    unlinkSync(node.config.policy);
    expect(await code({})).toBe("policy-missing");
    expect((await node.answerer.ledger.head()).sequence).toBe(0);
  });

  test("17: a region's further approvals are waited for, and then it answers", async () => {
    const network = await federation({ "01": csv(...ROWS) });
    const [node] = network.nodes;
    const [, second] = network.made.approvers;
    if (node === undefined || second === undefined) throw new Error("a federation has a node and approvers");
    const strict = {
      mayAsk: "researchers",
      datasets: "all",
      approvals: [{ dataset: "*", role: "approver", persons: 2 }],
      ceilings: {},
      withheld: [],
    };
    writeFileSync(node.config.policy, JSON.stringify(strict));
    const id = await submit(network, {});
    await expect
      .poll(async () => (await network.client("getQuery", { params: { id } })).regions[0]?.code)
      .toBe("approvals-missing");
    await network.client("submitApproval", { body: signApproval(id, second, now()) });
    await expect
      .poll(async () => (await network.client("getQuery", { params: { id } })).state)
      .toBe("released");
  });
});

describe("noise", () => {
  test("14: a failing source of randomness stops the node; the charge stays, nothing leaves", async () => {
    const network = await federation(
      { "01": csv(...ROWS) },
      {
        draw: (plan) =>
          drawNoise(plan, () => {
            throw new Error("no entropy");
          }),
      },
    );
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    const id = await submit(network, {});
    await expect(node.work()).rejects.toThrow(RandomnessFailure);
    expect((await node.answerer.ledger.head()).sequence).toBe(2);
    expect((await network.client("getQuery", { params: { id } })).regions[0]?.state).toBe("waiting");
  });

  test("20: two queries, two vectors and two periods never share a noise; nothing of it is stored", async () => {
    const network = await federation({ "01": "" }, { draw: systemNoise.regional });
    const seen = new Set<string>();
    for (let each = 0; each < 5; each++) {
      const status = await settled(network, { periods: ["2024K1", "2024K2"], measures: ALL, rho: "1/10" });
      const { vector } = (await answerOf(network, status.id)).answer;
      expect(seen.has(vector)).toBe(false);
      seen.add(vector);
      const half = vector.length / 2;
      expect(vector.slice(0, Math.floor(half))).not.toBe(vector.slice(Math.ceil(half)));
    }
  });

  test("5: noise is drawn after the reservation and before the first row is read", async () => {
    const order: string[] = [];
    const network = await federation(
      { "01": csv(...ROWS) },
      {
        draw: (plan) => {
          order.push("noise");
          return seededNoise("order")(plan);
        },
      },
    );
    const [node] = network.nodes;
    if (node === undefined) throw new Error("a federation has a node");
    const status = await settled(network, {});
    order.length = 0;
    const watched = {
      ...node.answerer,
      answers: { ...node.answerer.answers, find: async () => null },
      ledger: {
        ...node.answerer.ledger,
        reserve: async () => {
          order.push("reserve");
          return true;
        },
      },
      store: {
        ...node.answerer.store,
        get kysely() {
          order.push("read");
          return node.answerer.store.kysely;
        },
      },
    };
    await answerQuery(
      { query: status.query, approvals: status.approvals, round: null, proof: null },
      watched,
    );
    expect(order.slice(0, 3)).toEqual(["reserve", "noise", "read"]);
  });
});
