/** Runs of what stands at places that follow each other: a missing period breaks the line. */
export function runsOf<T extends { readonly at: number }>(placed: readonly T[]): T[][] {
  const runs: T[][] = [];
  for (const each of placed) {
    const run = runs.at(-1);
    if (run === undefined || (run.at(-1)?.at ?? 0) + 1 < each.at) runs.push([each]);
    else run.push(each);
  }
  return runs;
}
