/**
 * A fetch for slow machines: where a connection was not made in time, or was cut before anything came back, or nothing
 * came back for minutes, the same request is sent again. All of ours may be sent twice: what was seen before is known by
 * its hash. Where nobody listens it fails at once.
 */

import type { Fetch } from "../protocol/wire/client.ts";
import { sleep } from "./deadline.ts";

/**
 * Of undici's: a connection that took too long to make, an answer that did not begin or go on within five minutes, a
 * connection that the other side closed as it was used again.
 */
const CUT: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
  "ECONNRESET",
  "EPIPE",
]);
const MOST_TRIES = 10;

export function steady(fetch: Fetch): Fetch {
  return async (url, init) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetch(url, init);
      } catch (error) {
        if (attempt === MOST_TRIES || init?.signal?.aborted === true || !isCut(error)) throw error;
        await sleep(100 * attempt);
      }
    }
  };
}

const isCut = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  "code" in error.cause &&
  CUT.has(String(error.cause.code));
