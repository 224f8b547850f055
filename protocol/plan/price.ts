/** What a question costs each region and period, as people are told it: floats, by which nothing is decided. */
import { epsilonAt } from "../privacy/privacy.ts";
import { parseRational, toNumber } from "../values/rational.ts";
import type { Plan } from "./plan.ts";

export type Price = {
  readonly rho: number;
  /** Of the dataset's budget for a period: 1 is all of it. */
  readonly part: number;
  /** With the dataset's δ, on its own. */
  readonly epsilon: number;
};

export function priceOf({ charge, dataset: { budget } }: Pick<Plan, "charge" | "dataset">): Price {
  const rho = toNumber(charge);
  return {
    rho,
    part: rho / toNumber(parseRational(budget.rhoPerPeriod)),
    epsilon: epsilonAt(rho, toNumber(parseRational(budget.delta))),
  };
}
