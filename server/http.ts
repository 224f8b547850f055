/**
 * What every HTTP interface of ours has: limits on size and rate, a strict reader for bodies, problem+json for each
 * error, and no detail of anything unexpected.
 */
import { serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { rateLimiter } from "hono-rate-limiter";
import type { z } from "zod";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { type Logger, nameOf } from "./logger.ts";

/** An answer of 100,000 integers, base64 twice, with its envelope. */
export const MAX_BODY = 2_000_000;

export type HttpLimits = { readonly requestsPerMinute: number };

/** What is public may be read by pages elsewhere; what is one person's (`isPublic` false) by its own page alone. */
export function httpOf(logger: Logger, limits: HttpLimits, isPublic = true): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  // Before the limit, so that a page elsewhere can read why it was refused, and when to come back.
  if (isPublic)
    app.use(
      cors({
        origin: "*",
        allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
        exposeHeaders: ["ETag", "Retry-After"],
      }),
    );
  app.use(
    rateLimiter({
      windowMs: 60_000,
      limit: limits.requestsPerMinute,
      keyGenerator: addressOf,
      handler: (c) =>
        problem(
          c,
          new Refusal("rate-limited", `expected at most ${limits.requestsPerMinute} requests a minute`),
        ),
    }),
  );
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (c) => problem(c, new Refusal("too-large", `expected at most ${MAX_BODY} bytes`)),
    }),
  );
  app.notFound((c) => problem(c, new Refusal("not-found", "expected an address of /openapi.json")));
  app.onError((error, c) => {
    if (error instanceof Refusal) return problem(c, error);
    logger.error({ error: nameOf(error), path: c.req.path }, "unexpected");
    return problem(c, new Refusal("internal", "something unexpected happened on our side"));
  });
  return app;
}

/** Requests made in process (tests, the demo's own) have no address. */
function addressOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? "unknown";
  } catch {
    return "in-process"; // app.request() has no socket: not an error.
  }
}

export function problem(c: Context, refusal: Refusal): Response {
  const body = refusal.toProblem();
  return c.body(JSON.stringify(body), body.status as 400, { "content-type": "application/problem+json" });
}

/** The request's body, as one strict JSON document that fits the schema. */
export async function readBody<S extends z.ZodType>(
  c: Context,
  schema: S,
  what: string,
): Promise<z.output<S>> {
  return parseWith(schema, parseJson(new Uint8Array(await c.req.arrayBuffer())), what);
}

export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/** Listens on an address; port 0 takes a free one. */
export function listen(app: Hono, hostname: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, ({ port: taken }) =>
      resolve({
        port: taken,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      }),
    );
    server.on("error", (cause: Error) =>
      reject(new Refusal("unavailable", `expected port ${port} to be free`, { cause })),
    );
  });
}
