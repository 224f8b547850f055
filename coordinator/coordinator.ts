/** A coordinator put together from its configuration, with the clockwork that takes queries from step to step. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Hono } from "hono";
import { type Federation, isLogged, readFederation } from "../protocol/federation/directory.ts";
import { Envelope } from "../protocol/signing/envelope.ts";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import type { Fetch } from "../protocol/wire/client.ts";
import { openStore } from "../server/database.ts";
import { sleep } from "../server/deadline.ts";
import { tellEndings } from "../server/endings.ts";
import type { Logger } from "../server/logger.ts";
import { nativeVerify } from "../server/signing.ts";
import { advance } from "./advance.ts";
import { apiOf } from "./api.ts";
import { bellOf } from "./bell.ts";
import { Clockwork } from "./clockwork.ts";
import { type CoordinatorConfig, limitsOf, signersOf } from "./config.ts";
import type { Context } from "./context.ts";
import { openDirectories } from "./directory/directories.ts";
import { Logs } from "./log/logs.ts";
import { Announcer } from "./query/announcer.ts";
import { announcePublic, type Dispatcher } from "./query/dispatch.ts";
import { announceAnew } from "./query/work.ts";
import { keepBehind } from "./release/release.ts";
import { type CoordinatorDatabase, type CoordinatorStore, prepareCoordinator } from "./store/database.ts";

export type RunningCoordinator = {
  readonly app: Hono;
  readonly store: CoordinatorStore;
  /** Looks at what is due by the clock, now: for tests, which set it. */
  readonly look: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type CoordinatorEffects = {
  readonly now: () => Date;
  /** By which it asks witnesses from outside: nothing else does it ask of anybody. */
  readonly fetch: Fetch;
  readonly logger: Logger;
  /** Fills an array with random bytes: the system's. */
  readonly random: (bytes: Uint8Array) => void;
  /** Integers an answer may have; only benchmarks lift the protocol's limit. */
  readonly limit?: number;
};

/** `base` is the folder that the configuration's paths are relative to. */
export async function startCoordinator(
  config: CoordinatorConfig,
  base: string,
  { now, fetch, logger, random, limit }: CoordinatorEffects,
): Promise<RunningCoordinator> {
  const at = (path: string) => resolve(base, path);
  const limits = limitsOf(config, now);
  const { store, signers, directories } = await openFederation(config, at, now, limit);
  const { current: federation, place: directoryPlace } = directories;
  if (config.roundSeconds !== undefined)
    logger.warn({}, "roundSeconds has no effect: a phase waits by the question's own times");
  const bell = bellOf();
  const announcer = new Announcer(logger);
  const onPublic = () => announcer.onPublic();
  const folder = join(at(config.data), "log");
  const kept = { federation, store, now, folder, onPublic, fetch, logger };
  const logs = signers.watching === null ? null : await Logs.open({ ...kept, signers: signers.watching });
  await logs?.append();
  const parts = { federation, directoryPlace, store, now, bell, logger, logs };
  const context = { ...parts, signer: () => signers.release(federation()) };
  announcer.begin(context);
  const clockwork = new Clockwork({ store, now, logger, step: (id) => advance(id, context) });
  await waitAnew(context);
  await clockwork.nudgeAll();
  await makeUp(context);
  await announceAnew(store);
  const renewing = setInterval(() => logs?.renew(), 60_000);

  const stopping = new AbortController();
  void tellEndings(() => federation().directory, { now, sleep, logger }, stopping.signal);
  const app = apiOf({
    ...parts,
    random,
    publish: async (document) => {
      const id = await directories.take(document, logs);
      await clockwork.nudgeAll();
      return id;
    },
    nudge: (id) => clockwork.nudge(id),
    ready: oneForAll(() => isReady(store)),
    stopping: stopping.signal,
    ...limits,
    publisher: config.publisher,
    publicAddress: config.publicAddress?.replace(/\/$/, "") ?? null,
  });
  return {
    app,
    store,
    look: () => clockwork.look(),
    stop: async () => {
      clearInterval(renewing);
      stopping.abort();
      announcer.stop();
      logs?.close();
      await clockwork.stop();
      await logs?.append();
      await store.close();
    },
  };
}

/** The store, the directory in force, and the keys that the coordinator signs with: refused where they do not fit. */
async function openFederation(
  config: CoordinatorConfig,
  at: (path: string) => string,
  now: () => Date,
  limit?: number,
) {
  const first = firstOf(config, at, limit);
  const signers = signersOf(config, at, isLogged(first));
  const store = await openStore<CoordinatorDatabase>("coordinator", { ...config, data: at(config.data) });
  await prepareCoordinator(store);
  const check = (federation: Federation): void => {
    signers.release(federation);
    signers.watching?.(federation);
  };
  const directories = await openDirectories(first, store, now, check);
  check(directories.current());
  return { store, signers, directories };
}

/** The federation under version 1 of the directory, from the files that the configuration names. */
function firstOf(config: CoordinatorConfig, at: (path: string) => string, limit?: number): Federation {
  const read = (path: string) => {
    try {
      return new Uint8Array(readFileSync(at(path)));
    } catch (cause) {
      throw new Refusal("config-invalid", `expected a readable file at ${path}`, { cause });
    }
  };
  const envelope = parseWith(Envelope, parseJson(read(config.directoryFile)), "directory");
  const datasets = config.datasetFiles.map(read);
  return readFederation(envelope, datasets, config.directory ?? null, nativeVerify, limit);
}

/** While this was off nobody could come: waiting begins anew. */
async function waitAnew({ store, now }: Context): Promise<void> {
  const time = String(now().getTime());
  await store.kysely
    .updateTable("round")
    .set({ began: time })
    .where("query", "in", (rows) => rows.selectFrom("query").select("id").where("state", "=", "open"))
    .execute();
}

/** What a process that ended half-way may have left undone: files beside the log, and what is public put to the nodes. */
async function makeUp(context: Context & Dispatcher): Promise<void> {
  if (context.logs === null) return;
  const releases = await context.store.kysely.selectFrom("release").selectAll().execute();
  for (const release of releases) await keepBehind(release, context);
  await announcePublic(context);
}

/** However many ask, it is looked up once at a time: probes have no limit. */
function oneForAll(ask: () => Promise<boolean>): () => Promise<boolean> {
  let going: Promise<boolean> | null = null;
  return () => {
    going ??= ask().finally(() => {
      going = null;
    });
    return going;
  };
}

const isReady = ({ kysely }: CoordinatorStore): Promise<boolean> =>
  kysely
    .selectFrom("meta")
    .select("key")
    .limit(1)
    .execute()
    .then(
      () => true,
      () => false,
    );
