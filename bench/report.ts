/** One JSON line a figure, and the medians that figures are. */
export type Figure = { readonly name: string; readonly value: number; readonly unit: string } & Readonly<
  Record<string, unknown>
>;

export function report(figure: Figure): void {
  console.log(JSON.stringify({ ...figure, value: Number(figure.value.toPrecision(4)) }));
}

export const quantile = (values: readonly number[], p: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Several pieces of work in turn, round by round, so that what disturbs one disturbs all; each one's times. */
export async function inTurn(
  rounds: number,
  works: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const time = await timed(work);
      // The first round warms caches and is not counted.
      if (round > 0) times[name]?.push(time);
    }
  }
  return times;
}

/** The median of the rounds' own ratios: what the machine does in between falls out. */
export const ratio = (a: readonly number[], b: readonly number[]): number =>
  median(a.map((value, index) => value / (b[index] ?? Number.NaN)));
