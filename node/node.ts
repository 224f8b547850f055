/**
 * A node put together from its configuration: database, keys, directory, ledger, worker and local interface. The
 * command line, the demonstration and the tests all start nodes through here.
 */
import { join, resolve } from "node:path";
import { z } from "zod";
import { fromBase64, Hash } from "../protocol/bytes.ts";
import { type Client, clientOf, type Fetch } from "../protocol/client.ts";
import { type Federation, nodeOf, readFederation } from "../protocol/directory.ts";
import { Envelope } from "../protocol/envelope.ts";
import { parseJson } from "../protocol/json.ts";
import { RegionCode } from "../protocol/query.ts";
import { isLogged } from "../protocol/quorum.ts";
import { parseWith, Refusal } from "../protocol/refusal.ts";
import { oneAtATime, openStore } from "../server/database.ts";
import { LEVELS, type Logger, nameOf } from "../server/log.ts";
import { nativeVerify, readKey, signerOf } from "../server/signing.ts";
import { sessionDiskOf } from "./agreed.ts";
import type { Answerer } from "./answer.ts";
import { shelfOf } from "./answers.ts";
import { type NodeDatabase, type NodeStore, prepareNode } from "./database.ts";
import {
  type ImportContext,
  type ImportReport,
  type ImportRequest,
  importFile,
  sweepCopies,
} from "./import.ts";
import { ledgerOf } from "./ledger.ts";
import { NodeLog, type NodeLogContext } from "./log.ts";
import type { Noise } from "./noise.ts";
import { loadPersonKeys, type PersonKeys, rekey } from "./people.ts";
import { readPolicy } from "./policy.ts";
import { pollForever, type Worker } from "./poll.ts";
import type { Fill } from "./random.ts";
import { Witness, type WitnessContext } from "./witness.ts";

export const NodeConfig = z.strictObject({
  code: RegionCode,
  coordinator: z.url({ protocol: /^https?$/ }),
  /** The hash of version 1 of the directory: what everything else is judged by. */
  directory: Hash,
  /** The node's folder: database, local interface, reject files. */
  data: z.string().min(1).max(1000),
  databaseUrl: z.string().max(1000).optional(),
  answerKey: z.string().max(1000),
  /** Where the directory names them: the key of the node's own log, and the one it witnesses others' with. */
  logKey: z.string().max(1000).optional(),
  witnessKey: z.string().max(1000).optional(),
  /** Where the keys of pseudonyms and sealed identities are, outside the database. */
  secrets: z.string().max(1000),
  keepIdentities: z.boolean().default(true),
  policy: z.string().max(1000),
  threads: z.int().min(1).max(256).default(2),
  memory: z
    .string()
    .regex(/^\d{1,5}(MB|GB)$/)
    .default("2GB"),
  tick: z.int().min(1).max(60_000).default(250),
  logLevel: z.enum(LEVELS).default("info"),
});
export type NodeConfig = z.infer<typeof NodeConfig>;

export type Effects = {
  readonly fetch: Fetch;
  readonly now: () => Date;
  /** `systemNoise` and `systemRandom`, but for tests. */
  readonly noise: Noise;
  readonly random: Fill;
  /** Integers an answer may have; only benchmarks lift the protocol's limit. */
  readonly limit?: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly logger: Logger;
};

export type RunningNode = {
  readonly config: NodeConfig;
  readonly store: NodeStore;
  readonly answerer: Answerer;
  readonly import: (
    request: Omit<ImportRequest, "dataset"> & { readonly dataset: string },
    onProgress: ImportContext["onProgress"],
  ) => Promise<ImportReport>;
  readonly rekey: () => Promise<void>;
  /** Works until stopped. Ends by itself only where the node must stop. */
  readonly work: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** `base` is the folder that the configuration's paths are relative to. */
export async function startNode(config: NodeConfig, base: string, effects: Effects): Promise<RunningNode> {
  const at = (path: string) => resolve(base, path);
  const data = at(config.data);
  const store = await openStore<NodeDatabase>("node", { ...config, data });
  sweepCopies(data);
  const client = clientOf(config.coordinator.replace(/\/$/, ""), effects.fetch);
  const federation = await loadFederation(config, data, store, client, effects);
  const signer = signerOf(readKey(at(config.answerKey), "answer"));
  if (nodeOf(federation, config.code).keys.answer !== signer.publicKey) {
    throw new Refusal("config-invalid", "expected the answer key that the directory names for this node");
  }
  await prepareNode(
    store,
    [...federation.datasets.values()].map(({ dataset }) => dataset),
  );
  const stopping = new AbortController();
  const logging = await loggingOf(config, at, {
    code: config.code,
    federation,
    store,
    client,
    now: effects.now,
    sleep: effects.sleep,
    logger: effects.logger,
    random: effects.random,
    signal: stopping.signal,
  });
  const log = logging?.log ?? null;
  let keys: PersonKeys = await loadPersonKeys(at(config.secrets), config.keepIdentities, store);
  const answerer: Answerer = {
    code: config.code,
    federation,
    signer,
    store,
    ledger: ledgerOf(store, effects.now, log),
    answers: shelfOf(store, effects.now, log),
    policy: () => {
      try {
        return readPolicy(at(config.policy));
      } catch (error) {
        // What is wrong with it is the region's own matter; a refusal is published.
        effects.logger.warn({ error: nameOf(error) }, "the policy cannot be read");
        throw new Refusal("policy-missing", "the region's policy cannot be read, and so it answers nothing");
      }
    },
    noise: effects.noise,
    now: effects.now,
  };
  const worker: Worker = {
    ...answerer,
    client,
    logger: effects.logger,
    tick: config.tick,
    signal: stopping.signal,
    sleep: effects.sleep,
    random: effects.random,
    disk: sessionDiskOf(store, effects.now, log),
    log,
    missingFor: (now) => logging?.witness.missingFor(now) ?? 0,
    sessions: new Map(),
    memory: { cursor: null, head: null },
  };
  const alone = oneAtATime();
  let working: Promise<void> = Promise.resolve();
  return {
    config,
    store,
    answerer,
    import: ({ dataset: name, ...request }, onProgress) =>
      alone(async () => {
        const document = federation.datasets.get(name);
        if (document === undefined)
          throw new Refusal(
            "dataset-unknown",
            `expected a dataset of the directory, not ${name.slice(0, 60)}`,
          );
        const { threads } = config;
        return await importFile(
          { ...request, dataset: document.dataset },
          { store, keys, data, threads, now: effects.now, onProgress },
        );
      }),
    rekey: () =>
      alone(async () => {
        keys = await rekey(at(config.secrets), keys, store);
      }),
    work: () => {
      // Two loops: a node witnesses for others while it waits for them to witness its own.
      const watching = logging?.witness.watchForever() ?? Promise.resolve();
      working = Promise.all([pollForever(worker), watching]).then(() => undefined);
      return working;
    },
    stop: async () => {
      stopping.abort();
      await working.catch(() => undefined); // Whoever called work() has been told.
      await alone(async () => undefined); // An import that has begun is finished.
      await store.close();
    },
  };
}

/** The node's log with its start in it, and the node as a witness; null where the directory names no keys for logs. */
async function loggingOf(
  { code, logKey, witnessKey }: NodeConfig,
  at: (path: string) => string,
  context: Omit<NodeLogContext & WitnessContext, "signer" | "log">,
): Promise<{ log: NodeLog; witness: Witness } | null> {
  const { federation } = context;
  if (!isLogged(federation)) return null;
  if (logKey === undefined || witnessKey === undefined)
    throw new Refusal("config-invalid", "expected logKey and witnessKey: the directory names keys for logs");
  const signer = signerOf(readKey(at(logKey), "log"));
  const witness = signerOf(readKey(at(witnessKey), "witness"));
  const named = nodeOf(federation, code).keys;
  if (signer.publicKey !== named.log || witness.publicKey !== named.witness)
    throw new Refusal(
      "config-invalid",
      "expected the keys for log and witness that the directory names for this node",
    );
  const log = new NodeLog({ ...context, signer });
  await log.start();
  return { log, witness: new Witness({ ...context, signer: witness, log }) };
}

const Kept = z.strictObject({ directory: Envelope, datasets: z.array(z.string()) });

/** The pinned directory: from the node's own database, or, the first time, from the coordinator, until it is there. */
async function loadFederation(
  config: NodeConfig,
  data: string,
  store: NodeStore,
  client: Client,
  { sleep, logger, limit }: Effects,
): Promise<Federation> {
  await prepareNode(store, []);
  const kept = await store.kysely
    .selectFrom("meta")
    .select("value")
    .where("key", "=", "directory")
    .executeTakeFirst();
  const read = (document: z.infer<typeof Kept>) =>
    readFederation(
      document.directory,
      document.datasets.map(fromBase64),
      config.directory,
      nativeVerify,
      limit,
    );
  if (kept !== undefined) return read(parseWith(Kept, parseJson(kept.value), "directory"));
  for (let attempt = 1; ; attempt++) {
    try {
      const document = await client("getDirectory");
      const federation = read(document);
      await store.kysely
        .insertInto("meta")
        .values({ key: "directory", value: JSON.stringify(document) })
        .execute();
      return federation;
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) throw error;
      if (attempt === 1) logger.warn({ data: join(data, "node") }, "waiting for the coordinator's directory");
      await sleep(Math.min(10_000, 200 * 2 ** Math.min(attempt, 6)));
    }
  }
}
