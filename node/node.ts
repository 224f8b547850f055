/**
 * A node put together from its configuration: database, keys, directory, ledger, worker and local interface. The
 * command line, the demonstration and the tests all start nodes through here.
 */
import { resolve } from "node:path";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { clientOf } from "../protocol/wire/client.ts";
import { oneAtATime, openStore } from "../server/database.ts";
import { nameOf } from "../server/logger.ts";
import type { Answerer } from "./answer/answer.ts";
import type { Effects, NodeConfig } from "./config.ts";
import { importFile } from "./import/import.ts";
import { sweepCopies } from "./import/look.ts";
import type { ImportContext, ImportReport, ImportRequest } from "./import/request.ts";
import type { Attempts } from "./secure-sum/turn.ts";
import { openFollowed } from "./serve/follow.ts";
import { beginServing, type Serving } from "./serve/version.ts";
import { type NodeDatabase, type NodeStore, prepareNode } from "./store/database.ts";
import { loadPersonKeys, type PersonKeys, rekey } from "./store/people.ts";

export type RunningNode = {
  readonly config: NodeConfig;
  readonly store: NodeStore;
  readonly answerer: Answerer;
  readonly import: (
    request: Omit<ImportRequest, "dataset"> & { readonly dataset: string },
    onProgress: ImportContext["onProgress"],
  ) => Promise<ImportReport>;
  readonly rekey: () => Promise<void>;
  /** From now on this node counts nothing that this key signs, whatever the directory says. */
  readonly revoke: (key: PublicKey) => Promise<void>;
  /** Works until stopped. Ends by itself only where the node must stop. */
  readonly work: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** How often a node that cannot serve under the version in force looks for another, in milliseconds. */
const LOOK_AGAIN = 5_000;

/** `base` is the folder that the configuration's paths are relative to. */
export async function startNode(config: NodeConfig, base: string, effects: Effects): Promise<RunningNode> {
  const at = (path: string) => resolve(base, path);
  const data = at(config.data);
  const store = await openStore<NodeDatabase>("node", { ...config, data });
  sweepCopies(data);
  const { sleep, logger, limit } = effects;
  const client = clientOf(config.coordinator.replace(/\/$/, ""), effects.fetch);
  const followed = await openFollowed({
    pinned: config.directory,
    data,
    store,
    client,
    sleep,
    logger,
    limit,
  });
  const datasets = [...followed.current().datasets.values()].map(({ dataset }) => dataset);
  await prepareNode(store, datasets);
  // What this node missed while it was off may name other keys for it, or name it at all.
  await followed.follow().catch((error: unknown) => {
    logger.warn(
      { error: nameOf(error) },
      "the newest directory is not to be had: the one that is kept is followed",
    );
  });
  let serving: Serving;
  const superseded = (): void => serving.stop();
  const attempts: Attempts = new Map();
  const begin = () => beginServing({ config, at, store, client, effects, followed, attempts, superseded });
  serving = await begin();
  let keys: PersonKeys = await loadPersonKeys(at(config.secrets), config.keepIdentities, store);
  const alone = oneAtATime();
  let stopped = false;
  let working: Promise<void> = Promise.resolve();
  /** Serves under one version after another. */
  const work = async (): Promise<void> => {
    for (;;) {
      const { federation } = serving.answerer;
      if (followed.current() !== federation) serving.stop(); // Overtaken while it began.
      await serving.work();
      if (stopped) return;
      if (followed.current() === federation)
        throw new Error("a node that serves ends only where it is stopped");
      serving = await next();
      if (stopped) return;
    }
  };
  const next = async (): Promise<Serving> => {
    for (let attempt = 1; ; attempt++) {
      if (stopped) return serving;
      try {
        const { version } = followed.current().directory;
        logger.info({ version }, "another version of the directory is in force, or a key was revoked here");
        return await begin();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (attempt === 1)
          logger.error({ code: error.code }, "this node cannot serve under the version that is in force");
        const { hash } = followed.current();
        while (!stopped && followed.current().hash === hash) {
          await sleep(LOOK_AGAIN);
          await followed.follow().catch(() => false); // Looked for again.
        }
      }
    }
  };
  return {
    config,
    store,
    get answerer() {
      return serving.answerer;
    },
    import: ({ dataset: name, ...request }, onProgress) =>
      alone(async () => {
        const document = followed.current().datasets.get(name);
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
    revoke: async (key) => {
      if (await followed.revoke(key)) superseded();
    },
    work: () => {
      working = work();
      return working;
    },
    stop: async () => {
      stopped = true;
      serving.stop();
      await working.catch(() => undefined); // Whoever called work() has been told.
      for (const { participant } of attempts.values()) participant.forget();
      await alone(async () => undefined); // An import that has begun is finished.
      await store.close();
    },
  };
}
