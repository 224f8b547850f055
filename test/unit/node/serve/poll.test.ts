/** A node that is stopped while it rests after a failure is not waited for. */
import { expect, test, vi } from "vitest";
import { Witness, type WitnessContext } from "../../../../node/log/witness.ts";
import { pollForever, type Worker } from "../../../../node/serve/poll.ts";
import type { Sleep } from "../../../../server/deadline.ts";

/** What has nothing to work with, and so fails; stopped while it sleeps. */
function resting() {
  const stopping = new AbortController();
  const sleep: Sleep = (_, signal) => {
    if (signal === undefined) throw new RangeError("expected to be told when to wake");
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve());
      stopping.abort();
    });
  };
  const slept = vi.fn(sleep);
  const { signal } = stopping;
  const context = { signal, sleep: slept, random: () => undefined, logger: { warn: () => undefined } };
  return { context, slept };
}

test("as a worker", async () => {
  const { context, slept } = resting();
  await pollForever({ ...context, memory: { cursor: 0, head: null } } as unknown as Worker);
  expect(slept).toHaveBeenCalledTimes(1);
});

test("as a witness", async () => {
  const { context, slept } = resting();
  await new Witness(context as unknown as WitnessContext).watchForever();
  expect(slept).toHaveBeenCalledTimes(1);
});
