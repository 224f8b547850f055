/** A digest a day, by the clock alone: whatever happens otherwise, and though the log cannot be reached. */
import { expect, test } from "vitest";
import { logDaily } from "../../../../node/log/daily.ts";
import { loggerOf } from "../../../../server/logger.ts";

const DAY = 24 * 3600_000;

test("one leaf each day, though the coordinator is away on the second", async () => {
  const stopping = new AbortController();
  let time = 0;
  let last = 0;
  const promised: number[] = [];
  let settled = 0;
  const leaving = {
    dueIn: () => Math.max(0, last + DAY - time),
    promise: async () => {
      if (last + DAY > time) return false;
      last = time;
      promised.push(time / DAY);
      return true;
    },
  };
  const log = {
    promise: async () => undefined,
    settle: async () => {
      settled++;
      if (settled === 2) throw new Error("nobody answers");
    },
  };
  const sleep = async (milliseconds: number) => {
    time += milliseconds;
    if (time > 4.5 * DAY) stopping.abort();
  };
  await logDaily({ leaving, log, sleep, logger: loggerOf("node", "silent") }, stopping.signal);
  expect(promised).toEqual([1, 2, 3, 4]);
  expect(settled).toBe(4);
});
