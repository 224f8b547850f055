/**
 * Whether this machine's clock and another's agree, by the `Date` that the other answers with. Whoever answers chooses
 * what stands there: so it names a suspicion, to people, and decides nothing.
 */
import type { Fetch } from "../protocol/wire/client.ts";

/** In seconds. An answer may have been on its way for some of them. */
const NOTABLE = 30;

export type Compared = {
  readonly fetch: Fetch;
  /** By how many seconds this clock was ahead when last heard; negative where it was behind, null where they agree. */
  readonly ahead: () => number | null;
};

/** `onChange` is called when they begin to differ, differ otherwise than before, or agree again. */
export function comparing(fetch: Fetch, now: () => Date, onChange: (ahead: number | null) => void): Compared {
  let ahead: number | null = null;
  return {
    ahead: () => ahead,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const theirs = Date.parse(response.headers.get("date") ?? "");
      if (Number.isNaN(theirs)) return response;
      const seconds = Math.round((now().getTime() - theirs) / 1000);
      const differs = Math.abs(seconds) > NOTABLE ? seconds : null;
      const before = ahead;
      if (differs === null ? before !== null : Math.abs(differs - (before ?? 0)) > NOTABLE) {
        ahead = differs;
        onChange(ahead);
      }
      return response;
    },
  };
}

/** In words, for people. */
export const aheadInWords = (ahead: number): string =>
  `this clock differs by ${Math.abs(ahead)} s from the coordinator's: it is ${ahead > 0 ? "ahead" : "behind"}`;
