/**
 * How much one party may ask in a minute, each by itself, so that no one can use up another's share: readers by address,
 * nodes by who has signed. Probes have no limit: whoever watches over the process must be answered by it.
 */
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler, Next } from "hono";
import { Refusal } from "../protocol/values/refusal.ts";
import { callerOf, type Proxies, proxiesOf } from "./caller.ts";

const MINUTE = 60_000;

/** An answer of 100,000 integers, base64 twice, with its envelope. */
export const MAX_BODY = 2_000_000;

/** Counts what each has asked in this minute, and forgets all at its end. */
export class Buckets {
  readonly most: number;
  readonly #now: () => Date;
  readonly #counts = new Map<string, number>();
  #began = 0;

  constructor(most: number, now: () => Date) {
    this.most = most;
    this.#now = now;
  }

  /** Seconds until there is room again; 0 while there is. */
  wait(who: string): number {
    const since = this.#now().getTime() - this.#began;
    if (since >= MINUTE || since < 0) {
      this.#began += since;
      this.#counts.clear();
      return 0;
    }
    return (this.#counts.get(who) ?? 0) < this.most ? 0 : Math.max(1, Math.ceil((MINUTE - since) / 1000));
  }

  /** Counts one more, where there is room; gives what `wait` gives. */
  take(who: string): number {
    const wait = this.wait(who);
    if (wait === 0) this.#counts.set(who, (this.#counts.get(who) ?? 0) + 1);
    return wait;
  }
}

/** `node` is what a node signs: counted for it by `countFor`, or else for the address that it came from. */
export type RequestKind = "probe" | "node" | "reader";

export type HttpLimits = {
  /** Of one address. */
  readonly requestsPerMinute: number;
  readonly now: () => Date;
  readonly kindOf?: (c: Context) => RequestKind;
  /** Whose X-Forwarded-For is read. */
  readonly proxies?: Proxies;
};

/**
 * Bytes of bodies that are read, or waited for, at once: of one address, and of all. A body is in memory before anyone
 * knows who signed it, and whoever sends it slowly chooses for how long.
 */
const AT_ONCE = { ofOne: 64_000_000, ofAll: 1_000_000_000 };

/** What is read at once, by whose it is. */
class Reading {
  readonly #of = new Map<string, number>();
  #all = 0;

  /** False where there is no room for so many bytes more. */
  take(who: string, bytes: number): boolean {
    const own = (this.#of.get(who) ?? 0) + bytes;
    if (own > AT_ONCE.ofOne || this.#all + bytes > AT_ONCE.ofAll) return false;
    this.#of.set(who, own);
    this.#all += bytes;
    return true;
  }

  give(who: string, bytes: number): void {
    const own = (this.#of.get(who) ?? 0) - bytes;
    if (own > 0) this.#of.set(who, own);
    else this.#of.delete(who);
    this.#all -= bytes;
  }
}

/** How many bytes a request makes us read: as many as it says, or else as it may. */
function lengthOf(c: Context): number {
  if (c.req.header("transfer-encoding") !== undefined) return MAX_BODY;
  return Math.min(Number(c.req.header("content-length") ?? 0), MAX_BODY);
}

/** A body that a stranger is listened to for, however often it came: to find that nobody known signed it costs little. */
const SMALL = 65_536;
const COUNTED = "counted";
const NONE = proxiesOf([]);

export function limited({ requestsPerMinute, now, kindOf, proxies }: HttpLimits): MiddlewareHandler {
  const readers = new Buckets(requestsPerMinute, now);
  const strangers = new Buckets(requestsPerMinute, now);
  const reading = new Reading();
  const read = async (c: Context, caller: string, next: Next) => {
    const bytes = lengthOf(c);
    // What is small costs no more than the connection that it comes by.
    if (bytes <= SMALL) return await next();
    if (!reading.take(caller, bytes)) refuse(c, 1, "fewer large requests at once");
    try {
      await next();
    } finally {
      reading.give(caller, bytes);
    }
  };
  return async (c, next) => {
    const kind = kindOf?.(c) ?? "reader";
    if (kind === "probe") return await next();
    const caller = callerOf(peerOf(c), c.req.header("x-forwarded-for"), proxies ?? NONE);
    if (kind === "reader") {
      refuseFor(c, readers.take(caller), requestsPerMinute);
      return await read(c, caller, next);
    }
    // A node that shares its address with a flood is heard still: what is small is looked at, and then counted for it.
    const wait = strangers.wait(caller);
    if (lengthOf(c) > SMALL) refuseFor(c, wait, requestsPerMinute);
    await read(c, caller, next);
    if (c.get(COUNTED) !== true) strangers.take(caller);
  };
}

/** What this request asks is asked by one who is known, and counts for nobody else. Refuses (`rate-limited`) too much. */
export function countFor(c: Context, buckets: Buckets, who: string): void {
  c.set(COUNTED, true);
  refuseFor(c, buckets.take(who), buckets.most);
}

function refuseFor(c: Context, wait: number, most: number): void {
  if (wait > 0) refuse(c, wait, `at most ${most} requests a minute`);
}

function refuse(c: Context, wait: number, expected: string): never {
  c.header("Retry-After", String(wait));
  throw new Refusal("rate-limited", `expected ${expected}`);
}

/** Requests made in process (tests, the demo's own) have no address. */
function peerOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? "unknown";
  } catch {
    return "in-process"; // app.request() has no socket: not an error.
  }
}
