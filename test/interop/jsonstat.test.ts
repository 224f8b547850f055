/**
 * A release as JSON-stat, read back by tools nobody here wrote: jsonstat-toolkit, and Python's pyjstat where it is
 * installed (skipped, saying so, elsewhere). Every cell is where they look for it.
 */
import { spawnSync } from "node:child_process";
import JSONstat from "jsonstat-toolkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tableOf } from "../../cli/client/print.ts";
import type { Network } from "../../cli/demo/network.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import type { Result } from "../../protocol/wire/fetch-release.ts";
import type { JsonStat } from "../../publication/json-stat.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf, released } from "../support/federation.ts";

const hasPython = spawnSync("python3", ["-c", "import pyjstat"]).status === 0;
const folder = temporaryFolder();
let network: Network;
let federation: Federation;
const results: Result[] = [];

beforeAll(async () => {
  const rows = Array.from(
    { length: 60 },
    (_, at) => `${at},2025K1,${1 + (at % 2)},${at % 4 === 3 ? "" : "abc"[at % 3]},${at},${at % 2 === 0}`,
  );
  const csv = `person,period,sex,unit,score,flag\n${rows.join("\n")}\n`;
  network = await federationOf(folder.path, { "01": csv, "03": csv, "04": csv });
  const found = network.nodes[0]?.answerer.federation;
  if (found === undefined) throw new Error("a node");
  federation = found;
  const measures = [
    { id: "n", kind: "count" },
    { id: "score", kind: "mean", column: "score" },
    { id: "flags", kind: "share", predicate: { column: "flag", in: [true] } },
    { id: "bins", kind: "histogram", column: "score", edges: [0, 25, 50, 75] },
    { id: "middle", kind: "quantile", column: "score", probabilities: ["1/4", "1/2"] },
  ];
  const draft = { groupBy: ["sex", "unit"], measures, rho: "1/4" };
  results.push(await released(network, draft));
  results.push(await released(network, { groupBy: ["sex"], release: "national", minRegions: 3, rho: "1/4" }));
});
afterAll(async () => {
  await network?.stop();
  folder.remove();
});

/** The code of a cell's contents: the measure, and its bin or probability. */
const codeOf = ({ at, measure }: Result["cells"][number]): string => {
  const label = at["bin"] ?? at["p"];
  return label === undefined || label === null ? measure : `${measure}:${label}`;
};

const placeOf = (cell: Result["cells"][number], { id }: JsonStat): Record<string, string> =>
  Object.fromEntries(
    id.map((name) => {
      if (name === "ContentsCode") return [name, codeOf(cell)];
      const value =
        name === "Region" ? cell.at["region"] : name === "Tid" ? cell.at["period"] : cell.at[name];
      return [name, value ?? "unknown"];
    }),
  );

describe.each(["sv", "en"] as const)("in %s", (language) => {
  test("jsonstat-toolkit finds every cell, its value and its status", () => {
    for (const result of results) {
      const table = tableOf(result, federation, language);
      const read = JSONstat(JSON.parse(JSON.stringify(table)) as object);
      expect(read.class).toBe("dataset");
      expect(read.n).toBe(result.cells.length);
      expect(read.role).toMatchObject({ geo: ["Region"], time: ["Tid"], metric: ["ContentsCode"] });
      for (const cell of result.cells) {
        const { value, status } = read.Data(placeOf(cell, table)) as { value: unknown; status: unknown };
        expect(value).toBe(cell.value);
        expect(status ?? null).toBe(cell.flag === "unreliable" ? "u" : cell.flag);
      }
    }
  });

  test("is dense, says what the noise is, and lets nobody add up", () => {
    for (const result of results) {
      const table = tableOf(result, federation, language);
      expect(table.size.reduce((product, each) => product * each, 1)).toBe(table.value.length);
      expect(table.note[0]).toMatch(language === "sv" ? /Slumpmässig osäkerhet/ : /Random noise/);
      for (const { category, extension } of Object.values(table.dimension)) {
        expect(extension.elimination).toBe(false);
        expect(Object.keys(category.index).every((code) => category.label[code] !== undefined)).toBe(true);
      }
      expect(table.extension).toMatchObject({
        px: { aggregallowed: false },
        privacy: { mechanism: "discrete Gaussian", intervals: "95 %, noise alone" },
        release: result.releaseId,
        standardError: result.cells.map(({ se }) => se),
      });
    }
  });
});

test.skipIf(!hasPython)("Python's pyjstat reads it into a frame (skipped where it is not installed)", () => {
  const script =
    "import sys, json\nfrom pyjstat import pyjstat\nd = pyjstat.Dataset.read(sys.stdin.read())\nf = d.write('dataframe')\nprint(json.dumps([len(f), list(f.columns)]))\n";
  for (const result of results) {
    const table = tableOf(result, federation, "en");
    const { stdout, stderr } = spawnSync("python3", ["-c", script], {
      input: JSON.stringify(table),
      encoding: "utf8",
    });
    expect(stderr).not.toContain("Error");
    const [rows, columns] = JSON.parse(stdout) as [number, string[]];
    expect(rows).toBe(table.value.length);
    expect(columns).toEqual([...table.id.map((name) => table.dimension[name]?.label), "value"]);
  }
});
