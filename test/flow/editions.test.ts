/** A question signed before plans had editions is answered and audited as it was, beside one that is asked today. */
import { afterAll, expect, test } from "vitest";
import { auditFrom } from "../../cli/commands/audit.ts";
import type { Network } from "../../cli/demo/network.ts";
import { sourceOf } from "../../cli/log/source.ts";
import { planTables } from "../../protocol/plan/tables.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, federationOf, released } from "../support/federation.ts";

const folder = temporaryFolder();
let network: Network | undefined;
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

/** Of 1,200 persons in each region 800 say something, 200 of them yes. */
const rows = Array.from({ length: 1200 }, (_, at) => {
  const flag = ["true", "false", "false", "false", "", ""][at % 6];
  return `p${at},2025K1,${at % 2 === 0 ? 1 : 2},a,50,${flag}`;
});
const csv = `${["person,period,sex,unit,score,flag", ...rows].join("\n")}\n`;

test("shares of both editions: regions, tables, the nation alone and both, and their audit", async () => {
  network = await federationOf(
    folder.path,
    { "01": csv, "03": csv, "04": csv, "05": csv },
    { logged: true, datasets: [{ ...CARE, budget: { rhoPerPeriod: "100", delta: "1e-9" } }] },
  );
  const { dataset } = writeDataset(CARE);
  const tables = planTables(dataset, [{ columns: [] }, { columns: ["sex"] }], "least-sum");
  const measures = [
    { id: "yes", kind: "share", predicate: { column: "flag", in: [true] } },
    { id: "score", kind: "mean", column: "score" },
  ];
  const errors = new Map<string, number[]>();
  for (const [name, asked] of Object.entries({
    regions: { groupBy: ["sex"] },
    tables: { tables },
    national: { release: "national", minRegions: 3 },
    both: { release: "both", nationalPart: "1/2", minRegions: 3, tables },
  }))
    for (const edition of [undefined, 2]) {
      const { release, plan, cells } = await released(network, { ...asked, measures, rho: "5", edition });
      expect(release.edition, name).toBe(edition);
      expect(plan.edition, name).toBe(edition ?? 1);
      const totals = cells.filter(({ measure, at }) => measure === "yes" && Object.keys(at).length <= 2);
      for (const { value, se } of totals) expect(Math.abs((value ?? 0) - 0.25)).toBeLessThan(6 * (se ?? 0));
      errors.set(name, [...(errors.get(name) ?? []), totals[0]?.se ?? 0]);
    }
  for (const [name, [old = 0, today = 0]] of errors)
    if (name !== "regions") expect(today, name).toBeLessThan(old * 0.8);
  const federation = network.nodes[0]?.answerer.federation ?? expect.fail();
  const source = sourceOf(network.address, fetch);
  const { findings } = await auditFrom(source, federation.first, new Date());
  expect(findings).toEqual([]);
});
