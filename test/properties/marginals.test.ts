/** Tables that agree: over random plans, tables and noise, whatever two rebuilt tables share is the same fraction. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { discreteGaussian } from "../../node/answer/sampler.ts";
import { Bits, systemRandom } from "../../node/random.ts";
import {
  type AttributeSet,
  cellsIn,
  costOf,
  keyOf,
  type MarginalPlan,
  planLeastLargest,
  planLeastSum,
  subsetsOf,
  varianceOf,
} from "../../protocol/privacy/marginals.ts";
import {
  contrast,
  covarianceOf,
  type Measured,
  marginalOf,
  measure,
  noiseOf,
  rebuild,
} from "../../protocol/privacy/residual.ts";
import { add, compare, rational, sum, toNumber, ZERO } from "../../protocol/values/rational.ts";

/** A small dataset's shape, and some of its marginals. */
const shapesOf = (attributes: number) =>
  fc
    .array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: attributes })
    .chain((sizes) =>
      fc
        .uniqueArray(fc.subarray(sizes.map((_, at) => at)), { minLength: 1, maxLength: 5, selector: keyOf })
        .map((wanted) => ({ sizes, wanted })),
    );
const shapes = shapesOf(4);
/** Where every cell is held against every other: at most 64 cells. */
const narrow = shapesOf(3);
const RHO = rational(1n, 10n);

/** A full table of whole persons in sixtieths, and every residual measured with any noise at all. */
const cases = shapes.chain(({ sizes, wanted }) => {
  const plan = planLeastLargest(sizes, wanted, RHO);
  const all = sizes.map((_, at) => at);
  const cells = fc.array(fc.bigInt({ min: 0n, max: 6000n }), {
    minLength: cellsIn(all, sizes),
    maxLength: cellsIn(all, sizes),
  });
  const noises = fc.tuple(
    ...plan.residuals.map(({ set }) =>
      fc.array(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), {
        minLength: cellsIn(set, sizes),
        maxLength: cellsIn(set, sizes),
      }),
    ),
  );
  return fc.record({ plan: fc.constant(plan), all: fc.constant(all), table: cells, noises });
});

const measuredIn = (
  { sizes, residuals }: MarginalPlan,
  all: AttributeSet,
  table: readonly bigint[],
  noises: ReadonlyArray<readonly bigint[]>,
): Measured =>
  new Map(
    residuals.map(({ set }, at) => [
      keyOf(set),
      measure(marginalOf(table, all, set, sizes), set, sizes, noises[at] ?? []),
    ]),
  );

describe("tables that agree", () => {
  test("every pair of rebuilt tables agrees exactly on what it shares, whatever the noise", () => {
    fc.assert(
      fc.property(cases, ({ plan, all, table, noises }) => {
        const measured = measuredIn(plan, all, table, noises);
        for (const set of plan.wanted) {
          const whole = rebuild(plan, set, measured);
          for (const other of subsetsOf(set)) {
            const own = rebuild(plan, other, measured);
            const summed = marginalOf(whole.numerators, set, other, plan.sizes);
            summed.forEach((value, cell) => {
              const left = rational(value, whole.denominator);
              const right = rational(own.numerators[cell] ?? 0n, own.denominator);
              expect(compare(left, right)).toBe(0);
            });
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("without noise they are the true tables", () => {
    fc.assert(
      fc.property(cases, ({ plan, all, table }) => {
        const measured = measuredIn(plan, all, table, []);
        for (const set of plan.wanted) {
          const { numerators, denominator } = rebuild(plan, set, measured);
          marginalOf(table, all, set, plan.sizes).forEach((value, cell) => {
            expect(compare(rational(numerators[cell] ?? 0n, denominator), rational(value, 60n))).toBe(0);
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  test("what a plan costs is what the integer table of a single person moves: Σ Δ²/(2·noise)", () => {
    fc.assert(
      fc.property(shapes, fc.nat(), ({ sizes, wanted }, which) => {
        const plan = planLeastSum(
          sizes,
          wanted.map((set) => ({ set, weight: 1 / cellsIn(set, sizes) })),
          RHO,
        );
        const all = sizes.map((_, at) => at);
        const person = new Array<bigint>(cellsIn(all, sizes)).fill(0n);
        person[which % person.length] = 60n;
        const terms = plan.residuals.map((residual) => {
          const moved = contrast(marginalOf(person, all, residual.set, sizes), residual.set, sizes);
          const squared = moved.reduce((total, each) => total + each * each, 0n);
          const noise = noiseOf(residual, sizes);
          return rational(squared * noise.d, noise.n * 2n);
        });
        const cost = costOf(plan);
        // Rounded up by less than 10^-24 a residual, and never below.
        expect(compare(sum(terms), cost)).toBeLessThanOrEqual(0);
        expect(toNumber(cost) - toNumber(sum(terms))).toBeLessThan(1e-15);
        expect(compare(cost, RHO)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 200 },
    );
  });

  test("a cell's variance is its covariance with itself; sums of cells carry the variance of the smaller table", () => {
    fc.assert(
      fc.property(narrow, ({ sizes, wanted }) => {
        const plan = planLeastLargest(sizes, wanted, RHO);
        for (const set of plan.wanted) {
          const first = set.map(() => 0);
          expect(compare(covarianceOf(plan, [set, first], [set, first]), varianceOf(plan, set))).toBe(0);
          const cells = Array.from({ length: cellsIn(set, sizes) }, (_, cell) => placeOf(cell, set, sizes));
          let total = ZERO;
          for (const one of cells)
            for (const two of cells) total = add(total, covarianceOf(plan, [set, one], [set, two]));
          expect(compare(total, varianceOf(plan, []))).toBe(0);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("the noise of rebuilt cells has the variance that is said, in 4,000 draws of each", () => {
    const sizes = [2, 3];
    const wanted = [[0], [0, 1], []];
    const plan = planLeastLargest(sizes, wanted, rational(1n, 2n));
    const bits = new Bits(systemRandom);
    const draws = plan.residuals.map((residual) => discreteGaussian(bits, noiseOf(residual, sizes)));
    const squares = new Map(plan.wanted.map((set) => [keyOf(set), { total: 0, count: 0 }]));
    for (let round = 0; round < 4000; round++) {
      const measured = new Map(
        plan.residuals.map(({ set }, at) => [
          keyOf(set),
          Array.from({ length: cellsIn(set, sizes) }, () => BigInt(draws[at]?.() ?? 0)),
        ]),
      );
      for (const set of plan.wanted) {
        const { numerators, denominator } = rebuild(plan, set, measured);
        const kept = squares.get(keyOf(set));
        for (const value of numerators) {
          if (kept === undefined) continue;
          kept.total += (Number(value) / Number(denominator)) ** 2;
          kept.count++;
        }
      }
    }
    for (const set of plan.wanted) {
      const { total, count } = squares.get(keyOf(set)) ?? { total: 0, count: 1 };
      // Five standard errors of a variance from at least 4,000 draws.
      expect(total / count / toNumber(varianceOf(plan, set))).toBeGreaterThan(0.88);
      expect(total / count / toNumber(varianceOf(plan, set))).toBeLessThan(1.12);
    }
  });

  test("refuses sets that do not rise, stand twice, name no attribute, or are not wanted", () => {
    const refused = { code: "schema-mismatch" };
    for (const wanted of [[], [[1, 0]], [[0], [0]], [[2]]])
      expect(() => planLeastLargest([2, 3], wanted, RHO)).toThrow(expect.objectContaining(refused));
    expect(() => planLeastLargest([1, 3], [[0]], RHO)).toThrow(expect.objectContaining(refused));
    const plan = planLeastLargest([2, 3], [[0]], RHO);
    expect(() => varianceOf(plan, [1])).toThrow(expect.objectContaining(refused));
    expect(() => rebuild(plan, [1], new Map())).toThrow(expect.objectContaining(refused));
  });
});

function placeOf(cell: number, set: AttributeSet, sizes: readonly number[]): number[] {
  let rest = cell;
  return [...set]
    .reverse()
    .map((at) => {
      const n = sizes[at] ?? 1;
      const place = rest % n;
      rest = Math.floor(rest / n);
      return place;
    })
    .reverse();
}
