/** Sums of discrete Gaussians in doubles (Kairouz, Liu and Steinke 2021, theorem 1): what the exact formulas are held to. */

/** How far the sum of m discrete Gaussians, each of standard deviation σ ≥ 1/2, is from one: τ. */
export function sumCloseness(sigma: number, m: number): number {
  let total = 0;
  for (let k = 1; k < m; k++) total += Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * k) / (k + 1));
  return 10 * total;
}

/** The zCDP of that sum for sensitivities Δ₁, Δ₂ in `dimension` coordinates. */
export function rhoOfSum(sigma: number, m: number, d1: number, d2: number, dimension: number): number {
  const tau = sumCloseness(sigma, m);
  const ideal = d2 ** 2 / (m * sigma ** 2);
  const first = ideal + (2 * d1 * tau) / (Math.sqrt(m) * sigma) + tau ** 2 * dimension;
  const second = (d2 / (Math.sqrt(m) * sigma) + tau * Math.sqrt(dimension)) ** 2;
  const third = ideal + 2 * tau * dimension;
  return Math.min(first, second, third) / 2;
}
