/** A log as the coordinator keeps it: in the database, in files, on offer to witnesses, and shown to the world. */
import type { Federation } from "../../protocol/federation/directory.ts";
import { rootOfFrontier } from "../../protocol/log/frontier.ts";
import { rootOf } from "../../protocol/log/merkle.ts";
import { openWitnessed } from "../../protocol/log/quorum.ts";
import { toHex, utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime } from "../../server/database.ts";
import { headOf, leavesOf } from "../../server/log-tables.ts";
import { openTiles, type TileFolder } from "../../server/tiles.ts";
import type { CoordinatorStore } from "../store/database.ts";

/** The next one is offered when this one has it: witnesses gather on one. */
export type Offer = {
  readonly size: number;
  readonly checkpoint: string;
  /** Cosignature lines by witness. */
  readonly lines: Map<string, string>;
  /** Cosignature lines of witnesses from outside, by name: apart, since none of them counts in the quorum. */
  readonly outside: Map<string, string>;
  met: boolean;
};

export type ShownTree = { readonly size: number; readonly checkpoint: string; readonly asOf: number };

/** A log as the coordinator keeps it. */
export type Kept = {
  readonly tiles: TileFolder;
  /** Entries come to it one after another. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** True while what stands here, or in the files, may be behind the database. */
  behind: boolean;
  size: number;
  checkpoint: string | null;
  offer: Offer | null;
  shown: ShownTree | null;
};

/** Entries read from the database at a time. */
const MOST_ENTRIES = 2_000;

/** Adds to a log's files what the database has beyond them. */
export async function catchUp(
  name: string,
  tiles: TileFolder,
  size: number,
  { kysely }: CoordinatorStore,
): Promise<void> {
  while (tiles.size() < size) {
    const to = Math.min(size, tiles.size() + MOST_ENTRIES);
    tiles.add(await leavesOf(kysely, name, tiles.size(), to));
  }
}

/** A log where it stood. Refuses (`log-forked`) a database that is behind the files: it was set back. */
export async function openKept(
  name: string,
  folder: string,
  federation: Federation,
  store: CoordinatorStore,
): Promise<Kept> {
  const tiles = openTiles(folder);
  const { frontier, checkpoint } = await headOf(store.kysely, name);
  const { size } = frontier;
  if (tiles.size() > size)
    throw new Refusal(
      "log-forked",
      `expected the database of a log whose files have ${tiles.size()} entries; it has ${size}: it was set back`,
    );
  const shown = await store.kysely
    .selectFrom("published")
    .select(["size", "checkpoint"])
    .where("log", "=", name)
    .executeTakeFirst();
  await catchUp(name, tiles, size, store);
  if (size > 0 && toHex(rootOf(size, tiles.hashes)) !== toHex(rootOfFrontier(frontier))) {
    // Files that a loss of power took, and not the database: made anew.
    tiles.clear();
    await catchUp(name, tiles, size, store);
  }
  const rest = { alone: oneAtATime(), behind: false, offer: null };
  if (shown === undefined) return { tiles, size, checkpoint, ...rest, shown: null };
  tiles.show(shown.checkpoint, shown.size);
  const asOf = asOfIn(federation, name, shown.checkpoint);
  return { tiles, size, checkpoint, ...rest, shown: { ...shown, asOf } };
}

/** When a checkpoint's quorum stood; long ago where its keys are no longer those in force, so that it is renewed. */
function asOfIn(federation: Federation, name: string, checkpoint: string): number {
  try {
    return openWitnessed(federation, name, utf8(checkpoint)).asOf ?? 0;
  } catch (error) {
    if (error instanceof Refusal) return 0;
    throw error;
  }
}
