/** What nodes have asked and been answered, counted: so that a test of what does not happen waits until it could have. */
import { expect } from "vitest";
import type { Fetch } from "../../protocol/wire/client.ts";
import { ROUTES } from "../../protocol/wire/routes.ts";

export function countedTurns() {
  const answered = new Map<string, number>();
  const of = (code: string, path: string): number => answered.get(`${code} ${path}`) ?? 0;
  return {
    /** What stands between a node and the coordinator. */
    fetch:
      (code: string): Fetch =>
      async (input, init) => {
        const response = await globalThis.fetch(input, init);
        const { pathname } = new URL(String(input));
        answered.set(`${code} ${pathname}`, of(code, pathname) + 1);
        return response;
      },
    /** Until each of these nodes has had so many more answers to one route. */
    more: async (route: keyof typeof ROUTES, codes: readonly string[], times: number): Promise<void> => {
      const { path } = ROUTES[route];
      const before = codes.map((code) => of(code, path));
      await expect
        .poll(() => codes.every((code, at) => of(code, path) >= (before[at] ?? 0) + times))
        .toBe(true);
    },
  };
}
