/**
 * The directory as a node follows it: version 1 pinned by its hash, and each later version that is rightly signed, kept
 * in the node's own database. What is not is refused, and the node goes on with what it has. Keys can be revoked here
 * by hand as well, since a coordinator could withhold the version that does.
 */
import { join } from "node:path";
import { z } from "zod";
import { checkRules, type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { nextVersion, VersionDocument } from "../../protocol/federation/versions.ts";
import { PublicKey } from "../../protocol/signing/ed25519.ts";
import { fromBase64, type Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { oneAtATime, transact } from "../../server/database.ts";
import type { Logger } from "../../server/logger.ts";
import { nativeVerify } from "../../server/signing.ts";
import { type NodeStore, prepareNode } from "../store/database.ts";
import { factOf, keepFact } from "../store/facts.ts";

export type Followed = {
  readonly current: () => Federation;
  /**
   * Fetches what follows the version in force; true if there was more. Refuses (`directory-unfit`) what does not
   * rightly follow, after it has taken in what does.
   */
  readonly follow: () => Promise<boolean>;
  /** From now on this key counts for nothing here. Gives false where it was revoked before. */
  readonly revoke: (key: PublicKey) => Promise<boolean>;
};

export type FollowContext = {
  /** The hash of version 1. */
  readonly pinned: Hash;
  readonly data: string;
  readonly store: NodeStore;
  readonly client: Client;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly logger: Logger;
  readonly limit?: number | undefined;
};

/** A guard against a coordinator that never answers, in milliseconds: whoever asked asks again. */
const PATIENCE = 120_000;
const DIRECTORY = "directory";
const REVOKED = "revoked";
const Revoked = z.array(PublicKey).max(10_000);

/** From the node's database, or, the first time, from the coordinator, once it is there. */
export async function openFollowed(context: FollowContext): Promise<Followed> {
  const { store, client } = context;
  await prepareNode(store, []);
  const first = await firstVersion(context);
  const revoked = await kept(store, REVOKED, Revoked);
  let current: Federation = { ...first, revoked: new Set(revoked ?? []) };
  for (;;) {
    const next = await kept(store, `${DIRECTORY} ${current.directory.version + 1}`, VersionDocument);
    if (next === null) break;
    current = nextVersion(current, next);
  }
  const alone = oneAtATime();
  return {
    current: () => current,
    follow: () =>
      alone(async () => {
        const { later } = await client("getDirectory", { signal: AbortSignal.timeout(PATIENCE) });
        const from = current.directory.version;
        for (const document of later.slice(from - 1)) {
          const next = nextVersion(current, document);
          // What was mended since was in force once: a node that joins later reads past it.
          if (document === later.at(-1)) checkRules(next.directory);
          const { version } = next.directory;
          await prepareNode(
            store,
            [...next.datasets.values()].map(({ dataset }) => dataset),
          );
          await keep(store, `${DIRECTORY} ${version}`, document);
          current = next;
        }
        return current.directory.version > from;
      }),
    revoke: (key) =>
      alone(async () => {
        if (current.revoked.has(key)) return false;
        const keys = [...current.revoked, key];
        await keep(store, REVOKED, keys);
        current = { ...current, revoked: new Set(keys) };
        return true;
      }),
  };
}

async function kept<S extends z.ZodType>(
  { kysely }: NodeStore,
  key: string,
  schema: S,
): Promise<z.output<S> | null> {
  const value = await factOf(kysely, key);
  return value === null ? null : parseWith(schema, parseJson(value), key);
}

const keep = (store: NodeStore, key: string, document: unknown): Promise<void> =>
  transact(store, (database) => keepFact(database, key, JSON.stringify(document)));

async function firstVersion(context: FollowContext): Promise<Federation> {
  const { pinned, data, store, client, sleep, logger, limit } = context;
  const read = ({ directory, datasets }: VersionDocument) =>
    readFederation(directory, datasets.map(fromBase64), pinned, nativeVerify, limit);
  const document = await kept(store, DIRECTORY, VersionDocument);
  if (document !== null) return read(document);
  for (let attempt = 1; ; attempt++) {
    try {
      const { directory, datasets } = await client("getDirectory");
      const federation = read({ directory, datasets });
      await keep(store, DIRECTORY, { directory, datasets });
      return federation;
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) throw error;
      if (attempt === 1) logger.warn({ data: join(data, "node") }, "waiting for the coordinator's directory");
      await sleep(Math.min(10_000, 200 * 2 ** Math.min(attempt, 6)));
    }
  }
}
