/**
 * The node's local interface: a Unix socket that only its owner can open, so that the command line can talk to a
 * running node (DuckDB locks its file to one process). Nothing here is reachable from outside the machine.
 */
import { chmodSync, existsSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { StreamingApi } from "hono/utils/stream";
import { z } from "zod";
import { DatasetRef, refOf } from "../../protocol/question/catalogue.ts";
import { PublicKey } from "../../protocol/signing/ed25519.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { clientOf } from "../../protocol/wire/client.ts";
import { problem, readBody } from "../../server/http.ts";
import { type Logger, nameOf } from "../../server/logger.ts";
import { Mapping } from "../import/mapping.ts";
import type { RunningNode } from "../node.ts";
import { type Console, consoleOf } from "./console.ts";
import { ledgerView } from "./ledger-view.ts";

export const LocalImport = z.strictObject({
  dataset: DatasetRef,
  mapping: Mapping,
  path: z.string().startsWith("/").max(4096),
  dryRun: z.boolean(),
  replace: z.boolean(),
  covers: z.string().min(1).max(1000).optional(),
});
export type LocalImport = z.infer<typeof LocalImport>;

export const LocalLeave = z.strictObject({
  change: z.enum(["exclude", "include", "forget"]),
  lines: z.array(z.string().max(1000)).max(20_000_000),
  strict: z.boolean(),
});

export const LocalRevoke = z.strictObject({ key: PublicKey });

/** Each line of an import's answer: progress, then the report or the problem. */
export type ImportLine = { progress: unknown } | { report: unknown } | { problem: unknown };

/** Unix sockets have paths of at most 107 bytes. */
export function socketPath(data: string): string {
  const path = join(data, "node.sock");
  if (Buffer.byteLength(path) > 107)
    throw new Refusal("config-invalid", "expected a data folder whose path has at most 97 bytes");
  return path;
}

const isListening = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** Serves a node's local interface until it is closed. Refuses (`unavailable`) where another process runs this node. */
export async function serveLocal(
  node: RunningNode,
  data: string,
  logger: Logger,
): Promise<() => Promise<void>> {
  const { fetch, random } = node.effects;
  const client = clientOf(node.config.coordinator.replace(/\/$/, ""), fetch);
  const page = consoleOf(node, { client, fetch, data, logger, random });
  const app = localOf(node, page, logger);
  const path = socketPath(data);
  if (await isListening(path))
    throw new Refusal("unavailable", "expected no other process to run this node; one answers");
  if (existsSync(path)) unlinkSync(path);
  const server = createAdaptorServer({ fetch: app.fetch });
  const before = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(path, resolve);
  });
  process.umask(before);
  chmodSync(path, 0o600);
  return async () => {
    await page.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  };
}

function localOf(node: RunningNode, page: Console, logger: Logger): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof Refusal) return problem(c, error);
    logger.error({ error: nameOf(error) }, "unexpected");
    return problem(c, new Refusal("internal", "something unexpected happened; the log says where"));
  });
  app.get("/ledger", async (c) => c.json(await ledgerView(node)));
  app.get("/anew", async (c) => c.json(await node.anew()));
  app.get("/datasets", (c) =>
    c.json([...node.answerer.federation.datasets.values()].map(({ dataset }) => refOf(dataset))),
  );
  app.post("/console", async (c) => c.json({ address: await page.open() }));
  app.post("/rekey", async (c) => {
    await node.rekey();
    return c.json({ done: true });
  });
  app.get("/people", (c) => c.json(node.left()));
  app.post("/people", async (c) => {
    const { change, lines, strict } = await readBody(c, LocalLeave, "people", Number.POSITIVE_INFINITY);
    return c.json(await node.leave(change, lines, strict));
  });
  app.post("/revoke", async (c) => {
    const { key } = await readBody(c, LocalRevoke, "key");
    await node.revoke(key);
    return c.json({ done: true });
  });
  app.post("/import", async (c) => {
    const request = await readBody(c, LocalImport, "import");
    return stream(c, (out) => importTo(out, request, node, logger));
  });
  return app;
}

/** Milliseconds between two lines of progress, at least. */
const PROGRESS = 100;

/** Imports, and writes how it goes line by line; the last line is the report, or what was wrong. */
async function importTo(
  out: StreamingApi,
  request: LocalImport,
  node: RunningNode,
  logger: Logger,
): Promise<void> {
  const line = (value: ImportLine) => out.writeln(JSON.stringify(value));
  let last = 0;
  try {
    const report = await node.import(request, (progress) => {
      const time = node.effects.now().getTime();
      if (progress.done < progress.of && time - last < PROGRESS) return;
      last = time;
      void line({ progress });
    });
    await line({ report });
  } catch (error) {
    if (!(error instanceof Refusal)) logger.error({ error: nameOf(error) }, "import failed");
    const refusal =
      error instanceof Refusal ? error : new Refusal("internal", "the import failed and was undone");
    await line({ problem: refusal.toProblem() });
  }
}
