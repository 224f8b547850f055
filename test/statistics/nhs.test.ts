/**
 * The example of real patients' answers: exact against an independent person-weighted count where the noise is 0,
 * and as often within its intervals as they promise where it is not.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fillQuery } from "../../cli/client/ask.ts";
import type { Network } from "../../cli/demo/network.ts";
import { startNetwork } from "../../cli/demo/network.ts";
import { addNoise } from "../../node/answer/noise.ts";
import { runPlan } from "../../node/answer/sums.ts";
import { Mapping } from "../../node/import/mapping.ts";
import { systemRandom } from "../../node/random.ts";
import { planOf } from "../../protocol/plan/plan.ts";
import { Dataset, writeDataset } from "../../protocol/question/catalogue.ts";
import { cellsOf, readCells } from "../../protocol/release/cells.ts";
import { readCsv } from "../support/csv.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CHEAP_SEAL, importText, now, released } from "../support/federation.ts";
import { seededNoise, zeroNoise } from "../support/seeded-noise.ts";

const ROOT = join(import.meta.dirname, "../..");
const FILE = join(ROOT, "../shared/data/nhs-fft/responses.csv");
const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(ROOT, "examples/nhs-fft", name), "utf8"));

const SERVICES: Record<string, string> = {
  "PTS - Patient Transport": "patient-transport",
  "See and Convey": "see-and-convey",
  "111": "111",
  "Local partnerships- MH": "mental-health",
  "Community health services": "community",
  Forensic: "forensic",
  "Specialist Services and CYP": "specialist-and-children",
};

type Sums = { persons: number; good: number; answered: number; total: number };

/** Σ of person weights by trust and service, from the file's text alone: at most three rows a person, so all count. */
function independent(text: string): Map<string, Sums> {
  const rows = readCsv(text).map((row) => {
    const [a = "", b = "", year = ""] = (row["Date"] ?? "").split("/");
    const month = Number(b) <= 12 ? Number(b) : Number(a);
    return { ...row, quarter: `${year}K${Math.ceil(month / 3)}` };
  });
  const crowd = new Map<string, number>();
  const pairOf = (row: Record<string, string>) => `${row["Trust"]} ${row["Respondent ID"]} ${row["quarter"]}`;
  for (const row of rows) crowd.set(pairOf(row), (crowd.get(pairOf(row)) ?? 0) + 1);
  const sums = new Map<string, Sums>();
  for (const row of rows as Array<Record<string, string>>) {
    const weight = 1 / (crowd.get(pairOf(row)) ?? 1);
    const service =
      SERVICES[(row["Service type 1"] ?? "").replaceAll("\u00a0", " ").replaceAll(/ +/g, " ").trim()] ?? null;
    const answer = Number(row["FFT categorical answer"]);
    for (const area of [row["Trust"] ?? "", "00"]) {
      const name = JSON.stringify([area, service]);
      const sum = sums.get(name) ?? { persons: 0, good: 0, answered: 0, total: 0 };
      sum.persons += weight;
      if (answer >= 1 && answer <= 5) {
        sum.answered += weight;
        sum.total += weight * answer;
        if (answer <= 2) sum.good += weight;
      }
      sums.set(name, sum);
    }
  }
  return sums;
}

describe.skipIf(!existsSync(FILE))(
  "examples/nhs-fft on the real file (skipped where ../shared is missing)",
  () => {
    const folder = temporaryFolder();
    let network: Network | undefined;
    afterAll(async () => {
      await network?.stop();
      folder.remove();
    });
    const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
    const dataset = Dataset.parse(read("fft.dataset.json"));

    test("with no noise, equals an independent person-weighted count exactly; every row is in or explained", async () => {
      const names: Record<string, string> = { NEAS: "neas.mapping.json", NHFT: "nhft.mapping.json" };
      const regions = Object.keys(names).map((code) => ({ code, name: code }));
      network = await startNetwork(
        folder.path,
        { name: "NHS", regions, datasets: [writeDataset(dataset)], approvals: 1, sealCost: CHEAP_SEAL },
        {
          draw: zeroNoise,
          tick: 1,
          prepare: async (node) =>
            importText(node, "fft@1", Mapping.parse(read(names[node.config.code] ?? "")), text, folder.path),
        },
      );
      const { cells } = await released(network, read("good.query.json") as object);
      const truth = independent(text);
      expect([...truth.values()].reduce((sum, { persons }) => sum + persons, 0)).toBeGreaterThan(8_000);
      let compared = 0;
      for (const { at, measure, value } of cells) {
        const sums = truth.get(JSON.stringify([at["region"], at["service"]]));
        if (sums === undefined || value === null) continue;
        const exact = measure === "good" ? sums.good / sums.answered : sums.total / sums.answered;
        expect(Math.abs(value - exact)).toBeLessThan(measure === "good" ? 6e-7 : 6e-5);
        compared++;
      }
      expect(compared).toBeGreaterThan(20);
      for (const node of network.nodes) {
        const stored = await node.store.kysely
          .selectFrom("d_fft_1" as never)
          .select((row) => row.fn.countAll<bigint>().as("rows"))
          .executeTakeFirstOrThrow();
        const own = readCsv(text).filter((row) => row["Trust"] === node.config.code).length;
        expect(Number((stored as { rows: bigint }).rows)).toBe(own);
      }
    });

    test("with noise, 200 releases cover as their intervals promise", async () => {
      if (network === undefined) throw new Error("the test before this one starts the network");
      const query = fillQuery(read("good.query.json"), network.made.hash, "researcher", now(), systemRandom);
      const plan = planOf(query, dataset);
      const draw = seededNoise("nhs coverage");
      const sums = new Map<string, bigint[]>();
      for (const node of network.nodes) sums.set(node.config.code, await runPlan(plan, node.store));
      const truth = independent(text);
      let inside = 0;
      let all = 0;
      for (let each = 0; each < 200; each++) {
        const noisy = new Map([...sums].map(([code, exact]) => [code, addNoise(exact, draw(plan))]));
        for (const { at, measure, low, high } of readCells(
          plan,
          cellsOf(plan, { answers: noisy, national: null }),
        )) {
          const sum = truth.get(JSON.stringify([at["region"], at["service"]]));
          if (sum === undefined || sum.answered < 100 || low === null || high === null) continue;
          const exact = measure === "good" ? sum.good / sum.answered : sum.total / sum.answered;
          all++;
          if (low <= exact && exact <= high) inside++;
        }
      }
      console.log(`nhs coverage: ${((100 * inside) / all).toFixed(2)} % of ${all} intervals`);
      expect(all).toBeGreaterThan(4_000);
      expect(inside / all).toBeGreaterThan(0.93);
      expect(inside / all).toBeLessThan(0.97);
    });
  },
);
