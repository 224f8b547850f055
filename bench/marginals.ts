/**
 * Tables that agree: how long a plan takes, by either objective, for the published data sets and for 100 attributes, and
 * how long it takes to rebuild every wanted table.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AttributeSet,
  cellsIn,
  keyOf,
  planLeastLargest,
  planLeastSum,
} from "../protocol/privacy/marginals.ts";
import { contrast, rebuild } from "../protocol/privacy/residual.ts";
import { rational } from "../protocol/values/rational.ts";
import { median, report } from "./report.ts";

const FILE = join(import.meta.dirname, "../../shared/vectors/residual-planner.json");
const RHO = rational(1n, 2n);

function upTo(attributes: number, most: number): AttributeSet[] {
  const sets: AttributeSet[] = [[]];
  const extend = (set: AttributeSet): void => {
    if (set.length === most) return;
    for (let at = (set.at(-1) ?? -1) + 1; at < attributes; at++) {
      const next = [...set, at];
      sets.push(next);
      extend(next);
    }
  };
  extend([]);
  return sets;
}

const seconds = (work: () => unknown): number => {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
};

export async function marginals(): Promise<void> {
  const published = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, "utf8")) as { datasets: Record<string, number[]> }).datasets
    : {};
  const shapes = { ...published, "100 attributes of 10": new Array<number>(100).fill(10) };
  for (const [name, sizes] of Object.entries(shapes)) {
    const sets = upTo(sizes.length, 3);
    const weighted = sets.map((set) => ({ set, weight: 1 / cellsIn(set, sizes) }));
    for (const [objective, plan] of [
      ["least sum", () => planLeastSum(sizes, weighted, RHO)],
      ["least largest", () => planLeastLargest(sizes, sets, RHO)],
    ] as const)
      report({
        name: `marginals/plan/${name}`,
        objective,
        value: median([1, 2, 3].map(() => seconds(plan))),
        unit: "s",
        marginals: sets.length,
      });
  }
  // A quarter of the journal: sex, age, unit type, target group, and one item's five answers.
  const sizes = [2, 6, 8, 10, 5];
  const plan = planLeastLargest(sizes, upTo(sizes.length, 3), rational(1n, 20n));
  const measured = new Map(
    plan.residuals.map(({ set }) => [
      keyOf(set),
      contrast(
        Array.from({ length: cellsIn(set, sizes) }, (_, cell) => BigInt(60 * cell)),
        set,
        sizes,
      ),
    ]),
  );
  report({
    name: "marginals/rebuild",
    value: median(
      [1, 2, 3, 4, 5].map(() => seconds(() => plan.wanted.map((set) => rebuild(plan, set, measured)))),
    ),
    unit: "s",
    tables: plan.wanted.length,
    cells: plan.wanted.reduce((all, set) => all + cellsIn(set, sizes), 0),
  });
}
