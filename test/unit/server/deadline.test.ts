/** Deadlines: a timer's, whatever the clock says meanwhile. */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadlineIn, sleep } from "../../../server/deadline.ts";

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

test("a sleep ends in its time, or with the signal, and leaves neither a timer nor a listener behind", async () => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const left = () => [vi.getTimerCount(), getEventListeners(signal, "abort").length];
  const whole = sleep(1000, signal);
  const long = sleep(45_000, signal);
  const deaf = sleep(2000);
  expect(left()).toEqual([3, 2]);
  vi.advanceTimersByTime(1000);
  await whole;
  expect(left()).toEqual([2, 1]);
  stopping.abort();
  await long;
  expect(left()).toEqual([1, 0]);
  await sleep(45_000, signal);
  expect(left()).toEqual([1, 0]);
  vi.advanceTimersByTime(2000);
  await deaf;
  expect(left()).toEqual([0, 0]);
});
