/** A folder of one's own data: what its `federation.json` says of a person's year, and what it need not say. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromFolder } from "../../../cli/demo/scenario.ts";
import { temporaryFolder } from "../../support/engines.ts";
import { CARE } from "../../support/federation.ts";

function scenarioOf(more: object) {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, "care.json"), JSON.stringify(CARE));
  writeFileSync(join(folder.path, "query.json"), "{}");
  const regions = [{ code: "01", name: "One", imports: [] }];
  const file = { datasets: ["care.json"], regions, queries: ["query.json"], approvals: 1, ...more };
  writeFileSync(join(folder.path, "federation.json"), JSON.stringify(file));
  try {
    return fromFolder(folder.path, {});
  } finally {
    folder.remove();
  }
}

test("names no ceiling unless it is told: its budgets are what a year may come to, in no parts", () => {
  expect(scenarioOf({}).rhoPerYear).toBeUndefined();
  expect(scenarioOf({ rhoPerYear: "1/2" }).rhoPerYear).toBe("1/2");
  expect(() => scenarioOf({ rhoPerYear: 0.5 })).toThrow(expect.objectContaining({ code: "config-invalid" }));
});
