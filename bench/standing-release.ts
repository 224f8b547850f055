/**
 * A standing release against what else could be done with the same ρ: the journal's yearly tables of all its
 * indicators, by residuals, by splitting ρ over the tables, and as one fine table that is added up. And the time that the
 * demonstration's calendar takes, from the first query handed in to the last release.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNetwork } from "../cli/demo/network.ts";
import { REGIONS } from "../cli/demo/regions.ts";
import { demoCalendar, registersOf, runStanding, standingDatasets } from "../cli/demo/standing-releases.ts";
import type { CalendarDraft } from "../protocol/plan/calendar.ts";
import { plannedTables, planTables } from "../protocol/plan/tables.ts";
import { cellsIn, varianceOf } from "../protocol/privacy/marginals.ts";
import { refOf } from "../protocol/question/catalogue.ts";
import { toNumber } from "../protocol/values/rational.ts";
import { report, timed } from "./report.ts";

export async function standingRelease(): Promise<void> {
  const draft = demoCalendar(REGIONS.length);
  const name = "care-experience-year@1";
  const journal = draft.entries.find(({ dataset, release }) => dataset === name && release === "national");
  const dataset = standingDatasets().find((each) => refOf(each.dataset) === name)?.dataset;
  if (journal === undefined || dataset === undefined) throw new Error("the calendar has the journal's years");
  for (const objective of ["least-sum", "least-largest"] as const)
    errorsOf(plannedTables(planTables(dataset, journal.tables, objective), dataset), objective);
  const folder = mkdtempSync(join(tmpdir(), "brus-bench-"));
  const sources = join(folder, "sources");
  mkdirSync(sources);
  for (const logged of [false, true]) {
    const own = join(folder, String(logged));
    mkdirSync(own);
    await running(own, sources, logged, draft);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** How much more the error of a table's cell is where ρ is split, or spent on one fine table. */
function errorsOf(plan: ReturnType<typeof plannedTables>, objective: string): void {
  const { sizes, wanted } = plan;
  const fine = sizes.reduce((product, each) => product * each, 1);
  // Standard errors of a count at ρ = 1, in persons; any statistic's are these times one number.
  const each = wanted.map((set) => {
    const cells = cellsIn(set, sizes);
    return {
      cells,
      ours: Math.sqrt(toNumber(varianceOf(plan, set))),
      split: Math.sqrt(wanted.length / 2),
      fine: Math.sqrt(fine / cells / 2),
    };
  });
  const mean = (of: (row: (typeof each)[number]) => number) =>
    each.reduce((sum, row) => sum + row.cells * of(row), 0) / each.reduce((sum, row) => sum + row.cells, 0);
  for (const way of ["split", "fine"] as const) {
    const average = mean((row) => row[way]) / mean(({ ours }) => ours);
    const tables = each.reduce((sum, row) => sum + row[way] / row.ours, 0) / each.length;
    const worst = Math.max(...each.map((row) => row[way])) / Math.max(...each.map(({ ours }) => ours));
    const told = (what: string, value: number, unit: string) =>
      report({ name: `standing-release/${objective}/${what}-error-of-${way}`, value, unit });
    told("average", average, "times ours, over cells");
    told("table", tables, "times ours, over tables");
    told("worst", worst, "times ours");
  }
}

/** How long the journal's release, and the whole calendar's, take all regions from the first query handed in. */
async function running(
  folder: string,
  sources: string,
  logged: boolean,
  draft: CalendarDraft,
): Promise<void> {
  const datasets = standingDatasets();
  const plan = { name: "Bench", regions: REGIONS, datasets, approvals: 2, approvers: 2, logged };
  const network = await startNetwork(folder, plan, {
    prepare: async (node) => {
      const region = REGIONS.find(({ code }) => code === node.config.code);
      if (region === undefined) throw new Error("a node of a region");
      for (const one of registersOf(sources, region, 1, 1))
        await node.import({ ...one, dryRun: false }, () => undefined);
    },
  });
  for (const [name, entries] of [
    ["journal", draft.entries.slice(0, 1)],
    ["calendar", draft.entries],
  ] as const) {
    const cheap = { ...draft, entries: entries.map((entry) => ({ ...entry, rho: "1/50" })) };
    const time = await timed(() => runStanding(network, cheap, 2));
    report({
      name: `standing-release/${name}`,
      value: time / 1000,
      unit: "s",
      regions: REGIONS.length,
      logs: logged,
    });
  }
  await network.stop();
}
