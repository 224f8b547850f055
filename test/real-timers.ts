/** Files that share a process share its timers: where one leaves them standing still, the next says so, and none hangs. */
import { setImmediate, setInterval, setTimeout } from "node:timers";
import { afterAll, expect } from "vitest";

const REAL = { setTimeout, setInterval, setImmediate };

afterAll(() => {
  const left = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    setImmediate: globalThis.setImmediate,
  };
  expect(left, "expected timers to be given back").toEqual(REAL);
});
