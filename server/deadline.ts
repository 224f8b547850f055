/**
 * How long somebody who waits is kept waiting. Told by a timer: the clock may be set meanwhile, by its keeper or by a
 * test, and nobody should wait longer for that, or less long.
 */
export type Deadline = {
  /** Comes when the time is up. */
  readonly signal: AbortSignal;
  /** Nobody waits any more. */
  readonly stop: () => void;
};

/** Timers go no further, about 25 days: what is to last longer lasts for ever. */
const LONGEST = 2 ** 31 - 1;

/** Up in so many milliseconds; at once for none. */
export function deadlineIn(milliseconds: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  if (milliseconds <= 0) controller.abort();
  if (milliseconds <= 0 || milliseconds > LONGEST) return { signal, stop: () => undefined };
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { signal, stop: () => clearTimeout(timer) };
}

/** Rests so many milliseconds, or until the signal: whoever is stopped is not waited for. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** By a timer; neither that nor a listener is left behind. */
export const sleep: Sleep = (milliseconds, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
