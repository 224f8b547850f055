/**
 * What of the coordinator a desk hands on, and nothing else: the routes that asking, approving and auditing need, and the
 * files of its log. Never a page or a script of the coordinator's: an answer is read by its route's form and written
 * anew, and a file of the log is bytes that no browser runs.
 */
import type { Context, Hono } from "hono";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import type { Client, Fetch } from "../protocol/wire/client.ts";
import { ROUTES, type Route } from "../protocol/wire/routes.ts";
import { readBody } from "../server/http.ts";

export const FORWARDED = [
  "getDirectory",
  "listQueries",
  "getQuery",
  "getAside",
  "getProof",
  "getBudgets",
  "listCalendars",
  "getRelease",
  "getCells",
  "getAnswers",
  "getSum",
  "getReceipt",
  "submitQuery",
  "submitAside",
  "submitApproval",
  "getMaterial",
  "getPiece",
] as const satisfies ReadonlyArray<keyof typeof ROUTES>;

const FRESH = { "cache-control": "no-store" };

export function forwardRoutes(app: Hono, client: Client): void {
  // Each route's own input, which its schemas have just been held to: the compiler cannot follow them through the list.
  const ask = client as (name: (typeof FORWARDED)[number], input: object) => Promise<unknown>;
  for (const name of FORWARDED) {
    const route: Route = ROUTES[name];
    app.on(route.method.toUpperCase(), route.path.replace("{id}", ":id"), async (c) =>
      c.json((await ask(name, await inputOf(c, route))) as object, 200, FRESH),
    );
  }
}

async function inputOf(c: Context, { params, body }: Route): Promise<object> {
  return {
    ...(params === undefined ? {} : { params: parseWith(params, { id: c.req.param("id") }, "address") }),
    ...(body === undefined ? {} : { body: await readBody(c, body, "body") }),
  };
}

/** Below `/log/`: tiles, entries, checkpoints, documents by their hashes. */
const LOG_PATH = /^[A-Za-z0-9][A-Za-z0-9_.-]*(\/[A-Za-z0-9_.-]+)*$/;

export function forwardLog(app: Hono, coordinator: string, fetch: Fetch): void {
  app.get("/log/:path{.+}", async (c) => {
    const path = c.req.param("path");
    if (!LOG_PATH.test(path) || path.includes(".."))
      throw new Refusal("not-found", "expected the path of a file of the log");
    const answer = await fetch(`${coordinator}/log/${path}`, { redirect: "error" }).catch(() => null);
    if (answer === null || (!answer.ok && answer.status !== 404 && answer.status !== 400))
      throw new Refusal("unavailable", `expected the file ${path} of the coordinator's log`);
    if (!answer.ok) throw new Refusal("not-found", `expected a file of the log, not ${path}`);
    const headers = {
      ...FRESH,
      "content-type": "application/octet-stream",
      "content-security-policy": "sandbox",
    };
    return c.body(new Uint8Array(await answer.arrayBuffer()), 200, headers);
  });
}
