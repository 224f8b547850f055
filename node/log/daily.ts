/**
 * Each day a digest of who is not counted goes into the region's log: by a timer alone, so that when it comes tells
 * nothing of whether anybody has left.
 */
import type { Sleep } from "../../server/deadline.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import type { Leaving } from "../people/leaving.ts";
import type { NodeLog } from "./own-log.ts";

/** How long it sleeps at most before it looks at the clock again, in milliseconds. */
const NAP = 600_000;

export type Daily = {
  readonly leaving: Pick<Leaving, "dueIn" | "promise">;
  readonly log: Pick<NodeLog, "promise" | "settle">;
  readonly sleep: Sleep;
  readonly logger: Logger;
};

/** Until the signal. What could not be promised is tried again; what was is cosigned when others can be reached. */
export async function logDaily({ leaving, log, sleep, logger }: Daily, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(Math.min(NAP, Math.max(1000, leaving.dueIn())), signal);
    if (signal.aborted) return;
    try {
      if (await leaving.promise(log)) await log.settle();
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ error: nameOf(error) }, "the day's digest is not out yet");
    }
  }
}
