/**
 * A node put together from its configuration: database, keys, directory, ledger, worker and local interface. The
 * command line, the demonstration and the tests all start nodes through here.
 */
import { resolve } from "node:path";
import type { Dataset } from "../protocol/question/catalogue.ts";
import type { PublicKey } from "../protocol/signing/ed25519.ts";
import { Refusal } from "../protocol/values/refusal.ts";
import { type Client, clientOf } from "../protocol/wire/client.ts";
import { aheadInWords, comparing } from "../server/clock.ts";
import { oneAtATime, openStore, transact } from "../server/database.ts";
import { nameOf } from "../server/logger.ts";
import type { Answerer } from "./answer/answer.ts";
import type { Effects, NodeConfig } from "./config.ts";
import { anewIn } from "./import/anew.ts";
import { importFile } from "./import/import.ts";
import { sweepCopies } from "./import/look.ts";
import { bringPersons } from "./import/old-persons.ts";
import type { ImportContext, ImportReport, ImportRequest } from "./import/request.ts";
import { type BadLine, type Change, Leaving, type Row } from "./people/leaving.ts";
import type { Attempts } from "./secure-sum/turn.ts";
import { type Followed, openFollowed } from "./serve/follow.ts";
import { CURSOR, type Polled } from "./serve/poll.ts";
import { Succession } from "./serve/succession.ts";
import { type NodeDatabase, type NodeStore, prepareNode } from "./store/database.ts";
import { dropFact } from "./store/facts.ts";
import { loadPersonKeys, type PersonKeys, rekey } from "./store/people.ts";

export type RunningNode = {
  readonly config: NodeConfig;
  /** What of the platform it was handed: its local interface has no other. */
  readonly effects: Effects;
  readonly store: NodeStore;
  readonly answerer: Answerer;
  readonly import: (
    request: Omit<ImportRequest, "dataset"> & { readonly dataset: string },
    onProgress: ImportContext["onProgress"],
  ) => Promise<ImportReport>;
  /** The tables of datasets of which nothing is answered until their files have been imported anew. */
  readonly anew: () => Promise<string[]>;
  readonly rekey: () => Promise<void>;
  /** Who is not counted, and since when. */
  readonly left: () => readonly Row[];
  /** Takes persons out of what is counted, or in again, one a line; gives the lines that mean nobody. */
  readonly leave: (change: Change, lines: readonly string[], strict: boolean) => Promise<readonly BadLine[]>;
  /** From now on this node counts nothing that this key signs, whatever the directory says. */
  readonly revoke: (key: PublicKey) => Promise<void>;
  /** Works until stopped. Ends by itself only where the node must stop. */
  readonly work: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** `base` is the folder that the configuration's paths are relative to. */
export async function startNode(config: NodeConfig, base: string, effects: Effects): Promise<RunningNode> {
  const at = (path: string) => resolve(base, path);
  const opened = await openNode(config, at(config.data), effects);
  try {
    return await running(config, at, opened, effects);
  } catch (error) {
    await opened.store.close();
    throw error;
  }
}

async function running(
  config: NodeConfig,
  at: (path: string) => string,
  { store, client, followed, ahead }: Opened,
  effects: Effects,
): Promise<RunningNode> {
  const data = at(config.data);
  const attempts: Attempts = new Map();
  const { now, random } = effects;
  const { threads, keepIdentities } = config;
  const secrets = at(config.secrets);
  let keys: PersonKeys = await loadPersonKeys(secrets, keepIdentities, store, random);
  const datasets = () => [...followed.current().datasets.values()].map(({ dataset }) => dataset);
  const opened = { store, data, threads, now, random };
  await bringOld({ ...opened, keys, datasets: datasets() }, effects.logger);
  const leaving = await Leaving.open({ ...opened, folder: secrets, datasets, keys: () => keys });
  await leaving.settle(); // Before anything is answered.
  const polled: Polled = { latest: "" };
  const serving = { config, at, store, client, effects, followed, ahead, attempts, polled, leaving };
  const succession = await Succession.begin(serving);
  const alone = oneAtATime();
  return {
    config,
    effects,
    store,
    get answerer() {
      return succession.answerer;
    },
    import: ({ dataset: name, ...request }, onProgress) =>
      alone(async () => {
        const dataset = datasetOf(followed, name);
        const { listed } = leaving;
        const context = { store, keys, listed, data, threads, now, random, onProgress };
        const report = await importFile({ ...request, dataset }, context);
        const more = report.delivered.length > 0 || request.replace === true;
        if (more && !request.dryRun) await lookAgain(store, succession);
        return report;
      }),
    anew: () => anewIn(store),
    rekey: () =>
      alone(async () => {
        keys = await rekey(secrets, keys, store, random);
        await leaving.settle();
      }),
    left: () => leaving.rows(),
    leave: (change, lines, strict) => alone(() => leaving.change(change, lines, strict)),
    revoke: async (key) => {
      if (await followed.revoke(key)) succession.supersede();
    },
    work: () => succession.work(),
    stop: async () => {
      await succession.stop();
      await alone(async () => undefined); // An import that has begun is finished.
      await store.close();
    },
  };
}

/** What an earlier program left in the store, put right where it can be; said without a number of persons. */
async function bringOld(
  context: Parameters<typeof bringPersons>[0],
  logger: Effects["logger"],
): Promise<void> {
  const brought = await bringPersons(context);
  if (brought !== null) logger.warn({}, "identities were brought to their normal form");
  if (brought !== null && brought.unfit > 0)
    logger.warn(
      {},
      "some identities are none, and their rows count no more: import what they came from anew",
    );
  const anew = await anewIn(context.store);
  if (anew.length > 0) logger.warn({ anew }, "nothing is answered of these before they are imported anew");
}

type Opened = {
  readonly store: NodeStore;
  readonly client: Client;
  readonly followed: Followed;
  readonly ahead: () => number | null;
};

/** The node's store, prepared for the directory's data sets, and the directory: the newest, or else the one that is kept. */
async function openNode(config: NodeConfig, data: string, effects: Effects): Promise<Opened> {
  sweepCopies(data);
  const store = await openStore<NodeDatabase>("node", { ...config, data });
  const { sleep, now, logger, limit } = effects;
  const { fetch, ahead } = comparing(effects.fetch, now, (seconds) => {
    if (seconds === null) logger.info({}, "this clock and the coordinator's agree again");
    else logger.warn({ ahead: seconds }, aheadInWords(seconds));
  });
  const client = clientOf(config.coordinator.replace(/\/$/, ""), fetch);
  const pinned = config.directory;
  const followed = await openFollowed({ pinned, data, store, client, sleep, logger, limit });
  const datasets = [...followed.current().datasets.values()].map(({ dataset }) => dataset);
  await prepareNode(store, datasets);
  // What this node missed while it was off may name other keys for it, or name it at all.
  await followed.follow().catch((error: unknown) => {
    logger.warn(
      { error: nameOf(error) },
      "the newest directory is not to be had: the one that is kept is followed",
    );
  });
  return { store, client, followed, ahead };
}

/** From the beginning of its work: also where the node ends before it has asked. */
async function lookAgain(store: NodeStore, succession: Succession): Promise<void> {
  await transact(store, (database) => dropFact(database, CURSOR));
  succession.lookAgain();
}

function datasetOf(followed: Followed, name: string): Dataset {
  const document = followed.current().datasets.get(name);
  if (document === undefined)
    throw new Refusal("dataset-unknown", `expected a dataset of the directory, not ${name.slice(0, 60)}`);
  return document.dataset;
}
