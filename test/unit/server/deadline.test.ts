/** Deadlines: a timer's, whatever the clock says meanwhile. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadlineIn } from "../../../server/deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("it comes once its time has passed, and not before", () => {
  const { signal } = deadlineIn(1000);
  vi.advanceTimersByTime(999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.aborted).toBe(true);
});

test("none is over at once", () => {
  expect(deadlineIn(0).signal.aborted).toBe(true);
});

test("a clock that is set neither hastens it nor stops it", () => {
  const { signal } = deadlineIn(1000);
  vi.setSystemTime(Date.now() + 3600_000);
  vi.advanceTimersByTime(500);
  expect(signal.aborted).toBe(false);
  vi.setSystemTime(0);
  vi.advanceTimersByTime(500);
  expect(signal.aborted).toBe(true);
});

test.each([2 ** 31, Number.POSITIVE_INFINITY])("what no timer can wait for never comes: %s ms", (long) => {
  const { signal } = deadlineIn(long);
  vi.advanceTimersByTime(24 * 3600_000);
  expect(signal.aborted).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test("one that nobody waits for leaves no timer behind", () => {
  deadlineIn(1000).stop();
  expect(vi.getTimerCount()).toBe(0);
});
