/** What ρ means for a person, as two figures that people know. For showing only: floats, rounded so as to say too much. */
import { type Rational, toNumber } from "../values/rational.ts";
import { below } from "./normal.ts";
import { epsilonAt } from "./privacy.ts";

export type Meaning = {
  readonly rho: number;
  readonly epsilon: number;
  readonly delta: number;
  /**
   * How often, of 100 times, whoever knows everything else and guesses from all that was released whether a person is
   * in the data is right at most. A coin is right 50 times.
   */
  readonly right: number;
};

/** The probability for which a person's year is told. */
export const DELTA = 1e-9;

/**
 * What ρ-zCDP from Gaussian noise comes to. Such noise is μ-Gaussian private with μ² = 2ρ, and squares add as ρ does
 * (Dong, Roth and Su 2022, theorem 2.7 and corollary 3.3): telling N(0, 1) from N(μ, 1), each as likely, the best guess
 * is right with probability Φ(μ/2) = Φ(√(ρ/2)).
 */
export function meaningOf(rho: Rational): Meaning {
  const value = toNumber(rho);
  if (value === 0) return { rho: 0, epsilon: 0, delta: DELTA, right: 50 };
  const right = Math.min(100, Math.ceil(100 * below(Math.sqrt(value / 2)) + 1e-4));
  return { rho: value, epsilon: epsilonAt(value, DELTA), delta: DELTA, right };
}
