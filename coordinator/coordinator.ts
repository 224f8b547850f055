/** A coordinator put together from its configuration, with the clockwork that takes queries from step to step. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Hono } from "hono";
import { z } from "zod";
import { Hash } from "../protocol/bytes.ts";
import { readFederation } from "../protocol/directory.ts";
import { Envelope } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { oneAtATime, openStore } from "../server/database.ts";
import { LEVELS, type Logger, nameOf } from "../server/log.ts";
import { nativeVerify, readKey, signerOf } from "../server/signing.ts";
import { apiOf } from "./api.ts";
import { type CoordinatorDatabase, type CoordinatorStore, prepareCoordinator } from "./database.ts";
import { bellOf } from "./dispatch.ts";
import { advance } from "./round.ts";

export const CoordinatorConfig = z.strictObject({
  data: z.string().min(1).max(1000),
  databaseUrl: z.string().max(1000).optional(),
  directoryFile: z.string().max(1000),
  /** Pins the directory; without it the one in the file is taken. */
  directory: Hash.optional(),
  datasetFiles: z.array(z.string().max(1000)).max(1000),
  releaseKey: z.string().max(1000),
  host: z.string().max(255).default("127.0.0.1"),
  port: z.int().min(0).max(65535).default(8700),
  /** How long each round of a secure sum waits for the next region before it goes on without the rest. */
  roundSeconds: z.number().min(0.1).max(3600).default(30),
  requestsPerMinute: z.int().min(1).max(10_000_000).default(6000),
  threads: z.int().min(1).max(256).default(2),
  memory: z
    .string()
    .regex(/^\d{1,5}(MB|GB)$/)
    .default("1GB"),
  logLevel: z.enum(LEVELS).default("info"),
});
export type CoordinatorConfig = z.infer<typeof CoordinatorConfig>;

export type RunningCoordinator = {
  readonly app: Hono;
  readonly store: CoordinatorStore;
  readonly stop: () => Promise<void>;
};

export async function startCoordinator(
  config: CoordinatorConfig,
  base: string,
  {
    now,
    logger,
    limit,
  }: {
    readonly now: () => Date;
    readonly logger: Logger;
    /** Integers an answer may have; only benchmarks lift the protocol's limit. */
    readonly limit?: number;
  },
): Promise<RunningCoordinator> {
  const at = (path: string) => resolve(base, path);
  const read = (path: string) => {
    try {
      return new Uint8Array(readFileSync(at(path)));
    } catch (cause) {
      throw new Refusal("config-invalid", `expected a readable file at ${path}`, { cause });
    }
  };
  const envelope = parseWith(Envelope, parseJson(read(config.directoryFile)), "directory");
  const federation = readFederation(
    envelope,
    config.datasetFiles.map(read),
    config.directory ?? null,
    nativeVerify,
    limit,
  );
  const signer = signerOf(readKey(at(config.releaseKey), "release"));
  if (federation.directory.coordinator.release !== signer.publicKey) {
    throw new Refusal(
      "config-invalid",
      "expected the release key that the directory names for the coordinator",
    );
  }
  const store = await openStore<CoordinatorDatabase>("coordinator", { ...config, data: at(config.data) });
  await prepareCoordinator(store);

  const stopping = new AbortController();
  const bell = bellOf();
  const alone = oneAtATime();
  const { roundSeconds } = config;
  const context = { federation, store, now, signer, bell, roundSeconds, logger };
  const pending = new Set<string>();
  const step = async (id: string): Promise<void> => {
    pending.delete(id);
    if (stopping.signal.aborted) return;
    try {
      await advance(id, context);
    } catch (error) {
      // A refusal here is a query whose documents stopped standing (a key's time ran out): it waits to expire.
      if (error instanceof Refusal) logger.warn({ code: error.code, query: id }, "a query waits");
      else logger.error({ error: nameOf(error), query: id }, "a step failed; tried again in a second");
    }
  };
  // Many answers come at once: one step after the last of them does for all.
  const nudge = (id: string): void => {
    if (pending.has(id)) return;
    pending.add(id);
    void alone(() => step(id));
  };
  const sweep = async (): Promise<void> => {
    const rows = await store.kysely
      .selectFrom("query")
      .select("id")
      .where("state", "in", ["waiting", "open"])
      .execute();
    for (const { id } of rows) nudge(id);
  };
  const timer = setInterval(
    () => void sweep().catch((error) => logger.error({ error: nameOf(error) }, "sweep failed")),
    Math.min(1000, config.roundSeconds * 500),
  );
  // While this was off nobody could come: waiting begins anew.
  const time = String(now().getTime());
  await store.kysely
    .updateTable("round")
    .set({ since: time, began: time })
    .where("query", "in", (rows) => rows.selectFrom("query").select("id").where("state", "=", "open"))
    .execute();
  await sweep();

  const ready = () =>
    store.kysely
      .selectFrom("meta")
      .select("key")
      .limit(1)
      .execute()
      .then(
        () => true,
        () => false,
      );
  const limits = { requestsPerMinute: config.requestsPerMinute };
  const app = apiOf({
    federation,
    store,
    now,
    bell,
    nudge,
    ready,
    stopping: stopping.signal,
    limits,
    logger,
  });
  return {
    app,
    store,
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await alone(async () => undefined);
      await store.close();
    },
  };
}
