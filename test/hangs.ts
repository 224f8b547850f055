/**
 * How long a test may stand still before it counts as hanging: more than ten times what the slowest takes on a quiet
 * machine. No test passes or fails by these: what one waits for, it waits for as long as it takes.
 */
const MINUTE = 60_000;

/** In a browser, which has its own. */
export const HANGING = 10 * MINUTE;

export const HANGS = {
  testTimeout: 15 * MINUTE,
  hookTimeout: 15 * MINUTE,
  teardownTimeout: 10 * MINUTE,
  expect: { poll: { timeout: HANGING, interval: 50 } },
} as const;
