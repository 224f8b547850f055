/** Says that what this region has logged waits for the others: until they have cosigned it nothing leaves the node. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { quorumOf } from "../../protocol/log/quorum.ts";
import type { Sleep } from "../../server/deadline.ts";
import type { Logger } from "../../server/logger.ts";

export type Lonely = {
  readonly code: string;
  readonly federation: Federation;
  readonly sleep: Sleep;
  readonly logger: Logger;
};

/** Before it is said, and before it is said again, in milliseconds. */
const PATIENCE = 10_000;
const AGAIN = 600_000;

/** Waits for cosignatures, and says so where they are long in coming. */
export async function sayingWhatFor(cosigned: Promise<void>, context: Lonely): Promise<void> {
  const over = new AbortController();
  void say(context, over.signal);
  try {
    await cosigned;
  } finally {
    over.abort();
  }
}

async function say({ code, federation, sleep, logger }: Lonely, signal: AbortSignal): Promise<void> {
  const { least } = quorumOf(federation, code);
  for (let pause = PATIENCE; ; pause = AGAIN) {
    await sleep(pause, signal);
    if (signal.aborted) return;
    logger.warn(
      { needed: least },
      "too few other regions witness this region's log: nothing is answered before so many have cosigned it",
    );
  }
}
