/** Puts to the nodes what has become public, from when there is somebody to do it, and until it is done. */
import { type Logger, nameOf } from "../../server/logger.ts";
import type { Context } from "../context.ts";
import { announcePublic, type Dispatcher } from "./dispatch.ts";

/** What could not be put to them is tried again after so many milliseconds: the log may not grow again for an hour. */
const AGAIN = 1000;

export class Announcer {
  readonly #logger: Logger;
  #by: (Context & Dispatcher) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  begin(by: Context & Dispatcher): void {
    this.#by = by;
  }

  onPublic(): void {
    const by = this.#by;
    if (by === null || this.#stopped) return; // All that is public by the end of the start is announced there.
    clearTimeout(this.#timer);
    announcePublic(by)
      .then(() => by.bell.ring())
      .catch((error) => {
        this.#logger.error({ error: nameOf(error) }, "what is public was not put to the nodes");
        clearTimeout(this.#timer);
        if (!this.#stopped) this.#timer = setTimeout(() => this.onPublic(), AGAIN);
      });
  }

  /** What is not put to them by now is when this starts again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
