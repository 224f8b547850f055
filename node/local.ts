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
import { z } from "zod";
import type { Hash } from "../protocol/bytes.ts";
import { DatasetRef, ledgerGroupOf, refOf } from "../protocol/catalogue.ts";
import { PublicKey } from "../protocol/ed25519.ts";
import { Refusal } from "../protocol/refusal.ts";
import { problem, readBody } from "../server/http.ts";
import { type Logger, nameOf } from "../server/log.ts";
import { checkLedger } from "./ledger.ts";
import { Mapping } from "./mapping.ts";
import type { RunningNode } from "./node.ts";

export const LocalImport = z.strictObject({
  dataset: DatasetRef,
  mapping: Mapping,
  path: z.string().startsWith("/").max(4096),
  dryRun: z.boolean(),
  replace: z.boolean(),
});

export const LocalRevoke = z.strictObject({ key: PublicKey });

/** Each line of an import's answer: progress, then the report or the problem. */
export type ImportLine = { progress: unknown } | { report: unknown } | { problem: unknown };

export type LedgerView = {
  node: string;
  /** The sequence of the first entry that does not recompute; null if all do. */
  broken: number | null;
  head: { sequence: number; hash: Hash };
  accounts: Array<{ group: string; period: string; spent: string; budget: string }>;
};

export async function ledgerView(node: RunningNode): Promise<LedgerView> {
  const { sequence, hash, accounts } = await node.answerer.ledger.head();
  const datasets = [...node.answerer.federation.datasets.values()].map(({ dataset }) => dataset);
  const budgetOf = (group: string) =>
    datasets.find((dataset) => ledgerGroupOf(dataset) === group)?.budget.rhoPerPeriod ?? "0";
  return {
    node: node.config.code,
    broken: await checkLedger(node.store),
    head: { sequence, hash },
    accounts: accounts.map((account) => ({ ...account, budget: budgetOf(account.group) })),
  };
}

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

export async function serveLocal(
  node: RunningNode,
  data: string,
  logger: Logger,
): Promise<() => Promise<void>> {
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof Refusal) return problem(c, error);
    logger.error({ error: nameOf(error) }, "unexpected");
    return problem(c, new Refusal("internal", "something unexpected happened; the log says where"));
  });
  app.get("/ledger", async (c) => c.json(await ledgerView(node)));
  app.get("/datasets", (c) =>
    c.json([...node.answerer.federation.datasets.values()].map(({ dataset }) => refOf(dataset))),
  );
  app.post("/rekey", async (c) => {
    await node.rekey();
    return c.json({ done: true });
  });
  app.post("/revoke", async (c) => {
    const { key } = await readBody(c, LocalRevoke, "key");
    await node.revoke(key);
    return c.json({ done: true });
  });
  app.post("/import", async (c) => {
    const request = await readBody(c, LocalImport, "import");
    return stream(c, async (out) => {
      const line = (value: ImportLine) => out.writeln(JSON.stringify(value));
      let last = 0;
      try {
        const report = await node.import(request, (progress) => {
          if (progress.done < progress.of && Date.now() - last < 100) return;
          last = Date.now();
          void line({ progress });
        });
        await line({ report });
      } catch (error) {
        if (!(error instanceof Refusal)) logger.error({ error: nameOf(error) }, "import failed");
        const refusal =
          error instanceof Refusal ? error : new Refusal("internal", "the import failed and was undone");
        await line({ problem: refusal.toProblem() });
      }
    });
  });
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
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
}
