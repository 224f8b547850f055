/** What of the directory ends soon, told in a party's log: at its start, and then once a day. */
import type { Directory } from "../protocol/federation/directory.ts";
import { endingsLine, endingsOf } from "../protocol/federation/expiry.ts";
import type { Sleep } from "./deadline.ts";
import type { Logger } from "./logger.ts";

/** How long it sleeps before it looks at the clock again, in milliseconds: a machine may have slept longer. */
const NAP = 600_000;

type Telling = { readonly now: () => Date; readonly sleep: Sleep; readonly logger: Logger };

/** Until the signal. */
export async function tellEndings(
  directory: () => Directory,
  { now, sleep, logger }: Telling,
  signal: AbortSignal,
): Promise<void> {
  let told = "";
  while (!signal.aborted) {
    const today = now().toISOString().slice(0, 10);
    if (today !== told) {
      const endings = endingsLine(endingsOf(directory(), now()), "en");
      if (endings !== null) logger.warn({ endings }, "the next version of the directory should renew these");
      told = today;
    }
    await sleep(NAP, signal);
  }
}
