/**
 * What every HTTP interface of ours has: limits on size and rate, a strict reader for bodies, problem+json for each
 * error, and no detail of anything unexpected.
 */
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { z } from "zod";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { type HttpLimits, limited, MAX_BODY } from "./limits.ts";
import { type Logger, nameOf } from "./logger.ts";

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
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("date", limits.now().toUTCString());
  });
  app.use(limited(limits));
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

export function problem(c: Context, refusal: Refusal): Response {
  const body = refusal.toProblem();
  return c.body(JSON.stringify(body), body.status as 400, { "content-type": "application/problem+json" });
}

/**
 * Values, keys and escapes of a body: nobody has signed it yet, or its outer form, and a megabyte of them would hold all
 * others for half a second. A thousand log entries are two thousand.
 */
const MOST_STEPS = 12_000;

/** The request's body, as one strict JSON document that fits the schema. `most` where it comes from who is trusted. */
export async function readBody<S extends z.ZodType>(
  c: Context,
  schema: S,
  what: string,
  most = MOST_STEPS,
): Promise<z.output<S>> {
  return parseWith(schema, parseJson(await bytesOf(c), most), what);
}

/** The request's body. Whoever goes away before its end is refused, not logged: anyone may, as often as they like. */
export const bytesOf = async (c: Context): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(
    await c.req.arrayBuffer().catch((cause: unknown) => {
      throw new Refusal("json-malformed", "expected a body that comes to its end", { cause });
    }),
  );

export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/** In milliseconds: the largest body comes in this over a line of a third of a megabit. */
const TO_COME_WITHIN = 60_000;

/** Listens on an address; port 0 takes a free one. */
export function listen(app: Hono, hostname: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const serverOptions = { requestTimeout: TO_COME_WITHIN };
    const server = serve({ fetch: app.fetch, hostname, port, serverOptions }, ({ port: taken }) =>
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
