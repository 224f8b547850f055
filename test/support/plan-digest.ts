/** What a plan says and what is published of it, as digests: two plans with the same are the same to whoever recomputes a release. */
import type { Plan } from "../../protocol/plan/plan.ts";
import { cellsOf, writeCells } from "../../protocol/release/cells.ts";
import { hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { format } from "../../protocol/values/rational.ts";

/** Integers like answers, each from its place alone. */
const answerOf = (plan: Plan, region: number): bigint[] =>
  Array.from(
    { length: plan.length * plan.periods.length },
    (_, at) => BigInt((at * 7919 + region * 104_729) % 100_003) * 60n,
  );

/** The plan's parts that an answer, a charge and a release rest on; and the published cells of made-up answers. */
export function digestOf(plan: Plan): { plan: string; cells: string; charge: string; vectors: number } {
  const { dimensions, cells, vectors, measures, length, noiseShares, charge } = plan;
  const noise = vectors.map(({ id, of, statistic, residual, bound, reach, width, variance, offset }) => ({
    id,
    of,
    statistic,
    residual,
    bound,
    reach,
    width,
    variance,
    offset,
  }));
  const read = measures.map(({ measure, vectors: of, labels }) => ({ id: measure.id, of, labels }));
  const text = JSON.stringify({ dimensions, cells, noise, read, length, noiseShares, charge }, (_, value) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  const codes = ["01", "03", "04", "05"];
  const own = vectors.every(({ variance }) => variance !== null);
  const answers = new Map(own ? codes.map((code, at) => [code, answerOf(plan, at)]) : []);
  const sum = answerOf(plan, 9).map((value) => value * (noiseShares?.scale ?? 1n));
  const national =
    noiseShares === null ? null : { sum, survivors: codes.slice(0, noiseShares.n), unopened: 0 };
  return {
    plan: hashOf(utf8(text)),
    cells: writeCells(cellsOf(plan, { answers, national })).hash,
    charge: format(charge),
    vectors: vectors.length,
  };
}
