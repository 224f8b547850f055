/** Folders of people's own data that the demonstration is shown: what it asks of which regions, and what it says. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { demo } from "../../cli/demo/demo.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CARE, DRAFT } from "../support/federation.ts";
import { plainMapping } from "../support/generate.ts";

const folders: Array<() => void> = [];
afterEach(() => {
  for (const remove of folders.splice(0)) remove();
});

const HEAD = "person,period,sex,unit,score,flag";

/** What the demonstration says of a folder with these regions' files, asked about these periods. */
async function saidOf(files: Readonly<Record<string, string>>, periods: readonly string[]): Promise<string> {
  const folder = temporaryFolder();
  folders.push(folder.remove);
  const data = join(folder.path, "data");
  mkdirSync(data);
  const write = (name: string, value: unknown) => writeFileSync(join(data, name), JSON.stringify(value));
  write("care.dataset.json", { ...CARE, budget: { rhoPerPeriod: "1000", delta: "1e-9" } });
  write("mapping.json", plainMapping(CARE));
  write("persons.query.json", { ...DRAFT, title: "Persons", periods, minRegions: 2, rho: "100" });
  for (const [code, rows] of Object.entries(files))
    writeFileSync(join(data, `${code}.csv`), `${HEAD}\n${rows}`);
  write("federation.json", {
    datasets: ["care.dataset.json"],
    regions: Object.keys(files).map((code) => ({
      code,
      name: `Region ${code}`,
      imports: [{ dataset: "care", mapping: "mapping.json", files: [`${code}.csv`] }],
    })),
    queries: ["persons.query.json"],
    approvals: 1,
  });
  return await shown(data);
}

async function shown(data: string): Promise<string> {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const made = { regions: 0, rows: 0, seed: 0, json: null, environment: {}, wait: () => undefined };
  await demo({ ...made, once: true, port: 0, data, say });
  return lines.join("\n");
}

const EMPTY = ["../../../shared", "../../../../shared"]
  .map((path) => join(import.meta.dirname, path, "cases/region-not-yet-imported"))
  .find((path) => existsSync(path));

test.skipIf(EMPTY === undefined)(
  "a region whose file is empty is named missing (skipped where ../shared is missing)",
  async () => {
    expect(await shown(EMPTY ?? "")).toMatch(
      /^1 of 2 regions can answer, and minRegions is 2; missing: 03 \(no-data\)/m,
    );
  },
);

const row = (person: string, period: string) => `${person},${period},1,a,50,true\n`;

test("periods that not the same regions have delivered are asked about apart, and who lacks one is named", async () => {
  const said = await saidOf({ "01": row("p", "2026K1") + row("q", "2026K2"), "03": row("r", "2026K1") }, [
    "2025K4",
    "2026K1",
    "2026K2",
  ]);
  expect(said).toMatch(/^2025K4: no region has delivered it, and so nobody is asked\.$/m);
  expect(said).toMatch(/^2026K1: “Persons”, .*answered by 2 of 2 regions:$/m);
  expect(said).toMatch(/^2026K2: 1 of 2 regions can answer, and minRegions is 2; missing: 03 \(no-data\)/m);
  expect(said).toMatch(/^Audit: all holds\./m);
});

test("where no region has delivered anything, nothing is asked, and nothing audited", async () => {
  const said = await saidOf({ "01": "", "03": "" }, ["2026K1"]);
  expect(said).toMatch(/^2026K1: no region has delivered it/m);
  expect(said).not.toMatch(/Audit/);
});
