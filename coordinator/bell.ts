/** Wakes who waits for something new. It carries no news itself: whoever wakes looks again. */

/** Lets polls wait for something new without asking the database again and again. */
export type Bell = {
  readonly ring: () => void;
  /** How often it has rung: read before looking, so that a ring between looking and waiting is not missed. */
  readonly rung: () => number;
  /** Until it has rung more than `since`, or the signal comes. */
  readonly wait: (since: number, signal: AbortSignal) => Promise<void>;
};

export function bellOf(): Bell {
  let waiting = new Set<() => void>();
  let count = 0;
  return {
    ring: () => {
      count++;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    rung: () => count,
    wait: (since, signal) =>
      new Promise((resolve) => {
        if (count > since || signal.aborted) return resolve();
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        signal.addEventListener("abort", wake, { once: true });
        waiting.add(wake);
      }),
  };
}
