/** A question end to end: signed, approved, answered by 21 nodes over HTTP, released; 200 cells. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CARE_EXPERIENCE, CARE_EXPERIENCE_MAPPING, journalOf } from "../cli/demo/journals.ts";
import { startNetwork } from "../cli/demo/network.ts";
import { REGIONS } from "../cli/demo/regions.ts";
import { readMapping } from "../node/import/mapping.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { settled } from "../test/support/federation.ts";
import { quantile, report, timed } from "./report.ts";

const ASKS = 40;

export async function answering(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const datasets = [writeDataset({ ...CARE_EXPERIENCE, budget: { rhoPerPeriod: "100", delta: "1e-9" } })];
  const network = await startNetwork(
    folder,
    { name: "Bench", regions: REGIONS, datasets, approvals: 1, logged: false },
    {
      prepare: async (node) => {
        const region = REGIONS.find(({ code }) => code === node.config.code);
        if (region === undefined) return;
        const path = join(folder, `${region.code}.csv`);
        writeFileSync(path, journalOf(region, Math.round(region.population / 50), 1));
        await node.import(
          {
            dataset: "care-experience@1",
            mapping: readMapping(CARE_EXPERIENCE_MAPPING),
            path,
            dryRun: false,
            covers: "2025K1..2025K4",
          },
          () => undefined,
        );
      },
    },
  );
  // 5 ages × 5 unit types × 2 sexes × 4 quarters: 200 cells, three vectors.
  const draft = {
    dataset: "care-experience@1",
    periods: ["2025K1", "2025K2", "2025K3", "2025K4"],
    groupBy: ["age_group", "unit_type", "sex"],
    measures: [
      { id: "n", kind: "count" },
      { id: "m", kind: "mean", column: "listening" },
    ],
    minRegions: 21,
  };
  const times: number[] = [];
  for (let ask = 0; ask < ASKS + 3; ask++) {
    const time = await timed(() => settled(network, draft));
    if (ask >= 3) times.push(time);
  }
  report({ name: "answer/median", value: quantile(times, 0.5), unit: "ms", cells: 200, nodes: 21 });
  report({ name: "answer/p95", value: quantile(times, 0.95), unit: "ms", cells: 200, nodes: 21 });
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
}
