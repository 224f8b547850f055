/**
 * The door of a page that is one person's at one machine: an address that opens once, a session from then on, and nobody
 * who comes by another name or from another page. Others on the machine can knock: they have neither.
 */
import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { toHex } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";

/** Who comes in: whoever brings the latest token, once, and from then on by the session that it was given for. */
export type Door = {
  /** Makes the token that counts from now on, in place of the one before. */
  readonly invite: () => string;
  /** Gives a session for the token. Refuses (`signature-invalid`) another one, and a second time. */
  readonly enter: (given: string) => string;
  /** Refuses (`signature-invalid`) what is no session. */
  readonly check: (given: string) => void;
};

/** `opener` is the command whose address opens it. */
export function doorOf(random: (bytes: Uint8Array) => void, opener: string): Door {
  let token: string | null = null;
  const sessions = new Set<string>();
  const refused = () => new Refusal("signature-invalid", `expected a page that ${opener} opened, once`);
  const secret = (): string => {
    const bytes = new Uint8Array(32);
    random(bytes);
    return toHex(bytes);
  };
  return {
    invite: () => {
      token = secret();
      return token;
    },
    enter: (given) => {
      if (token === null || !isSame(given, token)) throw refused();
      token = null;
      const session = secret();
      sessions.add(session);
      return session;
    },
    check: (given) => {
      if (![...sessions].some((session) => isSame(given, session))) throw refused();
    },
  };
}

/** In a header that a page elsewhere cannot set, and that no browser adds by itself, as it does a cookie. */
export const bearerOf = (c: Context): string =>
  /^Bearer ([0-9a-f]{64})$/.exec(c.req.header("authorization") ?? "")?.[1] ?? "";

/**
 * A page elsewhere has another origin; one whose name was made to point here has another host. Refuses (`not-found`)
 * both, whatever they ask for. `isOwn` is asked of an origin.
 */
export const ownOnly =
  (isOwn: (origin: string) => boolean, expected: string, scheme = "http"): MiddlewareHandler =>
  async (c, next) => {
    const origin = c.req.header("origin");
    if (!isOwn(`${scheme}://${c.req.header("host") ?? ""}`) || (origin !== undefined && !isOwn(origin)))
      throw new Refusal("not-found", expected);
    await next();
  };

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
